"""Which user a provider's identity is: the one it is linked to, or the one with its address.

Whoever is neither becomes a new user. Spec: http-api.md §5.5, the table of upserts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auth_app.account_write import AccountWrite
from auth_app.newcomers import Newcomer, admit, join_guest
from auth_app.oauth.clients import OAuthClient
from auth_app.oauth.identity import Identity
from auth_app.records import Record, record_with
from auth_app.sign_up_rule import Request
from auth_app.users import User, user_with_email, user_with_id


def subjects(client: OAuthClient, identity: Identity) -> list[str]:
    """What a change of this person's accounts is about, for `account_write`."""
    emails = [f"email {identity.email}"] if identity.email else []
    return [f"identity {_link_name(client, identity)}", *emails]


async def member_for(
    write: AccountWrite,
    client: OAuthClient,
    identity: Identity,
    *,
    guest: User | None,
    extra: Mapping[str, Any],
    request: Request,
) -> tuple[str, bool]:
    """The user's id, and whether it is new; what has to change for that is asked for."""
    link = await record_with(
        write.conn,
        write.app_id,
        "$oauthUserLinks",
        "sub+$oauthProvider",
        _link_name(client, identity),
    )
    linked_id = None if link is None else link.text("$user")
    linked = await user_with_id(write.conn, write.app_id, linked_id) if linked_id else None
    with_email = (
        await user_with_email(write.conn, write.app_id, identity.email) if identity.email else None
    )
    user = with_email or linked
    if user is None:
        newcomer = Newcomer(
            "user",
            request,
            email=identity.email,
            image_url=identity.image_url,
            guest=guest,
            extra=extra,
        )
        user_id = await admit(write, newcomer)
        _link(write, client, identity, link, user_id)
        return user_id, True
    join_guest(write, guest, user.id)
    _bring_up_to_date(write, user, identity)
    if link is None or linked_id != user.id:
        _link(write, client, identity, link, user.id)
    return user.id, False


def _bring_up_to_date(write: AccountWrite, user: User, identity: Identity) -> None:
    changed = {}
    if identity.image_url is not None and identity.image_url != user.image_url:
        changed["imageURL"] = identity.image_url
    if identity.email is not None and identity.email != user.email:
        changed["email"] = identity.email
    if changed:
        write.set("$users", user.id, changed)


def _link(
    write: AccountWrite,
    client: OAuthClient,
    identity: Identity,
    link: Record | None,
    user_id: str,
) -> None:
    """Make the link, or let the one that is there lead to this user."""
    if link is not None:
        write.set("$oauthUserLinks", link.id, {"$user": user_id})
        return
    fields = {
        "sub": identity.sub,
        "$user": user_id,
        "$oauthProvider": client.provider_id,
        "sub+$oauthProvider": _link_name(client, identity),
    }
    write.create("$oauthUserLinks", fields)


def _link_name(client: OAuthClient, identity: Identity) -> str:
    return f"{identity.sub}+{client.provider_id}"
