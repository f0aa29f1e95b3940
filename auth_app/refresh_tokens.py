"""Refresh tokens: made at sign-in, gone at sign-out (spec: http-api.md §4.3, §1.9).

A token is a random uuid; the database holds only its hash, in `$userRefreshTokens.hashedToken`. A
user has one for each device, and none expires. Signing out works whatever the app's status is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from auth_app.account_write import AccountWrite
from auth_app.system_attrs import attr_id, attrs_of
from auth_app.users import user_with_token
from triples.sql.pool import Connection
from triples.sql.turns import WRITES
from wire.ids import hash_uuid_secret, new_id, parse_uuid

_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended(%s::uuid::text, 0))"
_WITH_HASH: Final = f"""
select entity_id
from triples
where app_id = %(app_id)s::uuid
  and attr_id = '{attr_id("$userRefreshTokens", "hashedToken")}'
  and value_md5 = instant_value_md5(to_jsonb(%(value)s::text))
  and value <> 'null'::jsonb
  and av
"""
_OF_USER: Final = f"""
select entity_id
from triples
where app_id = %(app_id)s::uuid
  and attr_id = '{attr_id("$userRefreshTokens", "$user")}'
  and ref = %(value)s::uuid
  and vae
"""
# Which of these tokens, and which of these users, are there?
_STILL_THERE: Final = f"""
select
  array(
    select value #>> '{{}}'
    from triples
    where app_id = %(app_id)s::uuid
      and attr_id = '{attr_id("$userRefreshTokens", "hashedToken")}'
      and value_md5 = any(
        array(select instant_value_md5(to_jsonb(h)) from unnest(%(hashes)s::text[]) as h)
      )
      and value <> 'null'::jsonb
      and av
  ),
  array(
    select entity_id::text
    from triples
    where app_id = %(app_id)s::uuid
      and attr_id = '{attr_id("$users", "id")}'
      and entity_id = any(%(user_ids)s::uuid[])
  )
"""
# Done by hand and not by `transact`, which refuses to write to an app that is read-only.
_DELETE: Final = """
with gone as (
  delete from triples
  where app_id = %(app_id)s::uuid
    and entity_id in ({tokens})
    and attr_id = any(%(attr_ids)s::uuid[])
  returning app_id
)
insert into transactions (app_id) select distinct app_id from gone
"""
_DELETE_WITH_HASH: Final = _DELETE.format(tokens=_WITH_HASH)
_DELETE_OF_USER: Final = _DELETE.format(tokens=_OF_USER)


async def user_of_token(conn: Connection, app_id: str, token: Any) -> dict[str, Any] | None:
    """The user's id and e-mail address (null for guests), or None if the token opens nothing."""
    canonical = parse_uuid(token)
    user = None if canonical is None else await user_with_token(conn, app_id, canonical)
    return None if user is None else {"id": user.id, "email": user.email}


def add_refresh_token(write: AccountWrite, user_id: str) -> str:
    """Make a token for the user; the one copy of it that is not hashed."""
    token = new_id()
    fields = {"hashedToken": hash_uuid_secret(token), "$user": user_id}
    write.create("$userRefreshTokens", fields)
    return token


async def delete_token(app_id: str, token: str) -> None:
    """Delete one token, a canonical uuid, if it is there."""
    await _delete(app_id, _DELETE_WITH_HASH, hash_uuid_secret(token))


async def delete_tokens_of_user(app_id: str, user_id: str) -> None:
    """Delete all tokens of a user: every device is signed out."""
    await _delete(app_id, _DELETE_OF_USER, user_id)


async def _delete(app_id: str, statement: str, value: str) -> None:
    attr_ids = [attr.id for attr in attrs_of("$userRefreshTokens")]
    values = {"app_id": app_id, "value": value, "attr_ids": attr_ids}
    async with WRITES.connection(app_id) as conn, conn.transaction():
        await conn.execute(_LOCK, (app_id,))
        await conn.execute(statement, values)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a connection is signed in with: a user, and the hash of its token if it showed one."""

    user_id: str
    token_hash: str | None


async def still_good(
    conn: Connection, app_id: str, shown: Collection[Credentials]
) -> set[Credentials]:
    """Those whose token, if they have one, and whose user are still there."""
    hashes = [credentials.token_hash for credentials in shown if credentials.token_hash]
    values = {
        "app_id": app_id,
        "hashes": hashes,
        "user_ids": [credentials.user_id for credentials in shown],
    }
    row = await (await conn.execute(_STILL_THERE, values)).fetchone()
    there, users = row or ([], [])
    return {
        credentials
        for credentials in shown
        if credentials.user_id in users
        and (credentials.token_hash is None or credentials.token_hash in there)
    }
