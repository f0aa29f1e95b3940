"""Signing in at a provider's site: out with the browser, and back with a code for the app's page.

    start ──▶ provider ──▶ callback ──▶ the app's page, which shows the code to `oauth_code`

The browser is recognised by a cookie and the attempt by its state; both are stored as hashes, in
`$oauthRedirects`, and are good once, for ten minutes. Spec: http-api.md §5.1, §5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.oauth.clients import OAuthClient, client_named, client_with_id
from auth_app.oauth.identity import Identity
from auth_app.oauth.origins import is_authorized, stored_origins
from auth_app.oauth.providers import ExchangeFailed, provider_of, with_parameters
from auth_app.records import Record, delete_older, record_with
from triples.sql import pool
from wire.errors import OAuthFailed, RecordNotFound, ValidationFailed
from wire.ids import hash_uuid_secret, new_id, parse_uuid, same_secret

REDIRECT_SECONDS: Final = 600.0
CODE_SECONDS: Final = 300.0
FORGOTTEN_AFTER_SECONDS: Final = 3600.0
UUID_LENGTH: Final = 36

_REDIRECTED: Final = {"_instant_oauth_redirect": "true"}
_INVALID_URI: Final = (
    "Invalid redirect_uri. If you're the developer, make sure to add your website to the list of"
    " approved domains."
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an app asks for: with which client, back to where, and how the code is to be proved."""

    app_id: str
    client_name: str
    redirect_uri: str
    state: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and the cookie by which it is recognised when it is back."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Return:
    """Where the browser goes on to; `email` is whom a page may greet, if anybody signed in."""

    url: str
    email: str | None = None


async def start(
    config: SignIn, attempt: Attempt, callback: str, extra: Mapping[str, str]
) -> Departure:
    """Send a browser to the provider; raises what is wrong with the attempt."""
    async with pool.connection() as conn:
        client = await client_named(conn, config.sealer, attempt.app_id, attempt.client_name)
        origins = await stored_origins(conn, attempt.app_id)
    if not is_authorized(origins, attempt.redirect_uri):
        raise ValidationFailed.one("redirect-uri", attempt.redirect_uri, _INVALID_URI)
    provider = await provider_of(client, config.documents, config.web)
    state, cookie = new_id(), new_id()
    url = provider.authorization_url(attempt.app_id + state, client.redirect_to or callback, extra)
    async with account_write(attempt.app_id) as write:
        await delete_older(write, "$oauthRedirects", FORGOTTEN_AFTER_SECONDS)
        write.create("$oauthRedirects", _stored(attempt, client, state, cookie))
    return Departure(url, cookie)


def _stored(attempt: Attempt, client: OAuthClient, state: str, cookie: str) -> dict[str, Any]:
    back_to = attempt.redirect_uri
    if attempt.state is not None:
        back_to = with_parameters(back_to, {"state": attempt.state})
    fields = {
        "stateHash": hash_uuid_secret(state),
        "cookieHash": hash_uuid_secret(cookie),
        "redirectUrl": back_to,
        "redirectTo": client.redirect_to,
        "$oauthClient": client.id,
        "codeChallenge": attempt.code_challenge,
        "codeChallengeMethod": attempt.code_challenge_method,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def finish(
    config: SignIn, state: str | None, cookies: list[str], code: str | None, callback: str
) -> Return:
    """Take a browser back; raises `OAuthFailed` where it cannot be known where it came from."""
    if not state:
        raise OAuthFailed("Missing state param in OAuth redirect.")
    app_id, secret = parse_uuid(state[:UUID_LENGTH]), parse_uuid(state[UUID_LENGTH:])
    if app_id is None or secret is None:
        raise OAuthFailed("Invalid state param in OAuth redirect.")
    if not cookies:
        raise OAuthFailed("Missing cookie.")
    redirect = await _take(app_id, secret, cookies)
    if not code:
        raise OAuthFailed("Missing code param in OAuth redirect.")
    client = await _client(config, app_id, redirect)
    back_to = redirect.text("redirectUrl") or ""
    try:
        provider = await provider_of(client, config.documents, config.web)
        identity = await provider.identity(code, redirect.text("redirectTo") or callback)
    except ExchangeFailed as error:
        return Return(with_parameters(back_to, {"error": str(error), **_REDIRECTED}))
    code_for_app = await _make_code(app_id, client, redirect, identity)
    url = with_parameters(back_to, {"code": code_for_app, **_REDIRECTED})
    return Return(url, identity.email or "")


async def _take(app_id: str, state: str, cookies: list[str]) -> Record:
    """The attempt that this browser began; it is used up, unless another browser began it."""
    state_hash = hash_uuid_secret(state)
    async with account_write(app_id, f"redirect {state_hash}") as write:
        redirect = await record_with(write.conn, app_id, "$oauthRedirects", "stateHash", state_hash)
        if redirect is None:
            raise OAuthFailed("Could not find OAuth request.")
        expected = redirect.text("cookieHash") or ""
        is_same = [same_secret(expected, hash_uuid_secret(cookie)) for cookie in cookies]
        if redirect.age_seconds > REDIRECT_SECONDS:
            raise OAuthFailed("The request is expired.")
        if not any(is_same):
            raise OAuthFailed("Mismatch in OAuth request cookie.")
        write.delete("$oauthRedirects", redirect.id)
    return redirect


async def _client(config: SignIn, app_id: str, redirect: Record) -> OAuthClient:
    async with pool.connection() as conn:
        try:
            client_id = redirect.text("$oauthClient") or ""
            return await client_with_id(conn, config.sealer, app_id, client_id)
        except RecordNotFound as error:
            raise OAuthFailed("Missing OAuth client.") from error


async def _make_code(app_id: str, client: OAuthClient, redirect: Record, identity: Identity) -> str:
    """A code for the app's page, which stands for this identity for five minutes."""
    code = new_id()
    fields = {
        "codeHash": hash_uuid_secret(code),
        "userInfo": identity.to_json(),
        "$oauthClient": client.id,
        "codeChallenge": redirect.text("codeChallenge"),
        "codeChallengeMethod": redirect.text("codeChallengeMethod"),
    }
    async with account_write(app_id) as write:
        await delete_older(write, "$oauthCodes", FORGOTTEN_AFTER_SECONDS)
        write.create("$oauthCodes", {k: v for k, v in fields.items() if v is not None})
    return code
