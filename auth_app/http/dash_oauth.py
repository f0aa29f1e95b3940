"""`/dash/apps/<app>/auth` and what belongs to it: an app's providers, clients and origins (§7.8).

What `instant-cli auth …` calls. Secrets go in and never come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from auth_app.account_write import AccountWrite, account_write
from auth_app.configuration import SignIn
from auth_app.http.app_access import app_of_developer
from auth_app.oauth.clients import GITHUB
from auth_app.oauth.origins import new_origin
from auth_app.records import Record, all_records, record_with
from auth_app.users import iso_seconds
from triples.sql import pool
from wire.errors import ParamMissing, RecordNotFound, RecordNotUnique, ValidationFailed
from wire.http import (
    Call,
    body_param,
    json_object,
    non_blank_text,
    optional_body_param,
    path_param,
)
from wire.ids import new_id, parse_uuid

_ORIGIN_COLUMNS: Final = "id::text, service, params, created_at"
_ORIGINS: Final = f"""
select {_ORIGIN_COLUMNS} from app_redirect_origins where app_id = %s::uuid order by created_at, id
"""
_ADD_ORIGIN: Final = f"""
insert into app_redirect_origins (id, app_id, service, params)
values (%s::uuid, %s::uuid, %s, %s)
returning {_ORIGIN_COLUMNS}
"""
_DELETE_ORIGIN: Final = f"""
delete from app_redirect_origins where app_id = %s::uuid and id = %s::uuid
returning {_ORIGIN_COLUMNS}
"""


async def show(config: SignIn, call: Call) -> dict[str, Any]:
    """All of it."""
    app_id = await app_of_developer(call)
    async with pool.connection() as conn:
        providers = await all_records(conn, app_id, "$oauthProviders")
        clients = await all_records(conn, app_id, "$oauthClients")
        origins = await (await conn.execute(_ORIGINS, (app_id,))).fetchall()
    return {
        "oauth_service_providers": [_provider(record) for record in providers],
        "oauth_clients": [_client(record) for record in clients],
        "authorized_redirect_origins": [_origin(row) for row in origins],
        "default_sender_email": config.mailer.sender_email,
    }


async def add_provider(config: SignIn, call: Call) -> dict[str, Any]:
    """A provider by its name."""
    app_id = await app_of_developer(call)
    name = body_param(call, "provider_name", coerce=non_blank_text)
    async with account_write(app_id, f"provider {name}") as write:
        provider_id = write.create("$oauthProviders", {"name": name})
        await write.save()
        record = await _existing(write, "$oauthProviders", provider_id)
    return {"provider": _provider(record)}


async def add_client(config: SignIn, call: Call) -> dict[str, Any]:
    """A client of a provider."""
    app_id = await app_of_developer(call)
    provider_id = body_param(call, "provider_id", coerce=parse_uuid)
    name = body_param(call, "client_name", coerce=non_blank_text)
    client_id = new_id()
    fields = await _client_fields(config, call, client_id)
    async with account_write(app_id, f"client {name}") as write:
        provider = await record_with(write.conn, app_id, "$oauthProviders", "id", provider_id)
        if provider is None:
            raise RecordNotFound("oauth-service-provider")
        if await record_with(write.conn, app_id, "$oauthClients", "name", name) is not None:
            raise RecordNotUnique(
                "Record not unique: app-oauth-client", {"record-type": "app-oauth-client"}
            )
        if provider.text("name") != GITHUB and fields.get("discoveryEndpoint") is None:
            raise ParamMissing(["body", "discovery_endpoint"])
        fields |= {"name": name, "$oauthProvider": provider_id}
        given = {label: value for label, value in fields.items() if value is not None}
        write.create("$oauthClients", given, client_id)
        await write.save()
        record = await _existing(write, "$oauthClients", client_id)
    return {"client": _client(record)}


async def change_client(config: SignIn, call: Call) -> dict[str, Any]:
    """Some fields of a client: those that are there, null to clear one; `meta` is merged."""
    app_id = await app_of_developer(call)
    client_id = path_param(call, "id", coerce=parse_uuid)
    fields = await _client_fields(config, call, client_id)
    async with account_write(app_id, f"client {client_id}") as write:
        record = await _existing(write, "$oauthClients", client_id)
        if isinstance(fields.get("meta"), dict):
            fields["meta"] = merged(record.fields.get("meta"), fields["meta"])
        write.set("$oauthClients", client_id, fields)
        await write.save()
        record = await _existing(write, "$oauthClients", client_id)
    return {"client": _client(record)}


async def delete_client(config: SignIn, call: Call) -> dict[str, Any]:
    """Remove a client, with the sign-ins that are under way through it."""
    app_id = await app_of_developer(call)
    client_id = path_param(call, "id", coerce=parse_uuid)
    async with account_write(app_id, f"client {client_id}") as write:
        record = await _existing(write, "$oauthClients", client_id)
        write.delete("$oauthClients", client_id)
    return {"client": _client(record)}


async def add_origin(config: SignIn, call: Call) -> dict[str, Any]:
    """A place that sign-in may lead back to."""
    app_id = await app_of_developer(call)
    service = body_param(call, "service", coerce=non_blank_text)
    origin = new_origin(service, call.body.get("params"))
    async with account_write(app_id) as write:
        values = (new_id(), app_id, origin.service, list(origin.params))
        row = await (await write.conn.execute(_ADD_ORIGIN, values)).fetchone()
    return {"origin": _origin(row)}


async def delete_origin(config: SignIn, call: Call) -> dict[str, Any]:
    """Remove such a place."""
    app_id = await app_of_developer(call)
    origin_id = path_param(call, "id", coerce=parse_uuid)
    async with account_write(app_id) as write:
        row = await (await write.conn.execute(_DELETE_ORIGIN, (app_id, origin_id))).fetchone()
    if row is None:
        raise RecordNotFound("app-authorized-redirect-origin")
    return {"origin": _origin(row)}


def merged(old: Any, new: Any) -> Any:
    """Objects merged key by key, deeply; anything else is replaced."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}


async def _client_fields(config: SignIn, call: Call, client_id: str) -> dict[str, Any]:
    """The fields that the body has, by their stored names; raises for what cannot be used."""
    body = call.body if isinstance(call.body, dict) else {}
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "client_id": ("clientId", non_blank_text),
        "discovery_endpoint": ("discoveryEndpoint", non_blank_text),
        "redirect_to": ("redirectTo", non_blank_text),
        "meta": ("meta", json_object),
        "use_shared_credentials": ("useSharedCredentials", _truth),
    }
    fields = {
        label: optional_body_param(call, key, coerce=coerce)
        for key, (label, coerce) in readers.items()
        if key in body
    }
    if "client_secret" in body:
        secret = optional_body_param(call, "client_secret", coerce=non_blank_text, secret=True)
        sealed = None if secret is None else config.sealer.seal(secret, client_id)
        fields["encryptedClientSecret"] = sealed
    if (redirect_to := fields.get("redirectTo")) is not None:
        check_redirect_to(redirect_to)
    if fields.get("useSharedCredentials"):
        raise RecordNotFound("shared-oauth-client")
    if (url := fields.get("discoveryEndpoint")) is not None:
        await _check_discovery(config, url)
    return fields


def check_redirect_to(url: str) -> None:
    """Raise `ValidationFailed` unless a provider may send people there."""
    parts = urlsplit(url)
    if parts.fragment or not parts.hostname:
        raise ValidationFailed.one("redirect_to", url, "redirect_to must be an absolute URL.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname == "localhost"):
        raise ValidationFailed.one("redirect_to", url, "redirect_to must use https.")


async def _check_discovery(config: SignIn, url: str) -> None:
    if await config.documents.fetch_discovery(url) is None:
        raise ValidationFailed.one(
            "discovery-endpoint", url, "Could not validate discovery endpoint."
        )


async def _existing(write: AccountWrite, etype: str, record_id: str) -> Record:
    record = await record_with(write.conn, write.app_id, etype, "id", record_id)
    if record is None:
        raise RecordNotFound("app-oauth-client")
    return record


def _truth(value: Any) -> bool:
    return bool(value)


def _provider(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "provider_name": record.text("name"),
        "created_at": iso_seconds(record.created_at_ms),
    }


def _client(record: Record) -> dict[str, Any]:
    return {
        "id": record.id,
        "client_name": record.text("name"),
        "client_id": record.text("clientId"),
        "provider_id": record.text("$oauthProvider"),
        "meta": record.fields.get("meta"),
        "discovery_endpoint": record.text("discoveryEndpoint"),
        "redirect_to": record.text("redirectTo"),
        "use_shared_credentials": record.fields.get("useSharedCredentials") is True,
        "created_at": iso_seconds(record.created_at_ms),
    }


def _origin(row: Any) -> dict[str, Any]:
    origin_id, service, params, created_at = row
    return {
        "id": origin_id,
        "service": service,
        "params": params,
        "created_at": iso_seconds(int(created_at.timestamp() * 1000)),
    }
