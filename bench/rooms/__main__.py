"""How fast people in a room see each other: `python -m bench.rooms`.

100 peers in rooms of 10 publish their presence 10 times a second. Rows: from `publishPresence` to
the callback of another peer, with the published SDK; and the floor, the same number of sockets and
frames through a bare relay in Node. Blocks of both alternate; clients share one Node process, and
everything shares the machine. `--redis` puts the rooms into a Redis started for the bench.
"""

from __future__ import annotations

import argparse
import random
import sys
from contextlib import ExitStack
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
    took: dict[str, list[float]] = {"core": [], "relay": []}
    published = dict.fromkeys(took, 0)
    with ExitStack() as stack:
        people = _people(stack, with_redis=arguments.redis)
        for who in took:
            people.ask("run", who=who, seconds=WARM_UP_SECONDS, rate=RATE)
        for _ in range(arguments.blocks):
            for who in random.sample(sorted(took), len(took)):
                block = people.ask("run", who=who, seconds=BLOCK_SECONDS, rate=RATE)
                took[who] += block["took"]
                published[who] += block["published"]
    return _report(took, published)


def _people(stack: ExitStack, *, with_redis: bool) -> NodeProcess:
    """Everybody, connected and in their rooms."""
    settings: dict[str, str] = {}
    if with_redis:
        settings["INSTANT_REDIS_URL"] = stack.enter_context(redis_server()).url
    server = stack.enter_context(bench_server(**settings))
    relay = stack.enter_context(node("relay.mjs"))
    people = stack.enter_context(node("peers.mjs"))
    size: dict[str, Any] = {"rooms": ROOMS, "peers": PEERS}
    app = create_app(server, "rooms bench")
    people.ask("relay", port=relay.read(), **size)
    people.ask("core", app=app.id, http=server.http_url, ws=server.ws_url, **size)
    return people


def _report(took: dict[str, list[float]], published: dict[str, int]) -> int:
    floor, rooms = Percentiles.of(took["relay"]), Percentiles.of(took["core"])
    print_table([("floor: bare relay", floor), ("publish → another's callback", rooms)], floor)
    seen = {who: len(series) / (published[who] * (PEERS - 1)) for who, series in took.items()}
    print(f"seen of what was published: relay {seen['relay']:.1%}, rooms {seen['core']:.1%}")
    times = rooms.p95 / floor.p95
    is_met = rooms.p95 <= P95_MS and times <= TIMES_FLOOR
    word = "met" if is_met else "MISSED"
    print(f"{word}: p95 {rooms.p95:.1f} ms ({P95_MS:g} allowed), {times:.2f} × the floor's", end="")
    print(f" ({TIMES_FLOOR:g} allowed)")
    return 0 if is_met else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.rooms", description=__doc__.split("\n")[0])
    parser.add_argument("--blocks", type=int, default=6, help="blocks of each row (6)")
    parser.add_argument("--redis", action="store_true", help="share rooms through a Redis")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
