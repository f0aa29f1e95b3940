"""Size and speed of the browser client, beside the published core: `python -m bench.client`.

Size: each client bundled, minified and gzipped the same way. Time: 10,000 todos are held, one of
them is toggled optimistically, and a query is evaluated again; both engines do so in alternating
rounds of one Node process, and must show the same rows. Target: not slower, at most 20 KB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.client.size import LIMIT_BYTES, OURS, PUBLISHED, gzipped_bytes, published_bytes
from bench.percentiles import Percentiles
from tests.sdk.node import node_environment, program

SCRIPT: Final = Path(__file__).parent / "rounds.mjs"
RUN_SECONDS: Final = 600
MEASURED: Final = {
    "all": "toggle, then all todos",
    "open": "toggle, then those that are not done",
    "first 20": "toggle, then the newest 20",
    "build": "take an answer of all todos in",
}


def main() -> int:
    """Measure, print, and say whether the targets are met."""
    arguments = _arguments()
    ours, published = gzipped_bytes(OURS), published_bytes()
    print(f"size, bundled, minified, gzipped: {ours:,} bytes; published core {published:,} bytes")
    series = _series(arguments.todos, arguments.rounds)
    print(
        f"\n{arguments.todos:,} todos, p50 (p95) in ms {'ours':>18} {'core':>18}  {'ours/core':>9}"
    )
    times = {}
    for name, sentence in MEASURED.items():
        mine, theirs = series[f"{name} ours"], series[f"{name} core"]
        times[name] = mine.p50 / theirs.p50
        print(f"{sentence:38} {_shown(mine):>14} {_shown(theirs):>18}  {times[name]:9.2f}")
    is_met = ours <= LIMIT_BYTES and max(times.values()) <= 1
    print("targets met" if is_met else "TARGETS MISSED")
    return 0 if is_met else 1


def _shown(series: Percentiles) -> str:
    return f"{series.p50:.1f} ({series.p95:.1f})"


def _series(todos: int, rounds: int) -> dict[str, Percentiles]:
    done = subprocess.run(
        [program("node"), str(SCRIPT), str(todos), str(rounds), str(PUBLISHED)],
        env=node_environment(),
        stdout=subprocess.PIPE,
        timeout=RUN_SECONDS,
        check=True,
    )
    measured: dict[str, list[float]] = json.loads(done.stdout)
    return {name: Percentiles.of(times) for name, times in measured.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m bench.client")
    parser.add_argument("--todos", type=int, default=10_000, help="how many are held")
    parser.add_argument("--rounds", type=int, default=100, help="toggles of each engine")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
