"""A todo that is watched on two servers, and changed behind their backs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psycopg

from tests.realtime.peer import Message, Peer, peer
from tests.realtime.steps import Namespace, new_id
from tests.scaled import Scaled
from tests.sdk.apps import App, create_app

_SET_N: Final = "update triples set value = to_jsonb(%s) where app_id = %s and attr_id = %s"


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
def watched_todo(scaled: Scaled, title: str) -> Iterator[Watched]:
    """One session on each of two servers shows a todo whose `n` is 0."""
    app, todos = create_app(scaled, title), Namespace.of("todos", "n")
    with peer(scaled, app.id) as ann, peer(scaled, app.id) as bob:
        for watcher in (ann, bob):
            assert watcher.init(app.id)["op"] == "init-ok"
        answer = ann.transact(*todos.add_attrs(), *todos.put(new_id(), n=0))
        assert answer["op"] == "transact-ok"
        for watcher in (ann, bob):
            watcher.ask("add-query", q={"todos": {}})
        yield Watched(scaled.database_url, app, todos, [ann, bob])
