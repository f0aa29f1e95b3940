"""`GET /admin/rooms/presence`: who is in a room, for whoever holds the app's admin token.

Spec: http-api.md §3.10. The room's type has to be given and does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from presence.promise import Rooms
from triples import tenants
from triples.http.callers import admin_token_of, app_id_of
from triples.sql import pool
from wire.errors import ParamMissing
from wire.http import Call, View, endpoint


def admin_presence(running_rooms: Callable[[], Rooms]) -> View:
    """The view; `running_rooms` gives the rooms of this process, which start after it is made."""

    async def show(call: Call) -> dict[str, Any]:
        app_id, token = app_id_of(call), admin_token_of(call)
        async with pool.connection() as conn:
            await tenants.verify_admin_token(conn, app_id, token)
        _required(call, "room-type")
        room_id = _required(call, "room-id")
        entries = await running_rooms().look(app_id, room_id)
        return {
            "sessions": {peer_id: entry.shown_to_admins() for peer_id, entry in entries.items()}
        }

    return endpoint(get=show)


def _required(call: Call, name: str) -> str:
    given = call.request.GET.get(name)
    if given is None:
        raise ParamMissing(["params", name])
    return given
