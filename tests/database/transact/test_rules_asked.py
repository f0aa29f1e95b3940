"""Who is asked which rules when, and what comes of rules that cannot be decided (§14, §16)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.transact.ruled import Steps, denied, rule, user
from tests.database.transact.writer import ADMIN, GUEST, Writer
from wire.errors import (
    PermissionDenied,
    PermissionEvaluationFailed,
    RecordNotFound,
    RecordNotUnique,
    ValidationFailed,
)

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


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
