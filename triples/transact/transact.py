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

from triples.indexing.worker import wake_workers
from triples.sql.pool import Connection
from triples.sql.transaction import ended
from triples.transact.author import Author
from triples.transact.begin import Started, begin
from triples.transact.event import event_hashes
from triples.transact.execute import execute
from triples.transact.parse import parse_steps
from triples.transact.permissions import Verdict
from triples.transact.request import Request, Trial
from triples.transact.steps import TripleStep
from triples.transact.violations import refusal_for
from triples.transact.work import Work
from wire.errors import QueryTimeout

__all__ = ["Author", "NotTogether", "Transacted", "Tried", "transact", "try_out"]

MAX_ATTEMPTS: Final = 5  # deadlocks need writers that ignore the lock; they do not come in rows

_INSERT_TRANSACTION: Final = """
with tx as (
  insert into transactions (app_id) values (%(app_id)s::uuid) returning id
),
answered as (
  insert into client_events (app_id, event_hash, tx_id)
  select %(app_id)s::uuid, hash, tx.id
  from tx, unnest(%(event_hashes)s::uuid[]) as event (hash)
)
select id from tx
"""


@dataclass(frozen=True, slots=True)
class Transacted:
    """A committed write; `repeated` if it had been answered before and did nothing now."""

    tx_id: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A write that was tried: the tx id it has, or would have had, and what the rules said."""

    tx_id: int
    verdicts: Sequence[Verdict]
    is_committed: bool

    @property
    def passes(self) -> bool:
        """Whether every rule allows it."""
        return all(verdict.passes for verdict in self.verdicts)


class _TakenBack(Exception):
    """A tried write is rolled back."""

    def __init__(self, tried: Tried) -> None:
        super().__init__()
        self.tried = tried


class NotTogether(Exception):
    """A write cannot stand for the earlier ones that it came with; each is to be run by itself."""


async def transact(
    conn: Connection,
    app_id: str,
    tx_steps: Any,
    author: Author,
    *,
    client_event_id: str | None = None,
    earlier_event_ids: Sequence[str] = (),
) -> Transacted:
    """Run the steps in one transaction and commit; on a wire error nothing is stored.

    A `client_event_id` that the same author was answered before is answered with the first
    tx id. `earlier_event_ids` are of writes that this one stands for (`triples.transact.combine`);
    they are answered with it, or `NotTogether` is raised and nothing is stored. The connection
    must be in autocommit.
    """
    event_ids = [*earlier_event_ids, *(() if client_event_id is None else (client_event_id,))]
    request = Request(
        app_id,
        author,
        parse_steps(tx_steps),
        event_hashes(event_ids, author),
        stands_for_others=bool(earlier_event_ids),
    )
    done = await _done(conn, request)
    return Transacted(done.tx_id, repeated=done.repeated)


async def try_out(
    conn: Connection, app_id: str, tx_steps: Any, author: Author, trial: Trial
) -> Tried:
    """Run the steps with every rule asked and none obeyed; what is stored goes with them (§17).

    Rules that cannot be decided, and all other refusals, are raised as they are by `transact`.
    """
    request = Request(app_id, author, parse_steps(tx_steps), [], trial=trial)
    try:
        done = await _done(conn, request)
    except _TakenBack as taken_back:
        return taken_back.tried
    return Tried(done.tx_id, done.verdicts, is_committed=True)


@dataclass(frozen=True, slots=True)
class _Done:
    tx_id: int
    repeated: bool
    verdicts: Sequence[Verdict]


async def _done(conn: Connection, request: Request) -> _Done:
    attempt = 0
    while True:
        attempt += 1
        try:
            return await _attempt(conn, request)
        except (SerializationFailure, DeadlockDetected):
            if attempt == MAX_ATTEMPTS:
                raise
        except QueryCanceled as error:
            raise QueryTimeout from error


async def _attempt(conn: Connection, request: Request) -> _Done:
    work: Work | None = None
    trial = request.trial
    try:
        async with ended(conn):
            started = await begin(conn, request)
            if request.stands_for_others:
                _check_together(request, started)
            elif started.answered:
                return _Done(started.answered[0], repeated=True, verdicts=())
            work = Work(
                conn,
                request.app_id,
                request.author,
                request.event_hashes,
                started.catalog,
                started.existence,
                (trial and trial.rules) or started.rules,
                gathers_verdicts=trial is not None,
            )
            verdicts = await execute(work, request.steps)
            tx_id = work.tx_id or await _insert_transaction(work)
            if trial is not None:
                _check_stays(Tried(tx_id, verdicts, is_committed=False), trial)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        refusal = None if work is None else await refusal_for(error, work)
        if refusal is None:
            raise
        # Not chained: PostgreSQL's text quotes rows, and this error may be logged.
        raise refusal from None
    if work.has_queued_jobs:
        wake_workers()
    return _Done(tx_id, repeated=False, verdicts=verdicts)


def _check_stays(tried: Tried, trial: Trial) -> None:
    """Raise `_TakenBack` unless the write is to stay, and every rule allows it."""
    if not (trial.commits and tried.passes):
        raise _TakenBack(tried)


def _check_together(request: Request, started: Started) -> None:
    """Raise `NotTogether` unless doing only the last of the writes does what doing each would."""
    catalog = started.catalog
    attrs = [catalog.by_id(s.attr_id) for s in request.steps if isinstance(s, TripleStep)]
    if started.answered or not all(attr is not None and attr.cardinality_one for attr in attrs):
        raise NotTogether


async def _insert_transaction(work: Work) -> int:
    """The row of a write that stored no values; its tx id."""
    values = {"app_id": work.app_id, "event_hashes": work.event_hashes}
    row = await (await work.conn.execute(_INSERT_TRANSACTION, values)).fetchone()
    if row is None:
        raise RuntimeError("an insert with returning returns a row")
    tx_id: int = row[0]
    return tx_id
