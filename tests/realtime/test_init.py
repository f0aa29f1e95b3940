"""`init`: what it accepts, what it refuses and how (realtime.md §4, checklist 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.realtime.peer import CORE_VERSIONS, Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App

GHOST = "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"versions": CORE_VERSIONS}, id="the published client"),
        pytest.param({"versions": {"@instantdb/core": "1.0.67"}}, id="version without v"),
        pytest.param({"versions": {"@instantdb/core": "v1.0.67-dev"}}, id="dev version"),
        pytest.param({"versions": {"@instantdb/core": "experimental!"}}, id="unreadable version"),
        pytest.param({"versions": {"@instantdb/core": 7}}, id="version of another type"),
        pytest.param({"versions": "v1"}, id="versions of another type"),
        pytest.param({"versions": None}, id="versions null"),
        pytest.param({"refresh-token": None, "__admin-token": None}, id="tokens null"),
        pytest.param({"unknown": {"field": 1}}, id="unknown field"),
    ],
)
def test_init_is_accepted(stranger: Peer, app: App, fields: dict[str, Any]) -> None:
    assert stranger.ask("init", **{"app-id": app.id, **fields})["op"] == "init-ok"


@pytest.mark.parametrize(
    ("fields", "type", "hint"),
    [
        pytest.param(
            {"app-id": GHOST}, "record-not-found", {"record-type": "app"}, id="unknown app"
        ),
        pytest.param({}, "param-missing", {"in": ["app-id"]}, id="no app id"),
        pytest.param({"app-id": "todo"}, "param-malformed", {"in": ["app-id"]}, id="bad app id"),
        pytest.param({"app-id": [GHOST]}, "param-malformed", {"in": ["app-id"]}, id="list"),
        pytest.param(
            {"refresh-token": GHOST},
            "record-not-found",
            {"record-type": "app-user"},
            id="unknown refresh token",
        ),
        pytest.param(
            {"__admin-token": GHOST},
            "record-not-found",
            {"record-type": "app-admin-token"},
            id="unknown admin token",
        ),
        pytest.param(
            {"__admin-token": "secret"},
            "record-not-found",
            {"record-type": "app-admin-token"},
            id="admin token that is no uuid",
        ),
    ],
)
def test_init_is_refused(
    stranger: Peer, app: App, fields: dict[str, Any], type: str, hint: dict[str, Any]
) -> None:
    with_app = fields if "app-id" in fields or not fields else {"app-id": app.id, **fields}

    refusal = stranger.ask("init", **with_app)

    assert (refusal["op"], refusal["type"], refusal["status"]) == ("error", type, 400)
    assert refusal["hint"].items() >= hint.items()
    assert refusal["original-event"]["op"] == "init"
    assert stranger.init(app.id)["op"] == "init-ok", "the socket stays open for another try"


def test_refusal_does_not_repeat_the_tokens(stranger: Peer, app: App) -> None:
    refusal = stranger.init(app.id, **{"refresh-token": GHOST, "__admin-token": GHOST})

    assert GHOST not in str(refusal)


def test_admin_token_opens_an_admin_session(stranger: Peer, app: App) -> None:
    ready = stranger.init(app.id, **{"__admin-token": app.admin_token})

    assert ready["auth"]["admin?"] is True
    assert app.admin_token not in str(ready)


def test_admin_token_of_another_app_is_refused(stranger: Peer, app: App, other_app: App) -> None:
    refusal = stranger.init(app.id, **{"__admin-token": other_app.admin_token})

    assert refusal["hint"]["record-type"] == "app-admin-token"


def test_second_init_is_refused_and_changes_nothing(ann: Peer, app: App, other_app: App) -> None:
    refusal = ann.init(other_app.id)

    assert refusal["type"] == "validation-failed"
    assert refusal["hint"]["data-type"] == "init"
    assert ann.ask("add-query", q={"todos": {}})["op"] == "add-query-ok"


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        pytest.param("add-query", {"q": {"todos": {}}}, id="add-query"),
        pytest.param("remove-query", {"q": {"todos": {}}}, id="remove-query"),
        pytest.param("transact", {"tx-steps": []}, id="transact"),
    ],
)
def test_op_before_init_is_refused(
    stranger: Peer, app: App, op: str, fields: dict[str, Any]
) -> None:
    refusal = stranger.ask(op, **fields)

    assert refusal["type"] == "validation-failed"
    assert refusal["hint"]["data-type"] == "init"
    assert refusal["original-event"]["op"] == op
    assert stranger.init(app.id)["op"] == "init-ok"


@pytest.mark.parametrize(
    ("versions", "always_attrs"),
    [
        pytest.param(CORE_VERSIONS, False, id="published client"),
        pytest.param({"@instantdb/core": "v0.20.5"}, False, id="first with skip-attrs"),
        pytest.param({"@instantdb/core": "v0.20.4"}, True, id="last without skip-attrs"),
        pytest.param({}, True, id="no versions"),
    ],
)
def test_refresh_repeats_attrs_only_for_clients_that_need_it(
    stranger: Peer, ann: Peer, app: App, versions: dict[str, str], always_attrs: bool
) -> None:
    todos, milk = Namespace.of("todos", "text"), new_id()
    ann.transact(*todos.add_attrs(), *todos.put(milk, text="milk"))
    stranger.ask("init", **{"app-id": app.id, "versions": versions})
    stranger.ask("add-query", q={"todos": {}})

    ann.transact(*todos.put(milk, text="oat milk"))
    refresh = stranger.hear_where(
        lambda message: message["op"] == "refresh-ok" and message["computations"] != [], "a refresh"
    )

    assert ("attrs" in refresh) is always_attrs


def test_sessions_have_their_own_ids(join: Callable[[], Peer]) -> None:
    sessions = {join().messages[0]["session-id"] for _ in range(3)}

    assert len(sessions) == 3
