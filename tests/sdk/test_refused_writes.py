"""A write that the server refuses leaves no trace, with its author or with anybody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Protocol

import psycopg
import pytest

from tests.realtime.app_lock import ServerWithDatabase, app_lock_held
from tests.realtime.peer import SocketServer, peer
from tests.realtime.steps import Namespace
from tests.sdk.apps import App
from tests.sdk.chunks import Chunk, create, update, update_existing
from tests.sdk.core_clients import CoreClient, LiveQuery
from tests.sdk.core_driver import SdkError

TODOS: dict[str, Any] = {"todos": {}}

Connect = Callable[[str], CoreClient]

SET_TEXT = """
update triples set value = '"rye bread"' where app_id = %s and entity_id = %s and value = '"bread"'
"""


class Server(SocketServer, ServerWithDatabase, Protocol):
    """A server whose socket and database tests may reach."""


@pytest.fixture
def milk(bob: CoreClient) -> str:
    """A todo that exists, so that creating it again is refused."""
    milk = str(uuid.uuid4())
    bob.transact(update("todos", milk, {"text": "milk"}))
    return milk


def _texts(live: LiveQuery) -> list[list[str]]:
    """The texts of every answer that was shown."""
    return [sorted(todo["text"] for todo in shown.data["todos"]) for shown in live.shown]


def stolen_in_vain(milk: str) -> list[Chunk]:
    """Changes milk at once on the author's screen; the second half is refused, and so is all."""
    nothing = str(uuid.uuid4())
    return [
        update("todos", milk, {"text": "stolen"}),
        update_existing("todos", nothing, {"text": "stolen"}),
    ]


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(lambda milk: [create("todos", milk, {"text": "stolen"})], id="create of milk"),
        pytest.param(stolen_in_vain, id="update beside a refused step"),
    ],
)
def test_author_goes_back_to_what_is_stored(
    ann: CoreClient, bob: CoreClient, milk: str, refused: Callable[[str], list[Chunk]]
) -> None:
    mine, theirs = ann.subscribe(TODOS), bob.subscribe(TODOS)
    stored = {"todos": [{"id": milk, "text": "milk"}]}
    mine.wait_for(stored)
    theirs.wait_for(stored)

    with pytest.raises(SdkError) as refusal:
        ann.transact(*refused(milk))
    mine.wait_for(stored)
    bob.transact(update("todos", milk, {"text": "oat milk"}))
    theirs.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})

    assert refusal.value.message.startswith("Validation failed")
    assert _texts(theirs) == [["milk"], ["oat milk"]]
    mine.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})


def test_answer_that_arrived_while_the_write_was_pending_is_corrected(
    server: Server, app: App, ann: CoreClient, milk: str
) -> None:
    """The SDK builds a pending write into what arrives, and would show it until the next change."""
    bread = str(uuid.uuid4())
    todos = ann.subscribe(TODOS)
    todos.wait_until(_shows("milk"), "milk")
    ann.transact(update("todos", bread, {"text": "bread"}))
    todos.wait_until(_shows("bread", "milk"), "both todos")

    with app_lock_held(server, app):
        pending = ann.start_transact(*stolen_in_vain(milk))
        todos.wait_until(_shows("bread", "stolen"), "the pending write")
        with psycopg.connect(server.database_url) as conn:
            assert conn.execute(SET_TEXT, [app.id, bread]).rowcount == 1
        todos.wait_until(_shows("rye bread", "stolen"), "the news and the pending write")
    with pytest.raises(SdkError):
        pending.result()

    todos.wait_until(_shows("milk", "rye bread"), "what is stored")


def test_answer_that_crossed_the_refused_write_is_corrected(
    ann: CoreClient, bob: CoreClient, milk: str
) -> None:
    """Sent before the write had arrived, read after it was made: so it was built in as well."""
    mine, theirs = ann.subscribe(TODOS), bob.subscribe(TODOS)
    for live in (mine, theirs):
        live.wait_until(_shows("milk"), "milk")
    nothing = str(uuid.uuid4())

    ann.pause_reading()
    bob.transact(update("todos", milk, {"text": "oat milk"}))
    theirs.wait_until(_shows("oat milk"), "oat milk")
    refused = ann.start_transact(
        update("todos", str(uuid.uuid4()), {"text": "stolen"}),
        update_existing("todos", nothing, {"text": "stolen"}),
    )
    mine.wait_until(_shows("milk", "stolen"), "the pending write")
    ann.resume_reading()
    with pytest.raises(SdkError):
        refused.result()

    mine.wait_until(_shows("oat milk"), "what is stored")


def test_value_that_is_taken_is_refused_with_its_name(
    server: Server, app: App, ann: CoreClient
) -> None:
    users = Namespace.of("people", "email")
    with peer(server, app.id) as schema:
        schema.init(app.id)
        email = {**users.attr("email"), "unique?": True, "index?": True}
        done = schema.transact(["add-attr", users.attr("id")], ["add-attr", email])
        assert done["op"] == "transact-ok"
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    people = ann.subscribe({"people": {}})
    people.wait_for({"people": []})  # it knows the attrs now
    ann.transact(update("people", first, {"email": "a@example.com"}))

    with pytest.raises(SdkError) as refusal:
        ann.transact(update("people", second, {"email": "a@example.com"}))

    hint = refusal.value.hint
    assert (hint["etype"], hint["label"], hint["value"]) == ("people", "email", '"a@example.com"')
    people.wait_for({"people": [{"id": first, "email": "a@example.com"}]})


def test_writes_after_a_refused_one_are_done(ann: CoreClient, bob: CoreClient, milk: str) -> None:
    mine, theirs = ann.subscribe(TODOS), bob.subscribe(TODOS)
    mine.wait_until(_shows("milk"), "milk")
    bread = str(uuid.uuid4())

    refused = ann.start_transact(create("todos", milk, {"text": "stolen"}))
    accepted = ann.start_transact(create("todos", bread, {"text": "bread"}))

    with pytest.raises(SdkError):
        refused.result()
    assert accepted.result()["status"] == "synced"
    theirs.wait_until(_shows("bread", "milk"), "both todos")


def _shows(*texts: str) -> Callable[[Any], bool]:
    return lambda data: sorted(todo["text"] for todo in data["todos"]) == sorted(texts)
