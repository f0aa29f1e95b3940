"""Live sessions of the admin SDKs, over server-sent events.

Spec: realtime.md §13, http-api.md §3.6, §3.7.

The request's headers say who asks, so the session is logged in before its stream opens and there
is no `init`; whatever is wrong with the request is an ordinary error response. `subscribe-query`
asks the one query that came with the request; `sse` takes messages by posts to `sse/push`.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from django.http.response import HttpResponseBase

from realtime import lifecycle
from realtime.runtime_sse import session_of_call
from realtime.sessions import Features, Session
from realtime.sse import EventStream, event_stream, take_messages
from triples import tenants
from triples.http.callers import Caller, UserOfToken, app_id_of, caller_of
from triples.sql import pool
from wire import json
from wire.errors import AppDisabled
from wire.http import Call, View, body_param, endpoint, json_object
from wire.ids import new_id, parse_uuid

RETRY: Final = b"retry: 500\n\n"  # milliseconds until clients repeat their request
NO_ATTRS: Final = sys.maxsize
"""As the version of the attrs that a session has: admin SDKs take no attrs."""


def admin_subscribe_query(user_of_token: UserOfToken) -> View:
    """The view of `admin/subscribe-query`."""

    async def subscribe(call: Call) -> HttpResponseBase:
        app, caller = await _caller(call, user_of_token)
        query = body_param(call, "query", coerce=json_object)
        stream = EventStream()
        session = session_of_call(stream, call)
        event_id = parse_uuid(call.request.GET.get("local_connection_id")) or new_id()

        def ask(server: lifecycle.Server) -> None:
            _log_in(server, session, app, caller, call.body)
            server.received.put(
                session,
                json.dumps(
                    {
                        "op": "add-query",
                        "q": query,
                        "return-type": "tree",
                        "client-event-id": event_id,
                    }
                ),
            )

        return event_stream(stream, session, first=RETRY, opened=ask)

    return endpoint(post=subscribe)


def admin_sse(user_of_token: UserOfToken) -> View:
    """The view of `admin/sse`."""

    async def open_stream(call: Call) -> HttpResponseBase:
        app, caller = await _caller(call, user_of_token)
        stream = EventStream()
        session = session_of_call(stream, call)

        def enter(server: lifecycle.Server) -> None:
            _log_in(server, session, app, caller, call.body)

        return event_stream(stream, session, first=RETRY, opened=enter)

    return endpoint(post=open_stream)


def admin_sse_push() -> View:
    """The view of `admin/sse/push`: the session's secret is all that a post has to show."""

    async def push(call: Call) -> HttpResponseBase:
        body = call.body if isinstance(call.body, dict) else {}
        return await take_messages(body, app_id=app_id_of(call))

    return endpoint(post=push, takes_unstorable=True)


async def _caller(call: Call, user_of_token: UserOfToken) -> tuple[tenants.App, Caller]:
    app_id = app_id_of(call)
    async with pool.connection() as conn:
        caller = await caller_of(call, conn, app_id, user_of_token)
        app = await tenants.find_app(conn, app_id)
    if app.status == "disabled":
        raise AppDisabled
    return app, caller


def _log_in(
    server: lifecycle.Server, session: Session, app: tenants.App, caller: Caller, body: Any
) -> None:
    """Make the session one of the app, as after `init`."""
    session.user = caller.user
    session.token_hash = caller.token_hash
    session.is_admin = caller.is_admin
    session.features = Features(skips_unchanged_attrs=True)
    session.infers_single_links = bool(isinstance(body, dict) and body.get("inference?"))
    session.attrs_version = NO_ATTRS
    server.hub.enter(session, app)
    server.revocations.entered(session)
