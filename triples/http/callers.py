"""Who calls the admin API, and for which app (http-api.md §3.1).

An admin token opens its app without permission checks. `as-token`, `as-email` and `as-guest`, the
first that is there, make the call one of a user or of nobody; `as-email` is for admins.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from triples import tenants
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.sql.pool import Connection
from triples.transact.author import Author
from wire.errors import ParamMalformed, ParamMissing, RecordNotFound, ValidationFailed
from wire.http import Call
from wire.ids import hash_uuid_secret, parse_uuid

UserOfToken = Callable[[Connection, str, str], Awaitable[dict[str, Any] | None]]
"""The user with this refresh token in this app, with an `id`; None where there is none."""

_EMAIL: Final = next(a.id for a in SYSTEM_ATTRS if (a.etype, a.label) == ("$users", "email"))
_USER_WITH_EMAIL: Final = """
select entity_id
from triples
where app_id = %s::uuid
  and attr_id = %s::uuid
  and av
  and value <> 'null'::jsonb
  and value_md5 = instant_value_md5(to_jsonb(%s::text))
"""


def app_id_of(call: Call) -> str:
    """The app id, from the header, else from the address; some stacks send the header twice."""
    given = call.request.headers.get("app-id")
    if given is not None:
        where, text = ["headers", "app-id"], given.split(",")[0].strip()
    else:
        where, text = ["params", "app_id"], call.request.GET.get("app_id", "")
        if not text:
            raise ParamMissing(["headers", "app-id"])
    app_id = parse_uuid(text)
    if app_id is None:
        raise ParamMalformed(where, text)
    return app_id


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a call is made as: an admin, or a user with `id` and `email`, or nobody.

    `token_hash` stands for the refresh token that a user was named by.
    """

    is_admin: bool
    user: dict[str, Any] | None
    token_hash: str | None = None

    def author(self, call: Call, trusted_proxies: int) -> Author:
        """The caller as the one who writes, and from where."""
        address = call.client_address(trusted_proxies)
        return Author(
            is_admin=self.is_admin,
            user_id=self.user["id"] if self.user else None,
            ip="" if address is None else str(address),
            origin=call.request.headers.get("origin", ""),
        )


async def caller_of(
    call: Call, conn: Connection, app_id: str, user_of_token: UserOfToken
) -> Caller:
    """Whom the call is made as; raises unless its secrets allow that."""
    headers = call.request.headers
    if "as-token" in headers:
        token = parse_uuid(headers["as-token"].strip())
        if token is None:
            raise ParamMalformed(["asUser", "token"])
        user = await user_of_token(conn, app_id, token)
        if user is None:
            raise RecordNotFound("app-user")
        return Caller(is_admin=False, user=user, token_hash=hash_uuid_secret(token))
    if "as-email" in headers:
        await _verify_admin(call, conn, app_id)
        email = headers["as-email"].strip().lower()
        cursor = await conn.execute(_USER_WITH_EMAIL, (app_id, _EMAIL, email))
        row = await cursor.fetchone()
        if row is None:
            raise RecordNotFound("app-user")
        return Caller(is_admin=False, user={"id": str(row[0]), "email": email})
    if "as-guest" in headers:
        return Caller(is_admin=False, user=None)
    await _verify_admin(call, conn, app_id)
    return Caller(is_admin=True, user=None)


async def impersonator_of(
    call: Call, conn: Connection, app_id: str, user_of_token: UserOfToken
) -> Caller:
    """Whom an admin acts as to see what rules say (transactions-permissions.md §17).

    The admin's own token is needed whoever that is, and so is somebody to act as.
    """
    await _verify_admin(call, conn, app_id)
    caller = await caller_of(call, conn, app_id, user_of_token)
    if caller.is_admin:
        raise ValidationFailed.one("non-admin", None, "Cannot test perms as admin")
    return caller


def admin_token_of(call: Call) -> str:
    """The admin token that the call shows; it is not verified here."""
    where = ["headers", "authorization"]
    if "authorization" not in call.request.headers:
        raise ParamMissing(where)
    token = parse_uuid(bearer_of(call))
    if token is None:
        raise ParamMalformed(where)
    return token


def bearer_of(call: Call) -> str:
    """What stands after the last `Bearer `; clients send rubbish where they have no token."""
    return call.request.headers.get("authorization", "").rpartition("Bearer ")[2].strip()


async def _verify_admin(call: Call, conn: Connection, app_id: str) -> None:
    await tenants.verify_admin_token(conn, app_id, admin_token_of(call))
