"""Schemas over HTTP, as `instant-cli` and `@instantdb/platform` ask (http-api.md §3.11, §7.5–7.6).

App access is by the app's admin token; the tokens of people come with their sign-in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from triples import tenants
from triples.attrs.lifecycle import soft_deleted_attrs
from triples.attrs.store import load_catalog
from triples.http.callers import app_id_of
from triples.indexing.job_types import JOB_TYPES
from triples.indexing.store import create_job, jobs_of_group, shown_job
from triples.indexing.worker import wake_workers
from triples.schema.apply import apply_steps, parse_job
from triples.schema.document import parse_schema
from triples.schema.maps import schema_maps
from triples.schema.plan import Options, plan_steps, wanted_maps
from triples.sql import pool
from triples.sql.turns import WRITES
from wire.errors import ParamMalformed, ParamMissing, RecordNotFound, ValidationFailed
from wire.http import Call, View, body_param, endpoint, json_object, path_param
from wire.ids import new_id, parse_uuid

MAX_BODY_BYTES: Final = 4 * 1024 * 1024  # a schema of some ten thousand attrs

_OTHER_APP: Final = (
    "This admin token does not belong to app {}. Admin tokens are bound to a single app."
    " Use a personal access token to manage other apps."
)

Work = Callable[[pool.Connection, str, Call], Awaitable[Any]]


def _of_path(work: Work) -> Callable[[Call], Awaitable[Any]]:
    """A handler for the app in the path."""

    async def handle(call: Call) -> Any:
        app_id = path_param(call, "app_id", coerce=parse_uuid)
        async with WRITES.connection(app_id) as conn:
            await verify_app_access(conn, app_id, bearer(call))
            return await work(conn, app_id, call)

    return handle


def _of_header(work: Work) -> Callable[[Call], Awaitable[Any]]:
    """A handler for the app in the headers."""

    async def handle(call: Call) -> Any:
        app_id = app_id_of(call)
        async with WRITES.connection(app_id) as conn:
            await tenants.verify_admin_token(conn, app_id, bearer(call))
            return await work(conn, app_id, call)

    return handle


def bearer(call: Call) -> str:
    """The uuid in the authorization header; raises `ParamMissing` or `ParamMalformed`."""
    where = ["headers", "authorization"]
    if "authorization" not in call.request.headers:
        raise ParamMissing(where)
    token = parse_uuid(call.request.headers["authorization"].rpartition("Bearer ")[2].strip())
    if token is None:
        raise ParamMalformed(where)
    return token


async def verify_app_access(conn: pool.Connection, app_id: str, token: str) -> None:
    """Return if the token opens the app; say so when it opens another one (§7.1)."""
    try:
        await tenants.verify_admin_token(conn, app_id, token)
    except RecordNotFound:
        if not await tenants.is_admin_token(conn, token):
            raise
        raise ValidationFailed(
            _OTHER_APP.format(app_id), {"reason": "admin-token-mismatch"}
        ) from None


async def _pull(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    app = await tenants.find_app(conn, app_id)
    catalog = await load_catalog(conn, app_id)
    return {
        "schema": schema_maps(catalog.attrs),
        "attrs": [attr.to_wire() for attr in catalog.attrs],
        "app-title": app.title,
    }


async def _plan(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    document = body_param(call, "schema", coerce=json_object)
    options = Options(
        checks_types=bool(call.body.get("check_types")),
        background=bool(call.body.get("supports_background_updates")),
    )
    wanted = parse_schema(document)
    catalog = await load_catalog(conn, app_id)
    return {
        "new-schema": wanted_maps(wanted, options),
        "current-schema": schema_maps(catalog.attrs),
        "current-attrs": [attr.to_wire() for attr in catalog.attrs],
        "steps": plan_steps(catalog, wanted, options),
    }


async def _apply(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    plan = await _plan(conn, app_id, call)
    return plan | await apply_steps(conn, app_id, plan["steps"])


async def _apply_steps(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    if not isinstance(call.body, dict) or "steps" not in call.body:
        raise ParamMissing(["body", "steps"])
    return await apply_steps(conn, app_id, call.body["steps"])


async def _group(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    group_id = path_param(call, "group_id", coerce=parse_uuid)
    return {"jobs": await jobs_of_group(conn, app_id, group_id)}


async def _job(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    job_id = path_param(call, "job_id", coerce=parse_uuid)
    return {"job": await shown_job(conn, app_id, job_id)}


async def _new_job(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    attr_id = body_param(call, "attr-id", coerce=parse_uuid)
    job_type = body_param(call, "job-type", coerce=lambda value: value)
    if not isinstance(job_type, str) or job_type not in JOB_TYPES:
        raise ValidationFailed.one("job-type", job_type, f"Invalid job type {job_type}.")
    new = parse_job(job_type, attr_id, call.body.get("checked-data-type"))
    job_id = await create_job(conn, app_id, new_id(), new)
    wake_workers()
    return {"job": await shown_job(conn, app_id, job_id)}


async def _schema(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    catalog = await load_catalog(conn, app_id)
    return {"schema": schema_maps(catalog.attrs)}


async def _soft_deleted(conn: pool.Connection, app_id: str, call: Call) -> dict[str, Any]:
    return await soft_deleted_attrs(conn, app_id)


schema_pull: Final[View] = endpoint(get=_of_path(_pull))
schema_plan: Final[View] = endpoint(MAX_BODY_BYTES, post=_of_path(_plan))
schema_apply: Final[View] = endpoint(MAX_BODY_BYTES, post=_of_path(_apply))
schema_steps_apply: Final[View] = endpoint(MAX_BODY_BYTES, post=_of_path(_apply_steps))
indexing_group: Final[View] = endpoint(get=_of_path(_group))
indexing_job: Final[View] = endpoint(get=_of_path(_job))
indexing_jobs: Final[View] = endpoint(post=_of_path(_new_job))
dash_soft_deleted: Final[View] = endpoint(get=_of_path(_soft_deleted))
admin_soft_deleted: Final[View] = endpoint(get=_of_header(_soft_deleted))
superadmin_schema: Final[View] = endpoint(get=_of_path(_schema))
admin_schema: Final[View] = endpoint(get=_of_header(_schema))
