"""Rows changed by plain SQL or by the Django ORM refresh the live queries that show them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.sdk.apps import App
from tests.sdk.chunks import link, update
from tests.sdk.core_clients import CoreClient, LiveQuery

PROJECT = Path(__file__).parents[2]
MANAGE_SECONDS = 60

ATTR = "(select id from attrs where app_id = %(app)s and etype = %(etype)s and label = %(label)s)"

UPDATE_VALUE = f"""
update triples set value = %(value)s
where app_id = %(app)s and entity_id = %(entity)s and attr_id = {ATTR}
"""

INSERT_VALUE = """
insert into triples
  (app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, value)
select app_id, %(entity)s, id, cardinality = 'one', value_type = 'ref', is_unique, is_indexed,
  value_type = 'ref', checked_data_type, %(value)s
from attrs
where app_id = %(app)s and etype = %(etype)s and label = %(label)s
"""

INSERT_ATTR = """
with attr as (
  insert into attrs (id, app_id, value_type, cardinality, forward_ident, etype, label)
  values (gen_random_uuid(), %(app)s, 'blob', 'one', gen_random_uuid(), %(etype)s, %(label)s)
  returning *
)
insert into idents (id, app_id, attr_id, etype, label)
select forward_ident, app_id, id, etype, label from attr
"""

ORM_UPDATE = """
from triples.models import Attr, Triple
text = Attr.objects.get(app_id={app!r}, etype="todos", label="text")
triples = Triple.objects.filter(app_id={app!r}, entity_id={entity!r}, attr_id=text.id)
triples.update(value="orm milk")
"""

ORM_DELETE = """
from triples.models import Triple
for triple in Triple.objects.filter(app_id={app!r}, entity_id={entity!r}):
    triple.delete()
"""

Sql = Callable[..., None]


class ServerWithDatabase(Protocol):
    """A server whose database tests may reach."""

    @property
    def database_url(self) -> str: ...


@pytest.fixture
def sql(server: ServerWithDatabase, app: App) -> Sql:
    """Run one statement in a connection that the server knows nothing of."""

    def run(statement: str, **values: Any) -> None:
        if "value" in values:
            values["value"] = Jsonb(values["value"])
        with psycopg.connect(server.database_url) as conn:
            assert conn.execute(statement, {"app": app.id, **values}).rowcount > 0

    return run


@pytest.fixture
def manage(server: ServerWithDatabase, app: App) -> Callable[..., None]:
    """Run Python in `manage.py shell`: another process, the ORM, the same database."""

    def run(code: str, **values: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", "shell", "-c", code.format(app=app.id, **values)],
            cwd=PROJECT,
            env=os.environ | {"INSTANT_DATABASE_URL": server.database_url},
            check=True,
            timeout=MANAGE_SECONDS,
        )

    return run


@pytest.fixture
def milk(bob: CoreClient) -> str:
    """A todo that is there before anything is asked."""
    milk = str(uuid.uuid4())
    bob.transact(update("todos", milk, {"text": "milk"}))
    return milk


@pytest.fixture
def todos(bob: CoreClient, milk: str) -> LiveQuery:
    """A live query that shows one todo."""
    live = bob.subscribe({"todos": {}})
    live.wait_for({"todos": [{"id": milk, "text": "milk"}]})
    return live


def test_updated_value_is_shown(todos: LiveQuery, milk: str, sql: Sql) -> None:
    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value="oat milk")

    todos.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})


def test_value_longer_than_a_page_is_shown(todos: LiveQuery, milk: str, sql: Sql) -> None:
    """PostgreSQL stores it out of line and leaves it out of the log of an unrelated update."""
    long_text = "".join(str(uuid.uuid4()) for _ in range(1000))
    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value=long_text)
    todos.wait_for({"todos": [{"id": milk, "text": long_text}]})

    sql("update triples set created_at = created_at + 1 where app_id = %(app)s")
    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value="short again")

    todos.wait_for({"todos": [{"id": milk, "text": "short again"}]})


def test_inserted_entity_is_shown(todos: LiveQuery, milk: str, sql: Sql) -> None:
    bread = str(uuid.uuid4())

    sql(INSERT_VALUE, entity=bread, etype="todos", label="id", value=bread)
    sql(INSERT_VALUE, entity=bread, etype="todos", label="text", value="bread")

    todos.wait_for({"todos": [{"id": milk, "text": "milk"}, {"id": bread, "text": "bread"}]})


def test_deleted_rows_are_gone(todos: LiveQuery, milk: str, sql: Sql) -> None:
    sql("delete from triples where app_id = %(app)s and entity_id = %(entity)s", entity=milk)

    todos.wait_for({"todos": []})


def test_new_attr_and_its_value_are_shown(todos: LiveQuery, milk: str, sql: Sql) -> None:
    sql(INSERT_ATTR, etype="todos", label="priority")
    sql(INSERT_VALUE, entity=milk, etype="todos", label="priority", value=3)

    todos.wait_for({"todos": [{"id": milk, "text": "milk", "priority": 3}]})


def test_entity_enters_and_leaves_a_filtered_answer(
    bob: CoreClient, todos: LiveQuery, milk: str, sql: Sql
) -> None:
    oat = bob.subscribe({"todos": {"$": {"where": {"text": "oat milk"}}}})
    oat.wait_for({"todos": []})

    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value="oat milk")
    oat.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})
    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value="soy milk")

    oat.wait_for({"todos": []})


def test_inserted_link_is_shown(bob: CoreClient, milk: str, sql: Sql) -> None:
    goal, other = str(uuid.uuid4()), str(uuid.uuid4())
    bob.transact(
        update("goals", other, {"title": "supper"}),
        update("goals", goal, {"title": "breakfast"}),
        link("goals", other, {"todos": milk}),
    )
    goals = bob.subscribe({"goals": {"$": {"where": {"title": "breakfast"}}, "todos": {}}})
    goals.wait_for({"goals": [{"id": goal, "title": "breakfast", "todos": []}]})

    sql(INSERT_VALUE, entity=goal, etype="goals", label="todos", value=milk)

    goals.wait_until(
        lambda data: data["goals"][0]["todos"] == [{"id": milk, "text": "milk"}], "milk"
    )


def test_change_through_the_orm_is_shown(
    todos: LiveQuery, milk: str, manage: Callable[..., None]
) -> None:
    manage(ORM_UPDATE, entity=milk)
    todos.wait_for({"todos": [{"id": milk, "text": "orm milk"}]})

    manage(ORM_DELETE, entity=milk)

    todos.wait_for({"todos": []})


def test_rolled_back_change_is_not_shown(
    server: ServerWithDatabase, bob: CoreClient, todos: LiveQuery, milk: str, app: App, sql: Sql
) -> None:
    values = {"app": app.id, "entity": milk, "etype": "todos", "label": "text"}
    with psycopg.connect(server.database_url) as conn:
        conn.execute(UPDATE_VALUE, values | {"value": Jsonb("never")})
        conn.rollback()

    sql(UPDATE_VALUE, entity=milk, etype="todos", label="text", value="oat milk")
    todos.wait_for({"todos": [{"id": milk, "text": "oat milk"}]})

    assert [shown.data["todos"][0]["text"] for shown in todos.shown] == ["milk", "oat milk"]


def test_status_set_in_the_database_reaches_connected_clients(
    bob: CoreClient, todos: LiveQuery, sql: Sql
) -> None:
    sql("update apps set status = 'disabled' where id = %(app)s")
    assert todos.wait_for_error()["message"] == "This app is currently disabled."

    sql("update apps set status = 'active' where id = %(app)s")

    todos.wait_until(lambda data: len(data["todos"]) == 1, "its todo again")
