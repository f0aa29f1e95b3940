"""A small world with rules: ann and bob, their todos, and whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg.types.json import Jsonb

from tests.database.transact.writer import GUEST, Writer
from triples.transact.transact import Author
from wire.errors import PermissionDenied

Steps = Callable[[Writer], list[Any]]

_PUT = """
insert into rules (app_id, code) values (%s::uuid, %s)
on conflict (app_id) do update set code = excluded.code, version = rules.version + 1
"""


async def rule(writer: Writer, **sections: Any) -> None:
    """Store these rules; a section that is a text rules all actions of its etype."""
    code = {
        etype: {"allow": {"$default": section}} if isinstance(section, str) else section
        for etype, section in sections.items()
    }
    await writer.conn.execute(_PUT, (writer.app_id, Jsonb(code)))


def user(writer: Writer, nickname: str, **where: str) -> Author:
    """A signed-in user."""
    return Author(is_admin=False, user_id=writer.entity(nickname), **where)


def params(writer: Writer, nickname: str, etype: str, **values: Any) -> list[Any]:
    """A `rule-params` step."""
    return ["rule-params", writer.entity(nickname), etype, values]


def delete(writer: Writer, nickname: str, etype: str) -> list[Any]:
    """A `delete-entity` step."""
    return ["delete-entity", writer.entity(nickname), etype]


def retract(writer: Writer, nickname: str, name: str, value: Any) -> list[Any]:
    """A `retract-triple` step."""
    return ["retract-triple", writer.entity(nickname), writer.attr(name), value]


def link(world: Writer, nickname: str, label: str, target: str) -> list[Any]:
    """Steps that link a todo."""
    return [world.add(nickname, f"todos.{label}", world.entity(target))]


async def denied(world: Writer, steps: list[Any], nickname: str | None = "ann") -> str | None:
    """The etype that Ann, by default, is denied; None if the write was done."""
    author = GUEST if nickname is None else user(world, nickname)
    denial: PermissionDenied | None = None
    try:
        await world.write(*steps, author=author)
    except PermissionDenied as error:
        denial = error
    if denial is None:
        return None
    assert denial.message == "Permission denied: not perms-pass?"
    assert denial.hint["expected"] == "perms-pass?"
    etype, scope = denial.hint["input"]
    assert scope == ("attr" if etype == "attrs" else "object")
    return str(etype)
