"""Signing in at a provider's site and coming back (http-api.md §5.1–5.4)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.wire.auth.api import Api
from tests.wire.auth.oauth import PAGE, UUID, OAuth, parameters
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

VERIFIER = "v" * 50


async def make_older(conn: Connection, app_id: str, seconds: int) -> None:
    await conn.execute(
        "update triples set created_at = created_at - %s where app_id = %s::uuid",
        (seconds * 1000, app_id),
    )


async def test_browser_is_sent_to_the_provider(oauth: OAuth) -> None:
    begun = await oauth.begin(hd="example.com")
    assert begun.url.startswith(f"{oauth.issuer.url}/authorize?")
    asked = parameters(begun.url)
    state = asked.pop("state")
    assert (state[:36], len(state)) == (oauth.api.app_id, 72)
    assert asked == {
        "scope": "email openid",
        "response_type": "code",
        "response_mode": "form_post",
        "redirect_uri": "http://testserver/runtime/oauth/callback",
        "client_id": "our-client",
        "hd": "example.com",
    }
    assert begun.cookie.startswith("__session=instantdb_")
    assert "httponly" in begun.cookie_attributes
    assert begun.cookie_attributes["path"] == "/runtime/oauth"
    assert "secure" not in begun.cookie_attributes


async def test_cookie_survives_a_form_post_where_the_server_has_tls(
    oauth: OAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auth_app.configuration import SignIn

    monkeypatch.setattr(SignIn, "origin_of", lambda config, call: "https://api.example.com")
    begun = await oauth.begin()
    assert begun.cookie_attributes["samesite"] == "None"
    assert "secure" in begun.cookie_attributes
    assert parameters(begun.url)["redirect_uri"].startswith("https://api.example.com/")


async def test_whole_way_signs_in(oauth: OAuth) -> None:
    begun = await oauth.begin(state="mine")
    oauth.issuer.token_reply = (200, {"id_token": oauth.issuer.token(picture="https://x/y.png")})
    page = await oauth.come_back(begun)
    assert UUID.match(page["code"])
    assert {**page, "code": ""} == {
        "tab": "1",
        "state": "mine",
        "code": "",
        "_instant_oauth_redirect": "true",
    }
    asked = next(form for path, form, _ in oauth.issuer.asked if path == "/token")
    assert asked == {
        "client_id": "our-client",
        "client_secret": "our-secret",
        "code": "from-them",
        "grant_type": "authorization_code",
        "redirect_uri": "http://testserver/runtime/oauth/callback",
    }

    answer = await oauth.exchange(page["code"], origin="https://app.example.com")

    assert answer.status == 200
    user = answer.body["user"]
    assert (user["email"], user["type"], user["imageURL"]) == (
        "ann@example.com",
        "user",
        "https://x/y.png",
    )
    assert answer.body["created"] is True
    assert answer.body["refresh_token"] == user["refresh_token"]
    assert await oauth.api.token_opens(user["refresh_token"])


async def test_provider_may_come_back_with_a_form(oauth: OAuth) -> None:
    from django.test import AsyncRequestFactory
    from django.urls import resolve

    begun = await oauth.begin()
    oauth.issuer.token_reply = (200, {"id_token": oauth.issuer.token()})
    request = AsyncRequestFactory().post(
        "/runtime/oauth/callback",
        data=f"state={begun.state}&code=x",
        content_type="application/x-www-form-urlencoded",
        headers={"cookie": f"__session=other; {begun.cookie}; __session=instantdb_nonsense"},
    )
    response = await resolve("/runtime/oauth/callback").func(request)
    assert response.status_code == 302
    assert "code" in parameters(response["location"])


async def test_user_info_stands_in_for_an_id_token(oauth: OAuth) -> None:
    begun = await oauth.begin()
    oauth.issuer.token_reply = (200, {"access_token": "opens"})
    oauth.issuer.user_info = (200, oauth.issuer.claims())
    assert "code" in await oauth.come_back(begun)
    headers = next(headers for path, _, headers in oauth.issuer.asked if path == "/userinfo")
    assert headers["authorization"] == "Bearer opens"


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(
            (400, {"error": "x", "error_description": "Code is old."}), "Code is old.", id="words"
        ),
        pytest.param((500, {}), "Error exchanging code for token.", id="no words"),
        pytest.param((200, {}), "Invalid token exchanging code for token.", id="nothing"),
        pytest.param(
            (200, {"id_token": "a.b.c"}), "Invalid token exchanging code for token.", id="rubbish"
        ),
        pytest.param(
            {"aud": "another"}, "Invalid token exchanging code for token.", id="another client's"
        ),
        pytest.param({"email_verified": "true"}, "Missing user info", id="not verified"),
        pytest.param({"email": None}, "Missing user info", id="no address"),
        pytest.param({"sub": None}, "Missing sub.", id="no subject"),
    ],
)
async def test_page_is_told_why_the_provider_would_not(
    oauth: OAuth, reply: Any, error: str
) -> None:
    if isinstance(reply, dict):
        reply = (200, {"id_token": oauth.issuer.token(**reply)})
    oauth.issuer.token_reply = reply
    page = await oauth.come_back(await oauth.begin())
    assert page == {"tab": "1", "error": error, "_instant_oauth_redirect": "true"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param({"error": "access_denied"}, "access_denied", id="provider's error"),
        pytest.param({"state": None}, "Missing state param in OAuth redirect.", id="no state"),
        pytest.param({"state": "x"}, "Invalid state param in OAuth redirect.", id="odd state"),
        pytest.param({"cookie": None}, "Missing cookie.", id="no cookie"),
        pytest.param(
            {"cookie": f"__session=instantdb_{new_id()}"},
            "Mismatch in OAuth request cookie.",
            id="another browser",
        ),
        pytest.param({"code": None}, "Missing code param in OAuth redirect.", id="no code"),
    ],
)
async def test_return_that_nobody_began_is_refused(
    oauth: OAuth, query: dict[str, Any], message: str
) -> None:
    begun = await oauth.begin()
    sent = {"cookie": begun.cookie, "state": begun.state, "code": "x", **query}
    cookie = sent.pop("cookie")
    response = await oauth.callback(
        cookie=cookie, **{name: value for name, value in sent.items() if value is not None}
    )
    assert response.status_code == 400
    assert json.loads(response.content) == {"type": "oauth-error", "error": message}


async def test_return_is_good_once_and_for_ten_minutes(oauth: OAuth, conn: Connection) -> None:
    begun, late = await oauth.begin(), await oauth.begin()
    oauth.issuer.token_reply = (200, {"id_token": oauth.issuer.token()})
    await oauth.come_back(begun)
    await make_older(conn, oauth.api.app_id, 601)
    answers = [
        await oauth.callback(cookie=each.cookie, state=each.state, code="x")
        for each in (begun, late)
    ]
    assert [json.loads(answer.content)["error"] for answer in answers] == [
        "Could not find OAuth request.",
        "The request is expired.",
    ]


async def test_test_redirect_says_that_it_works(oauth: OAuth) -> None:
    response = await oauth.callback(cookie=None, **{"test-redirect": "1"})
    assert "Your OAuth redirect looks good!" in response.content.decode()


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        pytest.param(
            {"client_name": "nobody"}, 400, "Record not found: app-oauth-client", id="client"
        ),
        pytest.param(
            {"redirect_uri": "https://evil.example.com/"},
            400,
            "Validation failed for redirect-uri: Invalid redirect_uri. If you're the developer,"
            " make sure to add your website to the list of approved domains.",
            id="page",
        ),
        pytest.param({"app_id": "x"}, 400, 'Malformed parameter: ["params" "app_id"]', id="app id"),
    ],
)
async def test_start_is_refused(
    oauth: OAuth, query: dict[str, str], status: int, message: str
) -> None:
    response = await oauth.start(**query)
    assert (response.status_code, json.loads(response.content)["message"]) == (status, message)


async def test_app_of_its_own_scheme_gets_a_page_that_opens_it(oauth: OAuth) -> None:
    await oauth.dash(
        "POST", "authorized_redirect_origins", {"service": "custom-scheme", "params": ["myapp"]}
    )
    begun = await oauth.begin(redirect_uri='myapp://back"><script>alert(1)</script>')
    oauth.issuer.token_reply = (200, {"id_token": oauth.issuer.token()})
    response = await oauth.callback(cookie=begun.cookie, state=begun.state, code="x")
    page = response.content.decode()
    assert response.status_code == 200
    assert 'href="myapp://back' in page
    assert "Logged in as ann@example.com" in page
    assert "<script>alert" not in page
    assert "sha256-" in response["content-security-policy"]


async def test_code_works_once_and_for_five_minutes(oauth: OAuth, conn: Connection) -> None:
    code, late = await oauth.code(), await oauth.code()
    assert (await oauth.exchange(code)).status == 200
    used = await oauth.exchange(code)
    assert used.error == (400, "record-not-found")
    assert used.body["hint"]["record-type"] == "app-oauth-code"
    await make_older(conn, oauth.api.app_id, 301)
    expired = await oauth.exchange(late)
    assert (expired.status, expired.body["message"]) == (400, "Record expired: app-oauth-code")


@pytest.mark.parametrize(
    ("challenge", "verifier", "problem"),
    [
        pytest.param(None, None, None, id="neither"),
        pytest.param(("S256", create_s256_code_challenge(VERIFIER)), VERIFIER, None, id="S256"),
        pytest.param(("plain", VERIFIER), VERIFIER, None, id="plain"),
        pytest.param(
            ("S256", create_s256_code_challenge(VERIFIER)),
            "w" * 50,
            "The code_challenge and code_verifier do not match.",
            id="another verifier",
        ),
        pytest.param(
            None,
            VERIFIER,
            "The code_verifier was provided, but no code_challenge was provided.",
            id="no challenge",
        ),
        pytest.param(
            ("plain", VERIFIER),
            None,
            "The code_challenge was provided, but no code_verifier was provided.",
            id="no verifier",
        ),
        pytest.param(("S512", "x"), VERIFIER, "Unknown code challenge method.", id="method"),
    ],
)
async def test_code_must_be_proved(
    oauth: OAuth, challenge: tuple[str, str] | None, verifier: str | None, problem: str | None
) -> None:
    query = {}
    if challenge is not None:
        query = {"code_challenge_method": challenge[0], "code_challenge": challenge[1]}
    code = await oauth.code(**query)
    fields = {} if verifier is None else {"code_verifier": verifier}
    answer = await oauth.exchange(code, **fields)
    if problem is None:
        assert answer.status == 200
    else:
        assert answer.error == (400, "validation-failed")
        assert problem in answer.body["message"]
        assert (await oauth.exchange(code, **fields)).error == (400, "record-not-found")


async def test_page_elsewhere_cannot_finish(oauth: OAuth) -> None:
    answer = await oauth.exchange(await oauth.code(), origin="https://evil.example.com")
    assert answer.body["message"] == "Validation failed for origin: Unauthorized origin."


async def test_same_person_is_the_same_user_by_mail_or_by_provider(oauth: OAuth) -> None:
    by_mail = (await oauth.api.sign_in("ann@example.com"))["user"]
    by_provider = (await oauth.exchange(await oauth.code())).body
    assert (by_provider["created"], by_provider["user"]["id"]) == (False, by_mail["id"])


async def test_guest_becomes_the_providers_user(oauth: OAuth) -> None:
    guest = await oauth.api.sign_in_guest()
    answer = await oauth.exchange(await oauth.code(), refresh_token=guest["refresh_token"])
    assert (answer.body["created"], answer.body["user"]["id"]) == (True, guest["id"])


async def test_issuer_of_the_app_says_where_to_begin_and_end(oauth: OAuth, api: Api) -> None:
    path = f"/runtime/{api.app_id}/.well-known/openid-configuration"
    response = await api.response("GET", path)
    issuer = f"http://testserver/runtime/{api.app_id}"
    assert json.loads(response.content) == {
        "authorization_endpoint": f"{issuer}/oauth/start",
        "token_endpoint": f"{issuer}/oauth/token",
    }
    started = await api.response(
        "GET", f"/runtime/{api.app_id}/oauth/start?client_id=web&redirect_uri={PAGE}"
    )
    assert urlsplit(started["location"]).path == "/authorize"
    answer = await api.post(f"/runtime/{api.app_id}/oauth/token", {"code": await oauth.code()})
    assert answer.status == 200
