"""The end of a sign-in with redirects: the app's page shows its code (http-api.md §5.4).

A code is used up by the first who shows it, whatever comes of it: whoever stole one and fails must
not leave it behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.flows.oauth_redirect import CODE_SECONDS
from auth_app.flows.signed_in import SignedIn, sign_in
from auth_app.newcomers import guest_of
from auth_app.oauth.clients import client_with_id
from auth_app.oauth.identity import Identity
from auth_app.oauth.members import member_for, subjects
from auth_app.oauth.origins import is_authorized, stored_origins
from auth_app.records import Record, record_with
from auth_app.sign_up_rule import Request
from triples.sql import pool
from wire.errors import RecordExpired, RecordNotFound, ValidationFailed
from wire.ids import hash_uuid_secret, same_secret


async def exchange_code(
    config: SignIn,
    app_id: str,
    code: str,
    *,
    verifier: str | None,
    guest_token: str | None,
    extra: Mapping[str, Any],
    request: Request,
) -> SignedIn:
    """Sign in whomever the code stands for."""
    stored = await _take(app_id, code)
    check_verifier(stored.text("codeChallenge"), stored.text("codeChallengeMethod"), verifier)
    await _check_origin(app_id, request.origin)
    async with pool.connection() as conn:
        client_id = stored.text("$oauthClient") or ""
        client = await client_with_id(conn, config.sealer, app_id, client_id)
    identity = Identity.from_json(stored.fields["userInfo"])
    about = subjects(client, identity)
    if guest_token is not None:
        about.append(f"token {hash_uuid_secret(guest_token)}")
    async with account_write(app_id, *about) as write:
        guest = await guest_of(write, guest_token)
        user_id, created = await member_for(
            write, client, identity, guest=guest, extra=extra, request=request
        )
        return await sign_in(write, user_id, created=created)


async def _take(app_id: str, code: str) -> Record:
    code_hash = hash_uuid_secret(code)
    async with account_write(app_id, f"code {code_hash}") as write:
        stored = await record_with(write.conn, app_id, "$oauthCodes", "codeHash", code_hash)
        if stored is None:
            raise RecordNotFound("app-oauth-code")
        write.delete("$oauthCodes", stored.id)
    if stored.age_seconds > CODE_SECONDS:
        raise RecordExpired("app-oauth-code")
    return stored


def check_verifier(challenge: str | None, method: str | None, verifier: str | None) -> None:
    """Return if the verifier proves who began (PKCE, RFC 7636); raises `ValidationFailed`."""
    if challenge is None and verifier is None:
        return
    if challenge is None:
        raise _unproved("The code_verifier was provided, but no code_challenge was provided.")
    if verifier is None:
        raise _unproved("The code_challenge was provided, but no code_verifier was provided.")
    match method:
        case "S256":
            shown = create_s256_code_challenge(verifier)
        case "plain" | None:
            shown = verifier
        case _:
            raise _unproved("Unknown code challenge method.")
    if not same_secret(shown, challenge):
        raise _unproved("The code_challenge and code_verifier do not match.")


async def _check_origin(app_id: str, origin: str) -> None:
    """A page may finish a sign-in only where one may begin; servers and native apps send none."""
    if not origin:
        return
    async with pool.connection() as conn:
        if not is_authorized(await stored_origins(conn, app_id), origin):
            raise ValidationFailed.one("origin", origin, "Unauthorized origin.")


def _unproved(message: str) -> ValidationFailed:
    return ValidationFailed.one("code_verifier", None, message)
