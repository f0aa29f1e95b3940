"""`/dash/apps/<app>/…`: test users, and how long codes are good (http-api.md §7.12)."""

from __future__ import annotations

from typing import Any, Final

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.http.app_access import app_of_developer
from auth_app.magic_codes import DEFAULT_MINUTES
from triples.sql import pool
from wire.errors import RecordNotFound, ValidationFailed
from wire.http import Call, body_param, email_address, non_blank_text
from wire.ids import new_id, parse_uuid

_TEST_USERS: Final = """
select id::text, email, sealed_code from app_test_users
where app_id = %s::uuid
order by created_at, id
"""
_PUT_TEST_USER: Final = """
insert into app_test_users (id, app_id, email, sealed_code)
values (%s::uuid, %s::uuid, %s, %s)
on conflict (app_id, email) do update set id = excluded.id, sealed_code = excluded.sealed_code
"""
_DELETE_TEST_USER: Final = """
delete from app_test_users where app_id = %s::uuid and id = %s::uuid
returning email, sealed_code
"""
_SET_EXPIRY: Final = """
insert into app_sign_in_settings (app_id, magic_code_expiry_minutes) values (%s::uuid, %s)
on conflict (app_id) do update set
  magic_code_expiry_minutes = excluded.magic_code_expiry_minutes
"""


async def test_users(config: SignIn, call: Call) -> dict[str, Any]:
    """All of them, with their codes: the developer hands those out."""
    app_id = await app_of_developer(call)
    async with pool.connection() as conn:
        rows = await (await conn.execute(_TEST_USERS, (app_id,))).fetchall()
    return {
        "test-users": [_wire(row[0], row[1], config.sealer.open(row[2], row[0])) for row in rows]
    }


async def put_test_user(config: SignIn, call: Call) -> dict[str, Any]:
    """An address and the code that always works for it."""
    app_id = await app_of_developer(call)
    email = body_param(call, "email", coerce=email_address)
    code = body_param(call, "code", coerce=non_blank_text, secret=True)
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise ValidationFailed.one("code", None, "The code must have six digits.")
    user_id = new_id()
    async with account_write(app_id) as write:
        values = (user_id, app_id, email, config.sealer.seal(code, user_id))
        await write.conn.execute(_PUT_TEST_USER, values)
    return {"test-user": _wire(user_id, email, code)}


async def delete_test_user(config: SignIn, call: Call) -> dict[str, Any]:
    """Take the code back; users who signed in with it stay."""
    app_id = await app_of_developer(call)
    user_id = body_param(call, "id", coerce=parse_uuid)
    async with account_write(app_id) as write:
        row = await (await write.conn.execute(_DELETE_TEST_USER, (app_id, user_id))).fetchone()
    if row is None:
        raise RecordNotFound("test-user")
    return {"test-user": _wire(user_id, row[0], config.sealer.open(row[1], user_id))}


async def set_code_expiry(config: SignIn, call: Call) -> dict[str, Any]:
    """For how many minutes the app's codes are good."""
    app_id = await app_of_developer(call)
    minutes = body_param(call, "expiry", coerce=_whole_number)
    if not 1 <= minutes <= DEFAULT_MINUTES:
        message = f"The expiry must be from 1 to {DEFAULT_MINUTES} minutes."
        raise ValidationFailed.one("expiry", minutes, message)
    async with account_write(app_id) as write:
        await write.conn.execute(_SET_EXPIRY, (app_id, minutes))
        app = write.app
    return {
        "app": {"id": app.id, "title": app.title, "magic_code_expiry_minutes": minutes},
    }


def _wire(user_id: str, email: str, code: str | None) -> dict[str, Any]:
    return {"id": user_id, "email": email, "code": code}


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
