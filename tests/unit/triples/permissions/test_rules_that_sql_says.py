"""Of the rules that people write about what may be seen, SQL says nearly all (decision 45).

The forms are those of the rules in the spec, and in the published documentation and examples of
Instant, with names of their own; those that ask about a write are left out.
"""

from __future__ import annotations

from itertools import count
from typing import Final

import pytest

from tests.oracle.world import WorldBuilder
from triples.attrs.catalog import AttrCatalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.permissions.asker import Asker
from triples.permissions.asking import Asking
from triples.permissions.in_sql.compile import RuleSql
from triples.permissions.in_sql.facts import Facts
from triples.permissions.in_sql.operands import Ground
from triples.permissions.in_sql.refusal import NotSql
from triples.permissions.parse import parse
from wire.ids import new_id

IN_SQL: Final = (
    "true",
    "false",
    "auth.id != null",
    "auth.id == data.id",
    "data.id == auth.id",
    "auth.id == data.ownerId",
    "data.owner == auth.id",
    "auth.id != null && auth.id == data.ownerId",
    "auth.id != null && auth.id == data.owner",
    "auth.id != null && auth.id in data.ref('team.owner.id')",
    "auth.id in data.ref('owner.id')",
    "auth.id in data.ref('team.members.id')",
    "auth.id in data.ref('team.members.role')",
    "auth.id in data.title.owner.id",
    "auth.id == data.ref('owner.id')",
    "data.ref('owner.id') == auth.id",
    "data.ref('owner.id') != []",
    "data.ref('owner.id') == []",
    "data.ref('owner.id') != null",
    "data.ref('owner.id')",
    "size(data.ref('owner.id')) == 0",
    "size(data.ref('owner.todos.id')) <= 2",
    "null in data.ref('owner.id')",
    "'a@b.c' in data.ref('owner.email')",
    "'boss' in auth.ref('$user.teams.name')",
    "auth.ref('$user.teams.name') == 'boss'",
    "data.id in auth.ref('$user.todos.id')",
    "data.owner in auth.ref('$user.linkedGuestUsers.id')",
    "auth.id == data.id || data.id in auth.ref('$user.teams.members.id')",
    "auth.email in ['a@b.c', 'b@b.c']",
    "auth.email == 'a@b.c'",
    "auth.id != null && auth.email.endsWith('@b.c')",
    "data.email == auth.email",
    "data.email.endsWith('@b.c')",
    "data.title.startsWith(auth.id + '/')",
    "data.title == null || data.title.size() >= 3",
    "!data.done || auth.role == 'boss'",
    "auth.role == 'active'",
    "auth.isAdmin",
    "data.id == ruleParams.knownId",
    "data.id in ruleParams.knownIds",
    "ruleParams.localId == data.title",
    "ruleParams.secret in data.ref('team.name')",
    "cel.bind(viewer, ruleParams.secret in data.ref('team.name'), viewer || data.done == true)",
    "request.ip == '9.9.9.9'",
    "auth.id == data.id || (data.owner != null && auth.id == data.owner)",
)
IN_PYTHON: Final = (
    "auth.ref('$user.teams.name')[0] == 'boss'",
    "(data.title + '_' + data.email) == data.key",
    "rateLimit.reads.limit(auth.id)",
    "math.abs((request.time - timestamp(data.updatedAt)).getMinutes()) <= 1",
)


@pytest.mark.parametrize("text", IN_SQL)
def test_rule_is_said_in_sql(text: str) -> None:
    assert _is_sql(text)


@pytest.mark.parametrize("text", IN_PYTHON)
def test_rule_is_left_to_python(text: str) -> None:
    assert not _is_sql(text)


def _nested(text: str, around: str, times: int) -> str:
    for _ in range(times):
        text = around.replace("@", text)
    return text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(_nested("data.title", "size(@)", 30) + " == 1", id="sizes of sizes"),
        pytest.param(_nested("data.title", "@.lowerAscii()", 40) + " == 'a'", id="cases of cases"),
        pytest.param(_nested("data", "@.a", 50) + " == 'a'", id="keys of keys"),
        pytest.param(
            _nested("data.done", "((@) ? true : data.done)", 20), id="conditions of conditions"
        ),
        pytest.param("size(data.title, data.title) == 1", id="size of two"),
        pytest.param("data.title.size(1) == 1", id="size with an argument"),
        pytest.param(r'data.title["a\u0000"] == 1', id="a key that is not stored"),
    ],
)
def test_rule_whose_sql_would_not_end_is_left_to_python(text: str) -> None:
    assert not _is_sql(text)


def test_nine_rules_in_ten_are_said_in_sql() -> None:
    assert len(IN_SQL) >= 0.9 * (len(IN_SQL) + len(IN_PYTHON))


def _is_sql(text: str) -> bool:
    asking = Asking(Asker(is_admin=False, user_id=new_id()), {"knownIds": [new_id()]})
    ground = Ground(new_id(), _catalog(), Facts(asking, first_slot=0), count(1))
    try:
        formula = RuleSql(ground, "todos").verdict(parse(text))
    except NotSql:
        return False
    assert formula.true("todo.id").text
    return True


def _catalog() -> AttrCatalog:
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("$users", "role")
    for label in ("title", "email", "ownerId", "done", "key", "updatedAt"):
        builder.blob("todos", label)
    builder.blob("teams", "name")
    builder.link("todos", "owner", "$users", "todos", cardinality="one")
    builder.link("todos", "team", "teams", "todos", cardinality="one")
    builder.link("teams", "owner", "$users", "owned", cardinality="one")
    builder.link("teams", "members", "$users", "teams")
    own = [attr for attr in builder.attrs.values() if attr.catalog == "user"]
    return AttrCatalog(new_id(), 0, own)
