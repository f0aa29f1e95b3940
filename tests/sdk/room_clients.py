"""The Python half of the published SDK's rooms: visits, and what their callbacks were given."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sdk.core_clients import CoreClient
from tests.sdk.core_driver import WAIT_SECONDS

Presence = dict[str, Any]


@dataclass(slots=True)
class Visit:
    """One client in one room.

    `session` is the client's session and `peers` the others by session, as last shown.
    """

    client: CoreClient
    room: str
    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    session: str | None = None
    is_loading: bool = True
    error: str | None = None
    peers: dict[str, Presence] = field(default_factory=dict)
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def publish(self, data: Presence, without: Sequence[str] = ()) -> None:
        """Merge `data` into what the client says, and drop the keys `without`."""
        self._ask("publishPresence", data=data, without=list(without))

    def broadcast(self, topic: str, message: Any) -> None:
        self._ask("publishTopic", topic=topic, message=message)

    def leave(self) -> None:
        self._ask("leaveRoom")
        del self.client.process.visits[self.name]

    def wait_for_peers(self, expected: dict[str, Presence], timeout: float = WAIT_SECONDS) -> None:
        """Wait until the client shows exactly these peers, by session."""
        self.client.process.wait_until(
            lambda: not self.is_loading and self.peers == expected,
            f"{self.client.name} to show {json.dumps(expected)}",
            timeout,
            lambda: f"it shows {json.dumps(self.peers)}, its session is {self.session}",
        )

    def wait_for_other_session(self, than: str | None, timeout: float = WAIT_SECONDS) -> str:
        """Wait until the client is in the room with another session than this one."""
        self.client.process.wait_until(
            lambda: not self.is_loading and self.session not in (None, than),
            f"{self.client.name} to be back in the room",
            timeout,
        )
        assert self.session is not None
        return self.session

    def wait_until_heard(self, *expected: tuple[str, Any], timeout: float = WAIT_SECONDS) -> None:
        """Wait until the client has heard exactly these topics and messages, in order."""
        self.client.process.wait_until(
            lambda: self.heard == list(expected),
            f"{self.client.name} to hear {expected}",
            timeout,
            lambda: f"it heard {self.heard}",
        )

    def receive(self, message: dict[str, Any]) -> None:
        """Take one event of the visit."""
        if message["event"] == "topic":
            self.heard.append((message["topic"], message["message"]))
            return
        self.session, self.peers = message["session"], message["peers"]
        self.is_loading, self.error = message["isLoading"], message.get("error")

    def _ask(self, command: str, **fields: Any) -> None:
        self.client.process.ask(command, visit=self.name, **fields).result()


def enter(
    client: CoreClient, room: str, data: Presence | None = None, topics: Sequence[str] = ()
) -> Visit:
    """Join a room, with what the client says at first and the topics it listens to."""
    visit = Visit(client, room)
    client.process.visits[visit.name] = visit
    client.process.ask(
        "enterRoom",
        client=client.name,
        visit=visit.name,
        room=room,
        data=data,
        topics=list(topics),
    ).result()
    return visit
