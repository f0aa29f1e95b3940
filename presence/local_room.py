"""One room as this process holds it: who of its sessions is in it, and what they were told.

What changes is kept until the next flush and sent as one frame, the same text to everybody. In the
long run there is one flush an interval, which grows with the room because a flush costs one frame a
peer; after a quiet time a few come at once. So at a moderate pace nothing waits, and a burst costs
each peer one frame an interval.

States of a member:  new ──flush──▶ told ──reads too slowly──▶ behind ──flush, caught up──▶ told
`new` and `behind` are both `needs_everybody`: the next frame is a whole `refresh-presence`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from presence import frames
from presence.edits import Edit, edits_between
from presence.promise import Recipient
from presence.room import Entry, Room

LONGEST_FLUSH_SECONDS: Final = 0.03  # two frames of a screen: a cursor still looks smooth
FLUSH_SECONDS_A_MEMBER: Final = 0.0005  # 20 times what a frame costs: 5 % of a core for one room
FLUSHES_AT_ONCE: Final = 5
CATCH_UP_SECONDS: Final = 0.1  # how often a member that reads slowly is looked at
MAX_WAITING_BROADCASTS: Final = 500  # one array of them (realtime.md §7.4)
MAX_WAITING_BYTES: Final = 1024 * 1024


@dataclass(slots=True)
class Member:
    """A session of this process in the room."""

    recipient: Recipient
    needs_everybody: bool = True


class LocalRoom:
    """The room's newest state, its members here, and what they have not been told yet."""

    def __init__(self, room_id: str) -> None:
        self.room_id = room_id
        self.state = Room()
        self.members: dict[str, Member] = {}
        self._told: dict[str, Entry | None] = {}  # of each changed peer, what was told last
        self._broadcasts: list[tuple[str, str]] = []  # sender and frame
        self._waiting_bytes = 0
        self._is_held = False
        self._timer: asyncio.Handle | None = None
        self._catch_up: asyncio.TimerHandle | None = None
        self._paid_until = float("-inf")  # when flushes so far are used up, one an interval

    def update(self, state: Room, *changed: str) -> None:
        """Take a new state, in which these peers are new, gone or say something else."""
        for peer_id in changed:
            self._told.setdefault(peer_id, self.state.entries.get(peer_id))
        self.state = state
        self._schedule()

    def admit(self, recipient: Recipient) -> None:
        """Count a session among the members; the next flush tells it everybody."""
        self.members[recipient.id] = Member(recipient)
        self._schedule()

    def say(self, sender_id: str, frame: str) -> None:
        """Send a broadcast's frame to every member but the sender, with the next flush."""
        self._broadcasts.append((sender_id, frame))
        self._waiting_bytes += len(frame)
        too_many = len(self._broadcasts) >= MAX_WAITING_BROADCASTS
        if too_many or self._waiting_bytes > MAX_WAITING_BYTES:
            self._send_broadcasts()
        else:
            self._schedule()

    def hold(self) -> None:
        """Tell nobody anything until `release`: who else is in the room is not known yet."""
        self._is_held = True

    def release(self) -> None:
        """End `hold`."""
        if self._is_held:
            self._is_held = False
            self._schedule()

    def close(self) -> None:
        """Forget what was not told; nobody is here to hear it."""
        for timer in (self._timer, self._catch_up):
            if timer is not None:
                timer.cancel()
        self._timer = self._catch_up = None

    def _schedule(self) -> None:
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait = flush_wait_seconds(self._paid_until, loop.time(), len(self.members))
        if wait > 0:
            self._timer = loop.call_later(wait, self._flush)
        else:
            self._timer = loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._is_held:
            return
        now = asyncio.get_running_loop().time()
        self._paid_until = max(self._paid_until, now) + flush_seconds(len(self.members))
        self._send_presence()
        self._send_broadcasts()

    def _send_presence(self) -> None:
        edits = self._edits()
        self._told.clear()
        patch = frames.patch_presence(self.room_id, edits) if edits else None
        author = _only_author(edits)
        everybody: str | None = None
        for peer_id, member in self.members.items():
            if member.recipient.is_behind:
                member.needs_everybody = member.needs_everybody or patch is not None
            elif member.needs_everybody:
                if everybody is None:
                    everybody = frames.refresh_presence(self.room_id, self.state.entries.values())
                member.needs_everybody = False
                member.recipient.send_text(everybody)
            elif patch is not None and peer_id != author:
                member.recipient.send_text(patch)
        self._watch_the_slow()

    def _edits(self) -> list[Edit]:
        before = {peer_id: entry for peer_id, entry in self._told.items() if entry is not None}
        entries = self.state.entries
        after = {peer_id: entries[peer_id] for peer_id in self._told if peer_id in entries}
        return edits_between(before, after)

    def _send_broadcasts(self) -> None:
        waiting, self._broadcasts, self._waiting_bytes = self._broadcasts, [], 0
        if not waiting:
            return
        senders = {sender_id for sender_id, _ in waiting}
        for_others = frames.several([frame for _, frame in waiting])
        for peer_id, member in self.members.items():
            if peer_id not in senders:
                member.recipient.send_text(for_others)
                continue
            from_others = [frame for sender_id, frame in waiting if sender_id != peer_id]
            if from_others:
                member.recipient.send_text(frames.several(from_others))

    def _watch_the_slow(self) -> None:
        if self._catch_up is None and any(m.needs_everybody for m in self.members.values()):
            loop = asyncio.get_running_loop()
            self._catch_up = loop.call_later(CATCH_UP_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._catch_up = None
        self._schedule()


def flush_seconds(members: int) -> float:
    """How long, on average, the changes of a room with so many members here are gathered."""
    return min(LONGEST_FLUSH_SECONDS, members * FLUSH_SECONDS_A_MEMBER)


def flush_wait_seconds(paid_until: float, now: float, members: int) -> float:
    """How long to wait for the next flush; up to an interval, not positive if it may come now."""
    ahead = (FLUSHES_AT_ONCE - 1) * flush_seconds(members)
    return min(paid_until - now - ahead, LONGEST_FLUSH_SECONDS)


def _only_author(edits: list[Edit]) -> str | None:
    """The peer that all edits are about, if it is one; it has no use for them."""
    authors = {edit[0][0] for edit in edits}
    return authors.pop() if len(authors) == 1 else None
