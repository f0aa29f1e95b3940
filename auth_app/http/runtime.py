"""`/runtime/auth/*` and `/runtime/signout`: what apps' users call, without any secret (§4.3)."""

from __future__ import annotations

from typing import Any

from auth_app.configuration import SignIn
from auth_app.flows.guest import sign_in_guest
from auth_app.flows.magic_code import send_code, verify_code
from auth_app.http.parameters import (
    app_id_in_body,
    extra_fields_in_body,
    optional_token_in_body,
    token_in_body,
)
from auth_app.limits import limit_address, limit_codes, limit_guesses
from auth_app.refresh_tokens import delete_token
from auth_app.users import user_with_token
from triples.sql import pool
from wire.errors import RecordNotFound
from wire.http import Call, body_param, email_address, non_blank_text


async def send_magic_code(config: SignIn, call: Call) -> dict[str, Any]:
    """Mail a code."""
    email = body_param(call, "email", coerce=email_address)
    app_id = app_id_in_body(call)
    await limit_address(config, call, "codes")
    await limit_codes(app_id, email)
    await send_code(config, app_id, email)
    return {"sent": True}


async def verify_magic_code(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in with a code."""
    email = body_param(call, "email", coerce=email_address)
    code = body_param(call, "code", coerce=non_blank_text, secret=True)
    app_id = app_id_in_body(call)
    guest_token, extra = optional_token_in_body(call), extra_fields_in_body(call)
    await limit_address(config, call, "guesses")
    await limit_guesses(config, call, app_id, email)
    request = config.request_of(call)
    signed_in = await verify_code(
        config, app_id, email, code, guest_token=guest_token, extra=extra, request=request
    )
    return signed_in.to_wire()


async def sign_in_as_guest(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in as a new guest."""
    app_id, extra = app_id_in_body(call), extra_fields_in_body(call)
    await limit_address(config, call, "guests")
    signed_in = await sign_in_guest(app_id, extra, config.request_of(call))
    return {"user": signed_in.user_to_wire()}


async def verify_refresh_token(config: SignIn, call: Call) -> dict[str, Any]:
    """Say whose token it is."""
    token, app_id = token_in_body(call), app_id_in_body(call)
    async with pool.connection() as conn:
        user = await user_with_token(conn, app_id, token)
    if user is None:
        raise RecordNotFound("app-user")
    return {"user": user.to_wire(token)}


async def sign_out(config: SignIn, call: Call) -> dict[str, Any]:
    """Forget a token; one that is not there is forgotten already."""
    app_id = app_id_in_body(call, "app_id")
    await delete_token(app_id, token_in_body(call, "refresh_token"))
    return {}
