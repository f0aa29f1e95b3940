"""An app with rules and signed-in users, changed from outside as its admins do."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from tests.realtime.peer import Message, Peer
from tests.sdk.apps import HTTP_SECONDS, App

TODOS: dict[str, Any] = {"todos": {}}


class RuledServer(Protocol):
    """A server that is asked over HTTP and whose database tests may reach."""

    @property
    def http_url(self) -> str: ...

    @property
    def database_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class RuledApp:
    """An app of the server, with what its admins can do."""

    server: RuledServer
    app: App
    dial: Callable[[], Peer]

    def push(self, code: dict[str, Any]) -> None:
        """Make these the app's rules."""
        with psycopg.connect(self.server.database_url) as conn:
            conn.execute(
                "insert into rules (app_id, code, version) values (%s, %s, 0) on conflict (app_id)"
                " do update set code = excluded.code, version = rules.version + 1",
                [self.app.id, json.dumps(code)],
            )

    def push_schema(self, schema: dict[str, Any]) -> None:
        """Make these the app's entities and links."""
        body = {"schema": schema, "check_types": True, "supports_background_updates": True}
        self._post(f"dash/apps/{self.app.id}/schema/push/apply", body)

    def write(self, *steps: Any) -> None:
        """A write by an admin."""
        self._post("admin/transact", {"steps": list(steps)})

    def sign_in(self, email: str) -> tuple[str, Peer]:
        """A user, made if there is none with the address, and a socket of theirs."""
        user = self._post("admin/refresh_tokens", {"email": email})["user"]
        socket = self.dial()
        reply = socket.init(self.app.id, refresh_token=user["refresh_token"])
        assert reply["auth"]["user"]["id"] == user["id"]
        return user["id"], socket

    def sign_out(self, email: str) -> None:
        """Take all sign-ins of a user back."""
        self._post("admin/sign_out", {"email": email})

    def guest(self) -> Peer:
        """A socket of nobody."""
        socket = self.dial()
        assert socket.init(self.app.id)["op"] == "init-ok"
        return socket

    def _post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.server.http_url}/{path}",
            data=json.dumps(body).encode(),
            headers={
                "content-type": "application/json",
                "app-id": self.app.id,
                "authorization": f"Bearer {self.app.admin_token}",
            },
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
            return json.load(response)


def entities_in(message: Message) -> set[str]:
    """The entities of the one answer in an `add-query-ok` or `refresh-ok`."""
    if message["op"] == "add-query-ok":
        result = message["result"]
    else:
        (computation,) = message["computations"]
        result = computation["instaql-result"]
    (rows,) = result[0]["data"]["datalog-result"]["join-rows"]
    return {triple[0] for triple in rows}


def sees(peer: Peer, expected: set[str]) -> None:
    """Wait for a refresh that shows exactly these entities; others may come before."""
    heard = peer.hear_where(
        lambda message: (
            message["op"] == "refresh-ok"
            and bool(message["computations"])
            and entities_in(message) == expected
        ),
        f"a refresh with {sorted(expected)}",
    )
    assert entities_in(heard) == expected
