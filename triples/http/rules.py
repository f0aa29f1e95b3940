"""Permission rules over HTTP: pulling, pushing, and what they were (http-api.md §7.7, §8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from triples import tenants
from triples.http.schema import bearer, verify_app_access
from triples.permissions.push import pull_rules, put_rules, rule_versions
from triples.permissions.push_check import check_rules
from triples.permissions.store import RULES
from triples.sql import pool
from triples.sql.turns import WRITES
from wire.http import Call, View, body_param, endpoint, json_object, path_param
from wire.ids import parse_uuid

Work = Callable[[pool.Connection, str, Call], Awaitable[Any]]


def _of_path(work: Work) -> Callable[[Call], Awaitable[Any]]:
    """A handler for the app in the path."""

    async def handle(call: Call) -> Any:
        app_id = path_param(call, "app_id", coerce=parse_uuid)
        async with WRITES.connection(app_id) as conn:
            await verify_app_access(conn, app_id, bearer(call))
            await tenants.find_app(conn, app_id)
            return await work(conn, app_id, call)

    return handle


async def _pull(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    return {"perms": await pull_rules(conn, app_id)}


async def _push(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    code = body_param(call, "code", coerce=json_object)
    await asyncio.to_thread(check_rules, code)
    stored = await put_rules(conn, app_id, code)
    RULES.forget(app_id)
    return {"rules": stored.to_wire()}


async def _versions(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    return {"versions": await rule_versions(conn, app_id)}


dash_pull: Final[View] = endpoint(get=_of_path(_pull))
dash_push: Final[View] = endpoint(post=_of_path(_push))
dash_versions: Final[View] = endpoint(get=_of_path(_versions))
superadmin_perms: Final[View] = endpoint(get=_of_path(_pull), post=_of_path(_push))
