"""The write path's one door: tx-steps in, a tx id out, and everything or nothing stored.

Writes of one app run one after the other, under its lock, so that tx ids are in commit order and
what a check has read stays true to the commit. Spec: transactions-permissions.md §2 to §9,
realtime.md §6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.errors import DeadlockDetected, QueryCanceled, SerializationFailure

from triples.sql.pool import Connection
from triples.sql.transaction import ended
from triples.transact.author import Author
from triples.transact.begin import begin
from triples.transact.event import Event
from triples.transact.execute import execute
from triples.transact.parse import parse_steps
from triples.transact.steps import Step
from triples.transact.violations import refusal_for
from triples.transact.work import Work
from wire.errors import QueryTimeout

__all__ = ["Author", "Transacted", "transact"]

MAX_ATTEMPTS: Final = 5  # deadlocks need writers that ignore the lock; they do not come in rows

_INSERT_TRANSACTION: Final = """
insert into transactions (app_id, client_event_hash, identity_hash)
values (%s::uuid, %s, %s)
returning id
"""


@dataclass(frozen=True, slots=True)
class Transacted:
    """A committed write; `repeated` if it had been answered before and did nothing now."""

    tx_id: int
    repeated: bool


async def transact(
    conn: Connection,
    app_id: str,
    tx_steps: Any,
    author: Author,
    *,
    client_event_id: str | None = None,
) -> Transacted:
    """Run the steps in one transaction and commit; on a wire error nothing is stored.

    A `client_event_id` that the same author was answered before is answered with the first
    tx id. The connection must be in autocommit.
    """
    steps = parse_steps(tx_steps)
    event = Event.of(client_event_id, author)
    attempt = 0
    while True:
        attempt += 1
        try:
            return await _attempt(conn, app_id, steps, author, event)
        except (SerializationFailure, DeadlockDetected):
            if attempt == MAX_ATTEMPTS:
                raise
        except QueryCanceled as error:
            raise QueryTimeout from error


async def _attempt(
    conn: Connection, app_id: str, steps: Sequence[Step], author: Author, event: Event
) -> Transacted:
    work: Work | None = None
    try:
        async with ended(conn):
            started = await begin(conn, app_id, author, event, steps)
            if started.repeated_tx_id is not None:
                return Transacted(started.repeated_tx_id, repeated=True)
            work = Work(conn, app_id, author, event, started.catalog, started.existence)
            await execute(work, steps)
            return Transacted(work.tx_id or await _insert_transaction(work), repeated=False)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        refusal = None if work is None else await refusal_for(error, work)
        if refusal is None:
            raise
        # Not chained: PostgreSQL's text quotes rows, and this error may be logged.
        raise refusal from None


async def _insert_transaction(work: Work) -> int:
    """The row of a write that stored no values; its tx id."""
    values = (work.app_id, work.event.event_hash, work.event.identity_hash)
    row = await (await work.conn.execute(_INSERT_TRANSACTION, values)).fetchone()
    if row is None:
        raise RuntimeError("an insert with returning returns a row")
    tx_id: int = row[0]
    return tx_id
