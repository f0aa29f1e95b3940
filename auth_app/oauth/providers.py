"""The redirect flow's conversation with a provider: where to send people, and who came back.

GitHub has its own ways; everybody else speaks OpenID Connect. Spec: http-api.md §5.1, §5.3.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from auth_app.oauth.clients import GITHUB, OAuthClient
from auth_app.oauth.discovery import Discovery, ProviderDocuments
from auth_app.oauth.identity import Identity
from auth_app.oauth.web import NotReached, Reply, Web
from wire import json
from wire.errors import OAuthFailed
from wire.http import email_address

APPLE_ISSUERS: Final = frozenset({"https://appleid.apple.com", "https://account.apple.com"})
APPLE_SECRET_SECONDS: Final = 120

_EXCHANGE: Final = "Error exchanging code for token."
_INVALID_TOKEN: Final = "Invalid token exchanging code for token."
_NO_USER: Final = "Missing user info"
_NO_SUB: Final = "Missing sub."


class ExchangeFailed(Exception):
    """The provider did not say who it is; the app's page is told why."""


class Provider(Protocol):
    """One client's provider."""

    def authorization_url(self, state: str, redirect_uri: str, extra: Mapping[str, str]) -> str:
        """Where the browser goes to sign in; raises `OAuthFailed`."""
        ...

    async def identity(self, code: str, redirect_uri: str) -> Identity:
        """Who came back with this code; raises `ExchangeFailed`."""
        ...


async def provider_of(client: OAuthClient, documents: ProviderDocuments, web: Web) -> Provider:
    """The client's provider; raises `OAuthFailed` where it cannot be known."""
    if client.discovery_url is not None:
        return OpenIdProvider(client, await documents.discovery(client.discovery_url), web)
    if client.provider_name == GITHUB:
        return GitHubProvider(client, web)
    raise OAuthFailed("Unable to fetch OAuth configuration.")


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A provider that describes itself with a discovery document."""

    client: OAuthClient
    discovery: Discovery
    web: Web

    def authorization_url(self, state: str, redirect_uri: str, extra: Mapping[str, str]) -> str:
        """See `Provider`."""
        endpoint, client_id = self.discovery.authorization_endpoint, self.client.client_id
        if endpoint is None or client_id is None:
            raise OAuthFailed("OAuth client does not support redirects.")
        parameters = {
            "scope": "email openid",
            "response_type": "code",
            "response_mode": "form_post",
            "state": state,
            "redirect_uri": redirect_uri,
            "client_id": client_id,
            **extra,
        }
        return with_parameters(endpoint, parameters)

    async def identity(self, code: str, redirect_uri: str) -> Identity:
        """See `Provider`."""
        reply = await self._exchange(code, redirect_uri)
        claims = await self._claims(reply)
        sub = claims.get("sub")
        email = email_address(claims.get("email"))
        if email is None or claims.get("email_verified") is not True:
            raise ExchangeFailed(_NO_USER)
        if not isinstance(sub, str) or not sub:
            raise ExchangeFailed(_NO_SUB)
        return Identity(sub, email, _text(claims, "picture"))

    async def _exchange(self, code: str, redirect_uri: str) -> Reply:
        if self.discovery.token_endpoint is None:
            raise ExchangeFailed(_EXCHANGE)
        form = {
            "client_id": self.client.client_id or "",
            "client_secret": self._secret(),
            "code": code,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
        }
        return await _granted(self.web, self.discovery.token_endpoint, form)

    def _secret(self) -> str:
        if self.discovery.issuer in APPLE_ISSUERS:
            return apple_secret(self.client, int(time.time()))
        return self.client.secret or ""

    async def _claims(self, reply: Reply) -> dict[str, Any]:
        """From the id_token, which came straight from the issuer, else from its user info."""
        token, access = _text(reply.fields, "id_token"), _text(reply.fields, "access_token")
        if token is not None:
            claims = _unverified(token)
            audience = claims.get("aud")
            audiences = audience if isinstance(audience, list) else [audience]
            if self.client.client_id not in audiences:
                raise ExchangeFailed(_INVALID_TOKEN)
            return claims
        if access is None or self.discovery.userinfo_endpoint is None:
            raise ExchangeFailed(_INVALID_TOKEN)
        headers = {"authorization": f"Bearer {access}"}
        try:
            reply = await self.web.get(self.discovery.userinfo_endpoint, headers)
        except NotReached as error:
            raise ExchangeFailed(_NO_USER) from error
        if not reply.is_ok:
            raise ExchangeFailed(_NO_USER)
        return reply.fields


@dataclass(frozen=True, slots=True)
class GitHubProvider:
    """GitHub, which has no id_token, and e-mail addresses apart."""

    client: OAuthClient
    web: Web
    site: str = "https://github.com"
    api: str = "https://api.github.com"

    def authorization_url(self, state: str, redirect_uri: str, extra: Mapping[str, str]) -> str:
        """See `Provider`."""
        parameters = {
            "scope": "read:user user:email",
            "response_type": "code",
            "state": state,
            "redirect_uri": redirect_uri,
            "client_id": self.client.client_id or "",
            **extra,
        }
        return with_parameters(f"{self.site}/login/oauth/authorize", parameters)

    async def identity(self, code: str, redirect_uri: str) -> Identity:
        """See `Provider`."""
        form = {
            "client_id": self.client.client_id or "",
            "client_secret": self.client.secret or "",
            "code": code,
            "redirect_uri": redirect_uri,
        }
        reply = await _granted(self.web, f"{self.site}/login/oauth/access_token", form)
        token = _text(reply.fields, "access_token")
        if token is None:
            raise ExchangeFailed("No access token received from GitHub.")
        user = (await self._get("/user", token)).fields
        if not isinstance(user.get("id"), int):
            raise ExchangeFailed("Missing user ID from GitHub")
        emails = (await self._get("/user/emails", token)).items
        return Identity(str(user["id"]), _primary(emails), _text(user, "avatar_url"))

    async def _get(self, path: str, token: str) -> Reply:
        headers = {"authorization": f"Bearer {token}", "accept": "application/vnd.github+json"}
        try:
            reply = await self.web.get(self.api + path, headers)
        except NotReached as error:
            raise ExchangeFailed("Failed to fetch user info from GitHub.") from error
        if not reply.is_ok:
            raise ExchangeFailed("Failed to fetch user info from GitHub.")
        return reply


def apple_secret(client: OAuthClient, now_seconds: int) -> str:
    """What Apple takes for a secret: a short-lived token, signed with the developer's key."""
    claims = {
        "iss": client.meta.get("teamId"),
        "iat": now_seconds,
        "exp": now_seconds + APPLE_SECRET_SECONDS,
        "aud": "https://appleid.apple.com",
        "sub": client.client_id,
    }
    header = {"alg": "ES256", "kid": client.meta.get("keyId")}
    try:
        key = ECKey.import_key(client.secret or "")
        return jwt.encode(header, claims, key, algorithms=["ES256"])
    except (JoseError, ValueError, TypeError) as error:
        raise ExchangeFailed(_EXCHANGE) from error


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with query parameters besides those that it has; equal names are replaced."""
    parts = urlsplit(url)
    kept = [
        pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in parameters
    ]
    query = urlencode([*kept, *parameters.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


async def _granted(web: Web, endpoint: str, form: Mapping[str, str]) -> Reply:
    """The provider's answer to a code; raises `ExchangeFailed` with its own words if it has any."""
    try:
        reply = await web.post_form(endpoint, form)
    except NotReached as error:
        raise ExchangeFailed(_EXCHANGE) from error
    if not reply.is_ok or "error" in reply.fields:
        raise ExchangeFailed(_text(reply.fields, "error_description") or _EXCHANGE)
    return reply


def _unverified(token: str) -> dict[str, Any]:
    try:
        claims = json.loads(jws.extract_compact(token.encode()).payload)
    except (JoseError, ValueError) as error:
        raise ExchangeFailed(_INVALID_TOKEN) from error
    if not isinstance(claims, dict):
        raise ExchangeFailed(_INVALID_TOKEN)
    return claims


def _primary(emails: list[Any]) -> str | None:
    for entry in emails:
        if isinstance(entry, dict) and entry.get("primary") is entry.get("verified") is True:
            return email_address(entry.get("email"))
    return None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None
