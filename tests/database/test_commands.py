"""What operators run by hand does what it says, once and again."""

from __future__ import annotations

import asyncio
import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from triples import tenants
from triples.management.database import connect
from triples.values.missing_keys import count_missing_keys

pytestmark = pytest.mark.usefixtures("django_db_setup")


def run(command: str, **options: Any) -> str:
    """What the command prints."""
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def ask(statement: str) -> Any:
    """The only value that a statement returns."""

    async def fetch() -> Any:
        async with connect() as conn:
            return await (await conn.execute(statement)).fetchone()

    row = asyncio.run(fetch())
    return row[0] if row else None


def test_created_app_opens_with_the_printed_token() -> None:
    printed = re.fullmatch(r"app id +(\S+)\nadmin token +(\S+)\n", run("create_app", title="Mine"))
    assert printed

    async def verify() -> None:
        async with connect() as conn:
            await tenants.verify_admin_token(conn, printed[1], printed[2])

    asyncio.run(verify())


def test_app_without_a_title_is_not_created() -> None:
    with pytest.raises(CommandError):
        run("create_app", title="  ")


def test_sample_is_loaded_once_and_goes_on_where_it_stopped() -> None:
    assert "Loaded 2 apps" in run("load_sample", apps=2, triples=1_000, seed=90)
    again = run("load_sample", apps=2, triples=1_000, seed=90)
    assert "Loaded 0 apps with 0 triples; 2 were there already." in again
    loaded = ask("select count(*) from apps where title like '%(seed 90)'")
    assert loaded == 2


def test_sample_rows_have_their_sort_keys() -> None:
    run("load_sample", apps=1, triples=500, seed=91)
    missing = ask(
        "select count(*) from triples where ave and checked_data_type is not null"
        " and sort_key is null and app_id = (select id from apps where title like '%(seed 91)')"
    )
    assert missing == 0


def test_rows_written_by_sql_get_their_sort_keys() -> None:
    ask(
        "insert into triples (app_id, entity_id, attr_id, ave, checked_data_type, value)"
        " values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), true, 'number', '1')"
        " returning 1"
    )
    assert re.search(r"[1-9]\d* rows got their sort key", run("fill_sort_keys"))

    async def count() -> int:
        async with connect() as conn:
            return await count_missing_keys(conn)

    assert asyncio.run(count()) == 0
