"""Queries over HTTP: `/admin/query` as a tree, `/runtime/framework/query` as the SDK stores it.

Both answer from one statement and from the catalog that its snapshot holds. Who a refresh token
belongs to is found by a function that the caller hands in, since sign-in is a higher room's
business. Queries on behalf of a user are refused, not answered as an admin's.
Spec: http-api.md §3.1, §3.2, §4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from triples import tenants
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import CatalogCache
from triples.http.callers import UserOfToken, admin_token_of, app_id_of, bearer_of
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.instaql.tree import query_tree, with_single_links
from triples.sql import pool
from wire import json
from wire.errors import (
    AppDisabled,
    PermissionEvaluationFailed,
    RecordNotFound,
    ValidationFailed,
)
from wire.http import Call, View, body_param, endpoint, json_object
from wire.ids import parse_uuid

_IMPERSONATION: Final = ("as-token", "as-email", "as-guest")
_NO_RULES: Final = (
    "This server cannot evaluate the app's permission rules, so only admins may read."
)

# Is the app there and readable, which catalog does it have, and do rules guard it?
_APP: Final = """
select
  status,
  attrs_version,
  exists (
    select from rules where rules.app_id = apps.id and rules.code not in ('{}', 'null')
  )
from apps
where id = %s::uuid
  and deletion_marked_at is null
"""


@dataclass(frozen=True, slots=True)
class _App:
    """What has to be known of an app before a query of it is run."""

    id: str
    attrs_version: int
    has_rules: bool


def admin_query(catalogs: CatalogCache) -> View:
    """The view of `admin/query`."""

    async def ask(call: Call) -> dict[str, Any]:
        return await _admin_query(call, catalogs)

    return endpoint(post=ask)


def framework_query(catalogs: CatalogCache, user_of_token: UserOfToken) -> View:
    """The view of `runtime/framework/query`."""

    async def ask(call: Call) -> dict[str, Any]:
        return await _framework_query(call, catalogs, user_of_token)

    return endpoint(post=ask)


async def _admin_query(call: Call, catalogs: CatalogCache) -> dict[str, Any]:
    app_id = app_id_of(call)
    for header in _IMPERSONATION:
        if header in call.request.headers:
            raise ValidationFailed.one(
                "headers", None, f"This server cannot query as a user; leave `{header}` out."
            )
    token = admin_token_of(call)
    query = body_param(call, "query", coerce=json_object)
    async with pool.connection() as conn:
        await tenants.verify_admin_token(conn, app_id, token)
        catalog = await _catalog(catalogs, await _readable_app(conn, app_id))
        tree = await query_tree(conn, query, catalog, Viewer(is_admin=True, user_id=None))
    return with_single_links(catalog, query, tree) if call.body.get("inference?") else tree


async def _framework_query(
    call: Call, catalogs: CatalogCache, user_of_token: UserOfToken
) -> dict[str, Any]:
    app_id = app_id_of(call)
    token = parse_uuid(bearer_of(call))
    query = body_param(call, "query", coerce=json_object)
    async with pool.connection() as conn:
        app = await _readable_app(conn, app_id)
        if app.has_rules:
            raise PermissionEvaluationFailed(_NO_RULES)
        user = await user_of_token(conn, app_id, token) if token else None
        viewer = Viewer(is_admin=False, user_id=user["id"] if user else None)
        catalog = await _catalog(catalogs, app)
        while True:
            answer = await run_query(conn, prepare_query(query, catalog, viewer))
            if answer.attrs_version == catalog.version:
                break
            catalogs.forget(app_id)
            catalog = await catalogs.get(app_id)
    return {"result": json.raw(answer.result), "attrs": json.raw(catalog.wire_json)}


async def _readable_app(conn: pool.Connection, app_id: str) -> _App:
    row = await (await conn.execute(_APP, (app_id,))).fetchone()
    if row is None:
        raise RecordNotFound("app")
    status, attrs_version, has_rules = row
    if status == "disabled":
        raise AppDisabled
    return _App(app_id, attrs_version, has_rules)


async def _catalog(catalogs: CatalogCache, app: _App) -> AttrCatalog:
    """A catalog at least as new as the app was a moment ago."""
    catalog = await catalogs.get(app.id)
    if catalog.version < app.attrs_version:
        catalogs.forget(app.id)
        catalog = await catalogs.get(app.id)
    return catalog
