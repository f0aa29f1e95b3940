"""Random walks of a few published clients through a room, and the model they must agree with.

A walk is a lane: its clients stay, its rooms follow one another. In each step some of them enter,
say something, leave, or lose their line; then everybody who is in the room must show what the model
says, which is nothing but who is in it and what they said last.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.sdk.core_clients import CoreClient
from tests.sdk.room_clients import Presence, Visit, enter

KEYS: Final = ("a", "b", "c", "0")
VALUES: Final[tuple[Any, ...]] = (
    *(0, 1, True, False, None, "", "é🎉", 1.5, -1),
    *([], [1], [1, 2], [[]], {}, {"x": 1}, {"x": []}, {"x": {"y": None}}),
)


@dataclass(slots=True)
class Guest:
    """A client in a room, and what it said last."""

    visit: Visit
    said: Presence
    lost_session: str | None = None


@dataclass(slots=True)
class Lane:
    """A few clients who meet in one room after another; `story` is what they did in it."""

    clients: Sequence[CoreClient]
    choose: random.Random
    room: str = ""
    guests: dict[str, Guest] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)

    def move_on(self, room: str) -> None:
        """Everybody leaves; the next step is in another room."""
        for guest in self.guests.values():
            guest.visit.leave()
        self.guests, self.story, self.room = {}, [], room

    def step(self) -> None:
        """Do something at random.

        Nobody leaves while others speak: a client that is told something of a room it has just
        left remembers it, and ignores what it is to say at first when it comes back.
        """
        present = list(self.guests)
        match self.choose.choices(["act", "leave", "cut"], [6, 1, 1])[0]:
            case "leave" if present:
                name = self.choose.choice(present)
                self._note(f"{name} leaves")
                self.guests.pop(name).visit.leave()
            case "cut" if present:
                self._cut(self.choose.choice(present))
                self._act()
            case _:
                self._act()

    def check(self) -> None:
        """Wait until everybody shows the others as the model has them."""
        try:
            for guest in self.guests.values():
                guest.visit.wait_for_other_session(guest.lost_session)
            for name, guest in self.guests.items():
                guest.visit.wait_for_peers(self._others(name))
            for name, guest in self.guests.items():
                assert guest.visit.peers == self._others(name), f"{name} went back in time"
        except AssertionError as error:
            error.add_note(f"room {self.room}: " + "; ".join(self.story))
            raise

    def _act(self) -> None:
        for _ in range(self.choose.randint(1, 4)):
            client = self.choose.choice(self.clients)
            said = self._something()
            self._note(f"{client.name} says {said}")
            if guest := self.guests.get(client.name):
                guest.said = said
                guest.visit.publish(said, [key for key in KEYS if key not in said])
            else:
                self.guests[client.name] = Guest(enter(client, self.room, said), said)

    def _cut(self, name: str) -> None:
        guest = self.guests[name]
        self._note(f"{name} loses its line")
        guest.lost_session = guest.visit.session
        guest.visit.client.cut()

    def _something(self) -> Presence:
        keys = self.choose.sample(KEYS, self.choose.randint(0, len(KEYS)))
        return {key: self.choose.choice(VALUES) for key in keys}

    def _others(self, name: str) -> dict[str, Presence]:
        return {
            str(guest.visit.session): guest.said
            for other, guest in self.guests.items()
            if other != name
        }

    def _note(self, what: str) -> None:
        self.story.append(what)


def walk(lanes: Sequence[Lane], rooms_of_each: int, steps: int) -> int:
    """Let all lanes walk beside each other; returns through how many rooms they went."""
    for n in range(rooms_of_each):
        for number, lane in enumerate(lanes):
            lane.move_on(f"room {number}/{n}")
        for _ in range(steps):
            for lane in lanes:
                lane.step()
            for lane in lanes:
                lane.check()
    return len(lanes) * rooms_of_each
