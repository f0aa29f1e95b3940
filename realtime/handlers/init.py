"""`init`: who the session is, and for which app (spec: realtime.md §4).

The order of the checks is the protocol's: a second `init`, the app, the refresh token, the admin
token. Until `init-ok` is sent the session is not authenticated, whatever its fields hold.
"""

from __future__ import annotations

from typing import Any

from auth_app.refresh_tokens import user_of_token
from realtime.protocol import outgoing
from realtime.protocol.incoming import Message
from realtime.revocations import is_signed_in
from realtime.sessions import Features, Session
from realtime.subscriptions.hub import QueryHub
from triples import tenants
from triples.sql import pool
from wire.errors import ParamMalformed, ParamMissing, RecordNotFound, ValidationFailed
from wire.ids import hash_uuid_secret, parse_uuid


async def init(hub: QueryHub, session: Session, message: Message) -> None:
    """Authenticate the session and reply `init-ok`; raises the documented refusals."""
    if session.app is not None:
        raise ValidationFailed.one("init", None, "`init` has already run for this session.")
    fields = message.fields
    app_id = _app_id(fields)
    async with pool.connection() as conn:
        app = await tenants.find_app(conn, app_id)
        user = await _user(conn, app_id, fields.get("refresh-token"))
        is_admin = await _is_admin(conn, app_id, fields.get("__admin-token"))
    if session.closed:
        return
    session.user = user
    session.token_hash = None if user is None else hash_uuid_secret(fields["refresh-token"].lower())
    session.init_event_id = message.event_id
    session.is_admin = is_admin
    session.features = Features.of(fields.get("versions"))
    state = hub.enter(session, app)
    try:
        # From here on the app's changes reach the session: what is read next cannot fall behind.
        await hub.joined(state)
        if not await is_signed_in(session):  # the token was taken back before changes reached it
            raise RecordNotFound("app-user")
        catalog = await hub.catalog(state)
        if session.user is not user:  # taken back meanwhile
            raise RecordNotFound("app-user")
    except BaseException:
        hub.leave(session)
        raise
    session.attrs_version = catalog.version
    session.send(
        outgoing.init_ok(
            event_id=message.event_id,
            session_id=session.id,
            attrs=catalog.wire_json,
            app={"id": app.id, "title": state.app.title, "status": state.app.status},
            user=user,
            is_admin=is_admin,
        )
    )


def _app_id(fields: dict[str, Any]) -> str:
    given = fields.get("app-id")
    if given is None:
        raise ParamMissing(["app-id"])
    app_id = parse_uuid(given)
    if app_id is None:
        raise ParamMalformed(["app-id"], given)
    return app_id


async def _user(conn: pool.Connection, app_id: str, token: Any) -> dict[str, Any] | None:
    if token is None:
        return None
    user = await user_of_token(conn, app_id, token)
    if user is None:
        raise RecordNotFound("app-user")
    return user


async def _is_admin(conn: pool.Connection, app_id: str, token: Any) -> bool:
    if token is None:
        return False
    await tenants.verify_admin_token(conn, app_id, token)
    return True
