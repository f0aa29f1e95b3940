"""What a session gets after a write of its own was refused (spec/README.md, "settled").

The SDK builds its pending write into every answer that arrives meanwhile. After the refusal it
needs those answers once more, and those that show what the write was about; nobody else does.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.realtime.app_lock import ServerWithDatabase, app_lock_held
from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, new_id
from tests.sdk.apps import App

TODOS: dict[str, Any] = {"todos": {}}

SET_TEXT = """
update triples set value = to_jsonb(%s::text)
where app_id = %s and entity_id = %s and attr_id = %s
"""


@pytest.fixture
def todos(bob: Peer) -> Namespace:
    """A namespace whose attrs are stored."""
    namespace = Namespace.of("todos", "text")
    assert bob.transact(*namespace.add_attrs())["op"] == "transact-ok"
    return namespace


@pytest.fixture
def milk(bob: Peer, todos: Namespace) -> str:
    """A todo that exists, so that creating it again is refused."""
    milk = new_id()
    assert bob.transact(*todos.put(milk, text="milk"))["op"] == "transact-ok"
    return milk


def test_answer_that_shows_the_refused_entity_is_sent_again(
    ann: Peer, todos: Namespace, milk: str
) -> None:
    ann.ask("add-query", q=TODOS)

    event = ann.say("transact", tx_steps=todos.put(milk, mode="create", text="stolen"))

    replies = [ann.hear_where(_is_answer_or_refusal, "a reply") for _ in range(2)]
    assert [reply["op"] for reply in replies] == ["error", "refresh-ok"]
    assert replies[0]["client-event-id"] == event
    [computation] = replies[1]["computations"]
    assert computation["instaql-query"] == TODOS
    assert todos.rows(computation["instaql-result"])[milk]["text"] == "milk"


def test_answer_that_was_sent_while_the_write_was_pending_is_sent_again(
    server: ServerWithDatabase, ann: Peer, app: App, todos: Namespace, milk: str
) -> None:
    """The refused write is about milk; the answer about bread came while it was pending."""
    bread = new_id()
    ann.transact(*todos.put(bread, text="bread"))
    about_bread = {"todos": {"$": {"where": {"id": bread}}}}
    ann.ask("add-query", q=about_bread)
    ann.fence()
    with app_lock_held(server, app):
        event = ann.say("transact", tx_steps=todos.put(milk, mode="create", text="stolen"))
        _set_text(server, app, todos, bread, "rye bread")
        first = ann.hear_where(_has_answers, "rye bread")

    assert ann.hear("error", event)["type"] == "validation-failed"
    again = ann.hear_where(_has_answers, "rye bread again")
    assert again["computations"] == first["computations"]
    assert todos.rows(again["computations"][0]["instaql-result"])[bread]["text"] == "rye bread"


def test_answer_that_may_have_crossed_the_refused_write_is_sent_again(
    ann: Peer, bob: Peer, todos: Namespace, milk: str
) -> None:
    """It left before the write arrived and may have been read after the write was made."""
    ann.ask("add-query", q=TODOS)
    bob.transact(*todos.put(milk, text="oat milk"))
    first = ann.hear_where(_has_answers, "oat milk")

    refusal = ann.transact(*todos.put(new_id(), mode="update", text="stolen"))
    again = ann.hear_where(_has_answers, "oat milk again")

    assert refusal["op"] == "error"
    assert again["computations"] == first["computations"]


def test_other_sessions_are_left_alone(ann: Peer, bob: Peer, todos: Namespace, milk: str) -> None:
    for peer in (ann, bob):
        peer.ask("add-query", q=TODOS)

    refusal = ann.transact(*todos.put(milk, mode="create", text="stolen"))
    ann.transact(*todos.put(milk, text="oat milk"))

    assert refusal["op"] == "error"
    assert _texts(ann, todos, milk, until="oat milk") == ["milk", "oat milk"]
    assert _texts(bob, todos, milk, until="oat milk") == ["oat milk"]


def _set_text(
    server: ServerWithDatabase, app: App, todos: Namespace, entity: str, text: str
) -> None:
    values = [text, app.id, entity, todos.attr_ids["text"]]
    with psycopg.connect(server.database_url) as conn:
        assert conn.execute(SET_TEXT, values).rowcount == 1


def _texts(peer: Peer, todos: Namespace, entity: str, until: str) -> list[str]:
    """What every further refresh says of one todo, up to a given text."""
    texts: list[str] = []
    while until not in texts:
        refresh = peer.hear_where(_has_answers, until)
        texts += [
            todos.rows(computation["instaql-result"])[entity]["text"]
            for computation in refresh["computations"]
        ]
    return texts


def _has_answers(message: Message) -> bool:
    return message["op"] == "refresh-ok" and bool(message["computations"])


def _is_answer_or_refusal(message: Message) -> bool:
    return message["op"] == "error" or _has_answers(message)
