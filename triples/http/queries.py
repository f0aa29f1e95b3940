"""Queries over HTTP: `/admin/query` as a tree, `/runtime/framework/query` as the SDK stores it.

Who a refresh token belongs to is found by a function that the caller hands in, since sign-in is a
higher room's business. Spec: http-api.md §3.1, §3.2, §4.2.
"""

from __future__ import annotations

from typing import Any

from triples.attrs.store import CatalogCache
from triples.http.callers import Caller, UserOfToken, app_id_of, bearer_of, caller_of
from triples.instaql.answer import Viewer
from triples.instaql.ask import ask
from triples.instaql.tree import tree_of, with_single_links
from triples.permissions.store import RULES
from triples.sql.turns import READS
from wire import json
from wire.http import Call, View, body_param, endpoint, json_object
from wire.ids import parse_uuid


def admin_query(
    catalogs: CatalogCache, user_of_token: UserOfToken, trusted_proxies: int = 0
) -> View:
    """The view of `admin/query`."""

    async def answered(call: Call) -> dict[str, Any]:
        app_id = app_id_of(call)
        async with READS.connection(app_id) as conn:
            caller = await caller_of(call, conn, app_id, user_of_token)
            query = body_param(call, "query", coerce=json_object)
            viewer = viewer_of(call, caller, trusted_proxies)
            asked = await ask(conn, catalogs, RULES, app_id, query, viewer, with_rows=True)
        catalog = asked.prepared.catalog
        tree = tree_of(query, catalog, asked.prepared, asked.answer)
        return with_single_links(catalog, query, tree) if call.body.get("inference?") else tree

    return endpoint(post=answered)


def framework_query(
    catalogs: CatalogCache, user_of_token: UserOfToken, trusted_proxies: int = 0
) -> View:
    """The view of `runtime/framework/query`."""

    async def answered(call: Call) -> dict[str, Any]:
        app_id = app_id_of(call)
        token = parse_uuid(bearer_of(call))
        query = body_param(call, "query", coerce=json_object)
        async with READS.connection(app_id) as conn:
            user = await user_of_token(conn, app_id, token) if token else None
            viewer = viewer_of(call, Caller(is_admin=False, user=user), trusted_proxies)
            asked = await ask(conn, catalogs, RULES, app_id, query, viewer)
        attrs = asked.prepared.catalog.wire_json
        return {"result": json.raw(asked.answer.result), "attrs": json.raw(attrs)}

    return endpoint(post=answered)


def viewer_of(call: Call, caller: Caller, trusted_proxies: int) -> Viewer:
    """The caller as the one for whom a query is answered."""
    address = call.client_address(trusted_proxies)
    return Viewer(
        is_admin=caller.is_admin,
        user_id=caller.user["id"] if caller.user else None,
        ip="" if address is None else str(address),
        origin=call.request.headers.get("origin", ""),
    )
