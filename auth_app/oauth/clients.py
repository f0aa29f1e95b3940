"""An app's clients with identity providers, as stored in `$oauthClients` (http-api.md §5, §5.8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from auth_app.records import Record, record_with
from auth_app.sealing import Sealer
from triples.sql.pool import Connection
from wire.errors import RecordNotFound

GITHUB: Final = "github"


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """One client.

    - `name`: what SDKs call it. `client_id`, `secret`: what the provider knows it by.
    - `discovery_url`: where an OpenID provider describes itself; None for GitHub.
    - `redirect_to`: a page of the app's own domain that leads to our callback.
    - `meta`: the provider's peculiarities, as the developer gave them.
    """

    id: str
    name: str
    provider_id: str
    provider_name: str
    client_id: str | None
    secret: str | None = field(repr=False)
    discovery_url: str | None
    redirect_to: str | None
    meta: dict[str, Any]


async def client_named(conn: Connection, sealer: Sealer, app_id: str, name: str) -> OAuthClient:
    """The client of this name; raises `RecordNotFound`."""
    record = await record_with(conn, app_id, "$oauthClients", "name", name)
    return await _client(conn, sealer, app_id, record)


async def client_with_id(
    conn: Connection, sealer: Sealer, app_id: str, client_id: str
) -> OAuthClient:
    """The client of this id; raises `RecordNotFound`."""
    record = await record_with(conn, app_id, "$oauthClients", "id", client_id)
    return await _client(conn, sealer, app_id, record)


async def _client(
    conn: Connection, sealer: Sealer, app_id: str, record: Record | None
) -> OAuthClient:
    if record is None:
        raise RecordNotFound("app-oauth-client")
    if record.fields.get("useSharedCredentials") is True:
        raise RecordNotFound("shared-oauth-client")
    provider_id = record.text("$oauthProvider") or ""
    provider = await record_with(conn, app_id, "$oauthProviders", "id", provider_id)
    if provider is None:
        raise RecordNotFound("oauth-service-provider")
    sealed = record.text("encryptedClientSecret")
    meta = record.fields.get("meta")
    return OAuthClient(
        id=record.id,
        name=record.text("name") or "",
        provider_id=provider.id,
        provider_name=provider.text("name") or "",
        client_id=record.text("clientId"),
        secret=None if sealed is None else sealer.open(sealed, record.id),
        discovery_url=record.text("discoveryEndpoint"),
        redirect_to=record.text("redirectTo"),
        meta=meta if isinstance(meta, dict) else {},
    )
