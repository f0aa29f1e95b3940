"""Which rules a write must pass, and what they see (transactions-permissions.md §13, §14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.database.transact.ruled import delete, params, retract, rule, user
from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples.attrs.system_catalog import SYSTEM_ATTRS
from wire.errors import (
    PermissionDenied,
    PermissionEvaluationFailed,
    RecordNotFound,
    RecordNotUnique,
    ValidationFailed,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

Steps = Callable[[Writer], list[Any]]
OWN = "auth.id != null && auth.id == data.owner"


@pytest_asyncio.fixture
async def world(writer: Writer) -> Writer:
    """Ann with the todo `mine`, tagged `red`, and its child `sub`; Bob with the todo `his`."""
    writer.attr_ids |= {f"{a.etype}.{a.label}": a.id for a in SYSTEM_ATTRS}
    await writer.write(
        writer.add_attr("$users.role"),
        writer.add_attr("todos.id"),
        writer.add_attr("todos.title"),
        writer.add_attr("todos.slug", unique=True, indexed=True),
        writer.add_attr("todos.meta"),
        writer.add_attr("todos.count"),
        writer.add_attr("todos.owner", to="$users.todos"),
        writer.add_attr("todos.parent", to="todos.children", on_delete="cascade"),
        writer.add_attr("todos.tags", to="tags.todos", cardinality="many"),
        writer.add_attr("tags.id"),
        writer.add_attr("tags.name"),
        writer.add_attr("notes.id"),
        writer.add_attr("notes.text"),
    )
    await writer.write(
        *writer.put("ann", "$users", email="ann@b.c", role="boss"),
        *writer.put("bob", "$users", email="bob@b.c"),
        *writer.put("red", "tags", name="red"),
        *writer.put("mine", "todos", title="a", slug="mine", count=1, owner=writer.entity("ann")),
        *writer.put("his", "todos", title="b", slug="his", owner=writer.entity("bob")),
        *writer.put("sub", "todos", title="c", parent=writer.entity("mine")),
        writer.add("mine", "todos.tags", writer.entity("red")),
    )
    return writer


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


def link(world: Writer, nickname: str, label: str, target: str) -> list[Any]:
    """Steps that link a todo."""
    return [world.add(nickname, f"todos.{label}", world.entity(target))]


@pytest.mark.parametrize(
    ("todos", "steps", "etype"),
    [
        pytest.param(
            {"update": OWN}, lambda w: [w.add("mine", "todos.title", "x")], None, id="own"
        ),
        pytest.param(
            {"update": OWN}, lambda w: [w.add("his", "todos.title", "x")], "todos", id="another's"
        ),
        pytest.param(
            {"update": "false"}, lambda w: w.put("new", "todos", title="x"), None, id="create"
        ),
        pytest.param(
            {"create": "false"}, lambda w: w.put("new", "todos", title="x"), "todos", id="no create"
        ),
        pytest.param(
            {"create": "false"}, lambda w: [w.add("mine", "todos.title", "x")], None, id="update"
        ),
        pytest.param(
            {"create": "data.title == 'x' && newData.title == 'x' && data.id != null"},
            lambda w: w.put("new", "todos", title="x"),
            None,
            id="created entity is its data",
        ),
        pytest.param(
            {"update": "data.title == 'a' && newData.title == 'x'"},
            lambda w: [w.add("mine", "todos.title", "x")],
            None,
            id="data is stored, newData is to be",
        ),
        pytest.param(
            {"update": "newData.title == 'y'"},
            lambda w: [w.add("mine", "todos.title", "x"), w.add("mine", "todos.title", "y")],
            None,
            id="newData has the last value",
        ),
        pytest.param(
            {"update": "newData.meta == {'a': {'c': 2}}"},
            lambda w: [
                ["deep-merge-triple", w.entity("mine"), w.attr("todos.meta"), {"a": {"b": 1}}],
                [
                    "deep-merge-triple",
                    w.entity("mine"),
                    w.attr("todos.meta"),
                    {"a": {"b": None, "c": 2}},
                ],
            ],
            None,
            id="newData merges",
        ),
        pytest.param(
            {"update": "newData.count == 6"},
            lambda w: [["increment-triple", w.entity("mine"), w.attr("todos.count"), 5]],
            None,
            id="newData has the sum",
        ),
        pytest.param(
            {"update": "false"},
            lambda w: [["increment-triple", w.entity("mine"), w.attr("todos.count"), 5]],
            "todos",
            id="increment is an update",
        ),
        pytest.param(
            {"update": "false"},
            lambda w: [retract(w, "mine", "todos.title", "a")],
            "todos",
            id="retract of a property is an update",
        ),
        pytest.param(
            {"update": "newData.title == null"},
            lambda w: [retract(w, "mine", "todos.title", "a")],
            None,
            id="newData without a retracted label",
        ),
        pytest.param(
            {"update": "data.tags == null && data.children == null && data.owner == auth.id"},
            lambda w: [w.add("mine", "todos.title", "x")],
            None,
            id="data has links to one only",
        ),
        pytest.param(
            {"update": "request.modifiedFields == ['title', 'owner']"},
            lambda w: [
                *w.put("mine", "todos", title="x"),
                *link(w, "mine", "owner", "ann"),
                w.add("mine", "todos.title", "y"),
            ],
            None,
            id="modified fields",
        ),
        pytest.param(
            {"create": "request.modifiedFields == ['title']"},
            lambda w: w.put("new", "todos", title="x"),
            None,
            id="modified fields of a new entity",
        ),
        pytest.param(
            {"update": "newData.slug == 'moved'"},
            lambda w: [["add-triple", w.by("todos.slug", "mine"), w.attr("todos.slug"), "moved"]],
            None,
            id="entity by lookup",
        ),
        pytest.param(
            {"update": "false", "create": "data.slug == 'fresh' && data.id != null"},
            lambda w: [["add-triple", w.by("todos.slug", "fresh"), w.attr("todos.title"), "x"]],
            None,
            id="lookup makes an entity",
        ),
        pytest.param(
            {"create": "false"},
            lambda w: [["add-triple", w.by("todos.slug", "fresh"), w.attr("todos.title"), "x"]],
            "todos",
            id="lookup may not make an entity",
        ),
        pytest.param({"delete": OWN}, lambda w: [delete(w, "his", "todos")], "todos", id="delete"),
        pytest.param(
            {"delete": "data.title == 'a'"},
            lambda w: [delete(w, "mine", "todos")],
            "todos",
            id="cascade is deleted by its own right",
        ),
        pytest.param(
            {"delete": "data.title in ['a', 'c']"},
            lambda w: [delete(w, "mine", "todos")],
            None,
            id="cascade may be deleted",
        ),
        pytest.param(
            {"delete": "ruleParams.key == 'k'"},
            lambda w: [delete(w, "mine", "todos"), params(w, "mine", "todos", key="k")],
            None,
            id="cascade inherits rule params",
        ),
        pytest.param(
            {"delete": "data.title == null && data.id == null"},
            lambda w: [delete(w, "nobody", "todos")],
            None,
            id="delete of nobody is judged with empty data",
        ),
        pytest.param(
            {"delete": "data.title != null"},
            lambda w: [delete(w, "nobody", "todos")],
            "todos",
            id="delete of nobody may be denied",
        ),
        pytest.param(
            {"delete": "false"},
            lambda w: [["delete-entity", w.by("todos.slug", "none"), "todos"]],
            None,
            id="delete of an unknown lookup is dropped",
        ),
        pytest.param(
            {"delete": "false"},
            lambda w: [["delete-entity", w.entity("mine")]],
            "todos",
            id="delete without an etype",
        ),
        pytest.param(
            {"update": "ruleParams.key == 'k'"},
            lambda w: [
                w.add("mine", "todos.title", "x"),
                params(w, "mine", "todos", key="j"),
                params(w, "mine", "todos", key="k"),
            ],
            None,
            id="rule params, the last one wins",
        ),
        pytest.param(
            {"update": "ruleParams.key == null"},
            lambda w: [w.add("mine", "todos.title", "x"), params(w, "mine", "notes", key="k")],
            None,
            id="rule params of another etype",
        ),
        pytest.param(
            {"view": "false"},
            lambda w: [["expect-triple", w.entity("mine"), w.attr("todos.title"), "a"]],
            "todos",
            id="expectation of a hidden entity",
        ),
        pytest.param(
            {"view": "true"},
            lambda w: [["expect-triple", w.entity("mine"), w.attr("todos.title"), "a"]],
            None,
            id="expectation of a visible entity",
        ),
        pytest.param(
            {"$default": "false", "update": "true"},
            lambda w: [w.add("mine", "todos.title", "x")],
            None,
            id="own rule before the default",
        ),
        pytest.param(
            {"update": "0"}, lambda w: [w.add("mine", "todos.title", "x")], None, id="0 permits"
        ),
        pytest.param(
            {"update": "''"}, lambda w: [w.add("mine", "todos.title", "x")], None, id="'' permits"
        ),
        pytest.param(
            {"update": "auth.isAdmin"},
            lambda w: [w.add("mine", "todos.title", "x")],
            "todos",
            id="null denies",
        ),
    ],
)
async def test_rule_of_todos(
    world: Writer, todos: dict[str, Any], steps: Steps, etype: str | None
) -> None:
    await rule(world, todos={"allow": todos})
    assert await denied(world, steps(world)) == etype


@pytest.mark.parametrize(
    ("rules", "steps", "etype"),
    [
        pytest.param(
            {"todos": "false"}, lambda w: link(w, "mine", "tags", "red"), "todos", id="own: update"
        ),
        pytest.param(
            {"tags": "false"}, lambda w: link(w, "mine", "tags", "red"), "tags", id="other: view"
        ),
        pytest.param(
            {"tags": {"allow": {"view": "true", "update": "false"}}},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="other needs no update",
        ),
        pytest.param(
            {"tags": "false"},
            lambda w: link(w, "mine", "tags", "nothing"),
            None,
            id="target that is not there",
        ),
        pytest.param(
            {"todos": {"allow": {"create": "data.owner == auth.id"}}},
            lambda w: link(w, "new", "owner", "ann"),
            None,
            id="own is made by a link: create",
        ),
        pytest.param(
            {"tags": {"allow": {"view": "data.name == 'new'"}}},
            lambda w: [*w.put("new", "tags", name="new"), *link(w, "mine", "tags", "new")],
            None,
            id="other is made: view of what it is now",
        ),
        pytest.param(
            {"tags": {"allow": {"view": "data.name == 'old'"}}},
            lambda w: [*w.put("new", "tags", name="new"), *link(w, "mine", "tags", "new")],
            "tags",
            id="other is made and may not be seen",
        ),
        pytest.param(
            {"todos": {"allow": {"update": "false", "link": {"tags": "linkedData.name == 'red'"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="link rule instead of update",
        ),
        pytest.param(
            {"todos": {"allow": {"link": {"$default": "false"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            "todos",
            id="default link rule",
        ),
        pytest.param(
            {"tags": {"allow": {"view": "false", "link": {"todos": "data.name == 'red'"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="link rule of the other side instead of view",
        ),
        pytest.param(
            {"tags": {"allow": {"link": {"todos": "linkedData.title != 'a'"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            "tags",
            id="link rule of the other side denies",
        ),
        pytest.param(
            {"todos": {"allow": {"link": {"tags": "true"}, "update": "false"}}, "tags": "false"},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="link rule on one side is all that is asked",
        ),
        pytest.param(
            {
                "todos": {
                    "allow": {
                        "link": {
                            "tags": "actions.data == 'update' && actions.linkedData == 'create'"
                        }
                    }
                }
            },
            lambda w: [*w.put("new", "tags", name="n"), *link(w, "mine", "tags", "new")],
            None,
            id="actions: update and create",
        ),
        pytest.param(
            {
                "todos": {
                    "allow": {
                        "create": "true",
                        "link": {
                            "tags": "actions.data == 'create' && actions.linkedData == 'update'"
                            " && data.title == 'n'"
                        },
                    }
                }
            },
            lambda w: [*w.put("new", "todos", title="n"), *link(w, "new", "tags", "red")],
            None,
            id="actions: create and update",
        ),
        pytest.param(
            {"todos": {"allow": {"link": {"tags": "'ann@b.c' in data.ref('owner.email')"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="link rule with a ref",
        ),
        pytest.param(
            {
                "tags": {
                    "allow": {"link": {"todos": "isRed && 'a' in data.ref('todos.title')"}},
                    "bind": {"isRed": "data.name == 'red'"},
                },
                "todos": {"allow": {"update": "true"}, "bind": {"isRed": "false"}},
            },
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="rule of the other side has its own binds and refs",
        ),
        pytest.param(
            {"todos": {"allow": {"link": {"tags": "'red' in linkedData.ref('todos.tags.name')"}}}},
            lambda w: link(w, "mine", "tags", "red"),
            None,
            id="ref of the linked entity",
        ),
        pytest.param(
            {"todos": {"allow": {"link": {"tags": "ruleParams == {'a': 1, 'b': 2}"}}}},
            lambda w: [
                *link(w, "mine", "tags", "red"),
                params(w, "mine", "todos", a=1),
                params(w, "red", "tags", a=0, b=2),
            ],
            None,
            id="rule params of both sides, own first",
        ),
        pytest.param(
            {"todos": "false"},
            lambda w: [retract(w, "mine", "todos.tags", w.entity("red"))],
            "todos",
            id="unlink: update of own",
        ),
        pytest.param(
            {"tags": "false"},
            lambda w: [retract(w, "mine", "todos.tags", w.entity("red"))],
            "tags",
            id="unlink: view of other",
        ),
        pytest.param(
            {"todos": {"allow": {"update": "false", "unlink": {"tags": "true"}}}, "tags": "false"},
            lambda w: [retract(w, "mine", "todos.tags", w.entity("red"))],
            None,
            id="unlink rule instead",
        ),
        pytest.param(
            {"tags": {"allow": {"unlink": {"todos": "linkedData.title == 'z'"}}}},
            lambda w: [retract(w, "mine", "todos.tags", w.entity("red"))],
            "tags",
            id="unlink rule of the other side",
        ),
        pytest.param(
            {"todos": {"allow": {"unlink": {"$default": "false"}, "update": "false"}}},
            lambda w: [delete(w, "his", "todos")],
            None,
            id="delete asks no unlink rule",
        ),
        pytest.param(
            {"tags": {"allow": {"update": "false", "view": "true"}}},
            lambda w: link(w, "his", "tags", "red"),
            None,
            id="entity at the far side of a link is not updated",
        ),
        pytest.param(
            {"notes": "false"},
            lambda w: [*w.put("mine", "todos", title="x")],
            None,
            id="same id in another etype is another entity",
        ),
        pytest.param(
            {"notes": {"allow": {"create": "data.text == 'n'", "update": "false"}}},
            lambda w: w.put("mine", "notes", text="n"),
            None,
            id="same id is created in another etype",
        ),
    ],
)
async def test_rule_of_links(
    world: Writer, rules: dict[str, Any], steps: Steps, etype: str | None
) -> None:
    await rule(world, **rules)
    assert await denied(world, steps(world)) == etype


@pytest.mark.parametrize(
    ("text", "nickname", "may"),
    [
        ("auth.email == 'ann@b.c'", "ann", True),
        ("auth.email == 'ann@b.c'", "bob", False),
        ("auth.role == 'boss'", "ann", True),
        ("auth.app_id != null && auth.created_at.startsWith('20')", "ann", True),
        ("auth.isGuest == false", "ann", True),
        ("auth.id == null && auth.email == null", None, True),
        ("auth.id != null", None, False),
        ("auth.id in data.ref('owner.id')", "ann", True),
        ("auth.id in data.ref('owner.id')", "bob", False),
        ("data.id in auth.ref('$user.todos.id')", "ann", True),
        ("data.id in auth.ref('$user.todos.id')", "bob", False),
        ("auth.ref('$user.todos.id') == []", None, True),
        ("auth.ref('$user.email') == ['bob@b.c']", "bob", True),
        ("data.ref('title') == ['a']", "ann", True),
        ("data.ref('children.title') == ['c']", "ann", True),
        ("data.ref('tags.todos.owner.email') == ['ann@b.c']", "ann", True),
        ("data.ref('parent.id') == []", "ann", True),
        ("auth.id == data.owner || auth.id in data.ref('tags.todos.owner.id')", "ann", True),
        ("request.ip == '1.2.3.4' && request.origin == 'https://x'", "ann", True),
        ("request.time > timestamp('2024-01-01')", "ann", True),
    ],
)
async def test_what_rules_see(world: Writer, text: str, nickname: str | None, may: bool) -> None:
    await rule(world, todos={"allow": {"update": text}})
    author = GUEST if nickname is None else user(world, nickname, ip="1.2.3.4", origin="https://x")
    step = world.add("mine", "todos.title", "x")
    if may:
        await world.write(step, author=author)
    else:
        assert isinstance(await world.refusal(step, author=author), PermissionDenied)


async def test_create_rule_sees_links_of_its_own_write(world: Writer) -> None:
    await rule(world, todos={"allow": {"create": "size(data.ref('owner.todos.id')) <= 2"}})
    for nickname in ("second", "third"):
        steps = world.put(nickname, "todos", owner=world.entity("ann"))
        assert await denied(world, steps) == (None if nickname == "second" else "todos")


async def test_update_rule_sees_the_state_before_its_write(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "size(data.ref('tags.id')) == 1"}})
    await world.write(*world.put("blue", "tags", name="blue"))
    assert await denied(world, link(world, "mine", "tags", "blue")) is None
    assert await denied(world, [world.add("mine", "todos.title", "x")]) == "todos"


async def test_admin_is_asked_nothing(world: Writer) -> None:
    await rule(world, todos="1 / 0 == 1")
    await world.write(world.add("mine", "todos.title", "x"), author=ADMIN)


@pytest.mark.parametrize("step", ["update-attr", "delete-attr", "restore-attr"])
async def test_attrs_are_changed_by_admins_only(world: Writer, step: str) -> None:
    await rule(world, attrs="true")
    attr = world.attr("todos.title")
    change: Any = {"id": attr, "index?": True} if step == "update-attr" else attr
    assert await denied(world, [[step, change]]) == "attrs"


@pytest.mark.parametrize(
    ("rules", "etype"),
    [
        ({"attrs": "false"}, "attrs"),
        ({"attrs": {"allow": {"create": "data['value-type'] == 'ref'"}}}, "attrs"),
        ({"attrs": {"allow": {"create": "data['value-type'] == 'blob'"}}}, None),
        ({"$default": "false"}, "attrs"),
        ({"todos": "false"}, None),
    ],
)
async def test_new_attr_needs_the_rule_of_attrs(
    world: Writer, rules: dict[str, Any], etype: str | None
) -> None:
    await rule(world, **rules)
    assert await denied(world, [world.add_attr("todos.color")]) == etype


async def test_attr_of_the_same_write_may_be_used_in_a_ref(world: Writer) -> None:
    await rule(world, todos={"allow": {"create": "'x' in data.ref('color')"}})
    steps = [world.add_attr("todos.color"), *world.put("new", "todos", color="x")]
    assert await denied(world, steps) is None


async def test_denial_before_the_writes_wins_over_a_constraint(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "false"}})
    taken = world.add("mine", "todos.slug", "his")
    assert isinstance(await world.refusal(taken, author=user(world, "ann")), PermissionDenied)


async def test_constraint_wins_over_a_denial_after_the_writes(world: Writer) -> None:
    await rule(world, todos={"allow": {"create": "false"}})
    steps = world.put("new", "todos", slug="his")
    assert isinstance(await world.refusal(*steps, author=user(world, "ann")), RecordNotUnique)


async def test_denial_wins_over_the_mode(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "false"}})
    step = world.add("mine", "todos.title", "x", "create")
    assert isinstance(await world.refusal(step, author=user(world, "ann")), PermissionDenied)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        pytest.param(
            "data.title > 1",
            PermissionEvaluationFailed,
            "Could not evaluate permission rule for `todos.update`. You may have a typo. Debug this"
            " in the sandbox and then update your permission rules.",
            id="error",
        ),
        pytest.param(
            "data.ref('nope.id') == []", RecordNotFound, "Record not found: attr", id="no label"
        ),
        pytest.param(
            "data.ref('owner') == []", ValidationFailed, "todos.owner needs to be", id="link last"
        ),
        pytest.param(
            "data.ref('title.id') == []",
            ValidationFailed,
            "todos.title needs to be a link",
            id="property amid",
        ),
        pytest.param(
            "data.title ==", ValidationFailed, "Validation failed for permission", id="CEL"
        ),
        pytest.param(
            "'x'.matches('" + "(" * 10 + "')",
            PermissionEvaluationFailed,
            "You may have a typo",
            id="pattern",
        ),
    ],
)
async def test_rule_that_cannot_be_decided_refuses_the_write(
    world: Writer, text: str, error: type[Exception], message: str
) -> None:
    await rule(world, todos={"allow": {"update": text}})
    refusal = await world.refusal(world.add("mine", "todos.title", "x"), author=user(world, "ann"))
    assert type(refusal) is error
    assert message in refusal.message


async def test_evaluation_error_has_its_hint(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "data.title > 1"}})
    refusal = await world.refusal(world.add("mine", "todos.title", "x"), author=GUEST)
    assert refusal.hint == {
        "rule": ["todos", "update"],
        "error": {
            "type": "OVERLOAD_NOT_FOUND",
            "message": refusal.message,
            "hint": "You may have a typo",
        },
    }


async def test_new_rules_hold_for_the_next_write(world: Writer) -> None:
    step = world.add("mine", "todos.title", "x")
    for text, etype in (("true", None), ("false", "todos"), ("true", None)):
        await rule(world, todos=text)
        assert await denied(world, [step]) == etype


@pytest.mark.parametrize(
    ("todos", "steps"),
    [
        pytest.param(
            {"update": "request.modifiedFields.all(field, field == 'slug')"},
            lambda w: [
                w.add("mine", "todos.slug", "new"),
                ["deep-merge-triple", w.by("todos.slug", "new"), w.attr("todos.meta"), {"a": 1}],
            ],
            id="a field merged",
        ),
        pytest.param(
            {"update": "newData.count == data.count"},
            lambda w: [
                w.add("mine", "todos.slug", "new"),
                ["increment-triple", w.by("todos.slug", "new"), w.attr("todos.count"), 5],
            ],
            id="a number incremented",
        ),
        pytest.param(
            {"update": "newData.title == data.title"},
            lambda w: [
                w.add("mine", "todos.slug", "new"),
                ["retract-triple", w.by("todos.slug", "new"), w.attr("todos.title"), "a"],
            ],
            id="a value retracted",
        ),
        pytest.param(
            {"link": {"children": "false"}},
            lambda w: [
                ["deep-merge-triple", w.entity("his"), w.attr("todos.slug"), "new"],
                w.add("sub", "todos.parent", w.by("todos.slug", "new")),
            ],
            id="the far side of a link",
        ),
    ],
)
async def test_lookup_by_a_value_of_the_same_write_does_not_pass_by_the_rules(
    world: Writer, todos: dict[str, Any], steps: Steps
) -> None:
    await rule(world, todos={"allow": todos})
    refusal = await world.refusal(*steps(world), author=user(world, "ann"))
    assert isinstance(refusal, ValidationFailed), "not what the rules were asked about"


@pytest.mark.parametrize(
    ("update", "steps"),
    [
        pytest.param(
            "newData.title == 'a'",
            lambda w: [
                w.add("mine", "todos.title", "a"),
                ["deep-merge-triple", w.entity("mine"), w.attr("todos.title"), "stolen"],
                w.add("mine", "todos.title", "a"),
            ],
            id="merges are done after all additions",
        ),
        pytest.param(
            "newData.count == 1",
            lambda w: [
                w.add("mine", "todos.title", "a"),
                ["increment-triple", w.entity("mine"), w.attr("todos.count"), 5],
                w.add("mine", "todos.count", 1),
            ],
            id="increments are done after all additions",
        ),
        pytest.param(
            "newData.title == 'a'",
            lambda w: [
                retract(w, "red", "tags.name", "red"),
                w.add("mine", "todos.title", "b"),
                w.add("mine", "todos.title", "a"),
                retract(w, "mine", "todos.title", "a"),
                w.add("mine", "todos.title", "a"),
                ["deep-merge-triple", w.entity("mine"), w.attr("todos.title"), "stolen"],
                w.add("mine", "todos.title", "a"),
            ],
            id="retractions are done first where one comes first",
        ),
        pytest.param(
            "newData.slug == data.slug",
            lambda w: [
                ["add-triple", w.by("todos.slug", "mine"), w.attr("todos.slug"), "stolen"],
                ["add-triple", w.by("todos.slug", "mine"), w.attr("todos.title"), "x"],
            ],
            id="a lookup does not give its value back",
        ),
        pytest.param(
            "request.modifiedFields.all(field, field == 'title')",
            lambda w: [
                w.add("mine", "todos.title", "x"),
                retract(w, "mine", "todos.slug", "mine"),
            ],
            id="what is taken away is modified",
        ),
        pytest.param(
            "request.modifiedFields.all(field, field == 'title')",
            lambda w: [retract(w, "mine", "todos.owner", w.entity("ann"))],
            id="a link that is taken away is modified",
        ),
    ],
)
async def test_rules_see_what_will_be_stored(world: Writer, update: str, steps: Steps) -> None:
    await rule(world, todos={"allow": {"update": update}})
    assert await denied(world, steps(world)) == "todos"


async def test_entity_that_is_deleted_and_made_again_is_created(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "newData.owner == null", "create": "false"}})
    again = [delete(world, "mine", "todos"), *world.put("mine", "todos", title="x")]
    assert await denied(world, again) == "todos"
    await rule(world, todos={"allow": {"update": "newData.owner == null", "create": "true"}})
    assert await denied(world, again) is None
    assert await world.stored("mine") == {
        "todos.id": world.entity("mine"),
        "todos.slug": None,
        "todos.title": "x",
    }


async def test_retraction_of_another_value_takes_nothing_away(world: Writer) -> None:
    await rule(world, todos={"allow": {"update": "newData.slug == null"}})
    title = world.add("mine", "todos.title", "x")
    other = [title, retract(world, "mine", "todos.slug", "not mine")]
    assert await denied(world, other) == "todos"
    assert await denied(world, [title, retract(world, "mine", "todos.slug", "mine")]) is None


async def test_link_of_an_entity_that_is_made_again_is_judged_by_what_it_becomes(
    world: Writer,
) -> None:
    made_again = "actions.data == 'create' && data.title == 'x'"
    stored = "actions.data == 'update' && data.title == 'a'"
    link_rule = {"owner": f"({made_again}) || ({stored})"}
    await rule(world, todos={"allow": {"link": link_rule}})
    again = [
        delete(world, "mine", "todos"),
        *world.put("mine", "todos", title="x", owner=world.entity("ann")),
    ]
    assert await denied(world, again) is None
    await rule(world, todos={"allow": {"link": {"owner": stored}}})
    assert await denied(world, again) == "todos"
