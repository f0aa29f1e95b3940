"""Situations in which an update is easily missed, one by one (instaql.md §5.4, G1 to G9).

Each names a query, a write, and expects the query to be found stale by what the log says of the
write. That the answer really differs is checked too, else a test would not say anything. G7
(`$entityIdStartsWith`) is in `tests/database/instaql/test_id_prefixes.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from realtime.topics.query_topics import topics_of
from realtime.topics.touched import EVERYTHING, touched_by
from tests.database.changes.read_log import ReadLog
from tests.database.transact.writer import Writer
from triples.attrs.store import load_catalog
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.management.database import connect
from triples.sql.pool import Connection

pytestmark = pytest.mark.asyncio

ADMIN = Viewer(is_admin=True, user_id=None)
Query = dict[str, Any]
Happening = Callable[[Writer], Awaitable[object]]

SET_RULES = "insert into rules (app_id, code) values (%s::uuid, '{}')"
SET_TIME = "update triples set created_at = created_at - 100000 where entity_id = %s::uuid"
SET_VALUE = "update triples set value = %s::jsonb where entity_id = %s::uuid and attr_id = %s::uuid"
# A row from before its attr had a type: what is compared is not what is stored.
UNTYPED = """
update triples set checked_data_type = null, sort_key = null, value = to_jsonb('soon'::text)
where entity_id = %s::uuid and attr_id = %s::uuid
"""


def steps(*built: Callable[[Writer], list[Any]]) -> Happening:
    """Something that happens through the write path."""

    async def happen(writer: Writer) -> None:
        await writer.write(*(step for build in built for step in build(writer)))

    return happen


def sql(text: str, *values: Callable[[Writer], Any]) -> Happening:
    """Something that happens behind the server's back."""

    async def happen(writer: Writer) -> None:
        done = await writer.conn.execute(text, tuple(value(writer) for value in values))
        assert done.rowcount > 0

    return happen


def where(etype: str, **conditions: Any) -> Query:
    return {etype: {"$": {"where": {k.replace("__", "."): v for k, v in conditions.items()}}}}


def ordered(order: dict[str, str], **page: int) -> Query:
    return {"books": {"$": {"order": order, **page}}}


SITUATIONS = [
    pytest.param(
        where("shelves", books__title="M"),
        steps(lambda w: [w.add("shelf", "shelves.books", w.entity("M"))]),
        id="G1 book that matched and was on no shelf is shelved",
    ),
    pytest.param(
        where("users", shelves__books__title="M"),
        steps(lambda w: [w.add("shelf", "shelves.books", w.entity("M"))]),
        id="G1 in the middle of a longer path",
    ),
    pytest.param(
        where("users", shelves__books__title="M"),
        steps(lambda w: [w.add("full", "shelves.name", "x"), w.add("N", "books.title", "M")]),
        id="G1 title becomes one that matches",
    ),
    pytest.param(
        ordered({"pages": "asc"}, limit=1),
        steps(lambda w: [w.add("N", "books.pages", 1)]),
        id="G2 row outside the page moves into it",
    ),
    pytest.param(
        ordered({"pages": "desc"}, first=1),
        steps(lambda w: [w.add("M", "books.pages", 999)]),
        id="G2 the same from the other end",
    ),
    pytest.param(
        ordered({"pages": "asc"}, limit=1, offset=1),
        steps(lambda w: [w.add("O", "books.pages", 1)]),
        id="G2 row before an offset shifts the page",
    ),
    pytest.param(
        where("shelves", books={"$isNull": True}),
        steps(lambda w: [w.add("shelf", "shelves.books", w.entity("M"))]),
        id="G3 no link, to many",
    ),
    pytest.param(
        where("books", shelf={"$isNull": True}),
        steps(lambda w: [w.add("shelf", "shelves.books", w.entity("M"))]),
        id="G3 no link, seen from its end",
    ),
    pytest.param(
        where("books", shelf={"$isNull": False}),
        steps(lambda w: [["retract-triple", w.entity("full"), w.attr("shelves.books"),
                          w.entity("N")]]),
        id="G3 a link goes, seen from its end",
    ),
    pytest.param(
        {"books": {"$": {"fields": ["isbn"]}}},
        steps(
            lambda w: [w.add_attr("books.isbn")],
            lambda w: [w.add("M", "books.isbn", "1")],
        ),
        id="a field that was asked for before it was there",
    ),
    pytest.param(
        {"books": {}},
        steps(
            lambda w: [w.add_attr("books.isbn")],
            lambda w: [w.add("M", "books.isbn", "1")],
        ),
        id="G4 first value of a new attr",
    ),
    pytest.param(
        {"books": {"$": {"where": {"isbn": "1"}}}},
        steps(lambda w: [w.add_attr("books.isbn"), w.add("M", "books.isbn", "1")]),
        id="G4 label that was missing in a condition",
    ),
    pytest.param(
        {"authors": {}},
        steps(lambda w: [w.add_attr("authors.id"), w.add("a", "authors.id", w.entity("a"))]),
        id="G4 etype that was missing",
    ),
    pytest.param(
        where("books", memo="m"),
        steps(lambda w: [["update-attr", {
            "id": w.attr("books.note"),
            "forward-identity": [w.attr("books.note"), "books", "memo"],
        }]]),
        id="G4 attr gets the name of a condition",
    ),
    pytest.param(
        where("books", pages=10),
        sql(SET_VALUE, lambda w: "10.0", lambda w: w.entity("O"), lambda w: w.attr("books.pages")),
        id="G6 one number in another spelling",
    ),
    pytest.param(
        where("books", name={"$gt": "b"}),
        steps(lambda w: [w.add("M", "books.name", "É")]),
        id="G6 order of letters is not that of their codes",
    ),
    pytest.param(
        where("books", name={"$ilike": "é%"}),
        steps(lambda w: [w.add("M", "books.name", "ÉTÉ")]),
        id="G6 letters beyond ASCII in both cases",
    ),
    pytest.param(
        where("books", name={"$like": "a_b"}),
        steps(lambda w: [w.add("M", "books.name", "a\nb")]),
        id="G6 wildcard takes a line's end",
    ),
    pytest.param(
        ordered({"serverCreatedAt": "asc"}, limit=1),
        sql(SET_TIME, lambda w: w.entity("O")),
        id="G8 time of creation is rewritten",
    ),
    pytest.param(
        where("books", due={"$gt": "2025-01-01"}),
        sql(UNTYPED, lambda w: w.entity("M"), lambda w: w.attr("books.due")),
        id="G9 date that is none any more",
    ),
    pytest.param(
        where("books", due="2025-06-05T14:00:00+02:00"),
        steps(lambda w: [w.add("N", "books.due", "2025-06-05T12:00:00Z")]),
        id="G9 one instant in two spellings",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("query", "happen"), SITUATIONS)
async def test_query_is_stale_where_its_answer_differs(
    writer: Writer, query: Query, happen: Happening
) -> None:
    before, now = await _before_and_after(writer, query, happen)
    assert before.stale
    assert now.result != before.answer.result


async def test_rules_make_every_query_stale(writer: Writer) -> None:
    """G5. What an admin sees does not change by them; whom they guard, does."""
    before, _ = await _before_and_after(
        writer, where("books", title="M"), sql(SET_RULES, lambda w: w.app_id)
    )
    assert before.stale


async def test_change_elsewhere_leaves_a_query_fresh(writer: Writer) -> None:
    """Else the tests above could not fail."""
    before, now = await _before_and_after(
        writer, where("books", title="M"), steps(lambda w: [w.add("N", "books.note", "x")])
    )
    assert not before.stale
    assert now.result == before.answer.result


@dataclass(slots=True)
class Watched:
    """A query's answer before something happened, and whether that made it stale."""

    prepared: PreparedQuery
    answer: Answer
    stale: bool = False


async def _before_and_after(
    writer: Writer, query: Query, happen: Happening
) -> tuple[Watched, Answer]:
    async with connect() as log_conn, ReadLog.of(log_conn) as log:
        before = await _ask(writer, query)
        await happen(writer)
        topics = topics_of(before.prepared.reads, before.answer.level_ids)
        before.stale = any(
            topics.match(EVERYTHING if committed.everything else touched_by(changes))
            for committed in await log.committed()
            for changes in committed.changes
        )
        return before, (await _ask(writer, query)).answer


async def _ask(writer: Writer, query: Query) -> Watched:
    catalog = await load_catalog(writer.conn, writer.app_id)
    prepared = prepare_query(query, catalog, ADMIN)
    return Watched(prepared, await run_query(writer.conn, prepared))


@pytest_asyncio.fixture
async def writer(conn: Connection, app: str) -> Writer:
    """One user with two shelves; one holds book N, and M and O are on none."""
    writer = Writer(conn, app)
    await writer.write(
        *(writer.add_attr(f"{etype}.id") for etype in ("users", "shelves", "books")),
        writer.add_attr("shelves.name"),
        writer.add_attr("books.title"),
        writer.add_attr("books.note"),
        writer.add_attr("books.name", indexed=True, checked="string"),
        writer.add_attr("books.pages", indexed=True, checked="number"),
        writer.add_attr("books.due", indexed=True, checked="date"),
        writer.add_attr("users.shelves", to="shelves.user", cardinality="many"),
        writer.add_attr("shelves.books", to="books.shelf", cardinality="many"),
    )
    await writer.write(
        *writer.put("alex", "users"),
        *writer.put("shelf", "shelves", name="empty"),
        *writer.put("full", "shelves", name="full"),
        *writer.put("M", "books", title="M", name="a", pages=5, note="m", due="2025-03-01"),
        *writer.put("N", "books", title="N", name="b", pages=7, due="2025-03-02"),
        *writer.put("O", "books", title="O", name="c", pages=9, due="2025-03-03"),
        writer.add("alex", "users.shelves", writer.entity("shelf")),
        writer.add("alex", "users.shelves", writer.entity("full")),
        writer.add("full", "shelves.books", writer.entity("N")),
    )
    return writer
