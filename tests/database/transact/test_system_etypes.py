"""What admins, users and guests may do to `$` etypes (transactions-permissions.md §8.3, §12.2)."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

from tests.database.stored import Storage
from tests.database.transact.ruled import rule
from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.transact.transact import Author
from wire.errors import PermissionDenied, ValidationFailed

pytestmark = [pytest.mark.asyncio, pytest.mark.database]

NOT_DIRECTLY = "is a system column. You aren't allowed to change this directly."


@pytest_asyncio.fixture
async def people(writer: Writer) -> Writer:
    """Ann, who was the guest Gus, and Bob; users may be extended and linked to."""
    writer.attr_ids |= {f"{a.etype}.{a.label}": a.id for a in SYSTEM_ATTRS}
    await writer.write(
        writer.add_attr("$users.nickname"),
        writer.add_attr("$files.caption"),
        writer.add_attr("todos.id"),
        writer.add_attr("todos.owner", to="$users.todos"),
        writer.add_attr("todos.file", to="$files.todo"),
        *writer.put("ann", "$users", email="ann@b.c"),
        *writer.put("bob", "$users", email="bob@b.c"),
        *writer.put("gus", "$users", linkedPrimaryUser=writer.entity("ann")),
    )
    return writer


def ann(writer: Writer) -> Author:
    """Ann, signed in."""
    return Author(is_admin=False, user_id=writer.entity("ann"))


@pytest.mark.parametrize("nickname", ["ann", "gus"])
async def test_user_writes_to_herself(people: Writer, nickname: str) -> None:
    step = people.add(nickname, "$users.nickname", "A")
    await people.write(step, author=ann(people))
    assert (await people.stored(nickname))["$users.nickname"] == "A"


@pytest.mark.parametrize("author", ["ann", "guest"])
async def test_nobody_writes_to_another_user(people: Writer, author: str) -> None:
    step = people.add("bob", "$users.nickname", "B")
    refusal = await people.refusal(step, author=ann(people) if author == "ann" else GUEST)
    assert isinstance(refusal, PermissionDenied)
    assert refusal.hint["input"] == ["$users", "object"]
    await people.write(step, author=ADMIN)


@pytest.mark.parametrize("name", ["$users.email", "$users.type", "$magicCodes.email"])
async def test_system_columns_are_the_admins(people: Writer, name: str) -> None:
    step = people.add("ann", name, "x@b.c")
    refusal = await people.refusal(step, author=ann(people))
    assert refusal.message == f"Validation failed for tx-step: {name} {NOT_DIRECTLY}"
    await people.write(step, author=ADMIN)


@pytest.mark.parametrize("name", ["$files.size", "$files.location-id", "$streams.done"])
@pytest.mark.parametrize("author", [ADMIN, GUEST], ids=["admin", "guest"])
async def test_columns_of_files_are_nobodys(people: Writer, name: str, author: Author) -> None:
    refusal = await people.refusal(people.add("file", name, 1), author=author)
    assert refusal.message == f"Validation failed for tx-step: {name} {NOT_DIRECTLY}"


@pytest.mark.parametrize("author", [ADMIN, GUEST], ids=["admin", "guest"])
async def test_path_of_stream_files_is_fixed(people: Writer, author: Author) -> None:
    step = people.add("file", "$files.path", "$stream/x")
    refusal = await people.refusal(step, author=author)
    assert refusal.message.endswith("The path for stream files can't be edited.")


async def test_file_is_not_created_by_a_write(people: Writer) -> None:
    refusal = await people.refusal(*people.put("file", "$files", path="a.txt"))
    assert "Missing required attribute `$files/" in refusal.message


async def test_files_are_closed_without_rules(people: Writer, storage: Storage) -> None:
    file = {"entity": people.entity("file"), "attr": people.attr("$files.path")}
    await storage.insert("a.txt", **file, ea=True)
    step = people.add("file", "$files.caption", "x")
    refusal = await people.refusal(step, author=ann(people))
    assert isinstance(refusal, PermissionDenied)
    assert refusal.hint["input"] == ["$files", "object"]


async def test_link_to_a_file_needs_a_rule(people: Writer, storage: Storage) -> None:
    file = {"entity": people.entity("file"), "attr": people.attr("$files.path")}
    await storage.insert("a.txt", **file, ea=True)
    steps: list[Any] = people.put("todo", "todos", file=people.entity("file"))
    refusal = await people.refusal(*steps, author=ann(people))
    assert isinstance(refusal, PermissionDenied)
    assert refusal.hint["input"] == ["$files", "object"]
    await rule(people, **{"$files": {"allow": {"view": "data.path == 'a.txt'"}}})
    await people.write(*steps, author=ann(people))


async def test_user_is_not_created_by_a_write(people: Writer) -> None:
    refusal = await people.refusal(*people.put("eve", "$users"), author=GUEST)
    assert refusal.message == (
        "Validation failed for tx-step: $users is a system entity."
        " You aren't allowed to create this directly."
    )


async def test_user_is_deleted_by_admins_only(people: Writer) -> None:
    gone = ["delete-entity", people.entity("ann"), "$users"]
    refusal = await people.refusal(gone, author=ann(people))
    assert isinstance(refusal, ValidationFailed)
    assert refusal.message.endswith(
        "$users is a system entity. You aren't allowed to delete this directly."
    )
    await people.write(gone, author=ADMIN)
    assert await people.entities() == {people.entity("bob")}, "guests follow their primary user"


async def test_delete_of_a_file_needs_a_rule(people: Writer) -> None:
    gone = ["delete-entity", people.entity("file"), "$files"]
    assert isinstance(await people.refusal(gone, author=ann(people)), PermissionDenied)
    await people.write(gone, author=ADMIN)


@pytest.mark.parametrize(
    ("target", "may_link"), [("ann", True), ("gus", True), ("bob", False), ("nobody", True)]
)
async def test_link_to_a_user_needs_a_view_of_her(
    people: Writer, target: str, may_link: bool
) -> None:
    steps: list[Any] = people.put("todo", "todos", owner=people.entity(target))
    if may_link:
        await people.write(*steps, author=ann(people))
    else:
        assert isinstance(await people.refusal(*steps, author=ann(people)), PermissionDenied)


@pytest.mark.parametrize("step", ["update-attr", "delete-attr"])
async def test_system_attrs_do_not_change(people: Writer, step: str) -> None:
    email = people.attr("$users.email")
    change: Any = {"id": email, "unique?": False} if step == "update-attr" else email
    assert NOT_DIRECTLY in (await people.refusal([step, change])).message


async def test_system_attr_is_not_added_again(people: Writer) -> None:
    assert "already exists" in (await people.refusal(people.add_attr("$users.email"))).message
