"""Which servers may be asked on a stranger's word (http-api.md §5.3)."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncIterator
from ipaddress import ip_address

import pytest
import pytest_asyncio

from auth_app.oauth.web import LOOKED_UP_AT_ONCE, MAX_BYTES, NotReached, Web, is_public
from tests.until import until


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b:1::7f00:1", False),
        ("::7f00:1", False),
        ("::ffff:0:7f00:1", False),
        ("2002:7f00:1::", False),
        ("fec0::1", False),
    ],
)
def test_address_is_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://localhost/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://127.1/x",
        "http://example.com/x",
        "ftp://example.com/x",
        "file:///etc/passwd",
        "https://user:password@example.com/x",
        "https:///x",
        "not a url",
        "https://exa mple.com/",
        "",
    ],
)
async def test_server_is_not_asked(url: str) -> None:
    with pytest.raises(NotReached):
        await Web().get(url)


class Provider:
    """A server on a loopback port that answers every request in one way."""

    def __init__(self) -> None:
        self.encoding, self.body = "identity", b"{}"
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {self.encoding}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        writer.close()


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    running = Provider()
    server = await asyncio.start_server(running.answer, "127.0.0.1", 0)
    running.port = server.sockets[0].getsockname()[1]
    async with server:
        yield running


async def asked(provider: Provider) -> dict[str, object]:
    reply = await Web(allows_private=True).get(f"http://127.0.0.1:{provider.port}/")
    return reply.fields


@pytest.mark.asyncio
async def test_compressed_answer_is_read(provider: Provider) -> None:
    provider.encoding, provider.body = "gzip", gzip.compress(b'{"a": 1}')
    assert await asked(provider) == {"a": 1}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        pytest.param("gzip", gzip.compress(b" " * (MAX_BYTES + 1)), id="long once unpacked"),
        pytest.param("gzip", b"{}", id="not compressed"),
        pytest.param("br", b"{}", id="another encoding"),
        pytest.param("identity", b" " * (MAX_BYTES + 1), id="long"),
    ],
)
async def test_answer_is_not_read(provider: Provider, encoding: str, body: bytes) -> None:
    provider.encoding, provider.body = encoding, body
    with pytest.raises(NotReached):
        await asked(provider)


@pytest.mark.asyncio
async def test_names_that_nobody_resolves_leave_threads_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, asked_for = threading.Event(), set()

    def silent(name: object, *asked: object) -> list[object]:
        asked_for.add(name)
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    web = Web()
    waiting = [
        asyncio.create_task(web.get(f"https://silent{number}.example/"))
        for number in range(4 * LOOKED_UP_AT_ONCE)
    ]
    try:
        await until(lambda: len(asked_for) == LOOKED_UP_AT_ONCE, pause_seconds=0.001)
        assert await asyncio.to_thread(lambda: "rules were read") == "rules were read"
    finally:
        answered.set()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {NotReached}
