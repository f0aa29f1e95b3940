"""Believing an id_token that a client brings along (http-api.md §5.5).

Anybody can bring one, so all of it is checked: who signed it, for whom, when, and for which
attempt. The signature is joserfc's business.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import ECKey, RSAKey

from auth_app.oauth.clients import GITHUB, OAuthClient
from auth_app.oauth.discovery import Discovery, ProviderDocuments
from auth_app.oauth.identity import Identity
from auth_app.oauth.providers import APPLE_ISSUERS
from wire.errors import OAuthFailed, ValidationFailed
from wire.http import email_address
from wire.ids import same_secret

ALGORITHMS: Final = ("RS256", "ES256")
LEEWAY_SECONDS: Final = 30  # clocks differ
MAX_TOKEN_CHARACTERS: Final = 16 * 1024
GOOGLE: Final = "https://accounts.google.com"

# In characters of base64url. Whoever publishes keys chooses how long it takes to try them.
MAX_MODULUS_CHARACTERS: Final = 1_366  # 8,192 bits
MAX_EXPONENT_CHARACTERS: Final = 6  # 32 bits; everybody's is 65,537

_KEY_KINDS: Final[dict[str, Any]] = {"RSA": RSAKey, "EC": ECKey}


async def verify_id_token(
    client: OAuthClient, documents: ProviderDocuments, token: str, nonce: str | None
) -> Identity:
    """Who the token is about; raises `ValidationFailed` or `OAuthFailed` at the first doubt."""
    if client.provider_name == GITHUB and client.discovery_url is None:
        raise _refused("GitHub OAuth does not support ID tokens.")
    if client.discovery_url is None:
        raise _refused("OAuth client does not support id_token.")
    discovery = await documents.discovery(client.discovery_url)
    if discovery.jwks_uri is None:
        raise _refused("OAuth client does not support id_token.")
    algorithm, claims = await _verified(token, discovery.jwks_uri, documents)
    _check_nonce(discovery, claims.get("nonce"), nonce)
    _check_origin(client, discovery, algorithm, claims)
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise _refused("The id_token had no subject.")
    picture = claims.get("picture")
    image_url = picture if isinstance(picture, str) and picture else None
    return Identity(sub, _email(client, claims), image_url)


async def _verified(
    token: str, jwks_uri: str, documents: ProviderDocuments
) -> tuple[str, dict[str, Any]]:
    """The algorithm and the claims of a token that one of the provider's keys has signed."""
    header = _header(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _unreadable("Its algorithm is not supported.")
    keys = await documents.keys(jwks_uri, key_id if isinstance(key_id, str) else None)
    for key in keys:
        claims = _claims_signed_by(key, token)
        if claims is not None:
            _check_times(claims)
            return algorithm, claims
    raise _unreadable("Its signature is not the provider's.")


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise _unreadable("Token is too long.")
    try:
        return dict(jws.extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError) as error:
        raise _unreadable("Token is malformed.") from error


def _claims_signed_by(key: dict[str, Any], token: str) -> dict[str, Any] | None:
    kind = _KEY_KINDS.get(str(key.get("kty")))
    if kind is None or (kind is RSAKey and not _is_quick(key)):
        return None
    try:
        return dict(jwt.decode(token, kind.import_key(key), algorithms=list(ALGORITHMS)).claims)
    except (JoseError, ValueError, TypeError):
        return None


def _is_quick(key: dict[str, Any]) -> bool:
    modulus, exponent = str(key.get("n")), str(key.get("e"))
    return len(modulus) <= MAX_MODULUS_CHARACTERS and len(exponent) <= MAX_EXPONENT_CHARACTERS


def _check_times(claims: dict[str, Any]) -> None:
    registry = jwt.JWTClaimsRegistry(leeway=LEEWAY_SECONDS, exp={"essential": True})
    try:
        registry.validate(claims)
    except ExpiredTokenError as error:
        raise _unreadable("Token is expired.") from error
    except (JoseError, ValueError, TypeError) as error:
        raise _unreadable("Token is not good at this time.") from error


def _check_nonce(discovery: Discovery, claimed: Any, given: str | None) -> None:
    if discovery.issuer == GOOGLE or (claimed is None and given is None):
        return
    if claimed is None:
        raise _refused("The id_token is missing a nonce.")
    if given is None:
        raise _refused("The nonce parameter was not provided in the request.")
    hashed = hashlib.sha256(given.encode()).hexdigest()
    if not any(same_secret(str(claimed), accepted) for accepted in (given, hashed)):
        raise _refused("The nonces do not match.")


def _check_origin(
    client: OAuthClient, discovery: Discovery, algorithm: str, claims: dict[str, Any]
) -> None:
    issuers = APPLE_ISSUERS if discovery.issuer in APPLE_ISSUERS else {discovery.issuer}
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in issuers:
        raise _refused(f"The id_token wasn't issued by {discovery.issuer}.")
    if algorithm not in discovery.algorithms:
        raise _refused("The id_token used an unsupported algorithm.")
    # Clerk's and Firebase's clients have no id: their issuer belongs to one project.
    if client.client_id is None:
        return
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    also = client.meta.get("allowedAudiences")
    allowed = [client.client_id, *(also if isinstance(also, list) else [])]
    if not any(entry in allowed for entry in audiences):
        raise _refused("The id_token was generated for the wrong OAuth client.")


def _email(client: OAuthClient, claims: dict[str, Any]) -> str | None:
    is_verified = claims.get("email_verified") is True
    if is_verified or client.meta.get("allowUnverifiedEmail") is True:
        return email_address(claims.get("email"))
    return None


def _refused(message: str) -> ValidationFailed:
    return ValidationFailed.one("id_token", None, message)  # the token itself is a secret


def _unreadable(why: str) -> OAuthFailed:
    return OAuthFailed(f"Error validating JWT. {why}")
