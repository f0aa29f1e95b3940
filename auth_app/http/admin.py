"""`/admin/*` of sign-in: users, tokens and codes in the hands of the app's own servers (§3.8).

All of it needs the app's admin token; nobody is acted for, and no rule is asked.
"""

from __future__ import annotations

from typing import Any

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.flows.guest import sign_in_guest
from auth_app.flows.magic_code import make_code, send_code, verify_code
from auth_app.flows.signed_in import sign_in
from auth_app.http.parameters import extra_fields_in_body, optional_token_in_body
from auth_app.limits import limit_codes, limit_guesses
from auth_app.newcomers import Newcomer, admit
from auth_app.refresh_tokens import delete_token, delete_tokens_of_user
from auth_app.users import User, user_with_email, user_with_id, user_with_token
from triples import tenants
from triples.http.callers import admin_token_of, app_id_of
from triples.sql import pool
from wire.errors import RecordNotFound, ValidationFailed
from wire.http import (
    Call,
    body_param,
    email_address,
    non_blank_text,
    optional_body_param,
    optional_parameter,
)
from wire.ids import parse_uuid


async def make_token(config: SignIn, call: Call) -> dict[str, Any]:
    """A refresh token for a user, who is made if need be."""
    app_id = await _app_of_admin(call)
    email = optional_body_param(call, "email", coerce=email_address)
    user_id = optional_body_param(call, "id", coerce=parse_uuid)
    extra = extra_fields_in_body(call)
    if email is None and user_id is None:
        raise ValidationFailed.one("body", None, "Please provide an `email` or `id`")
    about = [f"{kind} {value}" for kind, value in (("email", email), ("user", user_id)) if value]
    async with account_write(app_id, *about) as write:
        if email is not None:
            known = await user_with_email(write.conn, app_id, email)
        else:
            known = await user_with_id(write.conn, app_id, user_id or "")
        if known is None:
            newcomer = Newcomer(None, None, email=email, user_id=user_id, extra=extra)
            user_id = await admit(write, newcomer)
        else:
            user_id = known.id
        return (await sign_in(write, user_id, created=known is None)).to_wire()


async def sign_out(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign a user out everywhere, or one token."""
    app_id = await _app_of_admin(call)
    user_id = optional_body_param(call, "id", coerce=parse_uuid)
    email = optional_body_param(call, "email", coerce=email_address)
    token = optional_token_in_body(call, "refresh_token")
    if user_id is None and email is not None:
        async with pool.connection() as conn:
            user = await user_with_email(conn, app_id, email)
        if user is None:
            raise RecordNotFound("app-user")
        user_id = user.id
    if user_id is not None:
        await delete_tokens_of_user(app_id, user_id)
    elif token is not None:
        await delete_token(app_id, token)
    else:
        message = "Please provide an `id`, `email`, or `refresh_token`"
        raise ValidationFailed.one("body", None, message)
    return {"ok": True}


async def show_user(config: SignIn, call: Call) -> dict[str, Any]:
    """One user, or null."""
    app_id = await _app_of_admin(call)
    async with pool.connection() as conn:
        user = await _user_in_query(conn, app_id, call)
    return {"user": None if user is None else user.to_wire()}


async def delete_user(config: SignIn, call: Call) -> dict[str, Any]:
    """Delete one user with its tokens, or say null."""
    app_id = await _app_of_admin(call)
    async with account_write(app_id) as write:
        user = await _user_in_query(write.conn, app_id, call)
        if user is not None:
            write.delete("$users", user.id)
    return {"deleted": None if user is None else user.to_wire()}


async def make_magic_code(config: SignIn, call: Call) -> dict[str, Any]:
    """A code, which the caller sends."""
    app_id = await _app_of_admin(call)
    return {"code": await make_code(app_id, body_param(call, "email", coerce=email_address))}


async def send_magic_code(config: SignIn, call: Call) -> dict[str, Any]:
    """A code, sent by mail."""
    app_id = await _app_of_admin(call)
    email = body_param(call, "email", coerce=email_address)
    await limit_codes(app_id, email)
    return {"code": await send_code(config, app_id, email)}


async def verify_magic_code(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in with a code."""
    app_id = await _app_of_admin(call)
    email = body_param(call, "email", coerce=email_address)
    code = body_param(call, "code", coerce=non_blank_text, secret=True)
    guest_token, extra = optional_token_in_body(call), extra_fields_in_body(call)
    await limit_guesses(config, call, app_id, email)
    signed_in = await verify_code(
        config, app_id, email, code, guest_token=guest_token, extra=extra, request=None
    )
    return signed_in.to_wire()


async def sign_in_as_guest(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in a new guest."""
    app_id = await _app_of_admin(call)
    signed_in = await sign_in_guest(app_id, extra_fields_in_body(call), None)
    return {"user": signed_in.user_to_wire()}


async def _app_of_admin(call: Call) -> str:
    """The app that the call's admin token opens."""
    app_id = app_id_of(call)
    token = admin_token_of(call)
    async with pool.connection() as conn:
        await tenants.verify_admin_token(conn, app_id, token)
    return app_id


async def _user_in_query(conn: pool.Connection, app_id: str, call: Call) -> User | None:
    if (email := optional_parameter(call, "email", coerce=email_address)) is not None:
        return await user_with_email(conn, app_id, email)
    if (token := optional_parameter(call, "refresh_token", coerce=parse_uuid)) is not None:
        return await user_with_token(conn, app_id, token)
    if (user_id := optional_parameter(call, "id", coerce=parse_uuid)) is not None:
        return await user_with_id(conn, app_id, user_id)
    message = "Please provide a user id, email, or refresh_token"
    raise ValidationFailed.one("params", None, message)
