"""Generated rules have one verdict in SQL and in Python, failures included (§13).

Rules of every kind are made; those that SQL can say are asked about every todo of a stored world,
for two users and for nobody, and closures are asked the same. Together with `test_rules`, where
closures are held against cel-python, the three agree.
"""

from __future__ import annotations

import random
from itertools import count
from typing import Any

import pytest

from tests.oracle.cel_python import FAILED
from tests.oracle.cel_text import cel_text
from tests.oracle.storing import store_world
from tests.oracle.world import World as StoredWorld
from tests.oracle.world import WorldBuilder
from tests.properties.rules import RuleMaker, World, make_world
from tests.properties.test_rules import by_closure
from tests.properties.verdicts import Verdicts
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.instaql.constants import bound
from triples.management.database import connect
from triples.permissions.asker import Asker
from triples.permissions.asking import Asking
from triples.permissions.closures import compile_expression
from triples.permissions.evaluate import permits
from triples.permissions.in_sql.compile import RuleSql
from triples.permissions.in_sql.facts import Facts, value_of
from triples.permissions.in_sql.formula import Formula
from triples.permissions.in_sql.operands import Ground
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.parse import parse
from triples.permissions.tree import Node
from triples.sql.fragment import Fragment, join, sql
from triples.sql.pool import Connection
from wire.ids import new_id

TODOS = 12
RULES_A_WORLD = 60
RULE_PARAMS = {"secret": "ab"}

pytestmark = pytest.mark.asyncio


async def test_sql_agrees_with_closures(django_db_setup: None, cases: int, seed: int) -> None:
    wanted, verdicts = cases * 5 // 2, Verdicts()
    rng = random.Random(seed)
    async with connect() as conn:
        while verdicts.tried < wanted:
            world = make_world(rng, agreed=False, todos=TODOS)
            catalog = await _stored(conn, world)
            maker = RuleMaker(rng, agreed=False)
            for _ in range(RULES_A_WORLD):
                text = cel_text(maker.rule())
                for user in (*world.users, None):
                    ours = await _by_sql(conn, catalog, world, parse(text), user)
                    if ours is None:
                        break
                    for todo, verdict in ours.items():
                        expected = _by_closure(world, parse(text), todo, user)
                        assert verdict == expected, (
                            f"seed {seed}: {text}\nof {world.todos[todo]}, for {user}"
                        )
                        verdicts.count(verdict)
    verdicts.assert_of_every_kind()


async def _by_sql(
    conn: Connection, catalog: AttrCatalog, world: World, expression: Node, user: str | None
) -> dict[str, Any] | None:
    """The verdict on each todo, or None where Python has to decide."""
    asking = Asking(Asker(is_admin=False, user_id=user), RULE_PARAMS)
    facts = Facts(asking, first_slot=0)
    try:
        formula = RuleSql(Ground(catalog.app_id, catalog, facts, count(1)), "todos").verdict(
            expression
        )
    except NotSql:
        return None
    ways = [formula.true("todo.id"), formula.is_false("todo.id"), *_of_all(formula)]
    statement = join(", ", ways).wrap("select todo.id, ", "") + sql(
        " from unnest(%s::uuid[]) as todo (id)", list(world.todos)
    )
    constants = tuple(None if node is None else value_of(node, asking) for node in facts.nodes)
    asked = bound(statement, constants)
    rows = await (await conn.execute(asked.text, asked.values)).fetchall()
    verdicts = {}
    for todo, is_true, is_false, *others in rows:
        assert (type(is_true), type(is_false)) == (bool, bool), "neither is ever null"
        assert not (is_true and is_false)
        assert others in ([], [is_true]), "a look at all todos finds the same"
        verdicts[todo] = is_true if is_true or is_false else FAILED
    return verdicts


def _of_all(formula: Formula) -> list[Fragment]:
    """The same for a statement that passes over all todos, where it has a form of its own."""
    return [] if formula.by_groups is None else [formula.of_all("todo.id")]


def _by_closure(world: World, expression: Node, todo: str, user: str | None) -> Any:
    outcome = by_closure(compile_expression(expression), world.refs, world.bindings(todo, user))
    return FAILED if outcome == FAILED else permits(outcome)


async def _stored(conn: Connection, world: World) -> AttrCatalog:
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("$users", "role")
    builder.blob("labels", "name")
    for label in ("title", "count", "ratio", "done", "ownerId", "tags", "sizes"):
        builder.blob("todos", label)
    builder.link("todos", "owner", "$users", "todos", cardinality="one")
    builder.link("todos", "labels", "labels", "todos")
    for user, fields in world.users.items():
        builder.entity("$users", user, 1, email=fields["email"], role=fields["role"])
    for todo, fields in world.todos.items():
        stored = {label: value for label, value in fields.items() if label != "id"}
        owner = world.owners[todo]
        names = [builder.entity("labels", new_id(), 1, name=name) for name in world.labels[todo]]
        links = {"labels": names, **({} if owner is None else {"owner": owner})}
        builder.entity("todos", todo, 1, **stored, **links)
    made = builder.build()
    own = tuple(attr for attr in made.attrs if attr.catalog == "user")
    await store_world(conn, StoredWorld(made.app_id, own, made.triples))
    return await load_catalog(conn, made.app_id)
