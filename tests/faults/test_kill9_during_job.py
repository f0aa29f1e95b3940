"""`kill -9` of the server in the middle of a background job: the next one ends it (§10.1)."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg

from tests.realtime.peer import peer
from tests.realtime.steps import Namespace
from tests.sdk.apps import App, create_app
from tests.served import POLL_SECONDS, ServedDatabase

VALUES = 80_000
KILL_AFTER = (1, VALUES // 3)
JOB_SECONDS = 120.0

FILL = """
insert into triples (app_id, entity_id, attr_id, ea, av, value)
select %(app)s::uuid, entity, attr, true, attr = %(id)s::uuid,
  case when attr = %(id)s::uuid then to_jsonb(entity) else to_jsonb(n) end
from generate_series(1, %(count)s) as n,
  lateral (select md5(n::text)::uuid as entity) as made,
  unnest(array[%(id)s, %(rank)s]::uuid[]) as attr
"""
STATE = "select job_status, error, work_completed, work_estimate from indexing_jobs where id = %s"
RIGHT = """
select count(*) from triples
where app_id = %s and attr_id = %s and ave and checked_data_type is null
"""


def test_job_goes_on_after_each_kill(restartable: ServedDatabase) -> None:
    app = create_app(restartable, "job")
    todos = Namespace.of("todos", "rank")
    with peer(restartable, app.id) as ann:
        ann.init(app.id)
        assert ann.transact(*todos.add_attrs())["op"] == "transact-ok"
    with psycopg.connect(restartable.database_url, autocommit=True) as conn:
        ids = {"id": todos.attr_ids["id"], "rank": todos.attr_ids["rank"]}
        conn.execute(FILL, {"app": app.id, "count": VALUES, **ids})
        job_id = _queued(restartable, app, todos.attr_ids["rank"])

        for passed in KILL_AFTER:
            state = _until(conn, job_id, partial(_has_passed, passed))
            assert state[0] == "processing", "it was too quick to be killed"
            restartable.kill()
            restartable.start()

        state = _until(conn, job_id, lambda row: row[0] in ("completed", "errored"))
        assert state == ("completed", None, 2 * VALUES, 2 * VALUES)
        assert conn.execute(RIGHT, [app.id, todos.attr_ids["rank"]]).fetchone() == (VALUES,)


def _has_passed(rows: int, state: tuple[Any, ...]) -> bool:
    return int(state[2]) >= rows


def _queued(server: ServedDatabase, app: App, attr_id: str) -> str:
    request = urllib.request.Request(
        f"{server.http_url}/dash/apps/{app.id}/indexing-jobs",
        data=json.dumps({"attr-id": attr_id, "job-type": "index"}).encode(),
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {app.admin_token}",
        },
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(json.load(response)["job"]["id"])


def _until(
    conn: psycopg.Connection[Any], job_id: str, holds: Callable[[tuple[Any, ...]], bool]
) -> tuple[Any, ...]:
    """The job's state once it is so."""
    deadline = time.monotonic() + JOB_SECONDS
    while True:
        state = conn.execute(STATE, [job_id]).fetchone()
        assert state is not None
        if holds(state):
            return tuple(state)
        assert time.monotonic() < deadline, f"the job stands still: {state}"
        time.sleep(POLL_SECONDS)
