"""A schema with attrs of every state, and what a query of it is refused with."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.oracle.world import World, WorldBuilder
from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import Viewer, prepare_query
from wire.errors import ValidationFailed
from wire.ids import new_id

ADMIN = Viewer(is_admin=True, user_id=None)
ROW_ID = new_id()
WHERE = ["users", "$", "where"]


@cache
def world() -> World:
    """Users and their shelves, with attrs of every state."""
    builder = WorldBuilder()
    builder.blob("users", "handle", "string", indexed=True, unique=True)
    builder.blob("users", "age", "number", indexed=True)
    builder.blob("users", "born", "date", indexed=True)
    builder.blob("users", "isAdmin", "boolean", indexed=True)
    builder.blob("users", "bio", "string")
    builder.blob("users", "nick", indexed=True)
    builder.blob("users", "notes")
    builder.link("users", "shelves", "shelves", "users")
    builder.blob("shelves", "name")
    return builder.build()


def attr_id(label: str) -> str:
    """The id of an attr of users."""
    attr = world().catalog.forward("users", label)
    assert attr is not None
    return attr.id


def refusal(query: Any, viewer: Viewer = ADMIN, catalog: AttrCatalog | None = None) -> Any:
    """The error's hint and message."""
    with pytest.raises(ValidationFailed) as caught:
        prepare_query(query, catalog or world().catalog, viewer)
    return caught.value.to_wire()


def assert_refused(
    query: Any, at: list[Any], expected: str, message: str | None, *, key: str = "expected"
) -> None:
    """The whole error, which has this one problem, is as §2.9 has it."""
    problem = {key: expected, "in": at, **({} if message is None else {"message": message})}
    suffix = "" if message is None else f": {message}"
    assert refusal(query) == {
        "type": "validation-failed",
        "message": f"Validation failed for query{suffix}",
        "hint": {"data-type": "query", "input": query, "errors": [problem]},
    }


def users(**options: Any) -> dict[str, Any]:
    """A top-level form with options."""
    return {"users": {"$": options}}


def nested(**options: Any) -> dict[str, Any]:
    """The same one level down."""
    return {"users": {"shelves": {"$": options}}}
