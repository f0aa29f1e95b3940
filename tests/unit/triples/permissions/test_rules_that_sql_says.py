"""Of the rules that people write about what may be seen, SQL says nearly all (decision 45).

`PUBLISHED` are all rules about entities and fields in the spec's examples and in the documentation,
examples and sandboxes of Instant, binds written out, each with the number of places where it
stands. What is only said of writes is not among them.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from triples.permissions.tree import Name, Node, Ref, Select, nodes_of
from wire.ids import new_id

PUBLISHED: Final[Mapping[str, int]] = {
    "true": 70,
    "false": 20,
    "auth.id != null": 7,
    "auth.id == data.id": 9,
    "auth.id != null && auth.id == data.id": 2,
    "auth.id == data.creatorId": 1,
    "auth.id != null && auth.id == data.ownerId": 1,
    "auth.id != null && auth.id == data.owner": 2,
    "data.owner == auth.id": 1,
    "data.createdBy == auth.id": 1,
    "auth.email == data.creatorEmail": 2,
    "data.email == auth.email": 2,
    "auth.id in data.ref('author.id')": 5,
    "auth.id in data.ref('owner.id')": 2,
    "auth.id in data.ref('users.id')": 1,
    "auth.id in data.ref('members.id')": 2,
    "auth.id in data.ref('admins.id')": 1,
    "auth.id in data.ref('habit.owner.id')": 1,
    "auth.id in data.ref('team.members.id')": 2,
    "auth.id in data.ref('project.admins.id')": 1,
    "auth.id in data.ref('project.members.id')": 1,
    "auth.id in data.ref('universes.users.id')": 1,
    "auth.id != null && auth.id in data.ref('chat.owner.id')": 4,
    "auth.id in data.ref('sender.id') || auth.id in data.ref('receiver.id')": 1,
    "auth.id == data.id || data.id in auth.ref('$user.memberProjects.members.id')": 1,
    "data.owner == auth.id || data.owner in auth.ref('$user.linkedGuestUsers.id')": 2,
    "auth.id == data.id"
    " || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)": 1,
    "auth.isAdmin": 1,
    "auth.id != null && auth.email.endsWith('@x.com')": 2,
    "(auth.id != null && auth.email.endsWith('@x.com')) || ruleParams.localId == data.localId": 3,
    "ruleParams.localId in data.ref('chat.localId')"
    " || (auth.id != null && auth.email.endsWith('@x.com'))": 1,
    "data.published == true || auth.id == data.authorId": 1,
    "data.isPublic == true": 1,
    "!data.isPremium || auth.subscriptionStatus == 'active'": 3,
    "data.path.startsWith('public/')": 1,
    "data.path.startsWith(auth.id + '/')": 5,
    "data.id == ruleParams.knownDocId": 1,
    "data.id in ruleParams.knownDocIds": 1,
    "ruleParams.secret == data.secret": 1,
    "ruleParams.knownDocId in data.ref('parent.id')": 1,
    "ruleParams.secret in data.ref('docLinks.secret')": 1,
    "ruleParams.token in data.ref('purchases.token')": 3,
    "ruleParams.secret in data.ref('viewLinks.secret')"
    " || ruleParams.secret in data.ref('editLinks.secret')": 2,
    "data.ref('members.id')": 1,
    "data.ref('owner.id') != []": 1,
    "data.ref('owner.id') != null": 1,
    "data.ref('admins.id') == auth.id": 1,
    "auth.id == data.ref('owner.id')": 1,
    "rateLimit.readMessages.limit(auth.id)": 1,
    "rateLimit.viewTodos.limit(auth.id)": 1,
}
BY_PYTHON: Final = [text for text in PUBLISHED if "rateLimit" in text]
"""Tokens are taken for each entity, one after the other."""

MISTAKES: Final = (
    "auth.id in data.ref('author')",
    "data.ref('owner') != []",
    "data.ref('owner.id').length > 0",
)
"""Published as what not to write: none has a value. Python says why."""

OTHER_FORMS: Final = (
    "auth.id in data.title.owner.id",
    "size(data.ref('owner.id')) == 0",
    "size(data.ref('owner.todos.id')) <= 2",
    "null in data.ref('owner.id')",
    "'a@b.c' in data.ref('owner.email')",
    "'boss' in auth.ref('$user.teams.name')",
    "auth.ref('$user.teams.name') == 'boss'",
    "data.id in auth.ref('$user.todos.id')",
    "auth.email in ['a@b.c', 'b@b.c']",
    "auth.email == 'a@b.c'",
    "data.title == null || data.title.size() >= 3",
    "!data.done || auth.role == 'boss'",
    "cel.bind(viewer, ruleParams.secret in data.ref('team.name'), viewer || data.done == true)",
    "request.ip == '9.9.9.9'",
    "data.a == 'v'",
    "1.5 == data.a",
    "data.a != 'v'",
    "data.a != null",
    "data.a && !data.b",
    "data.a in ['v', null]",
    "data.a < 3 && data.b >= 'x'",
    "data.a.endsWith('v') && data.a.contains('v')",
    "!(data.a == 'v' && data.b == 'w')",
    "data.a == data.b",
    "'v' in data.tags",
    "data.done == true ? data.a == 'v' : false",
    "data.tags.exists(t, t == 'v')",
)
"""What is written in rules of writes, and what §18 says of the reference, that it has a clause for
it or has none."""
OTHER_FORMS_BY_PYTHON: Final = (
    "auth.ref('$user.teams.name')[0] == 'boss'",
    "(data.title + '_' + data.email) == data.key",
    "math.abs((request.time - timestamp(data.updatedAt)).getMinutes()) <= 1",
    "data.title.matches('^v')",
    "type(data.a) == string",
)


@pytest.mark.parametrize(
    "text", [*(text for text in PUBLISHED if text not in BY_PYTHON), *OTHER_FORMS]
)
def test_rule_is_said_in_sql(text: str) -> None:
    assert _is_sql(text)


@pytest.mark.parametrize("text", [*BY_PYTHON, *MISTAKES, *OTHER_FORMS_BY_PYTHON])
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
    by_python = sum(PUBLISHED[text] for text in BY_PYTHON)
    assert len(BY_PYTHON) <= 0.1 * len(PUBLISHED), "of the different ones"
    assert by_python <= 0.1 * sum(PUBLISHED.values()), "of all, as often as they are written"


def _is_sql(text: str) -> bool:
    expression = parse(text)
    params = {"knownDocId": new_id(), "knownDocIds": [new_id()], "secret": "s", "token": "t"}
    asking = Asking(Asker(is_admin=False, user_id=new_id()), {**params, "localId": new_id()})
    ground = Ground(new_id(), _catalog_of(expression), Facts(asking, first_slot=0), count(1))
    try:
        formula = RuleSql(ground, "todos").verdict(expression)
    except NotSql:
        return False
    assert formula.true("todo.id").text
    return True


def _catalog_of(expression: Node) -> AttrCatalog:
    """Every attr that the rule names; a path leads through an etype for each of its links."""
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    for node in nodes_of(expression):
        match node:
            case Select(Name("data" | "auth" as source), label):
                _add_blob(builder, "todos" if source == "data" else "$users", label)
            case Ref("data", (link,)):
                builder.link("todos", link, "people", f"back_from_{link}")
            case Ref(source, (*links, label)):
                etype = "todos" if source == "data" else "$users"
                for link in links:
                    target = f"{link}_of_{etype}"
                    if (etype, link) not in builder.attrs:
                        builder.link(etype, link, target, f"back_from_{link}")
                    etype = target
                _add_blob(builder, etype, label)
    own = [attr for attr in builder.attrs.values() if attr.catalog == "user"]
    return AttrCatalog(new_id(), 0, own)


def _add_blob(builder: WorldBuilder, etype: str, label: str) -> None:
    if (etype, label) not in builder.attrs:
        builder.blob(etype, label)
