"""GitHub, which is asked in its own way, and Apple, whose secret is made anew each time (§5.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from auth_app.oauth.clients import OAuthClient
from auth_app.oauth.identity import Identity
from auth_app.oauth.providers import ExchangeFailed, GitHubProvider, apple_secret
from auth_app.oauth.web import Web
from tests.wire.auth.issuer import Issuer, rsa_key, running_issuer
from tests.wire.auth.oauth import parameters

CLIENT = OAuthClient("c", "gh", "p", "github", "our-client", "our-secret", None, None, {})
GRANTED = {"access_token": "opens"}
USER = {"id": 42, "avatar_url": "https://x/y.png"}
EMAILS = [
    {"email": "old@x.dev", "primary": False, "verified": True},
    {"email": "Ann@X.dev", "primary": True, "verified": True},
]


@pytest.fixture(scope="module")
def github() -> Iterator[Issuer]:
    with running_issuer(rsa_key()) as site:
        yield site


def provider(github: Issuer, **pages: Any) -> GitHubProvider:
    github.pages = {
        "/login/oauth/access_token": pages.get("granted", (200, GRANTED)),
        "/user": pages.get("user", (200, USER)),
        "/user/emails": pages.get("emails", (200, EMAILS)),
    }
    return GitHubProvider(CLIENT, Web(allows_private=True), github.url, github.url)


def test_browser_is_sent_to_github() -> None:
    url = GitHubProvider(CLIENT, Web()).authorization_url("s", "https://x/cb", {})
    assert url.startswith("https://github.com/login/oauth/authorize?")
    assert parameters(url) == {
        "scope": "read:user user:email",
        "response_type": "code",
        "state": "s",
        "redirect_uri": "https://x/cb",
        "client_id": "our-client",
    }


@pytest.mark.asyncio
async def test_primary_verified_address_is_taken(github: Issuer) -> None:
    identity = await provider(github).identity("code", "https://x/cb")
    assert identity == Identity("42", "ann@x.dev", "https://x/y.png")


@pytest.mark.asyncio
async def test_without_such_an_address_there_is_none(github: Issuer) -> None:
    emails = (200, [{"email": "a@b.c", "primary": True, "verified": False}])
    identity = await provider(github, emails=emails).identity("code", "https://x/cb")
    assert (identity.sub, identity.email) == ("42", None)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("pages", "why"),
    [
        ({"granted": (200, {"error": "x", "error_description": "Bad code."})}, "Bad code."),
        ({"granted": (200, {})}, "No access token received from GitHub."),
        ({"user": (500, {})}, "Failed to fetch user info from GitHub."),
        ({"user": (200, {})}, "Missing user ID from GitHub"),
        ({"emails": (403, {})}, "Failed to fetch user info from GitHub."),
    ],
    ids=["refused", "no token", "no user", "no id", "no emails"],
)
async def test_failure_is_named(github: Issuer, pages: dict[str, Any], why: str) -> None:
    with pytest.raises(ExchangeFailed, match=why):
        await provider(github, **pages).identity("code", "https://x/cb")


def test_apples_secret_is_signed_with_the_developers_key() -> None:
    key = ECKey.generate_key("P-256")
    pem = key.as_pem(private=True).decode()
    meta = {"teamId": "TEAM", "keyId": "KEY"}
    client = OAuthClient("c", "apple", "p", "apple", "dev.x", pem, "https://x", None, meta)
    token = jwt.decode(apple_secret(client, 1_000), key, algorithms=["ES256"])
    assert token.header["kid"] == "KEY"
    assert token.claims == {
        "iss": "TEAM",
        "iat": 1_000,
        "exp": 1_120,
        "aud": "https://appleid.apple.com",
        "sub": "dev.x",
    }


def test_apple_client_without_a_key_fails_in_words() -> None:
    with pytest.raises(ExchangeFailed, match="Error exchanging code for token"):
        apple_secret(CLIENT, 1_000)
