"""Signing in with a code sent by mail: asking for one, and showing it (http-api.md §4.3).

The order of `verify` matters: what an app's rules refuse must not use up the code. A wrong code
leaves everything as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_app.account_write import AccountWrite, account_write
from auth_app.configuration import SignIn
from auth_app.flows.signed_in import SignedIn, sign_in
from auth_app.magic_codes import StoredCode, add_code, find_code, is_test_user, minutes_good
from auth_app.mail_template import DEFAULT, code_mail, stored_template
from auth_app.newcomers import Newcomer, admit, guest_of, join_guest
from auth_app.sign_up_rule import Request
from auth_app.users import user_with_email
from triples.sql import pool
from wire.errors import EmailSendFailed, RecordExpired, RecordNotFound
from wire.ids import hash_uuid_secret


async def make_code(app_id: str, email: str) -> str:
    """A new code for the address, which is not sent."""
    async with account_write(app_id, f"email {email}") as write:
        return await add_code(write, email)


async def send_code(config: SignIn, app_id: str, email: str) -> str:
    """Mail a new code to the address; raises `EmailSendFailed`."""
    async with account_write(app_id, f"email {email}") as write:
        code = await add_code(write, email)
        await write.save()
        template = await stored_template(write.conn, app_id) or DEFAULT
        minutes = await minutes_good(write.conn, app_id)
        mail = code_mail(template, write.app, email, code, minutes, config.mailer.sender_name)
    try:
        await config.mailer.send(mail)  # no connection is held while the mail server thinks
    except EmailSendFailed:
        async with pool.connection() as conn:
            if not await is_test_user(conn, app_id, email):
                raise
    return code


async def verify_code(
    config: SignIn,
    app_id: str,
    email: str,
    code: str,
    *,
    guest_token: str | None,
    extra: Mapping[str, Any],
    request: Request | None,
) -> SignedIn:
    """Use up a code and sign its owner in; `request` is None for an admin, whom no rule stops."""
    about = [f"email {email}"]
    if guest_token is not None:
        about.append(f"token {hash_uuid_secret(guest_token)}")
    async with account_write(app_id, *about) as write:
        guest = await guest_of(write, guest_token)
        known = await user_with_email(write.conn, app_id, email)
        if known is None:
            newcomer = Newcomer("user", request, email=email, guest=guest, extra=extra)
            user_id = await admit(write, newcomer)
        else:
            user_id = known.id
            join_guest(write, guest, user_id)
        await _use_up(write, await find_code(write, config.sealer, email, code))
        return await sign_in(write, user_id, created=known is None)


async def _use_up(write: AccountWrite, code: StoredCode | None) -> None:
    if code is None:
        write.forget()
        raise RecordNotFound("app-user-magic-code")
    if code.is_expired:
        write.forget()
    if code.id is not None:
        write.delete("$magicCodes", code.id)
    if code.is_expired:
        await write.save()
        raise RecordExpired("app-user-magic-code")
