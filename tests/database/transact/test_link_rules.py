"""Which rules a link must pass at both of its ends (transactions-permissions.md §14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.transact.ruled import Steps, delete, denied, link, params, retract, rule
from tests.database.transact.writer import Writer

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


def tag_red(world: Writer) -> list[Any]:
    """Ann's todo gets the tag it has."""
    return link(world, "mine", "tags", "red")


def tag_new(world: Writer) -> list[Any]:
    """Ann's todo gets a tag that is made with it."""
    return [*world.put("new", "tags", name="new"), *link(world, "mine", "tags", "new")]


def untag_red(world: Writer) -> list[Any]:
    """Ann's todo loses its tag."""
    return [retract(world, "mine", "todos.tags", world.entity("red"))]


def allow(**rules: Any) -> dict[str, Any]:
    """An etype's rules by action."""
    return {"allow": rules}


@pytest.mark.parametrize(
    ("rules", "steps", "etype"),
    [
        pytest.param({"todos": "false"}, tag_red, "todos", id="own: update"),
        pytest.param({"tags": "false"}, tag_red, "tags", id="other: view"),
        pytest.param(
            {"tags": allow(view="true", update="false")}, tag_red, None, id="other needs no update"
        ),
        pytest.param(
            {"tags": "false"},
            lambda w: link(w, "mine", "tags", "nothing"),
            None,
            id="target that is not there",
        ),
        pytest.param(
            {"todos": allow(create="data.owner == auth.id")},
            lambda w: link(w, "new", "owner", "ann"),
            None,
            id="own is made by a link: create",
        ),
        pytest.param(
            {"tags": allow(view="data.name == 'new'")},
            tag_new,
            None,
            id="other is made: view of what it is now",
        ),
        pytest.param(
            {"tags": allow(view="data.name == 'old'")},
            tag_new,
            "tags",
            id="other is made and may not be seen",
        ),
        pytest.param(
            {"todos": allow(update="false", link={"tags": "linkedData.name == 'red'"})},
            tag_red,
            None,
            id="link rule instead of update",
        ),
        pytest.param(
            {"todos": allow(link={"$default": "false"})}, tag_red, "todos", id="default link rule"
        ),
        pytest.param(
            {"tags": allow(view="false", link={"todos": "data.name == 'red'"})},
            tag_red,
            None,
            id="link rule of the other side instead of view",
        ),
        pytest.param(
            {"tags": allow(link={"todos": "linkedData.title != 'a'"})},
            tag_red,
            "tags",
            id="link rule of the other side denies",
        ),
        pytest.param(
            {"todos": allow(link={"tags": "true"}, update="false"), "tags": "false"},
            tag_red,
            None,
            id="link rule on one side is all that is asked",
        ),
        pytest.param(
            {
                "todos": allow(
                    link={"tags": "actions.data == 'update' && actions.linkedData == 'create'"}
                )
            },
            tag_new,
            None,
            id="actions: update and create",
        ),
        pytest.param(
            {
                "todos": allow(
                    create="true",
                    link={
                        "tags": "actions.data == 'create' && actions.linkedData == 'update'"
                        " && data.title == 'n'"
                    },
                )
            },
            lambda w: [*w.put("new", "todos", title="n"), *link(w, "new", "tags", "red")],
            None,
            id="actions: create and update",
        ),
        pytest.param(
            {"todos": allow(link={"tags": "'ann@b.c' in data.ref('owner.email')"})},
            tag_red,
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
            tag_red,
            None,
            id="rule of the other side has its own binds and refs",
        ),
        pytest.param(
            {"todos": allow(link={"tags": "'red' in linkedData.ref('todos.tags.name')"})},
            tag_red,
            None,
            id="ref of the linked entity",
        ),
        pytest.param(
            {"todos": allow(link={"tags": "ruleParams == {'a': 1, 'b': 2}"})},
            lambda w: [
                *link(w, "mine", "tags", "red"),
                params(w, "mine", "todos", a=1),
                params(w, "red", "tags", a=0, b=2),
            ],
            None,
            id="rule params of both sides, own first",
        ),
        pytest.param({"todos": "false"}, untag_red, "todos", id="unlink: update of own"),
        pytest.param({"tags": "false"}, untag_red, "tags", id="unlink: view of other"),
        pytest.param(
            {"todos": allow(update="false", unlink={"tags": "true"}), "tags": "false"},
            untag_red,
            None,
            id="unlink rule instead",
        ),
        pytest.param(
            {"tags": allow(unlink={"todos": "linkedData.title == 'z'"})},
            untag_red,
            "tags",
            id="unlink rule of the other side",
        ),
        pytest.param(
            {"todos": allow(unlink={"$default": "false"}, update="false")},
            lambda w: [delete(w, "his", "todos")],
            None,
            id="delete asks no unlink rule",
        ),
        pytest.param(
            {"tags": allow(update="false", view="true")},
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
            {"notes": allow(create="data.text == 'n'", update="false")},
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
