"""Signing in with an id_token that a native button, Clerk or Firebase gave (http-api.md §5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.flows.signed_in import SignedIn, sign_in
from auth_app.oauth.clients import client_named
from auth_app.oauth.id_tokens import verify_id_token
from auth_app.oauth.members import member_for, subjects
from auth_app.sign_up_rule import Request
from auth_app.users import user_with_token
from triples.sql import pool
from wire.errors import RecordNotFound
from wire.ids import hash_uuid_secret


async def sign_in_with_id_token(
    config: SignIn,
    app_id: str,
    client_name: str,
    id_token: str,
    *,
    nonce: str | None,
    current_token: str | None,
    extra: Mapping[str, Any],
    request: Request,
) -> SignedIn:
    """Sign in whomever the token is about; who is signed in already goes on with the same token."""
    async with pool.connection() as conn:
        client = await client_named(conn, config.sealer, app_id, client_name)
        if current_token and await user_with_token(conn, app_id, current_token) is None:
            raise RecordNotFound("app-user")
    identity = await verify_id_token(client, config.documents, id_token, nonce)
    about = subjects(client, identity)
    if current_token is not None:
        about.append(f"token {hash_uuid_secret(current_token)}")
    async with account_write(app_id, *about) as write:
        current = (
            await user_with_token(write.conn, app_id, current_token) if current_token else None
        )
        guest = current if current is not None and current.is_guest else None
        user_id, created = await member_for(
            write, client, identity, guest=guest, extra=extra, request=request
        )
        kept = current_token if current is not None and current.id == user_id else None
        return await sign_in(write, user_id, created=created, refresh_token=kept)
