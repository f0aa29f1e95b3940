"""Queries that are wrong or huge, over the socket and over HTTP (instaql.md §2.9).

Every door refuses a query in the same words; what the words are is `tests/database/instaql`'s.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest

from tests.realtime.peer import Peer, SocketServer, peer
from tests.realtime.steps import triples_in
from tests.sdk.admin import call
from tests.sdk.apps import App, HttpServer, create_app
from wire.ids import new_id

SECONDS: Final = 60.0
ANN, SHELF = new_id(), new_id()
LEVELS: Final = 200

Post = Callable[[str, Any], httpx.Response]


@pytest.fixture(scope="module")
def shelves_app(server: HttpServer) -> App:
    """An app with a user who has a shelf; the user's handle is indexed and typed."""
    app = create_app(server, "shelves")
    handle = {"valueType": "string", "config": {"indexed": True, "unique": False}}
    notes = {"valueType": "json", "config": {"indexed": False, "unique": False}}
    schema = {
        "entities": {
            "users": {"attrs": {"handle": handle, "notes": notes}},
            "shelves": {"attrs": {}},
        },
        "links": {
            "usersShelves": {
                "forward": {"on": "users", "has": "many", "label": "shelves"},
                "reverse": {"on": "shelves", "has": "many", "label": "users"},
            },
            "usersFriends": {
                "forward": {"on": "users", "has": "many", "label": "friends"},
                "reverse": {"on": "users", "has": "many", "label": "fans"},
            },
            "usersRivals": {
                "forward": {"on": "users", "has": "many", "label": "rivals"},
                "reverse": {"on": "users", "has": "many", "label": "rivalOf"},
            },
        },
    }
    path = f"dash/apps/{app.id}/schema/push/apply"
    call(server, app, "POST", path, {"schema": schema, "check_types": True})
    steps = [
        ["update", "shelves", SHELF, {}],
        ["update", "users", ANN, {"handle": "ann"}],
        ["link", "users", ANN, {"shelves": SHELF}],
    ]
    call(server, app, "POST", "admin/transact", {"steps": steps})
    return app


@pytest.fixture
def socket(server: SocketServer, shelves_app: App) -> Iterator[Peer]:
    """A logged-in socket of the app with shelves."""
    with peer(server, shelves_app.id) as opened:
        assert opened.init(shelves_app.id)["op"] == "init-ok"
        yield opened


@pytest.fixture
def post(server: HttpServer, shelves_app: App) -> Post:
    """A query in a request, as the app's admin."""
    headers = {
        "app-id": shelves_app.id,
        "authorization": f"Bearer {shelves_app.admin_token}",
        "content-type": "application/json",
    }

    def posted(path: str, query: Any) -> httpx.Response:
        body = json.dumps({"query": query, "inference?": True})
        url = f"{server.http_url}/{path}"
        return httpx.post(url, content=body, headers=headers, timeout=SECONDS)

    return posted


def where(**conditions: Any) -> dict[str, Any]:
    """A query for users that satisfy the conditions."""
    return {"users": {"$": {"where": conditions}}}


def _levels(count: int) -> dict[str, Any]:
    form: dict[str, Any] = {}
    for level in range(count):
        form = {("users" if level % 2 else "shelves"): form}
    return form


def _bushy(depth: int) -> dict[str, Any]:
    """A thousand forms and more, four below each."""
    if depth == 0:
        return {}
    links = ("rivalOf", "friends", "fans", "rivals")
    return {link: _bushy(depth - 1) for link in links}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"users": 1}, id="form is a number"),
        pytest.param({"users": {"$": {"sort": 1}}}, id="unknown option"),
        pytest.param({"users": {"$": {"limit": -1}}}, id="limit -1"),
        pytest.param({"users": {"shelves": {"$": {"offset": 1}}}}, id="nested offset"),
        pytest.param({"users": {"$": {"order": {"nope": "asc"}}}}, id="order by nothing"),
        pytest.param({"users": {"$": {"order": {"handle": "DESC"}}}}, id="direction"),
        pytest.param({"users": {"$": {"after": [1]}}}, id="cursor"),
        pytest.param({"users": {"$": {"fields": "handle"}}}, id="fields"),
        pytest.param({"users": {"handle": {}}}, id="property where a link must be"),
        pytest.param(where(shelves="hello"), id="link is no uuid"),
        pytest.param(where(handle=1), id="wrong type"),
        pytest.param(where(handle={"$like": "☃ 🎉", "$gt": 7}), id="wrong type beside unicode"),
        pytest.param(where(notes={"$gt": 1}), id="comparison without an index"),
        pytest.param(where(notes={"$nope": 1}), id="unknown operator"),
        pytest.param(where(**{"or": []}), id="empty or"),
        pytest.param(where(**{"or": [{"handle": "a"}] * 20_000}), id="too many parts"),
        pytest.param(where(notes={"$in": [1] * 500_001}), id="too many values"),
        pytest.param({"users": _bushy(5)}, id="too many links"),
        pytest.param({"users": _levels(220)}, id="too many levels"),
    ],
)
def test_every_door_refuses_in_the_same_words(
    socket: Peer, post: Post, query: dict[str, Any]
) -> None:
    refused = socket.ask("add-query", q=query)
    told = {name: refused[name] for name in ("type", "message", "hint")}

    assert (refused["op"], refused["status"], told["type"]) == ("error", 400, "validation-failed")
    assert refused["original-event"]["op"] == "add-query"
    assert refused["original-event"]["q"] == query
    for path in ("admin/query", "runtime/framework/query"):
        response = post(path, query)
        answer = {name: response.json()[name] for name in ("type", "message", "hint")}
        assert (response.status_code, answer) == (400, told)
    assert socket.ask("add-query", q={"users": {}})["op"] == "add-query-ok"


def test_two_hundred_levels_over_linked_rows(socket: Peer, post: Post) -> None:
    """The tree is twice as deep as the query, since every level is a list of objects."""
    query = {"shelves": _levels(LEVELS)}

    answer = socket.ask("add-query", q=query)
    response = post("admin/query", query)

    assert {triple[0] for triple in triples_in(answer["result"])} == {ANN, SHELF}
    assert (response.status_code, _depth_of(response.json()["shelves"])) == (200, LEVELS)


def _depth_of(nodes: list[dict[str, Any]]) -> int:
    """How many links lead to the last row; each row has one child at most."""
    depth = 0
    while below := [rows for rows in nodes[0].values() if isinstance(rows, list)]:
        depth, nodes = depth + 1, below[0]
    return depth


def test_a_hundred_thousand_ids_are_one_condition(socket: Peer, post: Post) -> None:
    query = where(id={"$in": [*(new_id() for _ in range(100_000)), ANN]})

    answer = socket.ask("add-query", q=query)
    tree = post("admin/query", query).json()

    assert {triple[0] for triple in triples_in(answer["result"])} == {ANN}
    assert [user["handle"] for user in tree["users"]] == ["ann"]


def test_text_of_a_megabyte_is_a_value_like_any_other(socket: Peer) -> None:
    query = where(handle={"$in": ["x" * 1024 * 1024, "ann"]})

    answer = socket.ask("add-query", q=query)

    assert {triple[0] for triple in triples_in(answer["result"])} == {ANN}


def test_more_ids_than_a_request_may_hold_are_refused_by_name(
    post: Post,
) -> None:
    """Ten million ids are 390 MB; this is little more than what is read."""
    response = post("admin/query", where(id={"$in": [ANN] * 450_000}))

    assert (response.status_code, response.text) == (413, "The request body is too large.")
    assert post("admin/query", where(id=ANN)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"nobody": {"$": {"where": {"a.b.c": 1}}, "x": {"y": {}}}}, id="etype"),
        pytest.param(where(nothing="x"), id="attr"),
        pytest.param(where(**{"nothing.name": "x"}), id="link"),
        pytest.param(where(**{"shelves.nothing": "x"}), id="attr of a link"),
        pytest.param(where(handle="☃ 🎉 \U0010ffff"), id="unicode"),
        pytest.param({"☃": {"$": {"where": {"🎉": "é"}}, "日本": {}}}, id="unicode names"),
    ],
)
def test_unknown_names_and_values_find_nothing(
    socket: Peer, post: Post, query: dict[str, Any]
) -> None:
    answer = socket.ask("add-query", q=query)
    response = post("admin/query", query)

    assert (answer["op"], answer["q"]) == ("add-query-ok", query)
    assert triples_in(answer["result"]) == []
    assert (response.status_code, response.json()) == (200, {name: [] for name in query})


def test_unknown_link_is_empty_below_the_rows(socket: Peer, post: Post) -> None:
    query = {"users": {"$": {"fields": ["handle"]}, "nothing": {"deeper": {}}}}

    answer = socket.ask("add-query", q=query)

    assert {triple[0] for triple in triples_in(answer["result"])} == {ANN}
    ann = {"id": ANN, "handle": "ann", "nothing": []}
    assert post("admin/query", query).json() == {"users": [ann]}
