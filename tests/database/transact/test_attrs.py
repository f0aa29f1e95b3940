"""Defining, changing, hiding and restoring attrs (transactions-permissions.md §6.2, §9)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.transact.writer import GUEST, Writer
from triples.attrs.attr import Attr
from triples.attrs.store import load_catalog
from wire.errors import PermissionDenied, RecordNotUnique, SqlRaise, ValidationFailed
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


async def attr(writer: Writer, name: str) -> Attr:
    """The attr as it is stored now."""
    catalog = await load_catalog(writer.conn, writer.app_id)
    found = catalog.by_id(writer.attr(name))
    assert found is not None, f"{name} is not there"
    return found


def update(writer: Writer, name: str, **changes: Any) -> list[Any]:
    """An `update-attr` step; keys have `_` for `-`, and `rename` stands for a forward identity."""
    change: dict[str, Any] = {"id": writer.attr(name)}
    for key, value in changes.items():
        if key == "rename":
            change["forward-identity"] = [writer.attr(name), *value.split(".", 1)]
        else:
            change[
                key.replace("_", "-").removesuffix("-q") + ("?" if key.endswith("_q") else "")
            ] = value
    return ["update-attr", change]


async def test_same_attr_again_changes_nothing(writer: Writer) -> None:
    step = writer.add_attr("books.author", to="users.books", checked=None)
    await writer.write(step, author=GUEST)
    version = (await load_catalog(writer.conn, writer.app_id)).version
    await writer.write(step, step, author=GUEST)
    assert (await load_catalog(writer.conn, writer.app_id)).version == version


async def test_id_attrs_are_always_unique(writer: Writer) -> None:
    await writer.write(writer.add_attr("books.id", unique=False))
    await writer.write(writer.add_attr("books.id", unique=False))
    await writer.write(update(writer, "books.id", unique_q=False))
    assert (await attr(writer, "books.id")).is_unique


async def test_attr_id_with_another_definition_is_refused(writer: Writer) -> None:
    await writer.write(writer.add_attr("books.title"))
    refusal = await writer.refusal(writer.add_attr("books.title", cardinality="many"))
    attr_id = writer.attr("books.title")
    assert isinstance(refusal, SqlRaise)
    assert refusal.message == (
        f"Raised Exception: The attribute with id {attr_id} conflicts with an existing attribute"
        f" with id {attr_id}."
    )


async def test_id_of_another_apps_attr_is_refused(writer: Writer, conn: Any) -> None:
    from triples import tenants

    other = Writer(conn, (await tenants.create_app(conn, "other")).app.id, writer.attr_ids)
    await writer.write(writer.add_attr("books.title"))
    refusal = await other.refusal(other.add_attr("books.title"))
    assert "conflicts with an existing attribute" in refusal.message


async def test_name_of_another_attr_is_refused(writer: Writer) -> None:
    await writer.write(writer.add_attr("books.title"))
    del writer.attr_ids["books.title"]
    refusal = await writer.refusal(writer.add_attr("books.title"))
    assert isinstance(refusal, RecordNotUnique)
    assert refusal.message == "`title` already exists on `books`"
    assert refusal.hint == {"record-type": "ident", "etype": "books", "label": "title"}


@pytest.mark.parametrize(
    "far",
    [
        pytest.param("books.title", id="forward name of another"),
        pytest.param("books.self", id="its own forward name"),
    ],
)
async def test_reverse_name_that_is_a_forward_name_is_refused(writer: Writer, far: str) -> None:
    await writer.write(writer.add_attr("books.title"))
    refusal = await writer.refusal(writer.add_attr("books.self", to=far))
    assert refusal.message == "Record not unique: attr"


async def test_ident_id_with_another_name_is_refused(writer: Writer) -> None:
    step = writer.add_attr("books.title")
    await writer.write(step)
    other = writer.add_attr("books.name")
    other[1]["forward-identity"][0] = step[1]["forward-identity"][0]
    assert (await writer.refusal(other)).message == (
        "Raised Exception: Another attribute for books.name exists with different properties."
    )


async def test_required_attr_needs_an_etype_without_entities(writer: Writer) -> None:
    await writer.write(writer.add_attr("books.id"))
    await writer.write(*writer.put("book", "books"))
    refusal = await writer.refusal(writer.add_attr("books.price", required=True))
    assert refusal.message == (
        "Validation failed for attributes: Can't create attribute `price` as required because"
        " `books` already have entities"
    )


@pytest.mark.parametrize("step", ["update-attr", "delete-attr", "restore-attr"])
async def test_attrs_are_changed_by_admins_only(library: Writer, step: str) -> None:
    attr_id = library.attr("users.name")
    change: Any = {"id": attr_id, "unique?": True} if step == "update-attr" else attr_id
    refusal = await library.refusal([step, change], author=GUEST)
    assert isinstance(refusal, PermissionDenied)
    assert refusal.hint == {"input": ["attrs", "attr"], "expected": "perms-pass?"}


async def test_unknown_attrs_are_passed_over(library: Writer) -> None:
    unknown = new_id()
    steps: list[Any] = [
        ["update-attr", {"id": unknown}],
        ["delete-attr", unknown],
        ["restore-attr", unknown],
    ]
    assert (await library.write(*steps)).tx_id


async def test_renamed_attr_keeps_its_values(library: Writer) -> None:
    await library.write(*library.put("ann", "users", name="Ann"))
    await library.write(update(library, "users.name", rename="people.title"))
    renamed = await attr(library, "users.name")
    assert (renamed.etype, renamed.label) == ("people", "title")
    assert (await library.stored("ann"))["users.name"] == "Ann"
    assert await library.refusal(*[update(library, "users.handle", rename="people.title")])


async def test_attrs_swap_names(library: Writer) -> None:
    await library.write(
        update(library, "users.name", rename="users.handle"),
        update(library, "users.handle", rename="users.name"),
    )
    assert (await attr(library, "users.name")).label == "handle"
    assert (await attr(library, "users.handle")).label == "name"


async def test_two_changes_of_one_attr_apply_in_order(library: Writer) -> None:
    await library.write(
        update(library, "users.name", rename="users.first", unique_q=True),
        update(library, "users.name", rename="users.second"),
    )
    changed = await attr(library, "users.name")
    assert (changed.label, changed.is_unique) == ("second", True)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        pytest.param({"unique_q": True}, None, id="absent means none"),
        pytest.param({"on_delete": "cascade"}, "cascade", id="given"),
        pytest.param({"rename": "books.writer"}, "cascade", id="rename keeps it"),
        pytest.param({"rename": "books.writer", "on_delete": None}, None, id="rename removes it"),
    ],
)
async def test_cascade_is_overwritten(
    writer: Writer, change: dict[str, Any], kept: str | None
) -> None:
    await writer.write(writer.add_attr("books.author", to="users.books", on_delete="cascade"))
    await writer.write(update(writer, "books.author", **change))
    assert (await attr(writer, "books.author")).on_delete == kept


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("users.name", {"index_q": True}),
        ("users.name", {"unique_q": True}),
        ("users.name", {"cardinality": "many"}),
        ("users.age", {"index_q": False}),
        ("users.active", {"index_q": True}),
        ("books.author", {"cardinality": "many"}),
        ("books.author", {"value_type": "blob"}),
        ("books.tags", {"cardinality": "one"}),
    ],
)
async def test_values_follow_their_attr(library: Writer, name: str, change: dict[str, Any]) -> None:
    book = {"author": library.entity("ann"), "tags": library.entity("tag")}
    await library.write(
        *library.put("ann", "users", name="Ann", age=1, active=True),
        *library.put("bob", "users"),
        *library.put("book", "books", **book),
    )
    await library.write(update(library, name, **change))
    assert await library.attrs_with_wrong_flags() == set()
    if change.get("index_q"):
        assert (await library.stored("bob"))[name] is None


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("users.name", {"unique_q": True}, "`name` is a unique attribute on `users`"),
        ("users.name", {"value_type": "ref"}, "Linked value must be a valid uuid."),
        ("users.meta", {"index_q": True}, "Value is too large for an indexed attribute."),
        ("books.tags", {"cardinality": "one"}, "Record not unique: triple"),
    ],
)
async def test_change_that_values_forbid_is_refused(
    library: Writer, name: str, change: dict[str, Any], said: str
) -> None:
    large = [new_id() for _ in range(100)]
    await library.write(
        *library.put("ann", "users", name="same", meta=large),
        *library.put("bob", "users", name="same"),
        library.add("book", "books.tags", library.entity("one")),
        library.add("book", "books.tags", library.entity("two")),
    )
    assert (await library.refusal(update(library, name, **change))).message.startswith(said)


async def test_attr_becomes_required_only_if_all_have_it(library: Writer) -> None:
    await library.write(*library.put("ann", "users", name="Ann"), *library.put("bob", "users"))
    require = update(library, "users.name", required_q=True)
    assert (await library.refusal(require)).message == (
        "Validation failed for attributes: Can't update attribute `name` to required because"
        " `users` already have entities without it"
    )
    await library.write(library.add("bob", "users.name", "Bob"))
    await library.write(require)
    assert (await attr(library, "users.name")).is_required


async def test_hidden_attr_comes_back_with_its_values(library: Writer) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"))
    email, before = library.attr("users.email"), await attr(library, "users.email")
    await library.write(["delete-attr", email])
    row = await (
        await library.conn.execute(
            "select etype, label, metadata, is_indexed from attrs where id = %s::uuid", (email,)
        )
    ).fetchone()
    await library.write(["restore-attr", email])
    after = await attr(library, "users.email")
    snapshot = {"is_indexed": True, "is_required": False, "id_attr_id": library.attr("users.id")}
    assert row == (
        f"{email}_deleted$users",
        f"{email}_deleted$email",
        {"soft_delete_snapshot": snapshot},
        False,
    )
    assert (after.etype, after.label, after.is_unique) == ("users", "email", True)
    assert (before.is_indexed, after.is_indexed, after.metadata) == (True, False, None)
    assert (await library.stored("ann"))["users.email"] == "a@b.c"


async def test_name_of_a_hidden_attr_is_free(library: Writer) -> None:
    hidden = library.attr_ids.pop("users.name")
    await library.write(["delete-attr", hidden])
    await library.write(library.add_attr("users.name"))
    refusal = await library.refusal(["restore-attr", hidden])
    assert isinstance(refusal, RecordNotUnique)
    assert refusal.hint["label"] == "name"


async def test_kinds_of_values_are_remembered(library: Writer) -> None:
    values: list[Any] = ["text", 1, None, True, [1], {}]
    for value in values:
        await library.write(library.add("ann", "users.name", value))
    assert (await attr(library, "users.name")).to_wire()["inferred-types"] == [
        "number",
        "string",
        "boolean",
        "json",
    ]


@pytest.mark.parametrize(
    ("name", "properties", "said"),
    [
        ("$moop.x", {}, "$ is reserved for system tables. You can't create $moop"),
        ("$users.email", {}, "$users.email is a system column and it already exists."),
        ("x.y", {"to": "$users.email"}, "$users.email is a system column and it already exists."),
        ("$users.x", {"required": True}, "You can't create a required system attribute. Make sure"),
    ],
)
@pytest.mark.parametrize("author", [GUEST, None], ids=["guest", "admin"])
async def test_reserved_names_are_refused(
    writer: Writer, name: str, properties: dict[str, Any], said: str, author: Any
) -> None:
    step = writer.add_attr(name, **properties)
    refusal = await (writer.refusal(step, author=author) if author else writer.refusal(step))
    assert isinstance(refusal, ValidationFailed)
    assert refusal.message.startswith(f"Validation failed for attributes: {said}")


async def test_rename_onto_a_reserved_name_is_refused(library: Writer) -> None:
    refusal = await library.refusal(update(library, "users.name", rename="$users.email"))
    assert "already exists" in refusal.message
    far = update(library, "books.author", reverse_identity=[new_id(), "$users", "email"])
    assert "already exists" in (await library.refusal(far)).message


async def test_system_etype_gets_no_required_attr_later(writer: Writer) -> None:
    await writer.write(writer.add_attr("$users.nick"))
    refusal = await writer.refusal(update(writer, "$users.nick", required_q=True))
    assert "can't create a required system attribute" in refusal.message


@pytest.mark.parametrize("etype", ["$users", "$files", "$streams"])
async def test_system_etypes_can_be_extended(writer: Writer, etype: str) -> None:
    await writer.write(
        writer.add_attr(f"{etype}.nickname"),
        writer.add_attr("todos.owner", to=f"{etype}.todos"),
        author=GUEST,
    )
    assert (await attr(writer, f"{etype}.nickname")).catalog == "user"
