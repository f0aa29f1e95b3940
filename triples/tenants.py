"""Apps as tenants: making one, finding one, and checking the secret that opens one.

An app is a few rows made in one statement, without DDL. Who may make one, and how it is asked
for over HTTP, is decided in `triples.http`. Spec: http-api.md §3.1, §7.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, Final, Literal

from psycopg.types.json import Jsonb

from triples.attrs.system_catalog import SYSTEM_APP_ID
from triples.sql import pool
from wire.errors import RateLimited, RecordNotFound
from wire.ids import hash_uuid_secret, new_id, parse_uuid

EPHEMERAL_DAYS: Final = 14  # upstream's life span; clients show the date
EPHEMERAL_CREATOR_ID: Final = "e0000000-0000-4000-8000-00000000e9e4"
"""Stands as `creator_id` of apps that nobody has claimed."""

_WRONG_ADMIN_TOKEN: Final = (
    "This admin token may be expired or invalid. Or you may have provided an incorrect app ID."
)

_APP_COLUMNS: Final = "id, title, status, creator_id, created_at, ephemeral_expires_at"

_FIND_APP: Final = f"""
select {_APP_COLUMNS}
from apps
where id = %s::uuid
  and id <> %s::uuid
  and deletion_marked_at is null
"""

# `allowed` is one row, or none where an address has made its share of this hour.
_ALWAYS_ALLOWED: Final = "with allowed as (select 1)"
_ALLOWED_BY_LIMIT: Final = """
with allowed as (
  insert into ephemeral_app_creations as counter (address, hour, made)
  values (%(address)s::inet, date_trunc('hour', now()), 1)
  on conflict (address) do update set
    hour = excluded.hour,
    made = case when counter.hour = excluded.hour then counter.made + 1 else 1 end
  where counter.hour <> excluded.hour or counter.made < %(limit)s
  returning 1
)"""
_MAKE_APP: Final = f""",
app as (
  insert into apps (id, title, creator_id, status, created_at, ephemeral_expires_at)
  select
    %(id)s::uuid, %(title)s, %(creator_id)s::uuid, 'active', now(),
    date_trunc('milliseconds', now()) + %(lives_days)s * interval '1 day'
  from allowed
  returning {_APP_COLUMNS}
),
token as (
  insert into app_admin_tokens (token_hash, app_id, created_at)
  select %(token_hash)s, id, now() from app
),
rule as (
  insert into rules (app_id, code, version)
  select id, %(rules)s::jsonb, 0 from app where %(rules)s::jsonb is not null
)
select {_APP_COLUMNS} from app
"""

_TOKEN_OPENS_APP: Final = """
select 1
from app_admin_tokens
join apps on apps.id = app_admin_tokens.app_id and apps.deletion_marked_at is null
where app_admin_tokens.token_hash = %s
  and app_admin_tokens.app_id = %s::uuid
"""


@dataclass(frozen=True, slots=True)
class App:
    """One tenant as its row says. Times are in UTC."""

    id: str
    title: str
    status: Literal["active", "read-only", "disabled"]
    creator_id: str | None
    created_at: datetime
    ephemeral_expires_at: datetime | None

    @property
    def is_ephemeral(self) -> bool:
        """Whether the app disappears unless somebody claims it."""
        return self.ephemeral_expires_at is not None

    @property
    def expires_ms(self) -> int | None:
        """When an ephemeral app disappears, in milliseconds since the epoch."""
        expires = self.ephemeral_expires_at
        return None if expires is None else round(expires.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app just made, with the one copy of its admin token that is not hashed."""

    app: App
    admin_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CreationLimit:
    """How many ephemeral apps one address may make in a clock hour, in all processes together."""

    address: IPv4Address | IPv6Address
    per_hour: int


async def create_app(
    conn: pool.Connection,
    title: str,
    *,
    creator_id: str | None = None,
    rules: dict[str, Any] | None = None,
) -> NewApp:
    """Make an app that stays."""
    return await _insert(conn, title, creator_id, None, rules, None)


async def create_ephemeral_app(
    conn: pool.Connection,
    title: str,
    *,
    rules: dict[str, Any] | None = None,
    limit: CreationLimit | None = None,
) -> NewApp:
    """Make an app that lives 14 days; raises `RateLimited` beyond the limit."""
    return await _insert(conn, title, EPHEMERAL_CREATOR_ID, EPHEMERAL_DAYS, rules, limit)


async def find_app(conn: pool.Connection, app_id: str) -> App:
    """The live app with this id; raises `RecordNotFound`. The built-in app is no tenant."""
    cursor = await conn.execute(_FIND_APP, (app_id, SYSTEM_APP_ID))
    row = await cursor.fetchone()
    if row is None:
        raise RecordNotFound("app")
    return App(*row)


async def verify_admin_token(conn: pool.Connection, app_id: str, token: str) -> None:
    """Return if the token opens the app; otherwise raise `RecordNotFound` (§3.1).

    The search is by hash: how long it takes says nothing of the stored tokens.
    """
    canonical = parse_uuid(token)
    if canonical is not None:
        cursor = await conn.execute(_TOKEN_OPENS_APP, (hash_uuid_secret(canonical), app_id))
        if await cursor.fetchone() is not None:
            return
    raise RecordNotFound("app-admin-token", message=_WRONG_ADMIN_TOKEN)


async def is_admin_token(conn: pool.Connection, token: str) -> bool:
    """Whether the token, a canonical uuid, opens any app."""
    found = "select 1 from app_admin_tokens where token_hash = %s"
    cursor = await conn.execute(found, (hash_uuid_secret(token),))
    return await cursor.fetchone() is not None


async def _insert(
    conn: pool.Connection,
    title: str,
    creator_id: str | None,
    lives_days: int | None,
    rules: dict[str, Any] | None,
    limit: CreationLimit | None,
) -> NewApp:
    admin_token = new_id()
    values = {
        "id": new_id(),
        "title": title,
        "creator_id": creator_id,
        "lives_days": lives_days,
        "token_hash": hash_uuid_secret(admin_token),
        "rules": None if rules is None else Jsonb(rules),
        "address": None if limit is None else counted_address(limit.address),
        "limit": None if limit is None else limit.per_hour,
    }
    allowed = _ALWAYS_ALLOWED if limit is None else _ALLOWED_BY_LIMIT
    cursor = await conn.execute(allowed + _MAKE_APP, values)
    row = await cursor.fetchone()
    if row is None:
        raise RateLimited("Too many apps were created from this address. Please try again later.")
    return NewApp(App(*row), admin_token)


def counted_address(address: IPv4Address | IPv6Address) -> str:
    """What a limit counts: an IPv4 address, or the /64 network one IPv6 host chooses from."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False).network_address)
    return str(address)
