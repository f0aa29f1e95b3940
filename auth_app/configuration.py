"""What sign-in needs to know of the operator's choices; handed to every handler of this room."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from auth_app.mail import Mailer
from auth_app.oauth.discovery import ProviderDocuments
from auth_app.oauth.web import Web
from auth_app.sealing import Sealer
from auth_app.sign_up_rule import Request
from wire.http import Call, View, endpoint

SignInHandler = Callable[["SignIn", Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class SignIn:
    """How this server signs people in.

    - `web`, `documents`: identity providers as they are reached, and what they said lately.
    - `public_url`: where browsers and providers reach it, without a slash at the end; None to take
      it from each request.
    - `requests_per_hour`: how many codes, guests or provider sign-ins one address may begin; None
      lifts the limit.
    - `trusted_proxies`: how many hops of `X-Forwarded-For` are the operator's own.
    """

    sealer: Sealer = field(repr=False)
    mailer: Mailer
    web: Web
    documents: ProviderDocuments
    public_url: str | None = None
    requests_per_hour: int | None = 1000
    trusted_proxies: int = 0

    def view(self, **handlers: SignInHandler) -> View:
        """A Django view from handlers named by method."""
        bound: dict[str, Any] = {name: partial(call, self) for name, call in handlers.items()}
        return endpoint(**bound)

    def address_of(self, call: Call) -> IPv4Address | IPv6Address | None:
        """Who asks; None where no address is known."""
        return call.client_address(self.trusted_proxies)

    def request_of(self, call: Call) -> Request:
        """Where a call comes from, as rules see it."""
        address = self.address_of(call)
        origin = call.request.headers.get("origin", "")
        return Request(ip="" if address is None else str(address), origin=origin)

    def origin_of(self, call: Call) -> str:
        """The server's public URL, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url
        return f"{call.request.scheme}://{call.request.get_host()}"
