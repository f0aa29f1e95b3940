"""What rooms promise, whether they live in this process's memory or in Redis.

Guarantees, for the sessions of one room:
- Order: what a session says in a room takes effect in the order in which it is said.
- A session that joins is sent everybody (`refresh-presence`) once, and from then on what changes
  (`patch-presence`). Changes that come close together are sent as one: at most one patch a flush,
  and the last one always shows the latest state.
- A session that leaves hears nothing of the room after `leave` has returned.
- A broadcast reaches everybody who is in the room except its sender, once, unless the recipient
  or its process is lost meanwhile.
- A session whose process dies vanishes for the others within 10 seconds (Redis).
- A client that reads too slowly for patches is sent everybody again once it has caught up.
- What a room may hold is bounded (`presence.limits`); an empty room costs nothing.

Nothing but `look`, `start` and `stop` waits. All calls are made from one event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from presence.room import Entry


class Recipient(Protocol):
    """A session, as far as rooms care: somebody who can be sent text."""

    @property
    def id(self) -> str:
        """The session's id."""
        ...

    @property
    def is_behind(self) -> bool:
        """Whether much of what was sent is still waiting to be read."""
        ...

    def send_text(self, text: str) -> None:
        """Queue a frame."""
        ...


class Rooms(Protocol):
    """All rooms that sessions of this process can be in; see the module's guarantees."""

    def join(
        self,
        app_id: str,
        room_id: str,
        recipient: Recipient,
        user: Mapping[str, Any] | None,
        data: Any,
    ) -> None:
        """Put the session into the room; raises `ValidationFailed` past a limit.

        One that is in it already stays as it is, and is sent everybody again.
        """
        ...

    def leave(self, app_id: str, room_id: str, session_id: str) -> None:
        """Take the session out of the room; it need not be in it."""
        ...

    def leave_all(self, session_id: str) -> None:
        """Take a session that has ended out of all its rooms."""
        ...

    def set_presence(self, app_id: str, room_id: str, session_id: str, data: Any) -> None:
        """Replace what the session says; raises `ValidationFailed` if it is not in the room."""
        ...

    def sign_out(self, session_id: str) -> None:
        """The session stays in its rooms, from now on as nobody's.

        Clients show no users, so nobody is sent anything for it.
        """
        ...

    def broadcast(
        self, app_id: str, room_id: str, session_id: str, topic: str, data: Any
    ) -> dict[str, Any]:
        """Tell the others in the room; returns what they get.

        Raises `ValidationFailed` if the session is not in the room, `RateLimited` if broadcasts
        cannot be passed on as fast as they come.
        """
        ...

    async def look(self, app_id: str, room_id: str) -> Mapping[str, Entry]:
        """Everybody in a room, whichever process they are on."""
        ...

    async def start(self) -> None:
        """Begin; raises if what the rooms need cannot be reached."""
        ...

    async def stop(self) -> None:
        """Say goodbye for all sessions of this process and end."""
        ...
