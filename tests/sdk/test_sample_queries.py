"""What the published client shows over its socket is what `/admin/query` says (instaql.md §2, §3).

The sample data is written straight into the database of the running server. The naive evaluator
has the same answer too, so that neither of the two can be wrong alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import psycopg
import pytest

from tests.oracle.client_engine import client_shape
from tests.oracle.naive import evaluate
from tests.oracle.samples import checked, entity_id, movies, plain
from tests.oracle.storing import store_world
from tests.sdk.admin import call
from tests.sdk.apps import App
from tests.sdk.core_clients import CoreClient, CoreProcess, core_process
from tests.served import ServedDatabase
from triples.sql.pool import configure
from wire import json
from wire.ids import hash_uuid_secret, new_id

WORLDS: Final = {"checked": checked, "plain": plain, "movies": cache(movies)}
ALEX, NONFICTION = entity_id("zeneca", "47"), entity_id("zeneca", "47-1")
FIELDS: Final = {"fields": ["title"]}


@pytest.fixture(scope="module")
def apps(server: ServedDatabase) -> dict[str, App]:
    """The sample apps, stored in the server's database."""
    return asyncio.run(_stored(server.database_url))


async def _stored(database_url: str) -> dict[str, App]:
    conn = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    apps = {}
    async with conn:
        await configure(conn)
        for name, world in WORLDS.items():
            token = new_id()
            await store_world(conn, world())
            await conn.execute(
                "insert into app_admin_tokens (token_hash, app_id) values (%s, %s::uuid)",
                (hash_uuid_secret(token), world().app_id),
            )
            apps[name] = App(world().app_id, name, token)
    return apps


@pytest.fixture(scope="module")
def clients(server: ServedDatabase, apps: dict[str, App]) -> Iterator[dict[str, CoreClient]]:
    """One client for each of the apps."""
    process: CoreProcess
    with core_process(server) as process:
        yield {name: process.connect(app.id, name) for name, app in apps.items()}


def users(**options: Any) -> dict[str, Any]:
    """A query for users alone."""
    return {"users": {"$": options}}


BOTH: Final = [
    pytest.param({"users": {}}, id="everybody"),
    pytest.param({"zippy": {}}, id="unknown namespace"),
    pytest.param(users(where={"handle": "alex"}), id="unique value"),
    pytest.param(users(where={"id": ALEX}), id="id"),
    pytest.param(users(where={"handle": {"$in": ["alex", "joe"]}}), id="$in"),
    pytest.param(users(where={"fullName": {"$not": "Alex"}}), id="$not"),
    pytest.param(users(where={"bookshelves": NONFICTION}), id="link"),
    pytest.param(users(where={"bookshelves": {"$isNull": False}}), id="has a link"),
    pytest.param(users(where={"bookshelves.books.title": "The Spy and the Traitor"}), id="path"),
    pytest.param(
        users(where={"and": [{"bookshelves.name": "Short Stories"}, {"bookshelves.order": 1}]}),
        id="and over two shelves",
    ),
    pytest.param(
        users(where={"or": [{"handle": "joe"}, {"bookshelves.name": "Nonfiction"}]}), id="or"
    ),
    pytest.param(users(limit=2, offset=1), id="offset"),
    pytest.param(users(first=2, order={"serverCreatedAt": "desc"}), id="newest first"),
    pytest.param(users(fields=["handle"], where={"fullName": "Joe Averbukh"}), id="fields"),
    pytest.param(
        {"bookshelves": {"$": {"where": {"name": "Nonfiction"}}, "users": {}, "books": {}}},
        id="both ways",
    ),
    pytest.param({"users": {"bookshelves": {"books": {"$": FIELDS}}}}, id="three levels"),
    pytest.param(
        {"users": {"bookshelves": {"$": {"where": {"name": "Nonfiction"}}}}, "zippy": {}},
        id="child with a where",
    ),
]
CHECKED: Final = [
    pytest.param(users(order={"handle": "desc"}), id="typed order"),
    pytest.param({"books": {"$": {**FIELDS, "order": {"title": "asc"}, "limit": 7}}}, id="page"),
    pytest.param(
        {"books": {"$": {**FIELDS, "order": {"title": "desc"}, "first": 3, "offset": 40}}},
        id="page further down",
    ),
    pytest.param(
        {"books": {"$": {**FIELDS, "where": {"title": {"$ilike": "%WAR%"}}}}}, id="$ilike"
    ),
    pytest.param({"books": {"$": {**FIELDS, "where": {"title": {"$like": "The %"}}}}}, id="$like"),
    pytest.param({"bookshelves": {"$": {"where": {"order": {"$gte": 14}}}}}, id="$gte"),
    pytest.param(
        {"users": {"bookshelves": {"$": {"order": {"order": "desc"}, "limit": 2}}}},
        id="nested limit",
    ),
]
MOVIES: Final = [
    pytest.param({"movie": {"director": {}, "cast": {}}}, id="movies and people"),
    pytest.param({"movie": {"$": {"where": {"year": 1987}}, "sequel": {}}}, id="number"),
    pytest.param(
        {"person": {"$": {"where": {"directed.title": "Predator"}}, "castIn": {}}}, id="reverse"
    ),
    pytest.param({"movie": {"$": {"where": {"trivia": {"$isNull": True}}}}}, id="$isNull"),
]


@pytest.mark.parametrize("query", BOTH)
@pytest.mark.parametrize("name", ["checked", "plain"])
def test_client_shows_what_the_admin_gets(
    server: ServedDatabase,
    apps: dict[str, App],
    clients: dict[str, CoreClient],
    name: str,
    query: dict[str, Any],
) -> None:
    _agree(server, apps[name], clients[name], query)


@pytest.mark.parametrize("query", CHECKED)
def test_client_shows_what_the_admin_gets_by_typed_attrs(
    server: ServedDatabase,
    apps: dict[str, App],
    clients: dict[str, CoreClient],
    query: dict[str, Any],
) -> None:
    _agree(server, apps["checked"], clients["checked"], query)


@pytest.mark.parametrize("query", MOVIES)
def test_client_shows_what_the_admin_gets_of_movies(
    server: ServedDatabase,
    apps: dict[str, App],
    clients: dict[str, CoreClient],
    query: dict[str, Any],
) -> None:
    _agree(server, apps["movies"], clients["movies"], query)


def _agree(server: ServedDatabase, app: App, client: CoreClient, query: dict[str, Any]) -> None:
    world = WORLDS[app.title]()
    naive = evaluate(world, query)
    tree = call(server, app, "POST", "admin/query", {"query": query})
    assert json.canonical(tree) == json.canonical(naive.tree)
    expected = json.canonical(client_shape(world, query, tree))
    once = client.query_once(query)
    live = client.subscribe(query)
    live.wait_until(lambda data: json.canonical(data) == expected, "what the admin gets")
    live.stop()
    assert json.canonical(once["data"]) == expected
    told = {each: _page_info(info) for each, info in naive.page_info.items()}
    assert json.canonical(once.get("pageInfo") or {}) == json.canonical(told)


def _page_info(info: dict[str, Any]) -> dict[str, Any]:
    """Page info in the SDK's words."""
    return {
        "startCursor": info["start-cursor"],
        "endCursor": info["end-cursor"],
        "hasNextPage": info["has-next-page?"],
        "hasPreviousPage": info["has-previous-page?"],
    }
