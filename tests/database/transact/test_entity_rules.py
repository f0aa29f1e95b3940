"""Which rules an entity must pass, and what they see (transactions-permissions.md §13, §14)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.transact.ruled import Steps, delete, denied, link, params, retract, rule, user
from tests.database.transact.writer import GUEST, Writer
from wire.errors import PermissionDenied

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

OWN = "auth.id != null && auth.id == data.owner"


def retitle(world: Writer) -> list[Any]:
    return [world.add("mine", "todos.title", "x")]


def untitle(world: Writer) -> list[Any]:
    return [retract(world, "mine", "todos.title", "a")]


def expect_title(world: Writer) -> list[Any]:
    return [["expect-triple", world.entity("mine"), world.attr("todos.title"), "a"]]


def count_five(world: Writer) -> list[Any]:
    return [["increment-triple", world.entity("mine"), world.attr("todos.count"), 5]]


def create(world: Writer) -> list[Any]:
    return world.put("new", "todos", title="x")


def create_by_lookup(world: Writer) -> list[Any]:
    return [["add-triple", world.by("todos.slug", "fresh"), world.attr("todos.title"), "x"]]


def delete_mine(world: Writer) -> list[Any]:
    return [delete(world, "mine", "todos")]


def delete_nobody(world: Writer) -> list[Any]:
    return [delete(world, "nobody", "todos")]


@pytest.mark.parametrize(
    ("todos", "steps", "etype"),
    [
        pytest.param({"update": OWN}, retitle, None, id="own"),
        pytest.param(
            {"update": OWN}, lambda w: [w.add("his", "todos.title", "x")], "todos", id="another's"
        ),
        pytest.param({"update": "false"}, create, None, id="create"),
        pytest.param({"create": "false"}, create, "todos", id="no create"),
        pytest.param({"create": "false"}, retitle, None, id="update"),
        pytest.param(
            {"create": "data.title == 'x' && newData.title == 'x' && data.id != null"},
            create,
            None,
            id="created entity is its data",
        ),
        pytest.param(
            {"update": "data.title == 'a' && newData.title == 'x'"},
            retitle,
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
        pytest.param({"update": "newData.count == 6"}, count_five, None, id="newData has the sum"),
        pytest.param({"update": "false"}, count_five, "todos", id="increment is an update"),
        pytest.param(
            {"update": "false"}, untitle, "todos", id="retract of a property is an update"
        ),
        pytest.param(
            {"update": "newData.title == null"},
            untitle,
            None,
            id="newData without a retracted label",
        ),
        pytest.param(
            {"update": "data.tags == null && data.children == null && data.owner == auth.id"},
            retitle,
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
            create,
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
            create_by_lookup,
            None,
            id="lookup makes an entity",
        ),
        pytest.param(
            {"create": "false"}, create_by_lookup, "todos", id="lookup may not make an entity"
        ),
        pytest.param({"delete": OWN}, lambda w: [delete(w, "his", "todos")], "todos", id="delete"),
        pytest.param(
            {"delete": "data.title == 'a'"},
            delete_mine,
            "todos",
            id="cascade is deleted by its own right",
        ),
        pytest.param(
            {"delete": "data.title in ['a', 'c']"}, delete_mine, None, id="cascade may be deleted"
        ),
        pytest.param(
            {"delete": "ruleParams.key == 'k'"},
            lambda w: [delete(w, "mine", "todos"), params(w, "mine", "todos", key="k")],
            None,
            id="cascade inherits rule params",
        ),
        pytest.param(
            {"delete": "data.title == null && data.id == null"},
            delete_nobody,
            None,
            id="delete of nobody is judged with empty data",
        ),
        pytest.param(
            {"delete": "data.title != null"},
            delete_nobody,
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
        pytest.param({"view": "false"}, expect_title, "todos", id="expectation of a hidden entity"),
        pytest.param({"view": "true"}, expect_title, None, id="expectation of a visible entity"),
        pytest.param(
            {"$default": "false", "update": "true"}, retitle, None, id="own rule before the default"
        ),
        pytest.param({"update": "0"}, retitle, None, id="0 permits"),
        pytest.param({"update": "''"}, retitle, None, id="'' permits"),
        pytest.param({"update": "auth.isAdmin"}, retitle, "todos", id="null denies"),
    ],
)
async def test_rule_of_todos(
    world: Writer, todos: dict[str, Any], steps: Steps, etype: str | None
) -> None:
    await rule(world, todos={"allow": todos})
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
            lambda w: [w.add("mine", "todos.title", "x"), retract(w, "mine", "todos.slug", "mine")],
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
