"""Compares a server's answers with the oracles and says in words what differs.

For one query over one world: the object tree, page info and count against the naive evaluator;
the triples of the wire form against what is stored, needed and allowed; and what clients make of
the answer, and of all triples, against the tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.oracle.client_engine import ClientEngine, Job, client_shape
from tests.oracle.client_limits import limits_met
from tests.oracle.naive import NaiveAnswer, evaluate
from tests.oracle.world import Triple, World
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.instaql.tree import query_tree
from triples.sql.pool import Connection
from wire import json

ADMIN = Viewer(is_admin=True, user_id=None)


@dataclass(frozen=True, slots=True)
class Served:
    """What the server says to one query, in both of its forms."""

    query: dict[str, Any]
    tree: dict[str, Any]
    triples: list[list[Any]]
    page_info: dict[str, Any]
    aggregate: dict[str, Any]


async def serve(conn: Connection, world: World, query: dict[str, Any]) -> Served:
    """Ask the server as an admin."""
    catalog = await load_catalog(conn, world.app_id)
    answer = await run_query(conn, prepare_query(query, catalog, ADMIN))
    (node,) = json.loads(answer.result)
    assert node["child-nodes"] == []
    (row,) = node["data"]["datalog-result"]["join-rows"]
    return Served(
        query=query,
        tree=await query_tree(conn, query, catalog, ADMIN),
        triples=row,
        page_info=node["data"].get("page-info", {}),
        aggregate=node["data"].get("aggregate", {}),
    )


def differences(
    world: World,
    engines: Sequence[ClientEngine],
    answers: Sequence[Served],
    *,
    over_all_triples: bool = True,
) -> list[str]:
    """Everything that is not as the oracles have it; empty when all is well."""
    expected = [evaluate(world, served.query) for served in answers]
    found: list[list[str]] = [
        _against_naive(served, naive) + _against_storage(world, served, naive)
        for served, naive in zip(answers, expected, strict=True)
    ]
    for engine in engines:
        said = _against_client(world, engine, answers, expected, over_all_triples)
        found = [have + more for have, more in zip(found, said, strict=True)]
    return [
        f"{json.dumps(served.query).decode()}\n{each}"
        for served, said in zip(answers, found, strict=True)
        for each in said
    ]


def _against_client(
    world: World,
    engine: ClientEngine,
    answers: Sequence[Served],
    expected: Sequence[NaiveAnswer],
    over_all_triples: bool,
) -> list[list[str]]:
    """What a client shows, for each answer, where no limit of its own excuses it."""
    client = engine.client
    over_answer = engine.show(world, [_job(served) for served in answers])
    over_all = over_answer
    if over_all_triples:
        jobs = [
            Job(served.query, None, naive.page_info, naive.aggregate)
            for served, naive in zip(answers, expected, strict=True)
        ]
        over_all = engine.show(world, jobs)
    found: list[list[str]] = []
    for served, naive, of_answer, of_all in zip(
        answers, expected, over_answer, over_all, strict=True
    ):
        said: list[str] = []
        limits = limits_met(world, served.query)
        shown = client_shape(world, served.query, naive.tree)
        if not limits & client.over_the_answer:
            said += _unless_equal(f"{client.name} over the answer", of_answer, shown)
        if over_all_triples and not limits & client.over_all_triples:
            said += _unless_equal(f"{client.name} over all triples", of_all, shown)
        found.append(said)
    return found


def _job(served: Served) -> Job:
    return Job(served.query, served.triples, served.page_info, served.aggregate)


def _against_naive(served: Served, naive: NaiveAnswer) -> list[str]:
    return [
        *_unless_equal("tree", served.tree, naive.tree),
        *_unless_equal("page info", served.page_info, naive.page_info),
        *_unless_equal("aggregate", served.aggregate, naive.aggregate),
    ]


def _against_storage(world: World, served: Served, naive: NaiveAnswer) -> list[str]:
    """Each triple is stored as it was sent, sent once, and neither missing nor superfluous."""
    stored = {triple.key: triple for triple in world.triples}
    links = {attr.id for attr in world.catalog.attrs if attr.is_ref}
    sent = [Triple(*triple) for triple in served.triples]
    keys = {triple.key for triple in sent}
    problems = []
    if len(keys) != len(sent):
        problems.append("a triple is sent twice")
    if invented := [triple for triple in sent if triple.key not in stored]:
        problems.append(f"triples that are not stored: {invented}")
    if missing := [triple for key, triple in naive.needed.items() if key not in keys]:
        problems.append(f"triples that are needed and not sent: {missing}")
    extra = [t for t in sent if t.key not in naive.allowed and t.attr not in links]
    if extra:
        problems.append(f"triples that nothing asked for: {extra}")
    return problems


def _unless_equal(what: str, got: Any, expected: Any) -> list[str]:
    """Equal as JSON: 1 is not true, while 1.0 is 1."""
    if json.canonical(got) == json.canonical(expected):
        return []
    texts = json.dumps(expected).decode(), json.dumps(got).decode()
    return ["{}:\n  expected {}\n  got      {}".format(what, *texts)]
