"""Apps that anybody may make and that live 14 days (http-api.md §7.4).

How freely is the operator's choice, see `Policy`. A schema in the request is applied by a function
that the caller hands in; without one it is refused rather than ignored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from triples import tenants
from triples.permissions.push_check import check_rules
from triples.sql import pool
from wire.errors import PermissionDenied, ValidationFailed
from wire.http import (
    Call,
    View,
    body_param,
    endpoint,
    json_object,
    non_blank_text,
    optional_body_param,
    path_param,
)
from wire.ids import parse_uuid

MAX_BODY_BYTES: Final = 1024 * 1024  # a schema of some thousand attrs

ApplySchema = Callable[[pool.Connection, str, dict[str, Any]], Awaitable[None]]
"""Makes a new app's attrs from a schema document (§2.4); raises `ValidationFailed`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows.

    `creations_per_hour` counts per client address, over all processes; None lifts the limit.
    `trusted_proxies` says how many hops of `X-Forwarded-For` are the operator's own.
    """

    may_create: bool = True
    creations_per_hour: int | None = 100
    trusted_proxies: int = 0


def ephemeral_apps(policy: Policy, apply_schema: ApplySchema | None = None) -> View:
    """The view of `dash/apps/ephemeral`."""

    async def create(call: Call) -> dict[str, Any]:
        return await _create(call, policy, apply_schema)

    return endpoint(MAX_BODY_BYTES, post=create)


def ephemeral_app() -> View:
    """The view of `dash/apps/ephemeral/<app_id>`."""
    return endpoint(get=_show)


async def _create(call: Call, policy: Policy, apply_schema: ApplySchema | None) -> dict[str, Any]:
    if not policy.may_create:
        raise PermissionDenied(None, "ephemeral-app-creation")
    title = body_param(call, "title", coerce=non_blank_text)
    schema = optional_body_param(call, "schema", coerce=json_object)
    rules = optional_body_param(call, "rules", "code", coerce=json_object)
    await asyncio.to_thread(check_rules, rules)
    if schema is not None and apply_schema is None:
        raise ValidationFailed.one(
            "schema", None, "This server cannot apply a schema while it makes an app."
        )
    limit = _limit(call, policy)
    async with pool.connection() as conn, conn.transaction():
        new = await tenants.create_ephemeral_app(conn, title, rules=rules, limit=limit)
        if schema is not None and apply_schema is not None:
            await apply_schema(conn, new.app.id, schema)
    return _wire(new.app, {"admin-token": new.admin_token})


async def _show(call: Call) -> dict[str, Any]:
    app_id = path_param(call, "app_id", coerce=parse_uuid)
    async with pool.connection() as conn:
        app = await tenants.find_app(conn, app_id)
    if not app.is_ephemeral:
        raise PermissionDenied(app_id, "ephemeral-app?")
    return _wire(app, {})


def _limit(call: Call, policy: Policy) -> tenants.CreationLimit | None:
    address = call.client_address(policy.trusted_proxies)
    if address is None or policy.creations_per_hour is None:
        return None
    return tenants.CreationLimit(address, policy.creations_per_hour)


def _wire(app: tenants.App, secrets: dict[str, str]) -> dict[str, Any]:
    created_at = app.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "app": {
            "id": app.id,
            "title": app.title,
            "created_at": created_at,
            "org_id": None,
            "creator_id": app.creator_id,
            "status": app.status,
            **secrets,
        },
        "expires_ms": app.expires_ms,
    }
