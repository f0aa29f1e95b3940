"""`add-query` and `remove-query` (spec: realtime.md §5.1, §5.4)."""

from __future__ import annotations

from typing import Any, Final

from realtime.protocol import outgoing
from realtime.protocol.incoming import Message
from realtime.sessions import Session
from realtime.subscriptions import delivery
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.shapes import Shape
from wire import json
from wire.errors import AppDisabled, ValidationFailed

MAX_QUERIES: Final = 5_000  # of one session; a large page has a hundred


async def add_query(hub: QueryHub, session: Session, message: Message) -> None:
    """Subscribe the session and reply with the first answer; a failing query is forgotten."""
    state = session.app
    query, shape = _query(message), _shape(session, message)
    query_json = json.canonical(query)
    if query_json in session.subscriptions:
        frame = outgoing.add_query_exists(event_id=message.event_id, query_json=query_json)
        session.send(frame)
        return
    if len(session.subscriptions) >= MAX_QUERIES:
        problem = f"A session may have at most {MAX_QUERIES:,} live queries."
        raise ValidationFailed.one("add-query", None, problem)
    if state is not None and state.app.status == "disabled":
        raise AppDisabled
    view = await hub.view_of(session, query)
    if session.closed:
        return
    subscription = hub.subscribe(session, query_json, query, message.event_id, view, shape)
    try:
        await hub.answered(subscription)
    except BaseException:
        hub.unsubscribe(subscription)
        raise
    delivery.send_first(subscription)


async def remove_query(hub: QueryHub, session: Session, message: Message) -> None:
    """Drop the subscription; unknown queries are fine."""
    query_json = json.canonical(message.fields.get("q"))
    if subscription := session.subscriptions.get(query_json):
        hub.unsubscribe(subscription)
    session.send(outgoing.remove_query_ok(event_id=message.event_id, query_json=query_json))


def _query(message: Message) -> dict[str, Any]:
    query = message.fields.get("q")
    if not isinstance(query, dict):
        raise ValidationFailed.one("query", query, "Query must be an object.")
    return query


def _shape(session: Session, message: Message) -> Shape:
    match message.fields.get("return-type"):
        case None | "join-rows":
            return Shape.JOIN_ROWS
        case "tree":
            return Shape.TREE_WITH_SINGLE_LINKS if session.infers_single_links else Shape.TREE
        case other:
            raise ValidationFailed.one(
                "add-query", other, "`return-type` must be `join-rows` or `tree`."
            )
