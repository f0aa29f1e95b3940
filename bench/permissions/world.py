"""An app of todos that all belong to one user and one team, among the rows of other apps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.sql import pool
from wire.ids import new_id

MEMBERS: Final = 20
OTHER_APPS: Final = 20


@dataclass(frozen=True, slots=True)
class TodoWorld:
    """The stored app, and the user who may see all of its todos."""

    app_id: str
    user_id: str
    rows: int


async def store_todos(rows: int) -> TodoWorld:
    """The app that is asked, and others of the same size, so that the table is not its alone."""
    async with pool.connection() as conn:
        for _ in range(OTHER_APPS):
            await store_world(conn, _world(rows, new_id()))
        user_id = new_id()
        world = _world(rows, user_id)
        await store_world(conn, world)
    return TodoWorld(world.app_id, user_id, rows)


def _world(rows: int, user_id: str) -> World:
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("teams", "name")
    builder.link("teams", "members", "$users", "teams")
    builder.blob("todos", "title", "string", indexed=True)
    builder.blob("todos", "done", "boolean")
    builder.blob("todos", "size", "number")
    builder.blob("todos", "ownerId")
    builder.link("todos", "team", "teams", "todos", cardinality="one")
    users = [user_id, *(new_id() for _ in range(MEMBERS - 1))]
    for number, user in enumerate(users):
        builder.entity("$users", user, number, email=f"user{number}@x.com")
    team = builder.entity("teams", new_id(), 1, name="all", members=users)
    for number in range(rows):
        builder.entity(
            "todos",
            new_id(),
            number,
            title=f"todo {number}",
            done=number % 2 == 0,
            size=number,
            ownerId=user_id,
            team=team,
        )
    world = builder.build()
    own = tuple(attr for attr in world.attrs if attr.catalog == "user")
    return World(world.app_id, own, world.triples)
