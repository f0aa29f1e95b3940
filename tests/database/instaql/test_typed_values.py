"""Dates in every spelling, strings in the client's order, and windows of infinite queries."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.world import World, WorldBuilder
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

# name → as it was written; the instants are those of instaql.md §2.3
DATES: dict[str, Any] = {
    "number": 1736974388892,
    "iso": "2025-01-15T20:53:08.892Z",
    "offset": "2025-01-15T21:53:08.892+01:00",
    "spaces": "2025-01-15 20:53:08.892",
    "short offset": "2025-01-15 20:53:08.892+00",
    "compact": "2025-01-15T20:53:08.892+0000",
    "quoted": '"2025-01-15 20:53:08.892"',
    "padded": "\t2025-01-15T20:53:08.892Z",
    "earlier": "2025-01-15T20:53:08.891Z",
    "later": "1/15/2025, 8:53:09 PM",
    "epoch": "epoch",
    "never": "infinity",
    "unknown": None,
}
SAME = {
    "number",
    "iso",
    "offset",
    "spaces",
    "short offset",
    "compact",
    "quoted",
    "padded",
}
# as `[…].sort(new Intl.Collator('en-US').compare)` orders them
STRINGS = ["", " ", "_", "-", "!", "1", "10", "2", "a", "A", "ä", "Á b", "ab", "b", "Z", "ж"]


@cache
def world() -> World:
    """Events with typed dates, and words; all made in one moment."""
    builder = WorldBuilder()
    builder.blob("events", "name")
    builder.blob("events", "at", "date", indexed=True)
    builder.blob("events", "noted", "date")
    builder.blob("words", "text", "string", indexed=True)
    for name, value in DATES.items():
        builder.entity("events", new_id(), 1, name=name, at=value, noted=value)
    for text in [*STRINGS[::-1], None]:
        builder.entity("words", new_id(), 1, text=text)
    return builder.build()


@pytest.mark.parametrize("spelling", sorted(SAME))
async def test_spellings_of_one_instant_are_equal_where_indexed(ask: Ask, spelling: str) -> None:
    served = await ask(world(), {"events": {"$": {"where": {"at": DATES[spelling]}}}})
    assert {event["name"] for event in served.tree["events"]} == SAME


async def test_only_the_same_spelling_is_equal_where_not_indexed(ask: Ask) -> None:
    served = await ask(world(), {"events": {"$": {"where": {"noted": DATES["spaces"]}}}})
    assert [event["name"] for event in served.tree["events"]] == ["spaces"]


@pytest.mark.parametrize(
    ("test", "names"),
    [
        pytest.param({"$gt": DATES["iso"]}, {"later", "never"}, id="$gt"),
        pytest.param({"$gte": DATES["number"]}, SAME | {"later", "never"}, id="$gte"),
        pytest.param({"$lt": DATES["offset"]}, {"earlier", "epoch"}, id="$lt"),
        pytest.param({"$lte": DATES["compact"]}, SAME | {"earlier", "epoch"}, id="$lte"),
        pytest.param({"$in": [DATES["later"], 0]}, {"later", "epoch"}, id="$in"),
        pytest.param(
            {"$not": DATES["iso"]},
            {"earlier", "later", "epoch", "never", "unknown"},
            id="$not, null too",
        ),
        pytest.param({"$isNull": True}, {"unknown"}, id="$isNull"),
    ],
)
async def test_dates_are_compared_as_instants(ask: Ask, test: Any, names: set[str]) -> None:
    # `infinity` and quoted text are no dates to a browser, so only the naive evaluator agrees.
    served = await ask(world(), {"events": {"$": {"where": {"at": test}, "aggregate": "count"}}})
    assert served.aggregate["events"]["count"] == len(names)


@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_strings_are_ordered_as_clients_order_them(ask: Ask, direction: str) -> None:
    served = await ask(world(), {"words": {"$": {"order": {"text": direction}}}})
    ascending = [None, *STRINGS]
    expected = ascending if direction == "asc" else ascending[::-1]
    assert [word["text"] for word in served.tree["words"]] == expected


@pytest.mark.parametrize("page_size", [1, 4, 7])
async def test_windows_of_an_infinite_query_join(ask: Ask, page_size: int) -> None:
    """The first page, pages after it, a frozen window, and the reverse one (§2.5)."""
    order = {"text": "asc"}
    first = await ask(world(), {"words": {"$": {"order": order, "limit": page_size}}})
    shown = [word["text"] for word in first.tree["words"]]
    start = first.page_info["words"]["start-cursor"]
    end = first.page_info["words"]["end-cursor"]
    while first.page_info["words"]["has-next-page?"]:
        window = {"order": order, "limit": page_size, "after": end}
        first = await ask(world(), {"words": {"$": window}})
        shown += [word["text"] for word in first.tree["words"]]
        end = first.page_info["words"]["end-cursor"]
    assert shown == [None, *STRINGS]
    frozen = {"order": order, "after": start, "before": end}
    inclusive = {"afterInclusive": True, "beforeInclusive": True}
    whole = await ask(world(), {"words": {"$": {**frozen, **inclusive}}})
    assert [word["text"] for word in whole.tree["words"]] == shown
    reverse = {"order": {"text": "desc"}, "limit": 5, "after": start}
    assert (await ask(world(), {"words": {"$": reverse}})).tree == {"words": []}
