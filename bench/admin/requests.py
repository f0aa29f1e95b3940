"""Requests over keep-alive connections, by a client that costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bench.percentiles import Percentiles


@dataclass(slots=True)
class Work:
    """One kind of request, made again and again; `took` in milliseconds."""

    name: str
    url: str
    headers: Mapping[str, str]
    body: Callable[[], Any]
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def rate(self) -> float:
        """Requests a second."""
        return len(self.took) / self.seconds

    def times(self) -> Percentiles:
        """How long they took."""
        return Percentiles.of(self.took)


async def work_for(work: Work, connections: int, seconds: float) -> None:
    """Make requests over so many connections, each the next one when the last was answered."""
    deadline = time.perf_counter() + seconds
    await asyncio.gather(*(_series(work, deadline) for _ in range(connections)))
    work.seconds += seconds


async def ask_once(work: Work) -> bytes:
    """The body of one answer."""
    reader, writer = await _connected(work)
    try:
        return await _asked(work, reader, writer)
    finally:
        writer.close()


async def _series(work: Work, deadline: float) -> None:
    reader, writer = await _connected(work)
    try:
        while time.perf_counter() < deadline:
            started = time.perf_counter()
            await _asked(work, reader, writer)
            work.took.append((time.perf_counter() - started) * 1000)
    finally:
        writer.close()


async def _connected(work: Work) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(work.url)
    return await asyncio.open_connection(parts.hostname, parts.port)


async def _asked(work: Work, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    body = json.dumps(work.body()).encode()
    head = {
        "host": "localhost",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **work.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    writer.write(f"POST {urlsplit(work.url).path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    content = await reader.readexactly(length)
    if b" 200 " not in answer.partition(b"\r\n")[0]:
        raise RuntimeError(content.decode())
    return content
