"""Every row of the tables about writes, at the socket and over HTTP, on the running server.

The rows are data, by section, in `write_rows`; what one says is told in `write_rows/row.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.served import ServedDatabase
from tests.wire.write_rows import (
    section_1,
    section_2,
    section_3,
    section_4,
    section_5,
    section_6_1,
    section_6_2,
    section_6_3,
    section_6_4,
    section_7,
    section_8,
    section_9,
)
from tests.wire.write_rows.app import WrittenApp
from tests.wire.write_rows.assertions import assert_attr, assert_refused, assert_shown
from tests.wire.write_rows.row import Door, Row
from tests.wire.write_rows.world import SCHEMA

SECTIONS: dict[str, tuple[list[Row], dict[str, Any] | None]] = {
    "1": (section_1.ROWS, None),
    "2": (section_2.ROWS, None),
    "3": (section_3.ROWS, None),
    "4": (section_4.ROWS, None),
    "5": (section_5.ROWS, None),
    "6.1": (section_6_1.ROWS, None),
    "6.2": (section_6_2.ROWS, None),
    "6.3": (section_6_3.ROWS, None),
    "6.4": (section_6_4.ROWS, None),
    "7": (section_7.ROWS, None),
    "8": (section_8.ROWS, section_8.RULES),
    "9": (section_9.ROWS, None),
}


@pytest.fixture(scope="module")
def app_of(server: ServedDatabase) -> Iterator[Callable[[str], WrittenApp]]:
    """The app of a section, made when its first row is tried."""
    apps: dict[str, WrittenApp] = {}
    with ExitStack() as stack:

        def app(section: str) -> WrittenApp:
            if section not in apps:
                title, rules = f"writes, section {section}", SECTIONS[section][1]
                apps[section] = WrittenApp(server, title, SCHEMA, rules, stack)
            return apps[section]

        yield app


@pytest.mark.parametrize(
    ("section", "row", "door"),
    [
        pytest.param(section, row, door, id=f"{row.section.removeprefix('§')} {row.id}, {door}")
        for section, (rows, _) in SECTIONS.items()
        for row in rows
        for door in row.doors
    ],
)
def test_write_comes_to_what_its_row_says(
    app_of: Callable[[str], WrittenApp], section: str, row: Row, door: Door
) -> None:
    app = app_of(section)
    names = app.names()
    for earlier in row.before:
        done = app.write_at_socket(names.resolved(earlier), is_admin=True)
        assert done["op"] == "transact-ok", done
    stored = None if row.refused is None else app.stored()

    answer = app.write(door, row, names.resolved(row.write))

    if row.refused is not None:
        assert_refused(answer, row.refused, names)
        assert door == "http" or answer["original-event"]["op"] == "transact"
        assert app.stored() == stored
        return
    assert isinstance(answer.get("tx-id"), int), answer
    assert_shown(app, names, row.after)
    for name, properties in row.attrs.items():
        assert_attr(app.find_attr(names.resolved(name)), names.resolved(properties))
