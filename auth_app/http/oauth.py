"""`/runtime/oauth/*`: signing in with identity providers (http-api.md §5).

Each path has a twin with the app's id in it, for libraries that only know an issuer.
"""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import HttpResponse
from django.utils.encoding import iri_to_uri

from auth_app.configuration import SignIn
from auth_app.flows.id_token import sign_in_with_id_token
from auth_app.flows.oauth_code import exchange_code
from auth_app.flows.oauth_redirect import Attempt, finish, start
from auth_app.http.landing import landing_page, text_page
from auth_app.http.parameters import extra_fields_in_body, optional_token_in_body, token_in_body
from auth_app.limits import limit_address
from wire.errors import OAuthFailed
from wire.http import (
    Call,
    body_param,
    non_blank_text,
    optional_body_param,
    optional_parameter,
    parameter,
)
from wire.ids import parse_uuid

COOKIE: Final = "__session"
COOKIE_PREFIX: Final = "instantdb_"  # other software has cookies of the same name
_OUR_COOKIE: Final = re.compile(rf"(?:\A|[;,])\s*{COOKIE}={COOKIE_PREFIX}([^;,\s]*)")
COOKIE_PATH: Final = "/runtime/oauth"
COOKIE_SECONDS: Final = 3600
CALLBACK: Final = "/runtime/oauth/callback"


async def begin(config: SignIn, call: Call) -> HttpResponse:
    """Send the browser to the provider."""
    attempt = Attempt(
        app_id=parameter(call, "app_id", coerce=parse_uuid),
        client_name=parameter(call, "client_name", "client_id", coerce=non_blank_text),
        redirect_uri=parameter(call, "redirect_uri", coerce=non_blank_text),
        state=optional_parameter(call, "state", coerce=non_blank_text),
        code_challenge=optional_parameter(call, "code_challenge", coerce=non_blank_text),
        code_challenge_method=optional_parameter(
            call, "code_challenge_method", coerce=non_blank_text
        ),
    )
    await limit_address(config, call, "redirects")
    domain = optional_parameter(call, "hd", coerce=non_blank_text)
    origin = config.origin_of(call)
    extra = {} if domain is None else {"hd": domain}
    departure = await start(config, attempt, origin + CALLBACK, extra)
    response = _redirect(departure.url)
    is_secure = origin.startswith("https:")
    response.set_cookie(
        COOKIE,
        COOKIE_PREFIX + departure.cookie,
        max_age=COOKIE_SECONDS,
        path=COOKIE_PATH,
        httponly=True,
        secure=is_secure,
        # Providers come back with a form from their own site, which takes Lax cookies not along.
        samesite="None" if is_secure else None,
    )
    return response


async def callback(config: SignIn, call: Call) -> HttpResponse:
    """Take the browser back from the provider, and on to the app's page."""
    if call.parameter("test-redirect") is not None:
        return text_page("Your OAuth redirect looks good!")
    if error := call.parameter("error"):
        raise OAuthFailed(error)
    back = await finish(
        config,
        call.parameter("state"),
        _cookies(call),
        call.parameter("code"),
        config.origin_of(call) + CALLBACK,
    )
    if back.url.lower().startswith(("http:", "https:")):
        return _redirect(back.url)
    return landing_page(back.url, back.email)


async def exchange(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in with the code that `callback` made."""
    app_id = _app_id(call)
    code = token_in_body(call, "code")
    verifier = optional_body_param(call, "code_verifier", coerce=non_blank_text, secret=True)
    signed_in = await exchange_code(
        config,
        app_id,
        code,
        verifier=verifier,
        guest_token=optional_token_in_body(call, "refresh_token"),
        extra=extra_fields_in_body(call, "extra_fields"),
        request=config.request_of(call),
    )
    return {**signed_in.to_wire(), "refresh_token": signed_in.refresh_token}


async def id_token(config: SignIn, call: Call) -> dict[str, Any]:
    """Sign in with a provider's id_token."""
    app_id = _app_id(call)
    token = body_param(call, "id_token", coerce=non_blank_text, secret=True)
    client_name = body_param(call, "client_name", coerce=non_blank_text)
    await limit_address(config, call, "id tokens")
    signed_in = await sign_in_with_id_token(
        config,
        app_id,
        client_name,
        token,
        nonce=optional_body_param(call, "nonce", coerce=non_blank_text, secret=True),
        current_token=optional_token_in_body(call, "refresh_token"),
        extra=extra_fields_in_body(call, "extra_fields"),
        request=config.request_of(call),
    )
    return signed_in.to_wire()


async def openid_configuration(config: SignIn, call: Call) -> dict[str, Any]:
    """Where an app's sign-in begins and ends, for libraries that ask an issuer."""
    issuer = f"{config.origin_of(call)}/runtime/{parameter(call, 'app_id', coerce=parse_uuid)}"
    return {
        "authorization_endpoint": f"{issuer}/oauth/start",
        "token_endpoint": f"{issuer}/oauth/token",
    }


def _redirect(url: str) -> HttpResponse:
    return HttpResponse(status=302, headers={"location": iri_to_uri(url)})


def _app_id(call: Call) -> str:
    if "app_id" in call.path:
        return parameter(call, "app_id", coerce=parse_uuid)
    return body_param(call, "app_id", coerce=parse_uuid)


def _cookies(call: Call) -> list[str]:
    """The secrets of all our cookies: Django keeps one of a name, browsers may send several.

    Several headers of the name, as HTTP/2 has them, arrive joined by commas.
    """
    found = _OUR_COOKIE.findall(call.request.headers.get("cookie", ""))
    return [secret for secret in map(parse_uuid, found) if secret is not None]
