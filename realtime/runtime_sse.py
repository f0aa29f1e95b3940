"""`/runtime/sse`: the socket protocol for clients that cannot open a socket (realtime.md §1.3).

A client that fell back to this stays here. It logs in with `init`, like over a WebSocket.
"""

from __future__ import annotations

from django.http.response import HttpResponseBase

from realtime import lifecycle
from realtime.sessions import Session
from realtime.sse import EventStream, event_stream, take_messages
from wire import ids
from wire.errors import ParamMalformed, ParamMissing
from wire.http import Call, endpoint, json_object


async def _open_stream(call: Call) -> HttpResponseBase:
    _require_app_id(call)
    stream = EventStream()
    return event_stream(stream, session_of_call(stream, call))


async def _take_messages(call: Call) -> HttpResponseBase:
    app_id = _require_app_id(call)
    body = json_object(call.body)
    if body is None:
        raise ParamMalformed(["body"])
    return await take_messages(body, app_id=app_id)


runtime_sse = endpoint(get=_open_stream, post=_take_messages, takes_unstorable=True)
"""GET opens a stream; POST brings messages of a stream's session."""


def session_of_call(stream: EventStream, call: Call) -> Session:
    """A session that knows where its client is."""
    address = call.client_address(lifecycle.running().trusted_proxies)
    ip = None if address is None else str(address)
    return Session(stream, origin=call.request.headers.get("origin"), ip=ip)


def _require_app_id(call: Call) -> str:
    given = call.request.GET.get("app_id")
    if given is None:
        raise ParamMissing(["query-params", "app_id"])
    app_id = ids.parse_uuid(given)
    if app_id is None:
        raise ParamMalformed(["query-params", "app_id"], given)
    return app_id
