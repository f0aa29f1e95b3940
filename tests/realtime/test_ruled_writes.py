"""Rules decide about the writes of sockets; refusals are exact (transactions-permissions §6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App, HttpServer, push_rules


@pytest.fixture
def todos(ann: Peer) -> Namespace:
    """A namespace whose attrs are stored."""
    namespace = Namespace.of("todos", "text")
    assert ann.transact(*namespace.add_attrs())["op"] == "transact-ok"
    return namespace


def allow(**rules: Any) -> dict[str, Any]:
    """Rules for todos."""
    return {"todos": {"allow": rules}}


def test_denied_write_gets_the_documented_error(
    server: HttpServer, app: App, ann: Peer, todos: Namespace
) -> None:
    push_rules(server, app, allow(create="data.text.startsWith('good')"))
    assert ann.transact(*todos.put(new_id(), text="good"))["op"] == "transact-ok"
    steps = todos.put(new_id(), text="bad")
    event = ann.say("transact", tx_steps=steps)
    refusal = ann.hear("error", event)
    assert refusal.pop("original-event")["tx-steps"] == steps
    assert refusal == {
        "op": "error",
        "client-event-id": event,
        "status": 400,
        "type": "permission-denied",
        "message": "Permission denied: not perms-pass?",
        "hint": {"input": ["todos", "object"], "expected": "perms-pass?"},
    }


@pytest.mark.parametrize(
    ("rule", "type", "status"),
    [
        ("data.text > 1", "permission-evaluation-failed", 400),
        ("rateLimit.one.limit(null, 2)", "rate-limited", 400),
    ],
)
def test_rule_without_a_verdict_gets_its_error(
    server: HttpServer,
    app: App,
    ann: Peer,
    todos: Namespace,
    rule: str,
    type: str,
    status: int,
) -> None:
    limits = {"$rateLimits": {"one": {"limits": [{"capacity": 1}]}}}
    push_rules(server, app, allow(create=rule) | limits)
    refusal = ann.transact(*todos.put(new_id(), text="a"))
    assert (refusal["type"], refusal["status"]) == (type, status)


def test_rules_know_the_address_of_a_socket(
    server: HttpServer, app: App, ann: Peer, todos: Namespace
) -> None:
    push_rules(server, app, allow(create="request.ip == '127.0.0.1'"))
    assert ann.transact(*todos.put(new_id(), text="a"))["op"] == "transact-ok"
    push_rules(server, app, allow(create="request.ip != '127.0.0.1'"))
    assert ann.transact(*todos.put(new_id(), text="a"))["type"] == "permission-denied"
