"""What an OpenID provider says of itself, and its keys; remembered for a while.

Spec: http-api.md §5.3, §5.5. Documents are kept for at most an hour, keys as long as the provider
allows. A key that is not known yet is looked for once more, but not more than twice a minute.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from auth_app.oauth.web import NotReached, Web
from wire.errors import OAuthFailed

MAX_PROVIDERS: Final = 500
DOCUMENT_SECONDS: Final = 3600.0
SHORTEST_KEY_SECONDS: Final = 60.0
LONGEST_KEY_SECONDS: Final = 24 * 3600.0
BETWEEN_LOOKS_SECONDS: Final = 30.0
MAX_KEYS: Final = 50  # providers publish the present one, the last one and the next

_DEFAULT_ALGORITHMS: Final = ("RS256", "HS256")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Discovery:
    """A provider's discovery document; what it leaves out is None."""

    issuer: str
    authorization_endpoint: str | None
    token_endpoint: str | None
    userinfo_endpoint: str | None
    jwks_uri: str | None
    algorithms: tuple[str, ...]

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Discovery | None:
        """Read a document; None without an issuer."""
        issuer = _text(document, "issuer")
        if issuer is None:
            return None
        given = document.get("id_token_signing_alg_values_supported")
        names = given if isinstance(given, list) else []
        algorithms = [name for name in names if isinstance(name, str)]
        return cls(
            issuer=issuer,
            authorization_endpoint=_text(document, "authorization_endpoint"),
            token_endpoint=_text(document, "token_endpoint"),
            userinfo_endpoint=_text(document, "userinfo_endpoint"),
            jwks_uri=_text(document, "jwks_uri"),
            algorithms=tuple(algorithms) or _DEFAULT_ALGORITHMS,
        )


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    value: T
    fetched_at: float
    good_until: float


class ProviderDocuments:
    """Discovery documents and keys by their URLs, the most recently used ones."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._documents: OrderedDict[str, _Kept[Discovery]] = OrderedDict()
        self._keys: OrderedDict[str, _Kept[list[dict[str, Any]]]] = OrderedDict()

    async def discovery(self, url: str) -> Discovery:
        """The document; raises `OAuthFailed` where it cannot be had."""
        kept = self._documents.get(url)
        now = time.monotonic()
        if kept is None or kept.good_until < now:
            found = await self.fetch_discovery(url)
            if found is None:
                raise OAuthFailed("Unable to fetch OAuth configuration.")
            kept = _Kept(found, now, now + DOCUMENT_SECONDS)
        _remember(self._documents, url, kept)
        return kept.value

    async def fetch_discovery(self, url: str) -> Discovery | None:
        """The document as it is now; None where it cannot be had or is none."""
        try:
            reply = await self._web.get(url)
        except NotReached:
            return None
        return Discovery.parse(reply.fields) if reply.is_ok else None

    async def keys(self, jwks_uri: str, key_id: str | None) -> list[dict[str, Any]]:
        """The keys (JWK) that may have signed something; raises `OAuthFailed`."""
        now = time.monotonic()
        kept = self._keys.get(jwks_uri)
        if kept is not None and kept.good_until >= now:
            found = _with_id(kept.value, key_id)
            if found or now - kept.fetched_at < BETWEEN_LOOKS_SECONDS:
                return found
        kept = await self._fetch_keys(jwks_uri, now)
        _remember(self._keys, jwks_uri, kept)
        return _with_id(kept.value, key_id)

    async def _fetch_keys(self, jwks_uri: str, now: float) -> _Kept[list[dict[str, Any]]]:
        try:
            reply = await self._web.get(jwks_uri)
        except NotReached as error:
            raise OAuthFailed("Unable to fetch OAuth configuration.") from error
        given = reply.fields.get("keys")
        if not reply.is_ok or not isinstance(given, list):
            raise OAuthFailed("Unable to fetch OAuth configuration.")
        age = float(reply.max_age_seconds or DOCUMENT_SECONDS)
        seconds = min(max(age, SHORTEST_KEY_SECONDS), LONGEST_KEY_SECONDS)
        keys = [key for key in given if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        return _Kept(keys[:MAX_KEYS], now, now + seconds)


def _remember(cache: OrderedDict[str, _Kept[T]], url: str, kept: _Kept[T]) -> None:
    cache[url] = kept
    cache.move_to_end(url)
    while len(cache) > MAX_PROVIDERS:
        cache.popitem(last=False)


def _with_id(keys: list[dict[str, Any]], key_id: str | None) -> list[dict[str, Any]]:
    return [key for key in keys if key_id is None or key.get("kid") == key_id]


def _text(document: dict[str, Any], name: str) -> str | None:
    value = document.get(name)
    return value if isinstance(value, str) and value else None
