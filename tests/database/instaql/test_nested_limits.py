"""Nested `limit` and `order`, which the server applies and SDKs apply again to what they have.

What is expected is compared with the naive evaluator and with the published client (see `ask`).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.database.instaql.conftest import Ask
from tests.oracle.client_engine import ClientEngine, Job, client_shape
from tests.oracle.judge import serve
from tests.oracle.samples import checked, plain
from triples.sql.pool import Connection

pytestmark = pytest.mark.asyncio


def of(nodes: list[dict[str, Any]], label: str) -> list[Any]:
    """One property of each row."""
    return [node.get(label) for node in nodes]


async def test_nested_limit_takes_the_first_in_the_nested_order(ask: Ask) -> None:
    options = {"order": {"order": "desc"}, "limit": 2, "fields": ["order"]}
    query = {"users": {"$": {"fields": ["handle"]}, "bookshelves": {"$": options}}}
    served = await ask(checked(), query)
    orders = {user["handle"]: of(user["bookshelves"], "order") for user in served.tree["users"]}
    assert orders["alex"] == [1, 0]
    assert orders["stopa"] == [15, 14]


@pytest.mark.parametrize(
    "books",
    [
        pytest.param({"limit": 2}, id="limit"),
        pytest.param({"first": 2}, id="first"),
        pytest.param({"last": 2}, id="last"),
        pytest.param({"limit": 2, "order": {"title": "asc"}}, id="limit asc"),
        pytest.param({"limit": 2, "order": {"title": "desc"}}, id="limit desc"),
        pytest.param({"last": 2, "order": {"title": "desc"}}, id="last desc"),
        pytest.param(
            {
                "limit": 1,
                "order": {"serverCreatedAt": "desc"},
                "where": {"title": {"$like": "%a%"}},
            },
            id="limit where",
        ),
        pytest.param({"limit": 2, "fields": ["title"]}, id="limit fields"),
    ],
)
async def test_each_level_has_a_limit_of_its_own(ask: Ask, books: dict[str, Any]) -> None:
    shelves = {"limit": 3, "order": {"order": "desc"}}
    query = {
        "users": {
            "$": {"limit": 3, "order": {"handle": "asc"}},
            "bookshelves": {
                "$": shelves,
                "books": {"$": books, "bookshelves": {"$": {"limit": 1}}},
            },
        }
    }

    served = await ask(checked(), query)

    found = [user["bookshelves"] for user in served.tree["users"]]
    assert len(found) == 3
    assert max(map(len, found)) == 3
    below = [shelf["books"] for each in found for shelf in each]
    assert max(map(len, below)) == (books.get("limit") or 2)
    assert {len(book["bookshelves"]) for each in below for book in each} == {1}


async def test_nested_limit_by_an_attr_without_an_index_is_applied_to_what_is_shown(
    conn: Connection, engine: ClientEngine, ask: Ask
) -> None:
    """All children are sent, since only who sorts them can cut them; clients do both."""
    await ask(plain(), {"users": {}})
    options = {"order": {"name": "desc"}, "limit": 2, "fields": ["name"]}
    query = {"users": {"$": {"where": {"handle": "alex"}}, "bookshelves": {"$": options}}}

    served = await serve(conn, plain(), query)

    job = Job(query, served.triples, served.page_info, served.aggregate)
    (by_client,) = engine.show(plain(), [job])
    assert by_client == client_shape(plain(), query, served.tree)
    (alex,) = served.tree["users"]
    everything = await serve(conn, plain(), {"users": {**query["users"], "bookshelves": {}}})
    names = sorted(of(everything.tree["users"][0]["bookshelves"], "name"), reverse=True)
    assert of(alex["bookshelves"], "name") == names[:2]


async def test_nested_limit_sends_no_more_children(ask: Ask) -> None:
    query = {"bookshelves": {"$": {"where": {"name": "Nonfiction"}}, "books": {"$": {"limit": 1}}}}
    served = await ask(plain(), query)
    id_attr = plain().catalog.id_attr("books")
    assert id_attr is not None
    assert len([triple for triple in served.triples if triple[1] == id_attr.id]) == 1
