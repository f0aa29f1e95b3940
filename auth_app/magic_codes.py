"""Magic codes: six digits that prove an e-mail address, once (spec: http-api.md §4.3).

Only their hashes are stored, in `$magicCodes`. Several may be good at once, since a user asks again
when a mail is slow; the oldest of too many are dropped, so that guessing stays hopeless. Test users
have a code that always works.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from auth_app.account_write import AccountWrite
from auth_app.sealing import Sealer
from auth_app.system_attrs import attr_id
from triples.sql.pool import Connection
from wire.ids import same_secret

DIGITS: Final = 6
GOOD_AT_ONCE: Final = 5
DEFAULT_MINUTES: Final = 1440

_CODES: Final = f"""
select
  email.entity_id,
  hash.value #>> '{{}}',
  extract(epoch from clock_timestamp()) * 1000 - hash.created_at
from triples as email
join triples as hash
  on hash.app_id = email.app_id
  and hash.entity_id = email.entity_id
  and hash.attr_id = '{attr_id("$magicCodes", "codeHash")}'
  and hash.ea
where email.app_id = %s::uuid
  and email.attr_id = '{attr_id("$magicCodes", "email")}'
  and email.value_md5 = instant_value_md5(to_jsonb(%s::text))
  and email.ave
order by hash.created_at desc, email.entity_id
"""
_MINUTES: Final = """
select magic_code_expiry_minutes from app_sign_in_settings where app_id = %s::uuid
"""
_TEST_USER: Final = """
select id, sealed_code from app_test_users where app_id = %s::uuid and email = %s
"""


@dataclass(frozen=True, slots=True)
class StoredCode:
    """One code that was sent; `id` is None for a test user's, which is not used up."""

    id: str | None
    is_expired: bool


async def minutes_good(conn: Connection, app_id: str) -> int:
    """For how long the app's codes are good."""
    row = await (await conn.execute(_MINUTES, (app_id,))).fetchone()
    return DEFAULT_MINUTES if row is None else row[0]


async def add_code(write: AccountWrite, email: str) -> str:
    """Make a code for the address; the one copy of it that is not hashed."""
    cursor = await write.conn.execute(_CODES, (write.app_id, email))
    for entity_id, _, _ in (await cursor.fetchall())[GOOD_AT_ONCE - 1 :]:
        write.delete("$magicCodes", entity_id)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    write.create("$magicCodes", {"codeHash": hash_code(code), "email": email})
    return code


async def find_code(
    write: AccountWrite, sealer: Sealer, email: str, code: str
) -> StoredCode | None:
    """The code of this address, good or expired; None if there is no such code.

    Every stored code is compared, in constant time, whichever of them it is.
    """
    longest_ms = await minutes_good(write.conn, write.app_id) * 60_000
    cursor = await write.conn.execute(_CODES, (write.app_id, email))
    found: StoredCode | None = None
    for entity_id, code_hash, age_ms in await cursor.fetchall():
        if same_secret(code_hash or "", hash_code(code)) and found is None:
            found = StoredCode(entity_id, is_expired=age_ms > longest_ms)
    if await _is_test_code(write, sealer, email, code) and found is None:
        found = StoredCode(None, is_expired=False)
    return found


def hash_code(code: str) -> str:
    """What is stored of a code: hex SHA-256 of its text."""
    return hashlib.sha256(code.encode()).hexdigest()


async def is_test_user(conn: Connection, app_id: str, email: str) -> bool:
    """Whether the address has a code that always works, so that no mail need reach it."""
    cursor = await conn.execute(_TEST_USER, (app_id, email))
    return await cursor.fetchone() is not None


async def _is_test_code(write: AccountWrite, sealer: Sealer, email: str, code: str) -> bool:
    row = await (await write.conn.execute(_TEST_USER, (write.app_id, email))).fetchone()
    if row is None:
        return False
    test_user_id, sealed = row
    stored = sealer.open(sealed, test_user_id)
    return stored is not None and same_secret(stored, code)
