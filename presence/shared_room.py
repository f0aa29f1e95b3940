"""What this process knows of the others in one room, and what to do with what they say.

Others' updates are numbered in a chain. One that follows what is known is taken; one that is older
is ignored; one that shows a hole means that the room has to be read again. While it is read,
updates wait, because the reading may be older or newer than they are.

States of a room here:  unread ──followed──▶ reading ──read──▶ known ──hole, lost line──▶ reading
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from presence.redis_layout import Swept, Update

MOST_WAITING: Final = 1_000  # beyond it the room is read again, which shows all of them


class Verdict(Enum):
    """What to do with an update."""

    TAKE = auto()
    IGNORE = auto()
    READ_AGAIN = auto()


@dataclass(slots=True)
class SharedRoom:
    """The newest number known of each other process, and what waits for a reading."""

    numbers: dict[str, int] = field(default_factory=dict)
    waiting: list[Update | Swept] | None = None

    @property
    def is_reading(self) -> bool:
        """Whether the room is being read."""
        return self.waiting is not None

    def begin_reading(self) -> None:
        """Let updates wait from now on; those of before are in what will be read."""
        self.waiting = []

    def wait(self, message: Update | Swept) -> bool:
        """Keep a message for when the room was read; False if there are too many."""
        if self.waiting is None:
            raise RuntimeError("messages wait only while the room is read")
        self.waiting.append(message)
        return len(self.waiting) <= MOST_WAITING

    def finish_reading(self, numbers: Mapping[str, int]) -> list[Update | Swept]:
        """Know what was read; returns what waited, to be judged now."""
        self.numbers = dict(numbers)
        waited, self.waiting = self.waiting or [], None
        return waited

    def judge(self, update: Update) -> Verdict:
        """Decide about an update, and count it as known if it is taken."""
        known = self.numbers.get(update.process, 0)
        if update.number <= known:
            return Verdict.IGNORE
        if update.is_farewell:
            self.forget(update.process)
            return Verdict.TAKE
        if update.previous != known:
            return Verdict.READ_AGAIN
        self.numbers[update.process] = update.number
        return Verdict.TAKE

    def forget(self, process: str) -> None:
        """The process has nobody in the room any more."""
        self.numbers.pop(process, None)
