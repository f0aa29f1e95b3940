"""How generated rules ended: cases are worth something only if they end in every way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.oracle.cel_python import FAILED

ENOUGH_TO_COUNT: Final = 5_000  # verdicts of some hundred rules: one rule's end in the same way


@dataclass(slots=True)
class Verdicts:
    """How many there were, and of which kinds."""

    tried: int = 0
    failed: int = 0
    permitted: int = 0

    def count(self, verdict: Any) -> None:
        """One more."""
        self.tried += 1
        self.failed += verdict == FAILED
        self.permitted += verdict is True

    def assert_of_every_kind(self) -> None:
        """Of a few rules all may happen to be of one kind."""
        if self.tried >= ENOUGH_TO_COUNT:
            assert self.failed > self.tried / 200
            assert self.tried / 10 < self.permitted < self.tried * 9 / 10
