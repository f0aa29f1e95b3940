"""Deleting entities, cascades and required attrs (transactions-permissions.md §5.5, §6.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples.transact.author import Author
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


def gone(writer: Writer, nickname: str, *etype: str) -> list[Any]:
    """A `delete-entity` step."""
    return ["delete-entity", writer.entity(nickname), *etype]


async def test_entity_goes_with_its_values_and_the_links_to_it(library: Writer) -> None:
    ann = library.entity("ann")
    await library.write(*library.put("ann", "users"), *library.put("book", "books", author=ann))
    await library.write(gone(library, "ann", "users"), author=GUEST)
    assert await library.stored("ann") == {}
    assert await library.stored("book") == {"books.id": library.entity("book")}


async def test_same_id_in_another_etype_stays(library: Writer) -> None:
    await library.write(*library.put("ann", "users"), *library.put("ann", "profiles", bio="…"))
    await library.write(gone(library, "ann", "users"))
    assert set(await library.stored("ann")) == {"profiles.id", "profiles.bio"}


async def test_delete_without_etype_takes_the_entity_from_all(library: Writer) -> None:
    await library.write(*library.put("ann", "users"), *library.put("ann", "profiles", bio="…"))
    await library.write(gone(library, "ann"))
    assert await library.stored("ann") == {}


async def test_delete_of_nothing_is_no_error(library: Writer) -> None:
    by_email = library.by("users.email", "nobody")
    await library.write(
        gone(library, "ann", "users"),
        gone(library, "ann"),
        ["delete-entity", by_email, "users"],
        gone(library, "ann", "planets"),
    )
    assert await library.entities() == set()


async def test_delete_by_lookup(library: Writer) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"))
    await library.write(["delete-entity", library.by("users.email", "a@b.c"), "users"])
    assert await library.entities() == set()


@pytest.mark.parametrize(
    "author", [pytest.param(ADMIN, id="admin"), pytest.param(GUEST, id="guest")]
)
async def test_lookup_names_whom_it_did_after_another_entity_is_deleted(
    library: Writer, author: Author
) -> None:
    await library.write(*library.put("ann", "users", email="a@b.c"), *library.put("bob", "users"))
    ann = library.by("users.email", "a@b.c")
    await library.write(
        ["add-triple", ann, library.attr("users.email"), "new@b.c"],
        gone(library, "bob", "users"),
        ["deep-merge-triple", ann, library.attr("users.meta"), {"a": 1}],
        author=author,
    )
    assert await library.entities() == {library.entity("ann")}
    stored = await library.stored("ann")
    assert (stored["users.email"], stored["users.meta"]) == ("new@b.c", {"a": 1})


async def test_values_of_hidden_attrs_go_too(library: Writer) -> None:
    await library.write(
        *library.put("ann", "users", name="Ann"),
        *library.put("book", "books", author=library.entity("ann")),
    )
    hidden = [library.attr("users.name"), library.attr("books.author")]
    await library.write(*(["delete-attr", attr] for attr in hidden))
    await library.write(gone(library, "ann", "users"))
    await library.write(*(["restore-attr", attr] for attr in hidden))
    assert await library.stored("ann") == {}
    assert await library.stored("book") == {"books.id": library.entity("book")}


async def family(writer: Writer, **cascade: str) -> None:
    """Books with an author, one of which links back to itself over two steps."""
    await writer.write(
        writer.add_attr("users.id"),
        writer.add_attr("books.id"),
        writer.add_attr("notes.id"),
        writer.add_attr("books.author", to="users.books", **cascade),
        writer.add_attr("notes.book", to="books.notes", **cascade),
    )
    await writer.write(
        *writer.put("ann", "users"),
        *writer.put("book", "books", author=writer.entity("ann")),
        *writer.put("note", "notes", book=writer.entity("book")),
        *writer.put("note", "users"),
    )


@pytest.mark.parametrize(
    ("cascade", "deleted", "left"),
    [
        pytest.param({}, ("ann", "users"), {"book", "note"}, id="no cascade"),
        pytest.param({"on_delete": "cascade"}, ("ann", "users"), {"note"}, id="owners follow"),
        pytest.param(
            {"on_delete": "cascade"}, ("note", "notes"), {"ann", "book", "note"}, id="targets stay"
        ),
        pytest.param(
            {"on_delete_reverse": "cascade"}, ("note", "notes"), {"note"}, id="targets follow"
        ),
        pytest.param(
            {"on_delete_reverse": "cascade"}, ("ann", "users"), {"book", "note"}, id="owners stay"
        ),
    ],
)
async def test_cascade_goes_along_links(
    writer: Writer, cascade: dict[str, str], deleted: tuple[str, str], left: set[str]
) -> None:
    """The note is also a user under the same id, and that part stays."""
    await family(writer, **cascade)
    await writer.write(gone(writer, *deleted))
    assert await writer.entities() == {writer.entity(name) for name in left}


async def test_cascade_ends_in_a_circle(writer: Writer) -> None:
    await writer.write(
        writer.add_attr("nodes.id"),
        writer.add_attr("nodes.next", to="nodes.previous", on_delete="cascade"),
    )
    nodes = [f"n{n}" for n in range(50)]
    await writer.write(
        *(
            step
            for here, there in zip(nodes, nodes[1:] + nodes[:1], strict=True)
            for step in writer.put(here, "nodes", next=writer.entity(there))
        )
    )
    await writer.write(gone(writer, "n7", "nodes"))
    assert await writer.entities() == set()


async def required_author(writer: Writer) -> None:
    """Books need an author and a title."""
    await writer.write(
        writer.add_attr("users.id"),
        writer.add_attr("books.id"),
        writer.add_attr("books.title", required=True),
        writer.add_attr("books.author", to="users.books", required=True),
        writer.add_attr("books.note"),
    )
    ann = writer.entity("ann")
    await writer.write(
        *writer.put("ann", "users"), *writer.put("book", "books", title="T", author=ann)
    )


async def test_missing_required_attrs_are_named(writer: Writer) -> None:
    await required_author(writer)
    refusal = await writer.refusal(*writer.put("b", "books", title=None), *writer.put("c", "books"))
    b, c = sorted([writer.entity("b"), writer.entity("c")])
    assert refusal.message == (
        f"Missing required attributes `books/author`: {b}, {c}."
        f" Missing required attributes `books/title`: {b}, {c}"
    )
    assert refusal.hint["records"][2] == {
        "entity_id": b,
        "attr_id": writer.attr("books.title"),
        "etype": "books",
        "label": "title",
        "is_required": True,
    }


async def test_id_is_required_where_anything_is(writer: Writer) -> None:
    await required_author(writer)
    values = {"books.title": "T", "books.author": writer.entity("ann")}
    refusal = await writer.refusal(*(writer.add("b", name, v) for name, v in values.items()))
    assert refusal.message == f"Missing required attribute `books/id`: {writer.entity('b')}"


@pytest.mark.parametrize(
    "name", [pytest.param("ann", id="target of a required link"), pytest.param(None, id="value")]
)
async def test_required_value_cannot_be_removed(writer: Writer, name: str | None) -> None:
    await required_author(writer)
    retract = ["retract-triple", writer.entity("book"), writer.attr("books.title"), "T"]
    step = gone(writer, name, "users") if name else retract
    assert (await writer.refusal(step)).message.startswith("Missing required attribute")


async def test_required_value_can_be_replaced(writer: Writer) -> None:
    await required_author(writer)
    book, title = writer.entity("book"), writer.attr("books.title")
    await writer.write(["retract-triple", book, title, "T"], ["add-triple", book, title, "U"])
    assert (await writer.stored("book"))["books.title"] == "U"


async def test_entity_may_go_altogether(writer: Writer) -> None:
    await required_author(writer)
    await writer.write(gone(writer, "book", "books"), gone(writer, "ann", "users"))
    assert await writer.entities() == set()


async def test_write_that_changes_nothing_is_not_checked(writer: Writer) -> None:
    await required_author(writer)
    await writer.write(writer.add("book", "books.note", 1))
    await writer.conn.execute(
        "delete from triples where app_id = %s::uuid and attr_id = %s::uuid",
        (writer.app_id, writer.attr("books.title")),
    )
    await writer.write(writer.add("book", "books.note", 1))
    refusal = await writer.refusal(writer.add("book", "books.note", new_id()))
    assert refusal.message.startswith("Missing required attribute `books/title`")
