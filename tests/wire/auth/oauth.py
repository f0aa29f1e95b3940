"""Signing in with a provider, as browsers and SDKs do it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse

from tests.wire.auth.api import Answer, Api
from tests.wire.auth.issuer import Issuer

PAGE = "https://app.example.com/welcome?tab=1"


def parameters(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@dataclass(slots=True)
class Begun:
    """A browser on its way to the provider."""

    url: str
    cookie: str
    cookie_attributes: dict[str, str]

    @property
    def state(self) -> str:
        return parameters(self.url)["state"]


@dataclass(slots=True)
class OAuth:
    """An app, its provider, and its client there."""

    api: Api
    issuer: Issuer
    client_id: str

    async def dash(self, method: str, path: str, body: Any = None) -> Answer:
        """A call of the app's developer."""
        return await dash(self.api, method, path, body)

    async def start(self, **query: str) -> HttpResponse:
        wanted = {
            "app_id": self.api.app_id,
            "client_name": "web",
            "redirect_uri": PAGE,
            **query,
        }
        return await self.api.response("GET", f"/runtime/oauth/start?{urlencode(wanted)}")

    async def begin(self, **query: str) -> Begun:
        response = await self.start(**query)
        assert response.status_code == 302, response.content
        cookie = response.cookies["__session"]
        attributes = {name: str(value) for name, value in cookie.items() if value}
        return Begun(response["location"], f"__session={cookie.value}", attributes)

    async def callback(self, *, cookie: str | None, **query: str) -> HttpResponse:
        headers = {} if cookie is None else {"cookie": cookie}
        path = f"/runtime/oauth/callback?{urlencode(query)}"
        return await self.api.response("GET", path, headers=headers)

    async def come_back(self, begun: Begun) -> dict[str, str]:
        """Come back from the provider; the parameters of the app's page."""
        response = await self.callback(cookie=begun.cookie, state=begun.state, code="from-them")
        assert response.status_code == 302, response.content
        return parameters(response["location"])

    async def code(self, **query: str) -> str:
        """A code for the app's page."""
        self.issuer.token_reply = (200, {"id_token": self.issuer.token()})
        return (await self.come_back(await self.begin(**query)))["code"]

    async def exchange(self, code: str, origin: str | None = None, **fields: Any) -> Answer:
        headers = {} if origin is None else {"origin": origin}
        body = {"app_id": self.api.app_id, "code": code, **fields}
        return await self.api.post("/runtime/oauth/token", body, **headers)

    async def id_token(self, token: str, **fields: Any) -> Answer:
        body = {
            "app_id": self.api.app_id,
            "client_name": "web",
            "id_token": token,
            **fields,
        }
        return await self.api.post("/runtime/oauth/id_token", body)


async def dash(api: Api, method: str, path: str, body: Any = None) -> Answer:
    import json

    headers = {"authorization": f"Bearer {api.admin_token}"}
    response = await api.response(method, f"/dash/apps/{api.app_id}/{path}", body, headers)
    return Answer(response.status_code, json.loads(response.content))


async def configured(api: Api, issuer: Issuer, **client: Any) -> OAuth:
    provider = await dash(api, "POST", "oauth_service_providers", {"provider_name": "generic"})
    made = await dash(
        api,
        "POST",
        "oauth_clients",
        {
            "provider_id": provider.body["provider"]["id"],
            "client_name": "web",
            "client_id": "our-client",
            "client_secret": "our-secret",
            "discovery_endpoint": issuer.discovery_url,
            **client,
        },
    )
    assert made.status == 200, made
    origin = {"service": "generic", "params": ["app.example.com"]}
    assert (await dash(api, "POST", "authorized_redirect_origins", origin)).status == 200
    return OAuth(api, issuer, made.body["client"]["id"])


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
