"""Users as rows of `$users`: finding one, and showing one to a client (spec: http-api.md §2.1).

A user is whoever has a `$users.id`. Searches are by unique value, by hash where the value is a
secret: how long one takes says nothing of what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from auth_app.system_attrs import attr_id
from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql.pool import Connection
from wire.ids import hash_uuid_secret

_WITH_ID: Final = "%(search)s::uuid"
_WITH_EMAIL: Final = f"""(
  select entity_id
  from triples
  where app_id = %(app_id)s::uuid
    and attr_id = '{attr_id("$users", "email")}'
    and value_md5 = instant_value_md5(to_jsonb(%(search)s::text))
    and value <> 'null'::jsonb
    and av
)"""
_WITH_TOKEN: Final = f"""(
  select owner.ref
  from triples as token
  join triples as owner
    on owner.app_id = token.app_id
    and owner.entity_id = token.entity_id
    and owner.attr_id = '{attr_id("$userRefreshTokens", "$user")}'
    and owner.ea
  where token.app_id = %(app_id)s::uuid
    and token.attr_id = '{attr_id("$userRefreshTokens", "hashedToken")}'
    and token.value_md5 = instant_value_md5(to_jsonb(%(search)s::text))
    and token.value <> 'null'::jsonb
    and token.av
)"""


def _user(which: str) -> str:
    """Everything that a user has of its own: built-in fields, the app's, and its primary user."""
    return f"""
select
  triples.entity_id::text,
  max(triples.created_at) filter (where attrs.id = '{attr_id("$users", "id")}'),
  jsonb_object_agg(attrs.label, triples.value)
from triples
join attrs
  on attrs.id = triples.attr_id
  and attrs.app_id in (%(app_id)s::uuid, '{SYSTEM_APP_ID}')
  and attrs.etype = '$users'
  and attrs.deletion_marked_at is null
  and (attrs.value_type = 'blob' or attrs.id = '{attr_id("$users", "linkedPrimaryUser")}')
where triples.app_id = %(app_id)s::uuid
  and triples.entity_id = {which}
group by triples.entity_id
having count(*) filter (where attrs.id = '{attr_id("$users", "id")}') > 0
"""


_USER_WITH_ID: Final = _user(_WITH_ID)
_USER_WITH_EMAIL: Final = _user(_WITH_EMAIL)
_USER_WITH_TOKEN: Final = _user(_WITH_TOKEN)
_COMPUTED: Final = frozenset({"id", "email", "type", "imageURL", "linkedPrimaryUser"})


@dataclass(frozen=True, slots=True)
class User:
    """One user as stored. `extra` are the fields that the app's schema adds; times in ms."""

    id: str
    app_id: str
    email: str | None
    type: str | None
    image_url: str | None
    primary_user_id: str | None
    created_at_ms: int
    extra: dict[str, Any]

    @property
    def is_guest(self) -> bool:
        """Whether it has not signed in as anybody yet."""
        return self.type == "guest"

    def to_wire(self, refresh_token: str | None = None) -> dict[str, Any]:
        """The user object of clients; its refresh token only where somebody just signed in."""
        wire = {
            **self.extra,
            "id": self.id,
            "app_id": self.app_id,
            "email": self.email,
            "type": self.type,
            "isGuest": self.is_guest,
            "linkedPrimaryUser": self.primary_user_id,
            "created_at": iso_seconds(self.created_at_ms),
        }
        if self.image_url is not None:
            wire["imageURL"] = self.image_url
        if refresh_token is not None:
            wire["refresh_token"] = refresh_token
        return wire


def iso_seconds(milliseconds: int) -> str:
    """A time as clients read it: UTC, to the second (http-api.md §1.3)."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def user_with_id(conn: Connection, app_id: str, user_id: str) -> User | None:
    """The user with this id."""
    return await _found(conn, app_id, _USER_WITH_ID, user_id)


async def user_with_email(conn: Connection, app_id: str, email: str) -> User | None:
    """The user with this address, which is in lower case."""
    return await _found(conn, app_id, _USER_WITH_EMAIL, email)


async def user_with_token(conn: Connection, app_id: str, token: str) -> User | None:
    """The user for whom this refresh token, a canonical uuid, was made."""
    return await _found(conn, app_id, _USER_WITH_TOKEN, hash_uuid_secret(token))


async def _found(conn: Connection, app_id: str, statement: str, search: str) -> User | None:
    row = await (await conn.execute(statement, {"app_id": app_id, "search": search})).fetchone()
    if row is None:
        return None
    user_id, created_at_ms, fields = row
    return User(
        id=user_id,
        app_id=app_id,
        email=fields.get("email"),
        type=fields.get("type"),
        image_url=fields.get("imageURL"),
        primary_user_id=fields.get("linkedPrimaryUser"),
        created_at_ms=created_at_ms,
        extra={label: value for label, value in fields.items() if label not in _COMPUTED},
    )
