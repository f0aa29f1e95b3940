"""`transact`: one write, done once (spec: realtime.md §6).

A refused write has been applied by its client already; whatever answers the client received
meanwhile, or that show the refused entities, are sent again (spec/README.md, "settled").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from realtime.protocol import outgoing
from realtime.protocol.incoming import Message
from realtime.sessions import Session
from realtime.subscriptions import delivery
from triples.sql import pool
from triples.transact.combine import can_stand_for
from triples.transact.transact import Author
from triples.transact.transact import transact as write
from wire.errors import AppDisabled, AppReadOnly
from wire.ids import parse_uuid


async def transact(session: Session, message: Message, earlier: Sequence[Message] = ()) -> None:
    """Run the steps in one transaction and reply `transact-ok` once it is committed.

    The write stands for `earlier` ones, which get the same reply; raises `NotTogether` where it
    cannot.
    """
    state = session.app
    if state is None:
        raise RuntimeError("a session writes only after init")
    match state.app.status:
        case "disabled":
            raise AppDisabled
        case "read-only":
            raise AppReadOnly
        case "active":
            pass
    event_id = message.event_id
    async with state.write_slots, pool.connection() as conn:
        done = await write(
            conn,
            state.id,
            message.fields.get("tx-steps"),
            author_of(session),
            client_event_id=event_id if isinstance(event_id, str) else None,
            earlier_event_ids=[str(each.event_id) for each in earlier],
        )
    for each in (*earlier, message):
        session.send(outgoing.transact_ok(event_id=each.event_id, tx_id=done.tx_id))
    delivery.has_written(session, done.tx_id)


def stands_for(session: Session, later: Message, earlier: Message) -> bool:
    """Whether a queued write makes the one before it superfluous, as far as is known here.

    Both must have ids, under which each is remembered as done.
    """
    catalog = None if session.app is None else session.app.catalog
    if catalog is None or not session.is_authenticated or {later.op, earlier.op} != {"transact"}:
        return False

    def has_cardinality_one(attr_id: str) -> bool:
        attr = catalog.by_id(attr_id)
        return attr is not None and attr.cardinality_one

    ids = (later.event_id, earlier.event_id)
    return all(isinstance(event_id, str) for event_id in ids) and can_stand_for(
        later.fields.get("tx-steps"), earlier.fields.get("tx-steps"), has_cardinality_one
    )


def author_of(session: Session) -> Author:
    """Who writes when this session writes."""
    user_id = session.user["id"] if session.user else None
    return Author(
        is_admin=session.is_admin,
        user_id=user_id,
        ip=session.ip or "",
        origin=session.origin or "",
    )


def undo_in_client(session: Session, message: Message, arrived_at: float) -> None:
    """After a refusal, bring the client back to what is stored."""
    delivery.resend(session, arrived_at, _entities(message.fields.get("tx-steps")))


def _entities(tx_steps: Any) -> frozenset[str]:
    """The entities that the steps name by id; steps may be anything, they were refused."""
    steps = tx_steps if isinstance(tx_steps, list) else []
    named = (parse_uuid(step[1]) for step in steps if isinstance(step, list) and len(step) > 1)
    return frozenset(entity_id for entity_id in named if entity_id is not None)
