"""Who becomes a user, and with which fields (spec: http-api.md §4.3, §5.5).

Whatever the way in was, a newcomer passes the same checks: extra fields must be the app's own, and
the app's rule for creating `$users` must say yes. A guest who signs in for the first time keeps its
id, and so everything that belongs to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auth_app.account_write import AccountWrite
from auth_app.sign_up_rule import Request, check_sign_up
from auth_app.users import User, user_with_token
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from wire.errors import RecordNotFound, ValidationFailed
from wire.ids import new_id

_SYSTEM_FIELDS: Final = frozenset(
    name
    for attr in SYSTEM_ATTRS
    for etype, name in ((attr.etype, attr.label), (attr.reverse_etype, attr.reverse_label))
    if etype == "$users"
)
_UNKNOWN: Final = "Unknown field: {}. It must be defined in your $users schema."


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What is known of somebody who has no user yet.

    `extra` are values of fields by name. `request` is None where an admin makes the user: then
    the app's rule is not asked.
    """

    type: str | None
    request: Request | None
    email: str | None = None
    image_url: str | None = None
    user_id: str | None = None
    guest: User | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


async def guest_of(write: AccountWrite, refresh_token: str | None) -> User | None:
    """The guest whose token this is; None for a full user's. Raises for a token of nobody."""
    if refresh_token is None:
        return None
    user = await user_with_token(write.conn, write.app_id, refresh_token)
    if user is None:
        raise RecordNotFound("app-user")
    return user if user.is_guest else None


async def admit(write: AccountWrite, newcomer: Newcomer) -> str:
    """Ask to make the user, after every check; its id. Raises what forbids it."""
    catalog = await load_catalog(write.conn, write.app_id)
    values = _extra_values(catalog, newcomer.extra)
    user_id = newcomer.guest.id if newcomer.guest else newcomer.user_id or new_id()
    if newcomer.request is not None:
        user = _prospective(newcomer, user_id)
        await check_sign_up(write, catalog, user, newcomer.extra, newcomer.request)
    fields = {
        "email": newcomer.email,
        "type": newcomer.type,
        "imageURL": newcomer.image_url,
    }
    write.create("$users", {k: v for k, v in fields.items() if v is not None}, user_id)
    write.set_attrs(user_id, values)
    return user_id


def join_guest(write: AccountWrite, guest: User | None, user_id: str) -> None:
    """Say that the guest turned out to be this user; what the guest has stays the guest's."""
    if guest is not None and guest.id != user_id:
        write.set("$users", guest.id, {"linkedPrimaryUser": user_id})


def _prospective(newcomer: Newcomer, user_id: str) -> dict[str, Any]:
    email = {} if newcomer.email is None else {"email": newcomer.email}
    return {**newcomer.extra, **email, "id": user_id}


def _extra_values(catalog: AttrCatalog, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The extra fields by attr id; raises `ValidationFailed` for what is no field of the app's."""
    values: dict[str, Any] = {}
    for label, value in extra.items():
        if label in _SYSTEM_FIELDS:
            raise _unusable(extra, f"Cannot set system field: {label}")
        attr = catalog.forward("$users", label)
        if attr is None or not attr.is_blob:
            raise _unusable(extra, _UNKNOWN.format(label))
        values[attr.id] = value
    return values


def _unusable(extra: Mapping[str, Any], message: str) -> ValidationFailed:
    return ValidationFailed.one("extra-fields", dict(extra), message)
