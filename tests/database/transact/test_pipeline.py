"""Order, modes, repeats and the state of the app (transactions-permissions.md §4, §5.1, §7)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples.management.database import connect
from triples.transact.transact import Author, transact
from wire.errors import AppDisabled, AppReadOnly, RecordNotFound
from wire.ids import new_id

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


async def test_empty_write_gets_a_tx_id(library: Writer) -> None:
    first, second = await library.write(), await library.write()
    assert second.tx_id > first.tx_id


async def test_steps_of_one_op_run_where_the_op_first_appears(library: Writer) -> None:
    await library.write(*library.put("ann", "users", name="old"))
    gone = ["delete-entity", library.entity("ann"), "users"]
    await library.write(gone, *library.put("ann", "users", name="new"), gone)
    assert (await library.stored("ann"))["users.name"] == "new"


async def test_delete_after_add_leaves_nothing(library: Writer) -> None:
    gone = ["delete-entity", library.entity("ann"), "users"]
    await library.write(*library.put("ann", "users", name="new"), gone)
    assert await library.stored("ann") == {}


async def test_attr_is_defined_and_used_at_once(writer: Writer) -> None:
    steps = [writer.add_attr("notes.id"), writer.add_attr("notes.slug", unique=True)]
    by_slug = writer.by("notes.slug", "a")
    use = ["add-triple", by_slug, writer.attr("notes.id"), by_slug]
    await writer.write(*steps, use, author=GUEST)
    (note,) = await writer.entities()
    assert await writer.stored_of(note) == {"notes.id": note, "notes.slug": "a"}


@pytest.mark.parametrize("op", ["add-triple", "deep-merge-triple"])
@pytest.mark.parametrize(
    ("mode", "exists", "message"),
    [
        pytest.param("create", True, "Creating entities that exist", id="create what is there"),
        pytest.param("create", False, None, id="create what is not there"),
        pytest.param("update", True, None, id="update what is there"),
        pytest.param("update", False, "Updating entities that don't exist", id="update nothing"),
        pytest.param("upsert", True, None, id="upsert what is there"),
        pytest.param("upsert", False, None, id="upsert what is not there"),
    ],
)
async def test_mode_is_judged_by_what_is_stored(
    library: Writer, op: str, mode: str, exists: bool, message: str | None
) -> None:
    if exists:
        await library.write(library.add("ann", "users.name", None))
    ann = library.entity("ann")
    step = [op, ann, library.attr("users.name"), "Ann", {"mode": mode}]
    if message is None:
        await library.write(step)
    else:
        refusal = await library.refusal(step)
        assert refusal.message == f"Validation failed for tx-step: {message}: {ann}"
        assert refusal.hint["data-type"] == "tx-step"


async def test_entity_is_created_once_in_each_etype(library: Writer) -> None:
    await library.write(*library.put("ann", "users", "create"))
    await library.write(*library.put("ann", "profiles", "create", bio="…"))
    refusal = await library.refusal(*library.put("ann", "profiles", "create"))
    assert "Creating entities that exist" in refusal.message


@pytest.mark.parametrize(("mode", "exists"), [("create", True), ("update", False)])
async def test_mode_holds_for_lookups(library: Writer, mode: str, exists: bool) -> None:
    if exists:
        await library.write(*library.put("ann", "users", email="a@b.c"))
    by_email = library.by("users.email", "a@b.c")
    step = ["add-triple", by_email, library.attr("users.name"), "Ann", {"mode": mode}]
    assert "entities that" in (await library.refusal(step)).message


async def test_repeated_event_is_answered_with_the_first_result(library: Writer) -> None:
    step = library.add("ann", "users.name", "Ann")
    first = await library.write(step, event="e", author=GUEST)
    await library.write(library.add("ann", "users.name", "Bea"))
    again = await library.write(step, event="e", author=GUEST)
    assert (again.tx_id, again.repeated, first.repeated) == (first.tx_id, True, False)
    assert await library.stored("ann") == {"users.name": "Bea"}


@pytest.mark.parametrize("other", [ADMIN, Author(is_admin=False, user_id=new_id())])
async def test_event_of_another_identity_is_no_repetition(library: Writer, other: Author) -> None:
    step = library.add("ann", "users.name", "Ann")
    first = await library.write(step, event="e", author=GUEST)
    second = await library.write(step, event="e", author=other)
    assert second.tx_id > first.tx_id
    assert not second.repeated


async def test_refused_event_may_be_sent_again(library: Writer) -> None:
    bad = library.add("ann", "users.age", "old")
    with pytest.raises(Exception, match="Invalid value type"):
        await library.write(bad, event="e")
    assert not (await library.write(library.add("ann", "users.age", 9), event="e")).repeated


@pytest.mark.parametrize(
    ("status", "error"), [("read-only", AppReadOnly), ("disabled", AppDisabled)]
)
async def test_closed_app_takes_no_writes(library: Writer, status: str, error: type[Any]) -> None:
    await library.conn.execute(
        "update apps set status = %s where id = %s::uuid", (status, library.app_id)
    )
    assert isinstance(await library.refusal(library.add("a", "users.name", 1)), error)


async def test_app_that_is_gone_takes_no_writes(library: Writer) -> None:
    with pytest.raises(RecordNotFound):
        await transact(library.conn, new_id(), [], ADMIN)


async def test_writes_of_two_apps_do_not_wait_for_each_other(
    library: Writer, django_db_setup: None
) -> None:
    from triples import tenants

    other = (await tenants.create_app(library.conn, "other")).app
    async with connect() as blocker, blocker.transaction():
        await blocker.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (library.app_id,)
        )
        async with asyncio.timeout(5):
            assert (await transact(library.conn, other.id, [], ADMIN)).tx_id


async def test_thousand_steps_cost_as_many_statements_as_ten(library: Writer) -> None:
    async def statements(steps: list[Any]) -> int:
        executed = []
        execute = library.conn.execute

        async def counting(query: Any, *args: Any, **kwargs: Any) -> Any:
            executed.append(query)
            return await execute(query, *args, **kwargs)

        library.conn.execute = counting  # type: ignore[method-assign]
        try:
            await library.write(*steps)
        finally:
            del library.conn.execute
        return len(executed)

    def steps(count: int) -> list[Any]:
        written: list[Any] = []
        for person in (f"p{n}" for n in range(count)):
            ann = library.entity(person)
            written += library.put(person, "users", "update", email=person, age=1)
            written.append(["deep-merge-triple", ann, library.attr("users.meta"), {person: 1}])
            written.append(["retract-triple", ann, library.attr("users.name"), "x"])
            written.append(["increment-triple", ann, library.attr("users.age"), 1])
        return written

    await library.write(*(s for n in range(200) for s in library.put(f"p{n}", "users")))
    for _ in "remembers kinds of values", "reads the attrs that remember them":
        await library.write(*steps(2))
    assert await statements(steps(200)) == await statements(steps(2)) <= 14
