"""Two server processes on one database: what one learns about sign-in holds in the other."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from instant_project.operator_login import FROM_AN_ADDRESS
from tests.realtime.peer import peer
from tests.sdk.admin import call, make_user
from tests.sdk.apps import App
from tests.served import ServedDatabase, ServerProcess
from tests.wire.operator_site import sign_in


@pytest.fixture(scope="module")
def second(
    server: ServedDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Another process beside `server`."""
    process = ServerProcess(tmp_path_factory.mktemp("second"), settings=server.settings)
    process.start()
    yield process
    process.close()


def test_signing_out_at_one_reaches_sessions_of_the_other(
    server: ServedDatabase, second: ServerProcess, app: App
) -> None:
    user = make_user(server, app, "ann@example.com")
    with peer(second, app.id) as session:
        assert session.init(app.id, refresh_token=user["refresh_token"])["op"] == "init-ok"
        body = {"app_id": app.id, "refresh_token": user["refresh_token"]}
        call(server, app, "POST", "runtime/signout", body)
        assert session.hear("error")["hint"] == {"record-type": "app-user"}


def test_guesses_at_both_are_counted_together(
    server: ServedDatabase, second: ServerProcess, app: App
) -> None:
    statuses = Counter(
        guess(process, app, "ann@example.com") for _ in range(15) for process in (server, second)
    )
    assert statuses == {400: 20, 429: 10}


@pytest.mark.asyncio
async def test_passwords_of_operators_guessed_at_both_are_counted_together(
    server: ServedDatabase, second: ServerProcess
) -> None:
    started, failed = time.monotonic(), 0
    for process in (server, second) * 10:
        async with httpx.AsyncClient(base_url=process.http_url, timeout=60) as browser:
            answer = await sign_in(browser, "operator", "not it")
        if "Too many sign-ins have failed" in answer.text:
            break
        failed += 1
    since_then = (time.monotonic() - started) * FROM_AN_ADDRESS.amount
    assert 10 <= failed <= 10 + since_then / FROM_AN_ADDRESS.period_seconds


def guess(process: ServerProcess, app: App, email: str) -> int:
    """The status of the answer to a wrong code."""
    request = urllib.request.Request(
        f"{process.http_url}/runtime/auth/verify_magic_code",
        data=json.dumps({"app-id": app.id, "email": email, "code": "wrong"}).encode(),
        headers={"content-type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
