"""One app's requests over HTTP leave connections of the database to the other apps (law 10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import httpx
import pytest

from tests.realtime.app_lock import ServerWithDatabase, app_lock_held
from tests.realtime.steps import new_id
from tests.sdk.apps import App, HttpServer

REQUESTS = 15  # more than a server has connections
TIMES = 10
WAITING_FOR_THE_APP_LOCK = """
select count(*) from pg_locks
where locktype = 'advisory' and not granted and database = (
  select oid from pg_database where datname = current_database())
"""


class Server(HttpServer, ServerWithDatabase, Protocol):
    """A server whose database tests may reach."""


BUSY = {
    "writes": ("admin/transact", {"steps": []}),
    "schemas": ("dash/apps/{app}/schema/steps/apply", {"steps": [["delete-attr", new_id()]]}),
    "users": ("admin/refresh_tokens", {"email": "ann@example.com"}),
}


@pytest.mark.parametrize("name", list(BUSY))
def test_requests_that_wait_for_their_app_do_not_hold_up_others(
    server: Server, app: App, other_app: App, name: str
) -> None:
    path, body = BUSY[name]
    with ThreadPoolExecutor(REQUESTS) as clients:
        with app_lock_held(server, app) as conn:
            waiting = [clients.submit(post, server, app, path, body) for _ in range(REQUESTS)]
            while conn.execute(WAITING_FOR_THE_APP_LOCK).fetchone() == (0,):
                pass
            for _ in range(TIMES):
                answer = post(server, other_app, "admin/query", {"query": {"todos": {}}})
                assert (answer.status_code, answer.json()) == (200, {"todos": []})
            assert not any(each.done() for each in waiting)
        assert {each.result().status_code for each in waiting} == {200}


def post(server: HttpServer, app: App, path: str, body: object) -> httpx.Response:
    url = f"{server.http_url}/{path.format(app=app.id)}"
    headers = {"app-id": app.id, "authorization": f"Bearer {app.admin_token}"}
    return httpx.post(url, json=body, headers=headers, timeout=60)
