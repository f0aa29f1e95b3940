"""What the latency bench measures on: one app of items, each shown by a live query of its own.

The items are written as a client writes them. Changes come in two ways: a plain SQL commit, which
is also what the floor does, and a `transact` through a socket.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from tests.realtime.peer import Peer
from tests.sdk.apps import App
from tests.sdk.core_clients import CoreClient, LiveQuery

SET_N = """
update triples set value = %s
where app_id = %s and entity_id = %s and attr_id = %s
"""


@dataclass(frozen=True, slots=True)
class Items:
    """`items` with an indexed `owner` and a number `n`; item i belongs to owner i."""

    app: App
    ids: tuple[str, ...]
    n_attr: str

    @classmethod
    def create(cls, peer: Peer, app: App, count: int) -> Items:
        """Write `count` items through an open, logged-in socket."""
        attrs = {label: str(uuid.uuid4()) for label in ("id", "owner", "n")}
        ids = tuple(str(uuid.uuid4()) for _ in range(count))
        steps: list[Any] = [
            ["add-attr", _attr(attr_id, label, indexed=label == "owner")]
            for label, attr_id in attrs.items()
        ]
        for number, item in enumerate(ids):
            values = {"id": item, "owner": f"owner {number}", "n": 0}
            steps += [["add-triple", item, attrs[key], value] for key, value in values.items()]
        reply = peer.transact(*steps)
        if reply["op"] != "transact-ok":
            raise RuntimeError(f"the items were refused: {reply}")
        return cls(app, ids, attrs["n"])

    def watch(self, client: CoreClient) -> list[LiveQuery]:
        """One live query an item, each shown once when this returns."""
        queries = [
            client.subscribe({"items": {"$": {"where": {"owner": f"owner {number}"}}}})
            for number in range(len(self.ids))
        ]
        for query in queries:
            query.wait_until(lambda data: len(data["items"]) == 1, "its item")
        return queries

    def commit_sql(self, conn: psycopg.Connection[Any], number: int, n: int) -> int:
        """Change one item behind the server's back; when the commit began, in nanoseconds."""
        started = time.monotonic_ns()
        conn.execute(SET_N, [Jsonb(n), self.app.id, self.ids[number], self.n_attr])
        return started

    def commit_through_socket(self, peer: Peer, number: int, n: int) -> int:
        """Change one item as a client does; when the frame was sent, in nanoseconds."""
        item = self.ids[number]
        started = time.monotonic_ns()
        peer.say("transact", tx_steps=[["add-triple", item, self.n_attr, n]], created=1, order=1)
        return started


def _attr(attr_id: str, label: str, *, indexed: bool) -> dict[str, Any]:
    return {
        "id": attr_id,
        "forward-identity": [str(uuid.uuid4()), "items", label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": label == "id",
        "index?": indexed,
    }
