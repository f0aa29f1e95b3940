"""Asking servers whose addresses strangers chose: public ones only, and not for long.

Developers type discovery URLs, and discovery documents name more URLs. Each host is looked up here
and the connection goes to the very address that was checked, so that a name cannot mean another
machine a moment later. Nothing is followed to another place. Spec: http-api.md §5.3.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import httpx

from wire import json

TOTAL_SECONDS: Final = 10.0
MAX_ADDRESSES: Final = 3  # of one host
LOOKED_UP_AT_ONCE: Final = 8
MAX_BYTES: Final = 1024 * 1024
# Apple answers to programs it does not know with an error.
USER_AGENT: Final = "Mozilla/5.0 (compatible; InstantServer/1.0)"

_MAX_AGE: Final = re.compile(r"max-age\s*=\s*(\d{1,9})", re.IGNORECASE)
# Networks that Python calls global: the last is a site's own, the others lead to IPv4 addresses
# that are written inside them.
_NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "fec0::/10"),
    )
)
_GZIP_WINDOW_BITS: Final = 31  # zlib's way to say gzip

# Threads of their own: a stranger's name server that does not answer must not keep the rules of
# other apps, which are read in the event loop's own few threads, from being read.
_RESOLVERS: Final = ThreadPoolExecutor(LOOKED_UP_AT_ONCE, thread_name_prefix="name look-up")

Address = IPv4Address | IPv6Address


class NotReached(Exception):
    """The server is not public, does not answer, or answers what nobody can use."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, a JSON object (empty if it was none), and how long it keeps."""

    status: int
    fields: dict[str, Any]
    items: list[Any]
    max_age_seconds: int | None

    @property
    def is_ok(self) -> bool:
        """Whether the server granted the request."""
        return self.status == 200


class Web:
    """The network as identity providers are reached through it.

    `allows_private` opens it to plain HTTP and to addresses of this machine and of its own network:
    for tests, and for providers that run beside the server. `tls` says whose certificates are
    believed; by default those that browsers believe.
    """

    def __init__(self, *, allows_private: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self._allows_private = allows_private
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Fetch JSON; raises `NotReached`."""
        return await self._ask("GET", url, headers, None)

    async def post_form(self, url: str, form: Mapping[str, str]) -> Reply:
        """Post a form and read JSON; raises `NotReached`."""
        return await self._ask("POST", url, None, form)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None, form: Any
    ) -> Reply:
        sent = {
            "user-agent": USER_AGENT,
            "accept": "application/json",
            "accept-encoding": "identity",
            **(headers or {}),
        }
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._client() as client:
                target = self._checked(url)
                async with client.stream(method, target, headers=sent, data=form) as response:
                    return _reply(response, await _limited(response))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise NotReached(type(error).__name__) from error

    def _client(self) -> httpx.AsyncClient:
        """One connection a request: a kept one is known by its address, and that has many names."""
        transport = _CheckedTransport(self._allows_private, self._tls)
        return httpx.AsyncClient(transport=transport, trust_env=False, timeout=TOTAL_SECONDS)

    def _checked(self, url: str) -> httpx.URL:
        target = httpx.URL(url)
        schemes = {"http", "https"} if self._allows_private else {"https"}
        if target.scheme not in schemes or not target.host or target.userinfo:
            raise NotReached("not an address of a public server")
        return target


class _CheckedTransport(httpx.AsyncBaseTransport):
    """Connects to an address that was looked up and checked; TLS is for the host's name."""

    def __init__(self, allows_private: bool, tls: ssl.SSLContext) -> None:
        self._allows_private = allows_private
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(verify=tls, limits=limits, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the first of the host's addresses that can be connected to."""
        host = request.url.host
        *others, last = await self._addresses(host, request.url.port or 443)
        for address in others:
            with suppress(httpx.ConnectError):
                return await self._ask(request, host, address)
        return await self._ask(request, host, last)

    async def _ask(self, request: httpx.Request, host: str, address: Address) -> httpx.Response:
        return await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url.copy_with(host=str(address)),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
        )

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _addresses(self, host: str, port: int) -> list[Address]:
        """The host's addresses, at least one; `NotReached` if any of them is private."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            _RESOLVERS, socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM
        )
        addresses = [ip_address(entry[4][0]) for entry in found]
        if not addresses or not (self._allows_private or all(map(is_public, addresses))):
            raise NotReached("not an address of a public server")
        return addresses[:MAX_ADDRESSES]


def is_public(address: Address) -> bool:
    """Whether the address is somebody's on the internet, whatever it is wrapped in."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _NOT_PUBLIC):
            return False
    return address.is_global and not address.is_multicast


async def _limited(response: httpx.Response) -> bytes:
    """The body; some servers compress it though they were asked not to."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise NotReached("the answer is too long")
    match response.headers.get("content-encoding", "identity").strip().lower():
        case "identity":
            return bytes(body)
        case "gzip":
            return _unpacked(bytes(body))
        case _:
            raise NotReached("the answer is encoded")


def _unpacked(packed: bytes) -> bytes:
    """No more is unpacked than may be read, whatever it would become."""
    try:
        body = zlib.decompressobj(_GZIP_WINDOW_BITS).decompress(packed, MAX_BYTES + 1)
    except zlib.error as error:
        raise NotReached("the answer is not what it says") from error
    if len(body) > MAX_BYTES:
        raise NotReached("the answer is too long")
    return body


def _reply(response: httpx.Response, body: bytes) -> Reply:
    try:
        value = json.loads(body)
    except json.JsonError:
        value = None
    max_age = _MAX_AGE.search(response.headers.get("cache-control", ""))
    return Reply(
        status=response.status_code,
        fields=value if isinstance(value, dict) else {},
        items=value if isinstance(value, list) else [],
        max_age_seconds=int(max_age[1]) if max_age else None,
    )
