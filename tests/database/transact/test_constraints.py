"""What values attrs take, and the errors that say so (transactions-permissions.md §6)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples.transact.transact import Author
from wire.errors import RecordNotUnique, SqlRaise, ValidationFailed
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


async def test_unique_value_is_taken(library: Writer) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"))
    refusal = await library.refusal(*library.put("bob", "users", email="a@b.c"))
    assert isinstance(refusal, RecordNotUnique)
    assert refusal.message == (
        "`email` is a unique attribute on `users` and an entity already exists"
        ' with `users.email` = "a@b.c"'
    )
    assert refusal.hint == {
        "record-type": "triple",
        "attr-id": library.attr("users.email"),
        "etype": "users",
        "label": "email",
        "value": '"a@b.c"',
    }


async def test_unique_value_is_taken_inside_one_write(library: Writer) -> None:
    refusal = await library.refusal(
        library.add("ann", "users.email", "a"), library.add("bob", "users.email", "a")
    )
    assert refusal.hint["value"] == '"a"'


async def test_attr_made_in_the_same_write_is_not_named(writer: Writer) -> None:
    steps = [writer.add_attr("users.id"), writer.add_attr("users.email", unique=True)]
    refusal = await writer.refusal(
        *steps, writer.add("ann", "users.email", 1), writer.add("bob", "users.email", 1)
    )
    assert refusal.message == "Record not unique: triple"


@pytest.mark.parametrize("name", ["books.cover", "books.pages"])
async def test_far_side_that_has_one_end_is_not_taken_over(library: Writer, name: str) -> None:
    target = library.entity("target")
    await library.write(library.add("one", name, target))
    await library.write(library.add("one", name, target))
    assert isinstance(await library.refusal(library.add("two", name, target)), RecordNotUnique)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        pytest.param("users.email", 5, "string but the provided value type is number", id="string"),
        pytest.param("users.age", "5", "number but the provided value type is string", id="number"),
        pytest.param("users.age", True, "number but the provided value type is boolean", id="bool"),
        pytest.param(
            "users.active", [], "boolean but the provided value type is array", id="boolean"
        ),
        pytest.param(
            "users.born", "2025-01-0", "date but the provided value type is string", id="date"
        ),
        pytest.param(
            "users.born", {}, "date but the provided value type is object", id="date object"
        ),
    ],
)
@pytest.mark.parametrize("op", ["add-triple", "deep-merge-triple"])
async def test_checked_type_is_kept(
    library: Writer, op: str, name: str, value: Any, said: str
) -> None:
    ann, attr = library.entity("ann"), library.attr(name)
    refusal = await library.refusal([op, ann, attr, value])
    assert isinstance(refusal, ValidationFailed)
    assert refusal.message == f"Invalid value type for {name}. Value must be a {said}."
    assert refusal.hint == {
        "namespace": "users",
        "attribute": name.split(".")[1],
        "value": value,
        "checked-data-type": said.split()[0],
        "attr-id": attr,
        "entity-id": ann,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("users.email", None),
        ("users.age", -1.5),
        ("users.active", False),
        ("users.born", 1736974388000),
        ("users.born", " 8/4/2025, 11:02:31 PM "),
        ("users.born", "now"),
        ("users.born", "infinity"),
        ("users.name", {"any": [1, "x", None]}),
    ],
)
async def test_value_of_the_type_is_stored_as_it_is(library: Writer, name: str, value: Any) -> None:
    await library.write(library.add("ann", name, value))
    assert await library.stored("ann") == {name: value}
    assert await library.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize(
    ("name", "length", "said"),
    [
        ("users.email", 1013, "Value is too large for a unique attribute."),
        ("users.handle", 1013, "Value is too large for an indexed attribute."),
        ("users.handle", 100_000, "Value is too large for an indexed attribute."),
    ],
)
async def test_indexed_value_has_a_limit(
    library: Writer, name: str, length: int, said: str
) -> None:
    await library.write(library.add("bob", name, "x" * 1012))
    refusal = await library.refusal(library.add("ann", name, "x" * length))
    assert refusal.message == said
    assert refusal.hint["value-too-large?"] is True
    assert refusal.hint["entity-id"] == library.entity("ann")
    assert len(json.dumps(refusal.hint)) < 1000


async def test_plain_value_has_no_limit(library: Writer) -> None:
    await library.write(library.add("ann", "users.name", "x" * 1_000_000))
    assert len((await library.stored("ann"))["users.name"]) == 1_000_000


@pytest.mark.parametrize("value", ["nobody", 5, None, {}, [new_id()]])
@pytest.mark.parametrize(
    ("author", "said"),
    [
        pytest.param(ADMIN, "Linked value must be a valid uuid.", id="admin"),
        pytest.param(
            GUEST, "Validation failed for eid: Expected link value to be a uuid.", id="guest"
        ),
    ],
)
async def test_link_leads_to_an_id(library: Writer, author: Author, said: str, value: Any) -> None:
    step = library.add("book", "books.author", value)
    assert (await library.refusal(step, author=author)).message == said


@pytest.mark.parametrize(
    "value", ["a\0b", ["\0"], {"a": {"b\0": 1}}], ids=["text", "in a list", "key"]
)
async def test_nul_cannot_be_stored(library: Writer, value: Any) -> None:
    assert (await library.refusal(library.add("ann", "users.name", value))).message == (
        "A value in the transaction contains null bytes, which cannot be stored."
    )


async def test_unknown_attr_is_named(library: Writer) -> None:
    unknown = new_id()
    refusal = await library.refusal(["add-triple", new_id(), unknown, 1])
    assert isinstance(refusal, SqlRaise)
    assert refusal.message == (
        f"Raised Exception: We could not find an attribute with id = '{unknown}'"
    )


async def test_hidden_attr_is_unknown(library: Writer) -> None:
    await library.write(["delete-attr", library.attr("users.name")])
    assert isinstance(await library.refusal(library.add("a", "users.name", 1)), SqlRaise)


async def test_lookup_by_an_attr_that_is_not_unique_is_refused(library: Writer) -> None:
    by_name = library.by("users.name", "Ann")
    refusal = await library.refusal(["add-triple", by_name, library.attr("users.age"), 1])
    assert refusal.message == "Raised Exception: attribute is not unique"


async def test_lookup_is_of_the_same_namespace(library: Writer) -> None:
    by_email = library.by("users.email", "a")
    step = ["add-triple", by_email, library.attr("books.title"), "T"]
    assert (await library.refusal(step, author=GUEST)).message == (
        "Validation failed for tx-step: Invalid transaction. The namespace in the lookup attribute"
        " is different from the namespace of the attribute that is being set"
    )


async def test_lookup_by_an_unknown_attr(library: Writer) -> None:
    step = ["add-triple", [new_id(), 1], library.attr("books.title"), "T"]
    assert (await library.refusal(step, author=GUEST)).message == (
        "Validation failed for lookup: Invalid lookup."
        " Could not determine namespace from lookup attribute."
    )
    assert isinstance(await library.refusal(step), SqlRaise)


@pytest.mark.parametrize("position", [1, 3])
async def test_lookup_by_id_has_an_id(library: Writer, position: int) -> None:
    by_id = library.by("users.id", "bob")
    step: list[Any] = ["add-triple", library.entity("b"), library.attr("books.author"), by_id]
    if position == 1:
        step = ["add-triple", by_id, library.attr("users.name"), "Bob"]
    error = (await library.refusal(step)).hint["errors"][0]
    assert error["in"] == [0, position]
    assert error["message"].endswith(
        "The lookup attribute is 'users.id', but the lookup value is not a valid UUID."
    )
