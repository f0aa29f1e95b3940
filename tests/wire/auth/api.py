"""The API as a client calls it, without a socket: paths are looked up as the server does."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import AsyncRequestFactory
from django.urls import resolve

from wire.http import View

REQUESTS = AsyncRequestFactory()


def some_address() -> str:
    """An address that no other test uses."""
    return ".".join(["10", *(str(secrets.randbelow(256)) for _ in range(3))])


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and decoded body."""

    status: int
    body: Any

    @property
    def error(self) -> tuple[int, str]:
        """Status and type of a refusal."""
        return self.status, self.body["type"]


@dataclass(slots=True)
class Api:
    """Calls for one app, from one address."""

    app_id: str
    admin_token: str
    address: str = field(default_factory=some_address)

    async def post(self, path: str, body: Any, **headers: str) -> Answer:
        """A post of JSON, with exactly this body."""
        return await self._answer("POST", path, body, headers)

    async def runtime(self, name: str, **fields: Any) -> Answer:
        """A post to `/runtime/auth/…`; fields as Python names."""
        body = {"app-id": self.app_id} | {key.replace("_", "-"): v for key, v in fields.items()}
        return await self.post(f"/runtime/auth/{name}", body)

    async def admin(
        self, method: str, name: str, body: Any = None, query: dict[str, str] | None = None
    ) -> Answer:
        """A call to `/admin/…` with the app's admin token."""
        headers = {"app-id": self.app_id, "authorization": f"Bearer {self.admin_token}"}
        path = f"/admin/{name}" + (f"?{urlencode(query)}" if query else "")
        return await self._answer(method, path, body, headers)

    async def code_for(self, email: str) -> str:
        """A code for an address, as an admin makes one."""
        answer = await self.admin("POST", "magic_code", {"email": email})
        assert answer.status == 200, answer
        code: str = answer.body["code"]
        return code

    async def sign_in(self, email: str, **fields: Any) -> Any:
        """The whole answer to a code that is right."""
        code = await self.code_for(email)
        answer = await self.runtime("verify_magic_code", email=email, code=code, **fields)
        assert answer.status == 200, answer
        return answer.body

    async def sign_in_guest(self) -> Any:
        """The user object of a new guest."""
        answer = await self.runtime("sign_in_guest")
        assert answer.status == 200, answer
        return answer.body["user"]

    async def user(self, **query: str) -> Any:
        """One user as an admin sees it, or None."""
        answer = await self.admin("GET", "users", query=query)
        assert answer.status == 200, answer
        return answer.body["user"]

    async def token_opens(self, token: str) -> bool:
        """Whether somebody is signed in with the token."""
        answer = await self.runtime("verify_refresh_token", refresh_token=token)
        return answer.status == 200

    async def _answer(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        response = await self.response(method, path, body, headers)
        return Answer(response.status_code, json.loads(response.content))

    async def to_view(self, view: View, body: Any) -> Answer:
        """A post of JSON to a view that is at no path."""
        request = REQUESTS.post("/", json.dumps(body).encode(), content_type="application/json")
        request.META["REMOTE_ADDR"] = self.address
        response = await view(request)
        return Answer(response.status_code, json.loads(response.content))

    async def response(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> HttpResponse:
        """The raw response."""
        request = REQUESTS.generic(
            method,
            path,
            data=b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers=headers or {},
        )
        request.META["REMOTE_ADDR"] = self.address
        found = resolve(path.partition("?")[0])
        response: HttpResponse = await found.func(request, **found.kwargs)
        return response
