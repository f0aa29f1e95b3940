"""A world that rules guard, and asking it as one of its users.

teams   red (ann, bob)       blue (cat)
todos   shop   red, owner ann, public            size 3    done true
        cook   red, owner bob                    size 5    done false
        swim   blue, owner cat                   size null done null
        drift  no team, no owner, nothing but its id and title
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.oracle.world import World, WorldBuilder
from triples.attrs.catalog import AttrCatalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.instaql.tree import Tree, tree_of
from triples.permissions.rules import Rules
from triples.permissions.store import load_rules
from triples.sql.pool import Connection
from wire import json
from wire.ids import new_id

USERS: Final = ("ann", "bob", "cat")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A stored world, its entities by name, and the connection to ask it through."""

    conn: Connection
    catalog: AttrCatalog
    names: dict[str, str]
    in_python: bool = False

    async def push(self, code: dict[str, Any]) -> Rules:
        """Make these the app's rules."""
        await self.conn.execute(
            "insert into rules (app_id, code, version) values (%s::uuid, %s::jsonb, 0)"
            " on conflict (app_id) do update set code = excluded.code, version = rules.version + 1",
            (self.catalog.app_id, json.dumps(code).decode()),
        )
        return await load_rules(self.conn, self.catalog.app_id)

    async def ask(
        self, rules: Rules, query: dict[str, Any], user: str | None = None, **where_from: str
    ) -> Answer:
        """The wire answer for a user of the world, or for nobody."""
        prepared = self.prepared(rules, query, user, **where_from)
        answer = await run_query(self.conn, prepared)
        assert prepared.is_answered_by(answer)
        return answer

    async def tree(
        self, rules: Rules, query: dict[str, Any], user: str | None = None, **where_from: str
    ) -> Tree:
        """The answer as objects."""
        prepared = self.prepared(rules, query, user, **where_from)
        return tree_of(query, self.catalog, prepared, await run_query(self.conn, prepared))

    async def titles(
        self, rules: Rules, query: dict[str, Any], user: str | None = None, **where_from: str
    ) -> list[str]:
        """The titles of the todos that a query of todos shows, sorted."""
        found = await self.tree(rules, query, user, **where_from)
        return sorted(node["title"] for node in found["todos"])

    def prepared(
        self, rules: Rules, query: dict[str, Any], user: str | None = None, **where_from: str
    ) -> PreparedQuery:
        """The query, ready to be run; decided `in_python` if that is wanted."""
        viewer = self.viewer(user, **where_from)
        return prepare_query(
            query, self.catalog, viewer, rules, with_rows=True, in_python=self.in_python
        )

    def viewer(self, user: str | None, **where_from: str) -> Viewer:
        """Who asks."""
        user_id = None if user is None else self.names[user]
        return Viewer(is_admin=False, user_id=user_id, **where_from)


@cache
def teams_and_todos() -> tuple[World, dict[str, str]]:
    """The world of the table above."""
    names = {name: new_id() for name in (*USERS, "red", "blue", "shop", "cook", "swim", "drift")}
    at = names.__getitem__
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("$users", "role")
    builder.blob("$users", "staff", "boolean", indexed=True)
    builder.blob("teams", "name", "string", indexed=True)
    builder.link("teams", "members", "$users", "teams")
    builder.blob("todos", "title", "string", indexed=True)
    builder.blob("todos", "size")
    builder.blob("todos", "done", "boolean")
    builder.blob("todos", "isPublic")
    builder.blob("todos", "ownerId")
    builder.blob("todos", "tags")
    builder.blob("todos", "more")
    builder.blob("todos", "due", "date", indexed=True)
    builder.blob("todos", "secret", "string", indexed=True)
    builder.link("todos", "team", "teams", "todos", cardinality="one")
    builder.link("todos", "owner", "$users", "owned", cardinality="one")
    for number, name in enumerate(USERS):
        values = {"email": f"{name}@x.com", "role": "boss" if name == "ann" else "worker"}
        builder.entity("$users", at(name), number, **values)
    builder.entity("teams", at("red"), 10, name="red", members=[at("ann"), at("bob")])
    builder.entity("teams", at("blue"), 11, name="blue", members=[at("cat")])
    builder.entity(
        "todos",
        at("shop"),
        20,
        title="shop",
        size=3,
        done=True,
        isPublic=True,
        ownerId=at("ann"),
        tags=["home", "food"],
        more={"level": 2, "who": {"name": "ann"}},
        due="2026-01-01",
        secret="s-shop",
        team=at("red"),
        owner=at("ann"),
    )
    builder.entity(
        "todos",
        at("cook"),
        21,
        title="cook",
        size=5,
        done=False,
        ownerId=at("bob"),
        tags=["food"],
        more={"level": 1},
        due="2026-02-01",
        secret="s-cook",
        team=at("red"),
        owner=at("bob"),
    )
    builder.entity(
        "todos",
        at("swim"),
        22,
        title="swim",
        size=None,
        done=None,
        ownerId=at("cat"),
        tags=[],
        secret="s-swim",
        team=at("blue"),
        owner=at("cat"),
    )
    builder.entity("todos", at("drift"), 23, title="drift")
    builder.entity("$magicCodes", new_id(), 30, email="ann@x.com")
    builder.entity("$files", new_id(), 31, path="a.txt")
    builder.fill_nulls()
    world = builder.build()
    own = tuple(attr for attr in world.attrs if attr.catalog == "user")
    return World(world.app_id, own, world.triples), names
