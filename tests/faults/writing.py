"""Writers of the published SDK that go on whatever breaks, and what they were told."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.realtime.steps import new_id
from tests.sdk.chunks import create
from tests.sdk.core_clients import CoreClient
from tests.sdk.core_driver import SdkError

ANSWER_SECONDS: Final = 60.0


@dataclass(slots=True)
class Writing:
    """Each writer sends its next write once the one before was answered.

    Otherwise what is measured after a fault would be how fast one Node process, which holds all
    clients, works off a heap of writes.
    """

    writers: list[CoreClient]
    acknowledged: set[int] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def told(self) -> str:
        """What the writers were told, in words."""
        return f"{len(self.acknowledged)} writes acknowledged, {len(self.refused)} refused"

    def start(self, count: int) -> None:
        """Let all writers together send so many writes; returns at once."""
        numbers = [next(self._numbers) for _ in range(count)]
        self._threads = [
            threading.Thread(
                target=self._write, args=(which, numbers[which :: len(self.writers)]), name="writer"
            )
            for which in range(len(self.writers))
        ]
        for thread in self._threads:
            thread.start()

    def wait_until_answered(self) -> None:
        """Wait for what was started."""
        for thread in self._threads:
            thread.join()

    def _write(self, which: int, numbers: Sequence[int]) -> None:
        for number in numbers:
            chunk = create("todos", new_id(), {"n": number, "writer": which})
            try:
                answer = self.writers[which].transact(chunk, timeout=ANSWER_SECONDS)
            except SdkError as error:  # PostgreSQL was away; that proves nothing
                self.refused.append(error.message)
                continue
            if answer["status"] == "synced":
                self.acknowledged.add(number)
