"""2,000 sockets: memory of each, and all of them coming back at once: `python -m bench.sockets`.

Memory is that of the server process: before any socket, with all of them logged in, and with one
live query each (one of 50 different ones, as people look at a few pages). Then all connections
are cut, something is written, and all come back at once, log in and ask again.
Targets: at most 60 kB a socket with a live query; back and right within 20 s.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from bench.raw_socket import CORE_VERSIONS, RawSocket, allow_many_sockets, logged_in
from bench.server import BenchServer, bench_server
from tests.realtime.steps import Namespace
from tests.sdk.apps import create_app

PAGES = 50
AT_ONCE = 50
KB_A_SOCKET = 60.0
STORM_SECONDS = 20.0
FOREVER_SECONDS = 120.0


def main() -> int:
    """Measure, print what was found, and say whether the targets are met."""
    arguments = _arguments()
    allow_many_sockets()
    with bench_server() as server:
        app = create_app(server, "sockets bench")
        return asyncio.run(_measure(server, app.id, arguments.sockets))


async def _measure(server: BenchServer, app_id: str, count: int) -> int:
    items = Namespace.of("items", "page", "text")
    writer = await logged_in(server.ws_url, app_id)
    await writer.ask({"op": "transact", "tx-steps": items.add_attrs()})
    entities = [str(uuid.uuid4()) for _ in range(PAGES)]
    steps = [
        step
        for page, entity in enumerate(entities)
        for step in items.put(entity, page=page, text="x" * 200)
    ]
    await writer.ask({"op": "transact", "tx-steps": steps})
    empty = _memory_kb(server)
    sockets: list[RawSocket] = []
    while len(sockets) < count:
        size = min(AT_ONCE, count - len(sockets))
        sockets += await asyncio.gather(*(logged_in(server.ws_url, app_id) for _ in range(size)))
    idle = _memory_kb(server)
    for first in range(0, count, AT_ONCE):
        group = list(enumerate(sockets[first : first + AT_ONCE], first))
        await asyncio.gather(*(socket.ask(_query(number)) for number, socket in group))
    watching = _memory_kb(server)

    mark = str(uuid.uuid4())
    for socket in sockets:
        socket.abort()
    writes = [["add-triple", e, items.attr_ids["text"], mark] for e in entities]
    await writer.ask({"op": "transact", "tx-steps": writes})
    began = time.monotonic()
    back = [asyncio.create_task(_come_back(server, app_id, n, mark)) for n in range(count)]
    async with asyncio.timeout(FOREVER_SECONDS):
        at = sorted(await asyncio.gather(*back))
    return _report(count, empty, idle, watching, at[len(at) // 2] - began, at[-1] - began)


async def _come_back(server: BenchServer, app_id: str, number: int, mark: str) -> float:
    """Connect, log in and ask; when the answer with the mark was there."""
    while True:
        try:
            socket = await RawSocket.connect(f"{server.ws_url}?app_id={app_id}")
            break
        except OSError:
            await asyncio.sleep(1.0)  # as SDKs do after a failure
    init = {"op": "init", "app-id": app_id, "versions": CORE_VERSIONS}
    assert (await socket.ask(init))["op"] == "init-ok"
    answer = await socket.ask(_query(number))
    assert mark in str(answer["result"]), answer
    return time.monotonic()


def _query(number: int) -> dict[str, Any]:
    return {"op": "add-query", "q": {"items": {"$": {"where": {"page": number % PAGES}}}}}


def _memory_kb(server: BenchServer) -> int:
    """What the server process holds of memory."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def _report(count: int, empty: int, idle: int, watching: int, half: float, last: float) -> int:
    each_idle, each = (idle - empty) / count, (watching - empty) / count
    over_idle = (watching - idle) / count
    print(f"server without sockets                   {empty / 1024:8.0f} MB")
    print(f"each of {count:,} sockets, logged in         {each_idle:8.1f} kB")
    print(f"each with a live query                   {each:8.1f} kB ({over_idle:.1f} over idle)")
    print(f"all cut, half of them back and right     {half:8.1f} s")
    print(f"all cut, the last one back and right     {last:8.1f} s")
    is_met = over_idle <= KB_A_SOCKET and last <= STORM_SECONDS
    print(
        f"{'met' if is_met else 'MISSED'}: {over_idle:.1f} kB over idle ({KB_A_SOCKET:g} allowed),"
        f" {last:.1f} s ({STORM_SECONDS:g} allowed)"
    )
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.sockets", description=__doc__.split("\n")[0])
    parser.add_argument("--sockets", type=int, default=2_000, help="how many (2,000)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
