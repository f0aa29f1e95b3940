"""The published SDK and the browser client on one app: each shows what the other writes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.browser.person import Person, Todos, recipe
from tests.sdk.apps import App, HttpServer, create_app
from tests.sdk.chunks import delete, update
from tests.sdk.core_clients import CoreClient, ServerAddress, core_process


@pytest.fixture
def app(server: HttpServer) -> App:
    """An app of this test alone."""
    return create_app(server, "stand in")


@pytest.fixture
def published(server: ServerAddress, app: App) -> Iterator[CoreClient]:
    """A client of the published SDK, in Node."""
    with core_process(server) as process:
        yield process.connect(app.id, "published")


@pytest.fixture
def ours(person: Person, app: App) -> Todos:
    """The todo recipe in Chromium."""
    shown = Todos(person.open(recipe("todos", app.id)))
    shown.wait_until_online()
    return shown


def test_each_shows_what_the_other_writes(published: CoreClient, ours: Todos) -> None:
    todos = published.subscribe({"todos": {}})
    ours.add("milk")  # makes the attrs
    todos.wait_until(lambda data: texts(data) == ["milk"], "milk of the browser client")
    bread = str(uuid.uuid4())
    published.transact(update("todos", bread, {"text": "bread", "done": False}))
    ours.expect_texts("milk", "bread")
    ours.toggle("bread")
    todos.wait_until(lambda data: done(data) == ["bread"], "bread to be done")
    published.transact(delete("todos", bread))
    ours.expect_texts("milk")


def test_both_make_the_same_attrs_offline_and_meet(
    published: CoreClient, ours: Todos, person: Person
) -> None:
    ours.go_offline()
    ours.add("eggs")
    todo = str(uuid.uuid4())
    published.transact(update("todos", todo, {"text": "tea", "done": True}))
    todos = published.subscribe({"todos": {}})
    ours.go_online()
    ours.expect_texts("tea", "eggs")
    todos.wait_until(lambda data: sorted(texts(data)) == ["eggs", "tea"], "both todos")
    assert person.complaints == []


def texts(data: object) -> list[str]:
    return [todo["text"] for todo in rows(data)]


def done(data: object) -> list[str]:
    return [todo["text"] for todo in rows(data) if todo["done"]]


def rows(data: object) -> list[dict[str, str]]:
    found = data.get("todos", []) if isinstance(data, dict) else []
    assert isinstance(found, list)
    return found
