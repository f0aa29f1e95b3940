"""Non-interference: nobody is sent a canary that the rules hide from them (§15).

Random rules, for two users and a guest who watch random queries while things are written, deleted,
unlinked, and the rules change. Whatever reaches a viewer between two moments may hold only what
closures over whole entities allow them at one of the two; log lines may hold none. And each live
answer ends up as a fresh one, which SQL and Python make alike.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from contextlib import AsyncExitStack
from typing import Any, Final

import pytest

from realtime import lifecycle
from tests.conftest import Effort
from tests.oracle.storing import store_world
from tests.properties.live import LIMIT_SECONDS, Conversation, LiveClient, conversation, serving
from tests.properties.ruled_world import (
    CANARY,
    RuledWorld,
    allowed_canaries,
    make_world,
    random_query,
    random_rules,
)
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.instaql.answer import Viewer, prepare_query, run_query
from triples.management.database import connect
from triples.permissions.push import put_rules
from triples.permissions.rules import Rules
from triples.permissions.store import load_rules
from triples.sql.pool import Connection
from wire import json
from wire.errors import InstantError
from wire.ids import hash_uuid_secret, new_id

RULE_SETS: Final = 300
CAMPAIGN_RULE_SETS: Final = 6_000
RULE_SETS_A_WORLD: Final = 10
QUERIES_A_VIEWER: Final = 2
CHANGES_A_RULE_SET: Final = 1
FOUND: Final = re.compile(rf"{CANARY}[0-9a-f-]{{36}}")


class Witness(LiveClient):
    """A client that keeps every frame until it is looked through."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[str] = []

    async def send_text(self, text: str) -> None:
        """Take one frame."""
        self.frames.append(text)
        await super().send_text(text)

    def canaries(self) -> set[str]:
        """Every canary in the frames since the last look."""
        found = {each for frame in self.frames for each in FOUND.findall(frame)}
        self.frames.clear()
        return found


class Watcher:
    """A viewer with their queries, and what they were allowed to see at the last moment."""

    def __init__(self, talk: Conversation, client: Witness, user_id: str | None) -> None:
        self.talk = talk
        self.client = client
        self.viewer = Viewer(is_admin=False, user_id=user_id)
        self.queries: list[dict[str, Any]] = []
        self.allowed: set[str] = set()


@pytest.mark.usefixtures("django_db_setup")
def test_hidden_values_leave_in_no_way(
    seed: int, effort: Effort, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(seed)
    caplog.set_level(logging.DEBUG)
    with asyncio.Runner() as runner:
        entered = serving()
        runner.run(entered.__aenter__())
        try:
            worlds = effort.cases(RULE_SETS, CAMPAIGN_RULE_SETS) // RULE_SETS_A_WORLD
            seen = sum(runner.run(_story(rng, f"seed {seed}")) for _ in range(worlds))
        finally:
            runner.run(entered.__aexit__(None, None, None))
    assert CANARY not in caplog.text
    assert seen > worlds, "the stories show something"


async def _story(rng: random.Random, name: str) -> int:
    """One world under several sets of rules; how many canaries were seen, and rightly so."""
    async with connect() as conn, AsyncExitStack() as talks:
        world = make_world(rng)
        await store_world(conn, world.stored)
        app_id = world.stored.app_id
        token = new_id()
        await conn.execute(
            "insert into app_admin_tokens (token_hash, app_id, created_at)"
            " values (%s, %s::uuid, now())",
            (hash_uuid_secret(token), app_id),
        )
        await put_rules(conn, app_id, random_rules(rng))
        catalog = await load_catalog(conn, app_id)
        admin = await talks.enter_async_context(conversation(app_id, token))
        watchers = []
        for user in ("ann", "bob", None):
            client = Witness()
            talk = await talks.enter_async_context(conversation(app_id, None, client))
            watcher = Watcher(talk, client, None if user is None else world.users[user])
            watchers.append(watcher)
            await _subscribe(rng, watcher)
        seen = 0
        for moment in range(RULE_SETS_A_WORLD * (CHANGES_A_RULE_SET + 1)):
            is_first = moment % (CHANGES_A_RULE_SET + 1) == 0
            if not is_first:
                reply = await admin.ask("transact", **{"tx-steps": _change(rng, world)})
                assert reply["op"] == "transact-ok", reply
            elif moment:
                await put_rules(conn, app_id, random_rules(rng))
            rules = await load_rules(conn, app_id)
            for watcher in watchers:
                about = f"{name}, moment {moment}, {json.dumps(rules.code).decode()}"
                seen += await _check(
                    conn, catalog, rules, watcher, about, is_first_under_rules=is_first
                )
        return seen


async def _subscribe(rng: random.Random, watcher: Watcher) -> None:
    """Ask as a guest, then become who one is: everything is answered anew."""
    for _ in range(QUERIES_A_VIEWER):
        query = random_query(rng)
        reply = await watcher.talk.ask("add-query", q=query)
        if reply["op"] != "error" and query not in watcher.queries:
            watcher.queries.append(query)
    session = watcher.talk.session
    session.user = None if watcher.viewer.user_id is None else {"id": watcher.viewer.user_id}
    lifecycle.running().hub.change_view(session)


async def _check(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    watcher: Watcher,
    about: str,
    *,
    is_first_under_rules: bool,
) -> int:
    """Wait until the viewer's answers are current, then look through all that was sent."""
    now = {
        canary
        for text in await allowed_canaries(conn, catalog, rules, watcher.viewer.user_id)
        for canary in FOUND.findall(text)
    }
    if not watcher.allowed:
        guest = await allowed_canaries(conn, catalog, rules, None)
        watcher.allowed = {canary for text in guest for canary in FOUND.findall(text)}
    for query in watcher.queries:
        fresh = await _until_current(conn, catalog, rules, watcher, query, about)
        if is_first_under_rules:
            await _check_python_agrees(conn, catalog, rules, watcher, query, fresh, about)
    seen = watcher.client.canaries()
    unlawful = seen - (watcher.allowed | now)
    assert not unlawful, f"{about}: {watcher.viewer} was sent {unlawful}"
    watcher.allowed = now
    return len(seen)


async def _until_current(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    watcher: Watcher,
    query: dict[str, Any],
    about: str,
) -> Any:
    fresh: Any = None
    key = json.canonical(query)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                fresh = await _fresh(conn, catalog, rules, watcher.viewer, query)
                if _comparable(watcher.client.answers[key]) == fresh:
                    return fresh
                await watcher.talk.news()
    except TimeoutError:
        got = _comparable(watcher.client.answers[key])
        raise AssertionError(
            f"{about}: {watcher.viewer} asks {json.dumps(query).decode()}\n  a new client gets"
            f" {fresh}\n  this one has {got}\n  {watcher.talk.circumstances()}"
        ) from None


async def _check_python_agrees(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    watcher: Watcher,
    query: dict[str, Any],
    by_sql: Any,
    about: str,
) -> None:
    by_python = await _fresh(conn, catalog, rules, watcher.viewer, query, in_python=True)
    if "error" not in (by_python[0], by_sql[0]):  # a failure may come to one of them only
        assert by_python == by_sql, f"{about}: {watcher.viewer} asks {json.dumps(query).decode()}"


async def _fresh(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    viewer: Viewer,
    query: dict[str, Any],
    *,
    in_python: bool = False,
) -> Any:
    prepared = prepare_query(query, catalog, viewer, rules, in_python=in_python)
    try:
        answer = await run_query(conn, prepared)
    except InstantError as refusal:
        return _comparable(refusal.to_wire())
    return _comparable(json.loads(answer.result))


def _comparable(word: list[Any] | dict[str, Any]) -> Any:
    """An answer without the order of its triples; of a refusal, its type."""
    if isinstance(word, dict):
        return "error", word["type"]
    [node] = word
    [row] = node["data"]["datalog-result"]["join-rows"]
    rest = {key: value for key, value in node["data"].items() if key != "datalog-result"}
    return "answer", sorted(json.canonical(triple) for triple in row), rest


def _change(rng: random.Random, world: RuledWorld) -> list[list[Any]]:
    """One write of an admin: an insert, an update, a delete or an unlink."""
    attr = {label: world.attr_ids["todos", label] for _, label in _labels(world)}
    todo = rng.choice(world.todos) if world.todos else None
    owner, team = rng.choice(list(world.users.values())), rng.choice(world.teams)
    match rng.randrange(7):
        case 0 if todo is not None:
            world.todos.remove(todo)
            return [["delete-entity", todo, "todos"]]
        case 1 if todo is not None:
            given = {"ownerId": owner, "owner": owner, "secret": world.canary()}
            return [["add-triple", todo, attr[label], value] for label, value in given.items()]
        case 2 if todo is not None:
            changed = {"done": rng.choice((True, False, None)), "size": rng.choice((1, 3, None))}
            return [["add-triple", todo, attr[label], value] for label, value in changed.items()]
        case 3:
            user = rng.choice(list(world.users.values()))
            role = world.attr_ids["$users", "role"]
            return [["add-triple", user, role, rng.choice(("boss", "worker"))]]
        case 4:
            members = world.attr_ids["teams", "members"]
            op = rng.choice(("add-triple", "retract-triple"))
            return [[op, team, members, owner]]
        case 5 if todo is not None:
            return [["add-triple", todo, attr["team"], team]]
        case _:
            made = new_id()
            world.todos.append(made)
            values: dict[str, Any] = {
                "id": made,
                "title": rng.choice(("a", "b")),
                "ownerId": owner,
                "owner": owner,
                "team": team,
                "done": rng.choice((True, None)),
                "secret": world.canary(),
                "note": world.canary(),
            }
            return [["add-triple", made, attr[label], value] for label, value in values.items()]


def _labels(world: RuledWorld) -> list[tuple[str, str]]:
    return [key for key in world.attr_ids if key[0] == "todos"]
