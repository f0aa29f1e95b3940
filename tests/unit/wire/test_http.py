"""HTTP as every endpoint speaks it: bodies, parameters, errors (http-api.md §1.1–1.8)."""

from __future__ import annotations

import json
import logging
from typing import Any

import psycopg
import pytest
from django.http import HttpResponse
from django.test import AsyncRequestFactory

from wire import json as wire_json
from wire.errors import InstantError, OperationTimedOut, RateLimited, RecordNotFound
from wire.http import (
    Call,
    Handler,
    body_param,
    endpoint,
    non_blank_text,
    optional_body_param,
)
from wire.ids import parse_uuid

pytestmark = pytest.mark.asyncio

REQUESTS = AsyncRequestFactory()
SECRET = "5e0e1a4c-secret"


async def echo(call: Call) -> Any:
    """Answers with the decoded body."""
    return {"body": call.body}


async def title(call: Call) -> Any:
    """Answers with a required, trimmed title."""
    return body_param(call, "app", "title", coerce=non_blank_text)


def raises(error: Exception) -> Handler:
    """A handler that fails."""

    async def handler(call: Call) -> Any:
        raise error

    return handler


async def post(handler: Handler, body: Any, content_type: str = "application/json") -> HttpResponse:
    """What the endpoint answers to a body, given as bytes or as a JSON value."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    request = REQUESTS.post("/it", data=content, content_type=content_type)
    response: HttpResponse = await endpoint(max_body_bytes=100, post=handler)(request)
    return response


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/vnd.instant+json",
    ],
)
async def test_json_body_is_decoded(content_type: str) -> None:
    response = await post(echo, {"kebab-key?": 1}, content_type)
    assert (response.status_code, response["content-type"]) == (200, "application/json")
    assert json.loads(response.content) == {"body": {"kebab-key?": 1}}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b'{"a": 1}', "text/plain", id="not said to be JSON"),
        pytest.param(b'{"a": 1}', "application/jsonp", id="something like JSON"),
        pytest.param(b"", "application/json", id="empty"),
    ],
)
async def test_other_bodies_are_not_decoded(body: bytes, content_type: str) -> None:
    assert json.loads((await post(echo, body, content_type)).content) == {"body": None}


@pytest.mark.parametrize("body", [b"{", b"nope", b'{"a": NaN}', b'"\xff"'])
async def test_malformed_json_is_told_in_plain_text(body: bytes) -> None:
    response = await post(echo, body)
    assert response.status_code == 400
    assert response.content == b"Malformed JSON in request body."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(rb'{"a": "\ud83d"}', id="half a character"),
        pytest.param(rb'{"\udc4d": 1}', id="half a character in a key"),
    ],
)
async def test_json_that_cannot_be_stored_is_named(body: bytes) -> None:
    response = await post(echo, body)
    refusal = json.loads(response.content)
    assert (response.status_code, refusal["type"]) == (400, "validation-failed")
    assert "cannot be stored" in refusal["message"]


async def test_handler_may_refuse_what_cannot_be_stored_itself() -> None:
    seen: list[Any] = []

    async def keep(call: Call) -> Any:
        seen.append(call.body)
        return {}

    request = REQUESTS.post("/it", rb'{"a": "\ud83d"}', "application/json")
    response = await endpoint(post=keep, takes_unstorable=True)(request)
    assert (response.status_code, seen) == (200, [{"a": "\ud83d"}])


async def test_body_beyond_the_bound_is_refused() -> None:
    assert (await post(echo, "x" * 98)).status_code == 200
    assert (await post(echo, "x" * 99)).status_code == 413


async def test_body_of_very_many_lists_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_json, "MAX_CONTAINERS", 3)
    assert (await post(echo, [[], {}])).status_code == 200
    assert (await post(echo, [[], {}, []])).status_code == 413


async def test_other_method_is_an_unknown_route() -> None:
    response = await endpoint(post=echo)(REQUESTS.get("/it"))
    assert response.status_code == 404
    assert json.loads(response.content) == {"message": "Oops! We couldn't match this route."}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"app": {"title": " todo "}}, "todo", id="trimmed"),
        pytest.param({"app": {"title": 7}}, "7", id="number"),
    ],
)
async def test_param_is_coerced(body: Any, expected: str) -> None:
    assert json.loads((await post(title, body)).content) == expected


@pytest.mark.parametrize(
    ("body", "error_type", "hint"),
    [
        pytest.param({}, "param-missing", {"in": ["body", "app", "title"]}, id="absent"),
        pytest.param([1], "param-missing", {"in": ["body", "app", "title"]}, id="no object"),
        pytest.param(
            {"app": {"title": None}}, "param-missing", {"in": ["body", "app", "title"]}, id="null"
        ),
        pytest.param(
            {"app": {"title": " "}},
            "param-malformed",
            {"in": ["body", "app", "title"], "original-input": " "},
            id="blank",
        ),
        pytest.param(
            {"app": {"title": "a\0b"}},
            "param-malformed",
            {"in": ["body", "app", "title"], "original-input": "a\0b"},
            id="text with NUL",
        ),
        pytest.param(
            {"app": {"title": []}},
            "param-malformed",
            {"in": ["body", "app", "title"], "original-input": []},
            id="list",
        ),
    ],
)
async def test_unusable_param_is_named(body: Any, error_type: str, hint: dict[str, Any]) -> None:
    response = await post(title, body)
    answer = json.loads(response.content)
    assert (response.status_code, answer["type"], answer["hint"]) == (400, error_type, hint)
    assert '["body" "app" "title"]' in answer["message"]


async def test_malformed_secret_is_not_repeated() -> None:
    async def handler(call: Call) -> Any:
        return optional_body_param(call, "token", coerce=parse_uuid, secret=True)

    assert SECRET.encode() not in (await post(handler, {"token": SECRET})).content


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        pytest.param(
            RecordNotFound("app"),
            400,
            {
                "type": "record-not-found",
                "message": "Record not found: app",
                "hint": {"record-type": "app"},
            },
            id="domain error",
        ),
        pytest.param(
            RateLimited("Slow down."),
            429,
            {"type": "rate-limited", "message": "Slow down.", "hint": {}},
            id="rate limit",
        ),
        pytest.param(
            psycopg.errors.QueryCanceled("statement timeout"),
            429,
            {"type": "timeout", "message": "The query took too long to complete.", "hint": {}},
            id="cancelled statement",
        ),
        pytest.param(
            OperationTimedOut(5),
            500,
            {
                "type": "operation-timed-out",
                "message": "Operation timed out: handle-receive",
                "hint": {"timeout-ms": 5, "debug-uri": None},
            },
            id="error of the server's own",
        ),
        pytest.param(
            KeyError("x"),
            500,
            {
                "type": "unknown",
                "message": "Something went wrong. Sorry about this!",
                "hint": {"debug-uri": None},
            },
            id="bug",
        ),
    ],
)
async def test_error_has_its_shape(
    error: InstantError | Exception, status: int, body: dict[str, Any]
) -> None:
    response = await post(raises(error), {})
    assert (response.status_code, json.loads(response.content)) == (status, body)


async def test_bug_is_logged_without_its_message(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="instant"):
        await post(raises(ValueError(SECRET)), {})
    assert "ValueError" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        pytest.param("198.51.100.7", 0, "127.0.0.1", id="nobody is trusted"),
        pytest.param("198.51.100.7", 1, "198.51.100.7", id="one proxy"),
        pytest.param("6.6.6.6, 198.51.100.7, 10.0.0.1", 2, "198.51.100.7", id="two proxies"),
        pytest.param("", 1, "127.0.0.1", id="proxy said nothing"),
        pytest.param("unknown", 1, "None", id="no address"),
    ],
)
async def test_client_is_the_hop_before_the_trusted_ones(
    forwarded: str, proxies: int, expected: str
) -> None:
    request = REQUESTS.get("/it", headers={"x-forwarded-for": forwarded})
    assert str(Call(request, None, {}).client_address(proxies)) == expected
