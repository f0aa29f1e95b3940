"""HTTP as the API speaks it: JSON bodies in, parameters out of them, JSON or an error back.

A handler is an async function from a `Call` to a JSON value, or to a response of its own making;
`endpoint` makes it a Django view and renders whatever it raises. Which paths exist is
`instant_project.urls`' business; who may call is the handlers'. Spec: http-api.md §1.1–1.8. CORS
headers are a middleware's.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Final, TypeVar

import psycopg.errors
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from wire import json
from wire.addresses import client_address
from wire.errors import InstantError, ParamMalformed, ParamMissing, QueryTimeout, ValidationFailed
from wire.observations import HttpRequestFailed, frames_of, report

READING: Final = ("GET", "HEAD")
MAX_BODY_BYTES: Final = 16 * 1024 * 1024  # a guess: an admin import in steps of thousands

_JSON_TYPE: Final = re.compile(r"application/(?:[^;\s]+\+)?json\s*(?:;|\Z)", re.IGNORECASE)
_FORM_TYPE: Final = re.compile(r"application/x-www-form-urlencoded\s*(?:;|\Z)", re.IGNORECASE)
_EMAIL: Final = re.compile(r"[^@\s\0<>\",;:\\()\[\]]+@[^@\s\0<>\",;:\\()\[\]]+\Z")
_LONGEST_EMAIL: Final = 254  # RFC 5321
_UNSTORABLE: Final = (
    "The body is nested too deeply or holds text that cannot be stored, such as half of an emoji."
)
_NO_ROUTE: Final = {"message": "Oops! We couldn't match this route."}
_UNKNOWN: Final = {
    "type": "unknown",
    "message": "Something went wrong. Sorry about this!",
    "hint": {"debug-uri": None},
}

T = TypeVar("T")
Coercion = Callable[[Any], T | None]
"""Turns a decoded JSON value into a usable one, or None."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: its decoded body (None without one) and the parts of its path.

    A body is JSON, or the fields of a form as a dict of texts.
    """

    request: HttpRequest
    body: Any
    path: Mapping[str, str]

    def parameter(self, name: str) -> str | None:
        """A value of the path, of the query or of a form, whichever has it first."""
        form = self.body if isinstance(self.body, dict) else {}
        for source in (self.path, self.request.GET, form):
            value = source.get(name)
            if isinstance(value, str):
                return value
        return None

    def client_address(self, trusted_proxies: int) -> IPv4Address | IPv6Address | None:
        """Who asks, as `wire.addresses` reads it."""
        meta = self.request.META
        forwarded_for = self.request.headers.get("x-forwarded-for", "")
        return client_address(meta.get("REMOTE_ADDR", ""), forwarded_for, trusted_proxies)


Handler = Callable[[Call], Awaitable[Any]]
View = Callable[..., Coroutine[Any, Any, Any]]
"""A Django view: whole responses mostly, streams where a handler makes one."""


class _MalformedJson(Exception):
    """The body says it is JSON and is not."""


class _BodyTooLarge(Exception):
    """The body is longer than the endpoint takes, or holds more lists and objects."""


def endpoint(
    max_body_bytes: int = MAX_BODY_BYTES, *, takes_unstorable: bool = False, **handlers: Handler
) -> View:
    """A Django view from handlers named by method: `endpoint(get=show, post=create)`.

    A handler's value is encoded as JSON with status 200; other methods are unknown routes. With
    `takes_unstorable` the handler itself refuses what `wire.json.loads` cannot read.
    """
    by_method = {method.upper(): handler for method, handler in handlers.items()}

    @csrf_exempt
    async def view(request: HttpRequest, **path: str) -> HttpResponseBase:
        handler = by_method.get(request.method or "")
        if handler is None:
            return json_response(_NO_ROUTE, 404)
        return await _answer(handler, request, path, max_body_bytes, takes_unstorable)

    return view


def read_only(view: View) -> View:
    """The view for who only looks: any method but GET and HEAD is answered 405, with `Allow`."""

    @csrf_exempt
    async def checked(request: HttpRequest, **path: str) -> HttpResponseBase:
        if request.method not in READING:
            return HttpResponseNotAllowed(READING)
        response: HttpResponseBase = await view(request, **path)
        return response

    return checked


def unknown_route(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's `handler404`."""
    return json_response(_NO_ROUTE, 404)


def json_response(value: Any, status: int = 200) -> HttpResponse:
    """A JSON body; `wire.json.raw` pieces are spliced in."""
    return HttpResponse(json.dumps(value), content_type="application/json", status=status)


def error_response(error: InstantError) -> HttpResponse:
    """The error envelope (§1.4); errors of the server's own carry a `debug-uri`."""
    body = error.to_wire()
    if error.http_status == 500:
        body["hint"] = {**body["hint"], "debug-uri": None}
    return json_response(body, error.http_status)


async def _answer(
    handler: Handler,
    request: HttpRequest,
    path: dict[str, str],
    max_body_bytes: int,
    takes_unstorable: bool,
) -> HttpResponseBase:
    try:
        body = _body(request, max_body_bytes, takes_unstorable=takes_unstorable)
        value = await handler(Call(request, body, path))
        return value if isinstance(value, HttpResponseBase) else json_response(value)
    except _MalformedJson:
        return _text("Malformed JSON in request body.", 400)
    except (_BodyTooLarge, TooManyFieldsSent):
        return _text("The request body is too large.", 413)
    except InstantError as error:
        return error_response(error)
    except psycopg.errors.QueryCanceled:
        return error_response(QueryTimeout())
    except Exception as error:  # noqa: BLE001  # the edge: a client is answered whatever happened
        name = f"{type(error).__module__}.{type(error).__qualname__}"
        report(HttpRequestFailed(request.method or "", request.path, name, frames_of(error)))
        return json_response(_UNKNOWN, 500)


def _body(request: HttpRequest, max_body_bytes: int, *, takes_unstorable: bool) -> Any:
    content_type = request.headers.get("content-type", "")
    is_form = _FORM_TYPE.match(content_type) is not None
    if not is_form and not _JSON_TYPE.match(content_type):
        return None
    body = request.read(max_body_bytes + 1)
    if len(body) > max_body_bytes:
        raise _BodyTooLarge
    if not body:
        return None
    if is_form:
        return QueryDict(body, mutable=False).dict()
    if json.containers(body) > json.MAX_CONTAINERS:
        raise _BodyTooLarge
    if takes_unstorable:
        return _unstorable(body)
    try:
        return json.loads(body)
    except json.JsonError:
        _unstorable(body)
    raise ValidationFailed.one("body", None, _UNSTORABLE)


def _unstorable(body: bytes) -> Any:
    try:
        return json.loads_any(body)
    except ValueError as error:
        raise _MalformedJson from error


def _text(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)


def body_param(call: Call, *keys: str, coerce: Coercion[T], secret: bool = False) -> T:
    """A required field of the body, coerced; raises `ParamMissing` or `ParamMalformed` (§1.8).

    A `secret` is not repeated in the error.
    """
    found = optional_body_param(call, *keys, coerce=coerce, secret=secret)
    if found is None:
        raise ParamMissing(["body", *keys])
    return found


def optional_body_param(
    call: Call, *keys: str, coerce: Coercion[T], secret: bool = False
) -> T | None:
    """A field of the body, or None; present but unusable is `ParamMalformed`."""
    value = call.body
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else _coerced(value, ["body", *keys], coerce, secret)


def parameter(call: Call, *names: str, coerce: Coercion[T]) -> T:
    """A required value of path, query or form under the first of its names that is there."""
    for name in names:
        if (found := optional_parameter(call, name, coerce=coerce)) is not None:
            return found
    raise ParamMissing(["params", names[0]])


def optional_parameter(call: Call, name: str, *, coerce: Coercion[T]) -> T | None:
    """A value of path, query or form, or None; present but unusable is `ParamMalformed`."""
    value = call.parameter(name)
    return None if value is None else _coerced(value, ["params", name], coerce, secret=True)


def path_param(call: Call, key: str, *, coerce: Coercion[T]) -> T:
    """A part of the path, coerced; raises `ParamMalformed`."""
    return _coerced(call.path[key], ["params", key], coerce, secret=False)


def _coerced(value: Any, where: list[str], coerce: Coercion[T], secret: bool) -> T:
    coerced = coerce(value)
    if coerced is None:
        raise ParamMalformed(where, None if secret else value)
    return coerced


def non_blank_text(value: Any) -> str | None:
    """Strings trimmed, numbers as text; None for blank ones and for anything else.

    Text with NUL is none either: PostgreSQL stores no such character.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) and "\0" not in value else None


def email_address(value: Any) -> str | None:
    """An e-mail address, trimmed and in lower case; None for what does not look like one."""
    if not isinstance(value, str):
        return None
    email = value.strip().lower()
    return email if len(email) <= _LONGEST_EMAIL and _EMAIL.match(email) else None


def json_object(value: Any) -> dict[str, Any] | None:
    """A JSON object as it is."""
    return value if isinstance(value, dict) else None
