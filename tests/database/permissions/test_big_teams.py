"""The work of a query with rules grows with the rows it shows, not with the square of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.permissions.guarded import Guarded
from tests.database.plans import discarded_rows, plans_of
from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.attrs.store import load_catalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

TODOS = 1_000
MEMBERS_ONLY = {
    "teams": {"allow": {"view": "auth.id in data.ref('members.id')"}},
    "todos": {"allow": {"view": "auth.id in data.ref('team.members.id')"}},
}


def big_team() -> tuple[World, dict[str, str], list[str]]:
    """One team with ann in it, and its thousand todos, half of them hers."""
    names = {name: new_id() for name in ("ann", "team")}
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("teams", "name")
    builder.link("teams", "members", "$users", "teams")
    builder.blob("todos", "slug", "string", unique=True, indexed=True)
    builder.link("todos", "team", "teams", "todos", cardinality="one")
    builder.link("todos", "owner", "$users", "owned", cardinality="one")
    builder.entity("$users", names["ann"], 0, email="ann@x.com")
    builder.entity("teams", names["team"], 1, name="all", members=[names["ann"]])
    todos = [new_id() for _ in range(TODOS)]
    for number, todo in enumerate(todos):
        owner = {"owner": names["ann"]} if number % 2 else {}
        builder.entity("todos", todo, number, slug=f"s{number}", team=names["team"], **owner)
    builder.fill_nulls()
    world = builder.build()
    own = tuple(attr for attr in world.attrs if attr.catalog == "user")
    return World(world.app_id, own, world.triples), names, todos


def options(where: dict[str, Any]) -> dict[str, Any]:
    """A form with a filter."""
    return {"$": {"where": where}}


async def stored_big_team(conn: Connection) -> tuple[Guarded, list[str]]:
    """The team, ready to be asked about, and the ids of its todos."""
    world, names, todos = big_team()
    await store_world(conn, world)
    await conn.execute("analyze triples")  # as PostgreSQL does by itself before long
    return Guarded(conn, await load_catalog(conn, world.app_id), names), todos


async def test_rows_are_compared_with_few_others(conn: Connection) -> None:
    guarded, todos = await stored_big_team(conn)
    rules = await guarded.push(MEMBERS_ONLY)
    slugs = [f"s{number}" for number in range(TODOS)]
    queries: dict[str, dict[str, Any]] = {
        "nested": {"teams": {"todos": {}}},
        "nested, hers": {"teams": {"todos": options({"owner.email": "ann@x.com"})}},
        "by ids": {"todos": options({"id": {"$in": todos}})},
        "by unique values": {"todos": options({"slug": {"$in": slugs}})},
        "by a link": {"todos": options({"team": guarded.names["team"]})},
        "by a path": {"todos": options({"team.name": "all"})},
        "by either": {"todos": options({"or": [{"id": {"$in": todos}}, {"slug": "s1"}]})},
    }
    compared = {}
    for name, query in queries.items():
        async with plans_of(conn) as plans:
            found = await guarded.tree(rules, query, "ann")
        assert plans
        shown = found["todos"] if "todos" in found else found["teams"][0]["todos"]
        assert len(shown) == (TODOS // 2 if name == "nested, hers" else TODOS)
        compared[name] = max(discarded_rows(plan) for plan in plans)
    assert max(compared.values()) < 20 * TODOS, compared
