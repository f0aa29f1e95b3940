"""What sign-in says to requests that nobody can use (http-api.md §1.4–1.9)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import AsyncRequestFactory
from django.urls import resolve

from tests.wire.auth.api import Api, some_address
from triples import tenants
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

EMAIL = "ann@example.com"
WRONG_TOKEN = (
    "This admin token may be expired or invalid. Or you may have provided an incorrect app ID."
)


def missing(*where: str) -> tuple[str, str, Any]:
    path = " ".join(f'"{part}"' for part in where)
    return "param-missing", f"Missing parameter: [{path}]", {"in": list(where)}


def malformed(*where: str, original: Any = None) -> tuple[str, str, Any]:
    path = " ".join(f'"{part}"' for part in where)
    hint = {"in": list(where), "original-input": original}
    return "param-malformed", f"Malformed parameter: [{path}]", hint


RUNTIME = "/runtime/auth"
CASES = [
    ("send_magic_code", {"email": None}, missing("body", "email")),
    ("send_magic_code", {"email": " "}, malformed("body", "email", original=" ")),
    ("send_magic_code", {"email": "ann"}, malformed("body", "email", original="ann")),
    ("send_magic_code", {"email": 7}, malformed("body", "email", original=7)),
    ("send_magic_code", {"app-id": None}, missing("body", "app-id")),
    ("send_magic_code", {"app-id": "x"}, malformed("body", "app-id", original="x")),
    ("verify_magic_code", {"code": None}, missing("body", "code")),
    ("verify_magic_code", {"code": " "}, malformed("body", "code")),
    ("verify_magic_code", {"code": []}, malformed("body", "code")),
    ("verify_magic_code", {"refresh-token": "x"}, malformed("body", "refresh-token")),
    ("verify_magic_code", {"extra-fields": 1}, malformed("body", "extra-fields", original=1)),
    ("sign_in_guest", {"app-id": None}, missing("body", "app-id")),
    ("sign_in_guest", {"extra-fields": "x"}, malformed("body", "extra-fields", original="x")),
    ("verify_refresh_token", {"refresh-token": None}, missing("body", "refresh-token")),
    ("verify_refresh_token", {"refresh-token": "undefined"}, malformed("body", "refresh-token")),
]


@pytest.mark.parametrize(("name", "change", "expected"), CASES)
async def test_parameter_that_nobody_can_use_is_named(
    api: Api, name: str, change: dict[str, Any], expected: tuple[str, str, Any]
) -> None:
    good = {
        "app-id": api.app_id,
        "email": EMAIL,
        "code": "123456",
        "refresh-token": new_id() if name == "verify_refresh_token" else None,
    }
    body = {key: value for key, value in (good | change).items() if value is not None}
    answer = await api.post(f"{RUNTIME}/{name}", body)
    assert answer.status == 400
    assert (answer.body["type"], answer.body["message"], answer.body["hint"]) == expected


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/runtime/signout", ["app_id", "refresh_token"]),
        ("/runtime/oauth/token", ["app_id", "code"]),
        ("/runtime/oauth/id_token", ["app_id", "id_token", "client_name"]),
    ],
)
async def test_missing_parameters_are_asked_for_one_by_one(
    api: Api, path: str, keys: list[str]
) -> None:
    good = {
        "app_id": api.app_id,
        "refresh_token": new_id(),
        "code": new_id(),
        "id_token": "x",
        "client_name": "web",
    }
    for number, key in enumerate(keys):
        answer = await api.post(path, {name: good[name] for name in keys[:number]})
        assert (answer.body["type"], answer.body["hint"]) == (
            "param-missing",
            {"in": ["body", key]},
        )


@pytest.mark.parametrize("body", [None, [], "text", 7, {}], ids=str)
async def test_body_that_is_no_object_has_no_parameters(api: Api, body: Any) -> None:
    answer = await api.post(f"{RUNTIME}/send_magic_code", body)
    assert answer.body["type"] == "param-missing"


@pytest.mark.parametrize(
    ("content_type", "text", "status", "answer"),
    [
        ("application/json", b"{", 400, "Malformed JSON in request body."),
        ("application/vnd.x+json; charset=utf-8", b"{", 400, "Malformed JSON in request body."),
        ("text/plain", b"{", 400, 'Missing parameter: ["body" "email"]'),
    ],
)
async def test_body_is_read_by_its_content_type(
    api: Api, content_type: str, text: bytes, status: int, answer: str
) -> None:
    request = AsyncRequestFactory().generic(
        "POST", f"{RUNTIME}/send_magic_code", data=text, content_type=content_type
    )
    request.META["REMOTE_ADDR"] = some_address()
    response = await resolve(request.path).func(request)
    assert response.status_code == status
    assert answer in response.content.decode().replace('\\"', '"')


@pytest.mark.parametrize(
    ("method", "name", "body", "data_type", "message"),
    [
        ("POST", "refresh_tokens", {}, "body", "Please provide an `email` or `id`"),
        (
            "POST",
            "sign_out",
            {},
            "body",
            "Please provide an `id`, `email`, or `refresh_token`",
        ),
        ("GET", "users", None, "params", "Please provide a user id, email, or refresh_token"),
        ("DELETE", "users", None, "params", "Please provide a user id, email, or refresh_token"),
    ],
)
async def test_admin_who_names_nobody_is_told(
    api: Api, method: str, name: str, body: Any, data_type: str, message: str
) -> None:
    answer = await api.admin(method, name, body)
    assert answer.error == (400, "validation-failed")
    assert answer.body["message"] == f"Validation failed for {data_type}: {message}"
    assert answer.body["hint"]["data-type"] == data_type


ADMIN_PATHS = [
    ("POST", "refresh_tokens"),
    ("POST", "sign_out"),
    ("GET", "users"),
    ("DELETE", "users"),
    ("POST", "magic_code"),
    ("POST", "send_magic_code"),
    ("POST", "verify_magic_code"),
    ("POST", "sign_in_guest"),
]


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        pytest.param({"app-id": None}, "param-missing", id="no app"),
        pytest.param({"app-id": "x"}, "param-malformed", id="app no uuid"),
        pytest.param({"authorization": None}, "param-missing", id="no token"),
        pytest.param({"authorization": "Bearer undefined"}, "param-malformed", id="undefined"),
        pytest.param({"authorization": f"Bearer {new_id()}"}, "record-not-found", id="unknown"),
        pytest.param({"authorization": "other app"}, "record-not-found", id="another app's"),
        pytest.param({"authorization": None, "as-guest": "true"}, "param-missing", id="as guest"),
    ],
)
async def test_admin_routes_are_for_the_apps_admin_only(
    api: Api, conn: Connection, headers: dict[str, str | None], error: str
) -> None:
    given: dict[str, str | None] = {
        "app-id": api.app_id,
        "authorization": f"Bearer {api.admin_token}",
        **headers,
    }
    if given["authorization"] == "other app":
        other = await tenants.create_app(conn, "other")
        given["authorization"] = f"Bearer {other.admin_token}"
    sent = {key: value for key, value in given.items() if value is not None}
    body = {"email": EMAIL, "code": "123456"}
    for method, name in ADMIN_PATHS:
        response = await api.response(method, f"/admin/{name}?email={EMAIL}", body, sent)
        answer = json.loads(response.content)
        assert (name, response.status_code, answer["type"]) == (name, 400, error)
        if error == "record-not-found":
            assert answer["hint"] == {"record-type": "app-admin-token", "message": WRONG_TOKEN}


@pytest.mark.parametrize("path", ["/runtime/auth/nothing", "/runtime/auth", "/admin/users/x"])
async def test_unknown_route(api: Api, path: str) -> None:
    from django.http import Http404

    with pytest.raises(Http404):
        resolve(path)


async def test_wrong_method_is_an_unknown_route(api: Api) -> None:
    response = await api.response("GET", "/runtime/auth/send_magic_code")
    assert response.status_code == 404
    assert json.loads(response.content) == {"message": "Oops! We couldn't match this route."}
