"""Adding, merging, retracting and counting values (transactions-permissions.md §5)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.database.transact.writer import GUEST, Writer
from tests.until import until
from triples.transact.merge import deep_merge
from wire.errors import SqlRaise, ValidationFailed
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


async def test_last_value_of_a_write_counts(library: Writer) -> None:
    await library.write(library.add("ann", "users.name", 1), library.add("ann", "users.name", 2))
    assert await library.stored("ann") == {"users.name": 2}


async def is_past(library: Writer, milliseconds: int) -> bool:
    """Whether what is written from now on would have a later time."""
    clock = "select extract(epoch from clock_timestamp()) * 1000 > %s + 1"
    row = await (await library.conn.execute(clock, (milliseconds,))).fetchone()
    return row == (True,)


async def test_value_is_replaced_and_keeps_its_time(library: Writer) -> None:
    await library.write(library.add("ann", "users.name", "Ann"))
    created = "select created_at from triples where app_id = %s::uuid"
    before = await (await library.conn.execute(created, (library.app_id,))).fetchall()
    await until(partial(is_past, library, max(time for (time,) in before)))
    await library.write(library.add("ann", "users.name", "Anna"))
    after = await (await library.conn.execute(created, (library.app_id,))).fetchall()
    assert (await library.stored("ann"), after) == ({"users.name": "Anna"}, before)


async def test_unchanged_value_is_not_written(library: Writer) -> None:
    await library.write(*library.put("ann", "users", name={"a": 1}))
    version = "select xmin::text from triples where app_id = %s::uuid order by attr_id"
    before = await (await library.conn.execute(version, (library.app_id,))).fetchall()
    await library.write(*library.put("ann", "users", name={"a": 1.0}))
    assert await (await library.conn.execute(version, (library.app_id,))).fetchall() == before


async def test_links_of_cardinality_many_add_up(library: Writer) -> None:
    one, two = library.entity("one"), library.entity("two")
    steps = [library.add("book", "books.tags", target) for target in (one, two, one)]
    await library.write(*steps)
    assert sorted((await library.stored("book"))["books.tags"]) == sorted([one, two])


async def test_link_of_cardinality_one_is_replaced(library: Writer) -> None:
    for name in ("ann", "bob"):
        await library.write(library.add("book", "books.author", library.entity(name)))
    assert await library.stored("book") == {"books.author": library.entity("bob")}


async def test_indexed_properties_of_a_new_entity_are_null(library: Writer) -> None:
    await library.write(*library.put("ann", "users", handle="ann"))
    assert await library.stored("ann") == {
        "users.id": library.entity("ann"),
        "users.handle": "ann",
        "users.email": None,
        "users.age": None,
        "users.born": None,
    }
    assert await library.attrs_with_wrong_flags() == set()


async def test_many_entities_have_no_unique_value(library: Writer) -> None:
    await library.write(*library.put("ann", "users"), *library.put("bob", "users"))
    assert (await library.stored("bob"))["users.email"] is None


async def test_new_indexed_attr_gives_nulls_to_stored_entities(library: Writer) -> None:
    await library.write(*library.put("ann", "users"), library.add("bob", "users.name", "Bob"))
    await library.write(library.add_attr("users.rank", indexed=True, checked="number"))
    assert (await library.stored("ann"))["users.rank"] is None
    assert "users.rank" not in await library.stored("bob")
    assert await library.attrs_with_wrong_flags() == set()


async def test_lookup_names_the_entity_with_the_value(library: Writer) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"))
    by_email = library.by("users.email", "a@b.c")
    await library.write(["add-triple", by_email, library.attr("users.name"), "Ann"])
    assert (await library.stored("ann"))["users.name"] == "Ann"


async def test_unknown_lookup_makes_one_entity_for_all_steps(library: Writer) -> None:
    by_email = library.by("users.email", "a@b.c")
    await library.write(
        ["add-triple", by_email, library.attr("users.id"), by_email],
        ["add-triple", by_email, library.attr("users.name"), "Ann"],
        ["add-triple", library.entity("book"), library.attr("books.author"), by_email],
        ["deep-merge-triple", by_email, library.attr("users.meta"), {"a": 1}],
        author=GUEST,
    )
    (made,) = await library.entities() - {library.entity("book")}
    stored = await library.stored_of(made)
    assert stored["users.id"] == made
    assert (stored["users.email"], stored["users.name"], stored["users.meta"]) == (
        "a@b.c",
        "Ann",
        {"a": 1},
    )
    assert await library.stored("book") == {"books.author": made}


async def test_unknown_lookup_by_id_makes_that_entity(library: Writer) -> None:
    ann = library.entity("ann")
    by_id = library.by("users.id", ann)
    await library.write(["add-triple", by_id, library.attr("users.id"), by_id])
    assert (await library.stored("ann"))["users.id"] == ann


async def test_lookup_attr_of_a_stored_entity_may_change(library: Writer) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"))
    by_email = library.by("users.email", "a@b.c")
    await library.write(
        ["add-triple", by_email, library.attr("users.email"), "new@b.c"],
        ["deep-merge-triple", by_email, library.attr("users.meta"), {"a": 1}],
    )
    stored = await library.stored("ann")
    assert (stored["users.email"], stored["users.meta"]) == ("new@b.c", {"a": 1})
    assert await library.entities() == {library.entity("ann")}


async def test_lookup_attr_of_a_new_entity_may_not_change(library: Writer) -> None:
    by_email = library.by("users.email", "a@b.c")
    refusal = await library.refusal(["add-triple", by_email, library.attr("users.email"), "x@b.c"])
    assert refusal.message.startswith("Updates with lookups can only update the lookup attribute")


async def test_link_to_an_unknown_lookup_is_refused(library: Writer) -> None:
    by_email = library.by("users.email", "a@b.c")
    refusal = await library.refusal(
        ["add-triple", library.entity("book"), library.attr("books.author"), by_email]
    )
    assert (
        refusal.message == "Validation failed for lookup: The entity for the lookup does not exist."
    )
    assert refusal.hint["input"] == {
        "attribute-id": library.attr("users.email"),
        "namespace": "users",
        "label": "email",
        "value": "a@b.c",
    }


async def test_list_that_looks_like_a_lookup_is_a_plain_value(library: Writer) -> None:
    value = [new_id(), "x"]
    await library.write(library.add("ann", "users.name", value))
    assert await library.stored("ann") == {"users.name": value}


async def test_uuids_are_stored_in_lower_case_everywhere(library: Writer) -> None:
    ident = new_id()
    await library.write(library.add("ann", "users.meta", {ident.upper(): [ident.upper()]}))
    assert await library.stored("ann") == {"users.meta": {ident: [ident]}}


MERGES: list[Any] = [
    pytest.param({"id": "1"}, [{"name": "P"}], {"id": "1", "name": "P"}, id="new key"),
    pytest.param("a", [{"name": "P"}], {"name": "P"}, id="scalar is replaced"),
    pytest.param({"a": {}}, [{"a": "x"}], {"a": "x"}, id="object by scalar"),
    pytest.param({"a": [1]}, [{"a": [2]}], {"a": [2]}, id="arrays overwrite"),
    pytest.param({"a": 1}, [None], None, id="null stores null"),
    pytest.param(
        {"d": {"name": "P", "occ": "X"}},
        [{"d": {"name": None}}],
        {"d": {"occ": "X"}},
        id="null key",
    ),
    pytest.param(
        ...,
        [{"a": {"b1": {"c1": 0}, "b2": 2}}, {"a": {"b1": {"c2": 1}, "b3": 3}}],
        {"a": {"b1": {"c1": 0, "c2": 1}, "b2": 2, "b3": 3}},
        id="two patches",
    ),
    pytest.param(..., [{"name": "P"}, None, {"occ": "X"}], {"occ": "X"}, id="null between"),
    pytest.param(..., [{"a": None}], {"a": None}, id="first patch is stored as it is"),
]


@pytest.mark.parametrize(("stored", "patches", "result"), MERGES)
async def test_patches_are_merged(
    library: Writer, stored: Any, patches: list[Any], result: Any
) -> None:
    if stored is not ...:
        await library.write(library.add("ann", "users.meta", stored))
    ann, meta = library.entity("ann"), library.attr("users.meta")
    await library.write(*(["deep-merge-triple", ann, meta, patch] for patch in patches))
    assert await library.stored("ann") == {"users.meta": result}


async def test_merge_leaves_its_arguments_alone() -> None:
    old: dict[str, Any] = {"a": {"b": 1}}
    deep_merge(old, {"a": {"c": 2}})
    assert old == {"a": {"b": 1}}


async def test_links_cannot_be_merged(library: Writer) -> None:
    refusal = await library.refusal(
        ["deep-merge-triple", library.entity("b"), library.attr("books.author"), new_id()]
    )
    assert isinstance(refusal, SqlRaise)
    assert refusal.message == "Raised Exception: merge operation is not supported for links"


async def test_only_the_exact_value_is_retracted(library: Writer) -> None:
    one, two = library.entity("one"), library.entity("two")
    await library.write(*(library.add("book", "books.tags", tag) for tag in (one, two)))
    book, tags = library.entity("book"), library.attr("books.tags")
    unknown = library.by("users.email", "nobody")
    await library.write(
        ["retract-triple", book, tags, one],
        ["retract-triple", book, tags, new_id()],
        ["retract-triple", unknown, tags, two],
    )
    assert await library.stored("book") == {"books.tags": two}


async def test_increments_add_up_from_nothing(library: Writer) -> None:
    ann, age = library.entity("ann"), library.attr("users.age")
    await library.write(["increment-triple", ann, age, 2], ["increment-triple", ann, age, 0.5])
    await library.write(["increment-triple", ann, age, -1])
    assert await library.stored("ann") == {"users.age": 1.5}
    assert await library.attrs_with_wrong_flags() == set()


@pytest.mark.parametrize("name", ["users.name", "books.tags"])
async def test_what_is_no_number_is_not_incremented(library: Writer, name: str) -> None:
    await library.write(library.add("ann", "users.name", "Ann"))
    refusal = await library.refusal(
        ["increment-triple", library.entity("ann"), library.attr(name), 1]
    )
    assert isinstance(refusal, ValidationFailed)


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        pytest.param(1, True, id="equal"),
        pytest.param(1.0, True, id="equal in another spelling"),
        pytest.param(2, False, id="different"),
        pytest.param(None, False, id="nothing expected"),
    ],
)
async def test_write_happens_only_if_what_it_expects_is_stored(
    library: Writer, expected: Any, holds: bool
) -> None:
    await library.write(library.add("ann", "users.name", 1))
    ann, name = library.entity("ann"), library.attr("users.name")
    steps = [["add-triple", ann, name, "new"], ["expect-triple", ann, name, expected]]
    if holds:
        await library.write(*steps)
        assert await library.stored("ann") == {"users.name": "new"}
    else:
        refusal = await library.refusal(*steps)
        assert refusal.message.startswith("Validation failed for tx-step: Expectation failed: ")
        assert refusal.hint["errors"][0]["issue"] == "expectation-failed"


async def test_null_is_expected_where_nothing_is_stored(library: Writer) -> None:
    ann, name = library.entity("ann"), library.attr("users.name")
    await library.write(["expect-triple", ann, name, None], ["add-triple", ann, name, 1])
    assert await library.stored("ann") == {"users.name": 1}
