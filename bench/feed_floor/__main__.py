"""`python -m bench.feed_floor`: the floor of the latency bench on this machine, as one row."""

from __future__ import annotations

import argparse
import os

from bench.feed_floor.floor import measure_floor
from bench.percentiles import Percentiles, print_table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.feed_floor", description=__doc__)
    parser.add_argument("--rounds", type=int, default=500, help="how many inserts (500)")
    rounds = parser.parse_args().rounds
    took = Percentiles.of(measure_floor(os.environ["INSTANT_DATABASE_URL"], rounds))
    print_table([("floor: commit → decoded → frame", took)], took)


if __name__ == "__main__":
    main()
