"""What is remembered of client events, and for how long (realtime.md §6.4)."""

from __future__ import annotations

import pytest

from tests.database.transact.writer import GUEST, Writer
from triples.transact.event import REMEMBERED_DAYS, forget_events

pytestmark = [pytest.mark.asyncio, pytest.mark.database]


async def answered_before(writer: Writer, hours: float) -> None:
    """Make all events of the app that much older."""
    await writer.conn.execute(
        "update client_events set answered_at = answered_at - %s * interval '1 hour'"
        " where app_id = %s::uuid",
        (hours, writer.app_id),
    )


async def test_event_is_answered_with_its_first_result_for_a_day_at_least(library: Writer) -> None:
    step = library.add("ann", "users.name", "Ann")
    first = await library.write(step, event="e", author=GUEST)
    await answered_before(library, hours=25)
    while await forget_events(library.conn):
        pass
    again = await library.write(step, event="e", author=GUEST)
    assert (again.tx_id, again.repeated) == (first.tx_id, True)


async def test_event_is_forgotten_in_the_end(library: Writer) -> None:
    step = library.add("ann", "users.name", "Ann")
    await library.write(step, event="e", author=GUEST)
    await answered_before(library, hours=24 * REMEMBERED_DAYS + 1)
    while await forget_events(library.conn):
        pass
    assert not (await library.write(step, event="e", author=GUEST)).repeated


async def test_what_is_stored_does_not_show_the_event(library: Writer) -> None:
    await library.write(library.add("ann", "users.name", "Ann"), event="secret", author=GUEST)
    row = await (
        await library.conn.execute(
            "select client_events::text from client_events where app_id = %s::uuid",
            (library.app_id,),
        )
    ).fetchone()
    assert row is not None
    assert "secret" not in row[0]
    assert b"secret".hex() not in row[0]
