"""A browser in front of the operator site, with a proxy between them, and logins for the site."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from django.contrib.auth import get_user_model

from instant_project.asgi import django_application

LOGIN: Final = "/operator/login/"
TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
HERE: Final = "http://localhost:8888"


@dataclass(frozen=True, slots=True)
class Operator:
    """A login of the operator site."""

    name: str
    password: str = field(default="correct horse", repr=False)

    async def create(self) -> None:
        """Make the login."""
        await get_user_model().objects.acreate_superuser(self.name, password=self.password)


def browser_at(base_url: str = HERE, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Keeps cookies, and sends those that are `Secure` over https only."""
    transport = httpx.ASGITransport(_over_http, client=(address, 1))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=base_url, headers={"origin": base_url})


async def sign_in(browser: httpx.AsyncClient, name: str, password: str) -> httpx.Response:
    """What the page answers; a redirect if it let somebody in."""
    token = TOKEN.search((await browser.get(LOGIN)).text)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": name, "password": password}
    return await browser.post(LOGIN, data=fields)


async def _over_http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The server behind whatever ends TLS: it is itself always asked over plain http."""
    await django_application(scope | {"scheme": "http"}, receive, send)
