"""A todo that is watched by two, and changed behind the servers' backs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import psycopg

from tests.realtime.peer import Message, Peer, SocketServer, peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer, create_app

_SET_N: Final = "update triples set value = to_jsonb(%s) where app_id = %s and attr_id = %s"


class Served(HttpServer, SocketServer, Protocol):
    """Servers, and the database that all of them are on."""

    @property
    def database_url(self) -> str: ...


@dataclass(slots=True)
class Watched:
    """A todo and who looks at it: one session on each server."""

    database_url: str
    app: App
    todos: Namespace
    watchers: list[Peer]

    def set(self, n: int) -> None:
        """Change the todo's `n` behind the servers' backs."""
        with psycopg.connect(self.database_url, autocommit=True) as conn:
            values = [n, self.app.id, self.todos.attr_ids["n"]]
            assert conn.execute(_SET_N, values).rowcount == 1

    def wait_until_all_show(self, n: int, seconds: float = 30.0) -> None:
        """Wait until both sessions were sent the todo with this `n`."""
        for watcher in self.watchers:
            watcher.hear_where(lambda message: n in self._shown(message), f"n = {n}", seconds)

    def _shown(self, message: Message) -> list[object]:
        return [
            row["n"]
            for computation in message.get("computations") or []
            for row in self.todos.rows(computation["instaql-result"]).values()
        ]


@contextmanager
def watched_todo(served: Served, title: str) -> Iterator[Watched]:
    """Two sessions, of two servers where there are two, show a todo whose `n` is 0."""
    app, todos = create_app(served, title), Namespace.of("todos", "n")
    with peer(served, app.id) as ann, peer(served, app.id) as bob:
        for watcher in (ann, bob):
            assert watcher.init(app.id)["op"] == "init-ok"
        answer = ann.transact(*todos.add_attrs(), *todos.put(new_id(), n=0))
        assert answer["op"] == "transact-ok"
        for watcher in (ann, bob):
            watcher.ask("add-query", q={"todos": {}})
        yield Watched(served.database_url, app, todos, [ann, bob])
