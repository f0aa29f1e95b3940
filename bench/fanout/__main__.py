"""One write to 1,000 subscribers of one query: `python -m bench.fanout`.

Each round changes one of ten items and waits until the last subscriber has the new answer. Beside
it, in the same run, a plain Channels group sends a frame of the same size to as many sockets.
Target: the last one is reached within 3 times what the group takes, with one SQL query a change.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.percentiles import Percentiles, print_table
from bench.raw_socket import RawSocket, allow_many_sockets, logged_in
from bench.server import bench_server
from tests.realtime.steps import Namespace
from tests.sdk.apps import create_app
from tests.served import free_port

BLOCK = 5
ITEMS = 10
TIMES_FLOOR = 3.0
START_SECONDS = 30.0
ROUND_SECONDS = 60.0
AT_ONCE = 50  # connections that are opened side by side
ANSWERS = re.compile(r"^instant_answer_seconds_count ([0-9.e+]+)$", re.MULTILINE)


class Everybody:
    """Many sockets, and when the last of them got a frame that holds a mark."""

    def __init__(self, sockets: list[RawSocket]) -> None:
        self._sockets = sockets
        self._mark = b""
        self._missing = 0
        self._first_at = 0.0
        self._all_there = asyncio.Event()
        self.frame_size = 0
        for socket in sockets:
            socket.on_text = self._hear

    def expect(self, mark: bytes) -> None:
        """From now on each socket should get one frame with this mark."""
        self._mark, self._missing, self._first_at = mark, len(self._sockets), 0.0
        self._all_there.clear()

    async def last_at(self) -> tuple[float, float]:
        """When the first, and when the last socket got it."""
        async with asyncio.timeout(ROUND_SECONDS):
            await self._all_there.wait()
        return self._first_at, self._at

    def _hear(self, text: bytes, at: float) -> None:
        if self._mark and self._mark in text:
            self.frame_size = len(text)
            self._first_at = self._first_at or at
            self._at = at
            self._missing -= 1
            if self._missing == 0:
                self._all_there.set()


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    arguments = _arguments()
    allow_many_sockets()
    with bench_server() as server, _broadcast_server() as broadcast_url:
        app = create_app(server, "fanout bench")
        return asyncio.run(_measure(arguments, server, app.id, broadcast_url))


async def _measure(
    arguments: argparse.Namespace, server: Any, app_id: str, broadcast_url: str
) -> int:
    items, ids = Namespace.of("items", "text"), [str(uuid.uuid4()) for _ in range(ITEMS)]
    writer = await logged_in(server.ws_url, app_id)
    steps = [step for entity in ids for step in items.put(entity, text="x" * 100)]
    await writer.ask({"op": "transact", "tx-steps": items.add_attrs()})
    await writer.ask({"op": "transact", "tx-steps": steps})
    subscribers = Everybody(
        await _opened(arguments.sockets, lambda: _subscribed(server.ws_url, app_id))
    )
    group = Everybody(
        await _opened(arguments.sockets, lambda: RawSocket.connect(f"{broadcast_url}/"))
    )
    sender = await RawSocket.connect(f"{broadcast_url}/")
    took: dict[str, list[float]] = {"group": [], "product": [], "first": []}
    answers_before = _answers(server.http_url)
    changes = 0
    for _ in range(arguments.rounds // BLOCK):
        for who in random.sample(("group", "product"), 2):
            for _ in range(BLOCK):
                mark = str(uuid.uuid4())
                if who == "product":
                    subscribers.expect(mark.encode())
                    began, changes = time.monotonic(), changes + 1
                    text = ["add-triple", random.choice(ids), items.attr_ids["text"], mark]
                    writer.send({"op": "transact", "tx-steps": [text], "client-event-id": mark})
                    first, last = await subscribers.last_at()
                    took["first"].append((first - began) * 1000)
                else:
                    group.expect(mark.encode())
                    size = subscribers.frame_size or 2_000
                    began = time.monotonic()
                    sender.send_frame(0x81, mark.encode() + b"x" * (size - len(mark)))
                    _, last = await group.last_at()
                took[who].append((last - began) * 1000)
    answers = (_answers(server.http_url) - answers_before) / changes
    return _report(arguments.sockets, took, answers, subscribers.frame_size)


async def _subscribed(url: str, app_id: str) -> RawSocket:
    socket = await logged_in(url, app_id)
    answer = await socket.ask({"op": "add-query", "q": {"items": {}}})
    assert answer["op"] == "add-query-ok", answer
    return socket


async def _opened(count: int, connect: Any) -> list[RawSocket]:
    opened: list[RawSocket] = []
    while len(opened) < count:
        opened += await asyncio.gather(
            *(connect() for _ in range(min(AT_ONCE, count - len(opened))))
        )
    return opened


def _answers(http_url: str) -> float:
    with urllib.request.urlopen(f"{http_url}/metrics", timeout=30) as answer:
        found = ANSWERS.search(answer.read().decode())
    assert found is not None
    return float(found[1])


@contextmanager
def _broadcast_server() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "bench.fanout.broadcast:application"),
            *("--port", str(port), "--loop", "uvloop", "--ws", "websockets-sansio"),
            *("--lifespan", "off", "--log-level", "warning", "--ws-per-message-deflate", "false"),
        ]
    )
    try:
        _wait_for(port, process)
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            asyncio.run(RawSocket.connect(f"ws://127.0.0.1:{port}/"))
            return
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)


def _report(sockets: int, took: dict[str, list[float]], answers: float, size: int) -> int:
    floor, product = Percentiles.of(took["group"]), Percentiles.of(took["product"])
    rows = [
        (f"floor: Channels group, last of {sockets:,}", floor),
        (f"write → refresh, first of {sockets:,}", Percentiles.of(took["first"])),
        (f"write → refresh, last of {sockets:,}", product),
    ]
    print_table(rows, floor)
    times = product.p50 / floor.p50
    is_met = times <= TIMES_FLOOR and answers <= 1.0
    print(f"frames of {size:,} bytes; SQL queries a change: {answers:.2f} (1 allowed)")
    print(f"{'met' if is_met else 'MISSED'}: {times:.2f} × the group ({TIMES_FLOOR:g} allowed)")
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.fanout", description=__doc__.split("\n")[0])
    parser.add_argument("--sockets", type=int, default=1_000, help="subscribers (1,000)")
    parser.add_argument("--rounds", type=int, default=30, help="changes (30)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
