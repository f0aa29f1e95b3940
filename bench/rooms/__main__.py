"""How fast people in a room see each other: `python -m bench.rooms`.

100 peers in rooms of 10 publish their presence 10 times a second. Rows:
- bare sockets through a bare relay in Node, which passes frames on as they are
- the published SDK through a relay that speaks just enough of the protocol for it: the floor, for
  the SDK's own work is in it too. A hundred people share one Node process here
- the published SDK through the server: from `publishPresence` to another peer's callback

Blocks of all three alternate, and everything shares the machine. `--redis` puts the rooms into a
Redis started for the bench.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.percentiles import Percentiles, print_table
from bench.rooms.node import NodeProcess, node
from bench.server import bench_server
from tests.redis_server import redis_server
from tests.sdk.apps import create_app
from tests.sdk.node import install_sdks

ROOMS = 10
PEERS = 10
RATE = 10
BLOCK_SECONDS = 4.0
WARM_UP_SECONDS = 3.0
P95_MS = 60.0
TIMES_FLOOR = 3.0


def main() -> int:
    """Measure, print the table, and say whether the targets are met."""
    arguments = _arguments()
    install_sdks()
    sockets = Series("bare sockets, bare relay")
    floor = Series("floor: the SDK, bare relay")
    rooms = Series("publish → another's callback")
    all_series = [sockets, floor, rooms]
    with ExitStack() as stack:
        people = _people(stack, *all_series, with_redis=arguments.redis)
        for series in all_series:
            people.ask("run", who=series.name, seconds=WARM_UP_SECONDS, rate=RATE)
        for _ in range(arguments.blocks):
            for series in random.sample(all_series, len(all_series)):
                series.measure(people)
    return _report(sockets, floor, rooms)


@dataclass(slots=True)
class Series:
    """What all blocks of one kind took; `pid` is what serves them."""

    name: str
    pid: int = 0
    took: list[float] = field(default_factory=list)
    published: int = 0
    server_seconds: float = 0.0
    people_seconds: float = 0.0

    def measure(self, people: NodeProcess) -> None:
        """Run one block."""
        before = _cpu_seconds(self.pid)
        block = people.ask("run", who=self.name, seconds=BLOCK_SECONDS, rate=RATE)
        self.server_seconds += _cpu_seconds(self.pid) - before
        self.people_seconds += block["cpu"]
        self.took += block["took"]
        self.published += block["published"]

    def summary(self) -> str:
        """What was seen of what was published, and what an update cost."""
        seen = len(self.took) / (self.published * (PEERS - 1))
        server = self.server_seconds / self.published * 1000
        people = self.people_seconds / self.published * 1000
        return (
            f"{self.name}: {seen:.1%} of what was published was seen; CPU an update: "
            f"server {server:.2f} ms, its ten people {people:.2f} ms"
        )


def _cpu_seconds(pid: int) -> float:
    """What a process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _people(
    stack: ExitStack, sockets: Series, floor: Series, rooms: Series, *, with_redis: bool
) -> NodeProcess:
    """Everybody, connected and in their rooms."""
    settings: dict[str, str] = {}
    if with_redis:
        settings["INSTANT_REDIS_URL"] = stack.enter_context(redis_server()).url
    server = stack.enter_context(bench_server(**settings))
    relay = stack.enter_context(node("relay.mjs"))
    people = stack.enter_context(node("peers.mjs"))
    assert server.process is not None
    sockets.pid = floor.pid = relay.process.pid
    rooms.pid = server.process.pid
    size: dict[str, Any] = {"rooms": ROOMS, "peers": PEERS}
    relay_url = f"ws://127.0.0.1:{relay.read()}"
    people.ask("sockets", who=sockets.name, ws=relay_url, **size)
    client = {"app": create_app(server, "rooms bench").id, "http": server.http_url, **size}
    people.ask("sdk", who=floor.name, ws=f"{relay_url}/runtime/session", **client)
    people.ask("sdk", who=rooms.name, ws=server.ws_url, **client)
    return people


def _report(sockets: Series, floor: Series, rooms: Series) -> int:
    rows = [(series.name, Percentiles.of(series.took)) for series in (sockets, floor, rooms)]
    print_table(rows, rows[1][1])
    for series in (sockets, floor, rooms):
        print(series.summary())
    p95 = rows[2][1].p95
    times = p95 / rows[1][1].p95
    is_met = p95 <= P95_MS and times <= TIMES_FLOOR
    print(
        f"{'met' if is_met else 'MISSED'}: p95 {p95:.1f} ms ({P95_MS:g} allowed), "
        f"{times:.2f} × the floor's ({TIMES_FLOOR:g} allowed)"
    )
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.rooms", description=__doc__.split("\n")[0])
    parser.add_argument("--blocks", type=int, default=6, help="blocks of each row (6)")
    parser.add_argument("--redis", action="store_true", help="share rooms through a Redis")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
