"""`/runtime/sse`: the socket protocol for clients that cannot open a socket (realtime.md §1.3).

A client that fell back to this stays here. It logs in with `init`, like over a WebSocket.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from realtime.sessions import Session
from realtime.sse import EventStream, event_stream, take_messages
from wire import ids
from wire.errors import InstantError, ParamMalformed, ParamMissing
from wire.http import Call, error_response, json_object, read_body, unknown_route


@csrf_exempt
async def runtime_sse(request: HttpRequest) -> HttpResponseBase:
    """GET opens a stream; POST brings messages of a stream's session."""
    try:
        match request.method:
            case "GET":
                _require_app_id(request)
                stream = EventStream()
                return event_stream(stream, session_of_request(stream, request))
            case "POST":
                app_id = _require_app_id(request)
                body = json_object(read_body(request))
                if body is None:
                    raise ParamMalformed(["body"])
                return await take_messages(body, app_id=app_id)
            case _:
                return unknown_route(request)
    except InstantError as error:
        return error_response(error)


def session_of_request(stream: EventStream, request: HttpRequest) -> Session:
    """A session that knows where its client is."""
    address = Call(request, None, {}).client_address(trusted_proxies=0)
    return Session(stream, origin=request.headers.get("origin"), ip=_text(address))


def _require_app_id(request: HttpRequest) -> str:
    given = request.GET.get("app_id")
    if given is None:
        raise ParamMissing(["query-params", "app_id"])
    app_id = ids.parse_uuid(given)
    if app_id is None:
        raise ParamMalformed(["query-params", "app_id"], given)
    return app_id


def _text(address: IPv4Address | IPv6Address | None) -> str | None:
    return None if address is None else str(address)
