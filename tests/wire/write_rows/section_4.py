"""The order in which a write's parts are done (transactions-permissions.md §4)."""

from __future__ import annotations

from typing import Final

from tests.wire.write_rows.row import Row, attr, invalid, raised

SHARED: Final = [
    ["update", "people", "@it", {"name": "It"}],
    ["update", "books", "@it", {"title": "It"}],
]

ROWS: Final = [
    Row(
        "§4.14",
        "steps of one op run where the op first appears",
        [
            ["delete", "people", "@ann"],
            ["update", "people", "@ann", {"age": 3}],
            ["delete", "people", "@ann"],
        ],
        before=[[["update", "people", "@ann", {"name": "Ann"}]]],
        after={"people @ann": {"age": 3}},
    ),
    Row(
        "§4.14",
        "delete after the first add leaves nothing",
        [["update", "people", "@ann", {"age": 3}], ["delete", "people", "@ann"]],
        after={"people @ann": None},
    ),
    Row(
        "§4.2",
        "attr is made, looked up by and used at once",
        [
            ["add-attr", attr("slug", "~notes.slug", unique_q=True, index_q=True)],
            ["add-attr", attr("own", "~notes.id", unique_q=True)],
            ["add-triple", ["@slug", "~red"], "@own", ["@slug", "~red"]],
        ],
        after={"~notes slug=~red": {"slug": "~red"}},
        only="socket",
        why="only tx-steps name attrs by id",
    ),
    Row(
        "§4.4",
        "delete of nobody by an unknown value is nothing",
        [["delete", "people", {"email": "~mail"}], ["update", "people", "@ann", {"age": 3}]],
        after={"people @ann": {"age": 3}, "people email=~mail": None},
    ),
    Row(
        "§4.5",
        "delete without an etype takes the entity from all",
        [["delete-entity", "@it"]],
        before=[SHARED],
        after={"people @it": None, "books @it": None},
        only="socket",
        why="/admin/transact always has an etype",
    ),
    Row(
        "§4.5",
        "delete without an etype of nothing is nothing",
        [["delete-entity", "@it"], ["add-triple", "@ann", "#people.id", "@ann"]],
        after={"people @it": None, "people @ann": {}},
        only="socket",
        why="/admin/transact always has an etype",
    ),
    Row(
        "§4.12",
        "mode is judged by what was stored before the write",
        [["delete", "people", "@ann"], ["create", "people", "@ann", {"age": 3}]],
        before=[[["update", "people", "@ann", {"name": "Ann"}]]],
        refused=invalid("tx-step", "Creating entities that exist: @ann, @ann"),
    ),
    Row(
        "§4",
        "one refused step refuses the write",
        [
            ["add-attr", attr("a", "~notes.text")],
            ["update", "people", "@ann", {"age": 3}],
            ["update", "people", "@bob", {"age": 4}, {"upsert": False}],
        ],
        refused=invalid("tx-step", "Updating entities that don't exist: @bob, @bob"),
    ),
    Row(
        "§4",
        "refused value after others were stored refuses the write",
        [
            ["add-triple", "@ann", "#people.age", 3],
            ["delete-entity", "@bob", "people"],
            ["add-triple", "@ann", "@unknown", 3],
        ],
        before=[[["update", "people", "@bob", {"name": "Bob"}]]],
        refused=raised("We could not find an attribute with id = '@unknown'"),
        only="socket",
        why="only tx-steps name attrs by id",
    ),
]
