"""What `docs/operations.md` tells an operator to type works, for a role that is no superuser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from instant_project.env import PROJECT_DIR
from tests.faults.own_postgres import OwnPostgres, own_postgres
from tests.faults.watched import watched_todo
from tests.faults.workers import active_worker
from tests.scaled import Scaled, scaled_shape
from tests.served import as_url

PAGE: Final = (PROJECT_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
BLOCK: Final = re.compile(r"```sql\n(.*?)```", re.DOTALL)
PREPARE, READERS, WORKERS, GIVE_UP = BLOCK.findall(PAGE)


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as postgres:
        _execute(postgres.url, *PREPARE.split(";")[:-1])
        yield postgres


@pytest.fixture(scope="module")
def scaled(postgres: OwnPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaled]:
    url = as_url(make_conninfo(postgres.url, dbname="instant_data", user="instant_server"))
    folder: Path = tmp_path_factory.mktemp("scaled")
    with scaled_shape(folder, workers=2, database_url=url) as shape:
        shape.start()
        yield shape


def test_role_without_superuser_runs_everything_also_through_a_take_over(scaled: Scaled) -> None:
    with watched_todo(scaled, "ordinary") as watched:
        watched.set(1)
        watched.wait_until_all_show(1)
        active_worker(scaled).kill()
        watched.set(2)
        watched.wait_until_all_show(2)


def test_operator_sees_readers_and_workers_and_gives_up_a_slot(scaled: Scaled) -> None:
    for worker in scaled.workers:
        worker.close()
    active = scaled.workers[0]
    active.start()
    assert active_worker(scaled) is active
    assert active.process is not None
    scaled.wait_until_healthy()
    [(name, is_active)] = [row[:2] for row in _execute(scaled.database_url, READERS)]
    assert is_active
    [(worker, *_, holds_lock)] = _execute(scaled.database_url, WORKERS)
    assert (worker, holds_lock) == (f"instant-worker {active.process.pid}", True)
    active.stop()
    assert [row[:2] for row in _execute(scaled.database_url, READERS)] == [(name, False)]
    _execute(scaled.database_url, GIVE_UP)
    assert _execute(scaled.database_url, READERS) == []


def _execute(url: str, *statements: str) -> list[Any]:
    """Rows of the last statement, which are typed as they stand."""
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in statements:
            cursor = conn.execute(statement)
        return cursor.fetchall() if cursor.description else []
