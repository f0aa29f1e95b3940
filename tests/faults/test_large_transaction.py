"""One huge transaction behind the servers' backs: its watchers see it, memory stays bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from tests.faults.watched import Watched, watched_todo
from tests.realtime.steps import new_id
from tests.scaled import Scaled, scaled_shape
from tests.served import ServedDatabase, served_database

ROWS: Final = 50_000  # five times as many as are listed one by one
CAMPAIGN_ROWS: Final = 1_000_000
SEEN_SECONDS: Final = 240.0
MOST_GROWN_BYTES: Final = 48 * 1024 * 1024  # a million rows listed would be 600 MB

INSERT: Final = """
insert into triples (app_id, entity_id, attr_id, value)
select %s, gen_random_uuid(), %s, to_jsonb(md5(i::text)) from generate_series(1, %s) i
"""
SET_N: Final = "update triples set value = to_jsonb(1) where app_id = %s and attr_id = %s"


@pytest.fixture(params=["one process", "several"])
def shape(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServedDatabase | Scaled]:
    """A server that reads the log, or two and a worker that does."""
    if request.param == "one process":
        with served_database(tmp_path) as served:
            served.start()
            yield served
    else:
        with scaled_shape(tmp_path) as scaled:
            scaled.start()
            yield scaled


def test_watchers_see_a_huge_transaction_and_memory_stays_bounded(
    shape: ServedDatabase | Scaled, campaign: bool
) -> None:
    rows = CAMPAIGN_ROWS if campaign else ROWS
    with watched_todo(shape, "large") as watched:
        before = {name: _peak_bytes(pid) for name, pid in _processes(shape).items()}
        _write(watched, rows)
        watched.wait_until_all_show(1, SEEN_SECONDS)
        after = {name: _peak_bytes(pid) for name, pid in _processes(shape).items()}
    grown = {name: after[name] - before[name] for name in before}
    print({name: f"{more / 1e6:.1f} MB more" for name, more in grown.items()})
    assert max(grown.values()) < MOST_GROWN_BYTES, grown


def _write(watched: Watched, rows: int) -> None:
    with psycopg.connect(watched.database_url) as conn:
        conn.execute(INSERT, [watched.app.id, new_id(), rows])
        conn.execute(SET_N, [watched.app.id, watched.todos.attr_ids["n"]])


def _processes(shape: ServedDatabase | Scaled) -> dict[str, int]:
    if isinstance(shape, ServedDatabase):
        named = {"server": shape.process}
    else:
        named = {f"server {n}": each.process for n, each in enumerate(shape.servers)}
        named |= {f"worker {n}": each.process for n, each in enumerate(shape.workers)}
    return {name: process.pid for name, process in named.items() if process is not None}


def _peak_bytes(pid: int) -> int:
    """The most memory the process has had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024
