"""Cookies of the operator site: for nobody's scripts, and after https never without it."""

from __future__ import annotations

from dataclasses import replace
from http.cookiejar import Cookie

import pytest
from pytest_django import Settings

from tests.wire.operator_site import HERE, Operator, browser_at, sign_in

pytestmark = pytest.mark.asyncio

PUBLIC = "https://api.example.com"
PLAIN = "http://api.example.com"


async def cookies_of(operator: Operator, base_url: str, says: dict[str, str]) -> list[Cookie]:
    """What a browser has once an operator has signed in and seen a page."""
    async with browser_at(base_url) as browser:
        browser.headers.update(says)
        assert (await sign_in(browser, operator.name, operator.password)).status_code == 302
        assert "Site administration" in (await browser.get("/operator/")).text
        return sorted(browser.cookies.jar, key=lambda cookie: cookie.name)


@pytest.mark.parametrize(
    ("reached_at", "proxies", "public_url", "says", "is_secure"),
    [
        pytest.param(HERE, 0, None, {}, False, id="this machine"),
        pytest.param(HERE, 0, PUBLIC, {}, False, id="this machine, not the public name"),
        pytest.param(PUBLIC, 0, PUBLIC, {}, True, id="a public name with https"),
        pytest.param(PLAIN, 0, PLAIN, {}, False, id="a public name without https"),
        pytest.param(PUBLIC, 1, None, {"x-forwarded-proto": "https"}, True, id="https by a proxy"),
        pytest.param(PLAIN, 1, None, {"x-forwarded-proto": "http"}, False, id="http by a proxy"),
        pytest.param(PLAIN, 0, None, {"x-forwarded-proto": "https"}, False, id="a stranger's word"),
    ],
)
async def test_cookies_are_secure_where_the_site_is_reached_by_https(
    operator: Operator,
    settings: Settings,
    reached_at: str,
    proxies: int,
    public_url: str | None,
    says: dict[str, str],
    is_secure: bool,
) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, backend_url=public_url)
    settings.CSRF_TRUSTED_ORIGINS = [public_url] if public_url else []
    if proxies:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    session, csrf = await cookies_of(operator, reached_at, says)

    assert (session.name, csrf.name) == ("instant_operator", "instant_operator_csrf")
    for cookie in (session, csrf):
        assert cookie.secure is is_secure
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"
