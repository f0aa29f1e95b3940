"""Apps whose time is over go, with all that is theirs, and nobody else's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from triples import app_removal, tenants
from triples.app_removal import remove_some_apps
from triples.sql.pool import Connection
from triples.transact.author import Author
from triples.transact.transact import transact
from wire.errors import RecordNotFound
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

ADMIN = Author(is_admin=True, user_id=None)


async def sweep(conn: Connection) -> None:
    while await remove_some_apps(conn):
        pass


async def filled_app(conn: Connection, *, days_over: float | None) -> str:
    """An app with rows; `days_over` says how long ago it expired, None that it stays."""
    if days_over is None:
        app_id = (await tenants.create_app(conn, "stays", rules={"a": {}})).app.id
    else:
        app_id = (await tenants.create_ephemeral_app(conn, "goes", rules={"a": {}})).app.id
        await conn.execute(
            "update apps set ephemeral_expires_at = now() - %s * interval '1 day'"
            " where id = %s::uuid",
            (days_over, app_id),
        )
    attr: dict[str, Any] = {
        "id": new_id(),
        "forward-identity": [new_id(), "todos", "title"],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": False,
        "index?": False,
    }
    triples = [["add-triple", new_id(), attr["id"], f"todo {n}"] for n in range(5)]
    await transact(conn, app_id, [["add-attr", attr], *triples], ADMIN, client_event_id="e")
    return app_id


async def rows_of(conn: Connection, app_id: str) -> dict[str, int]:
    """How many rows each table has of the app."""
    tables = await (await conn.execute(app_removal._TABLES)).fetchall()
    counts = {}
    for (table,) in tables:
        cursor = await conn.execute(
            f"select count(*) from {table} where app_id = %s::uuid", (app_id,)
        )
        row = await cursor.fetchone()
        counts[table] = row[0] if row else 0
    return {table: count for table, count in counts.items() if count}


@pytest.mark.parametrize(
    ("days_over", "goes"),
    [(None, False), (-13.0, False), (0.5, False), (1.5, True)],
    ids=["no end", "lives", "a day for claims", "over"],
)
async def test_app_goes_a_day_after_its_end(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, days_over: float | None, goes: bool
) -> None:
    monkeypatch.setattr(app_removal, "ROWS_AT_ONCE", 2)
    app_id = await filled_app(conn, days_over=days_over)
    before = await rows_of(conn, app_id)
    assert {"triples", "attrs", "idents", "transactions", "rules", "app_admin_tokens"} <= set(
        before
    )
    await sweep(conn)
    assert await rows_of(conn, app_id) == ({} if goes else before)
    if goes:
        with pytest.raises(RecordNotFound):
            await tenants.find_app(conn, app_id)


async def test_deleted_app_has_two_days_of_grace(conn: Connection) -> None:
    fresh, old = [await filled_app(conn, days_over=None) for _ in range(2)]
    mark = "update apps set deletion_marked_at = now() - %s * interval '1 day' where id = %s::uuid"
    await conn.execute(mark, (1, fresh))
    await conn.execute(mark, (3, old))
    await sweep(conn)
    assert await rows_of(conn, old) == {}
    assert (await rows_of(conn, fresh))["triples"] == 5


async def test_claimed_app_stays(conn: Connection) -> None:
    app_id = await filled_app(conn, days_over=9)
    await conn.execute("update apps set ephemeral_expires_at = null where id = %s::uuid", (app_id,))
    await sweep(conn)
    app = await tenants.find_app(conn, app_id)
    assert isinstance(app.created_at, datetime)
