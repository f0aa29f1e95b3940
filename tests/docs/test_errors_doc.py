"""`docs/errors.md` names every error a client can see, with the statuses it really has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from wire.errors import InstantError

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"
ROW = re.compile(r"^\| `([a-z-]+)` \| (\d+) \| (\d+) \|", re.MULTILINE)


def error_classes(parent: type[InstantError] = InstantError) -> Iterator[type[InstantError]]:
    """Every class of the family that has a wire type."""
    for child in parent.__subclasses__():
        yield child
        yield from error_classes(child)


def documented() -> dict[str, tuple[int, int]]:
    """The table of the page: type → (HTTP status, socket status)."""
    rows = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {name: (int(http), int(socket)) for name, http, socket in rows}


@pytest.mark.parametrize("error", list(error_classes()), ids=lambda error: error.__name__)
def test_error_is_documented_with_its_statuses(error: type[InstantError]) -> None:
    assert documented()[error.type] == (error.http_status, error.socket_status)


def test_page_describes_no_error_that_does_not_exist() -> None:
    assert set(documented()) == {error.type for error in error_classes()}


def test_table_is_read_completely() -> None:
    """Guards the two tests above against a change of the table's layout."""
    assert len(documented()) == PAGE.read_text(encoding="utf-8").count("\n| `")
