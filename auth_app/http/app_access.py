"""Whether a call may change how an app signs people in (http-api.md §7.1)."""

from __future__ import annotations

from triples.http.schema import bearer, verify_app_access
from triples.sql import pool
from wire.http import Call, path_param
from wire.ids import parse_uuid


async def app_of_developer(call: Call) -> str:
    """The app in the path, if the call's token opens it; raises otherwise."""
    app_id = path_param(call, "app_id", coerce=parse_uuid)
    token = bearer(call)
    async with pool.connection() as conn:
        await verify_app_access(conn, app_id, token)
    return app_id
