"""Viewers of a ruled world whose live answers end up as fresh ones; what changes around them."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from realtime import lifecycle
from tests.oracle.storing import store_world
from tests.properties.live import LIMIT_SECONDS, Conversation, LiveClient, conversation
from tests.properties.ruled_world import (
    CANARY,
    RuledWorld,
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
from triples.sql.pool import Connection
from wire import json
from wire.errors import InstantError
from wire.ids import hash_uuid_secret, new_id

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

    def __init__(self, talk: Conversation, client: Witness) -> None:
        self.talk = talk
        self.client = client
        self.viewer = Viewer(is_admin=False, user_id=None)
        self.queries: list[dict[str, Any]] = []
        self.allowed: set[str] = set()

    async def ask(self, queries: list[dict[str, Any]]) -> None:
        """Watch these; what is refused is not watched."""
        for query in queries:
            reply = await self.talk.ask("add-query", q=query)
            assert reply.get("status") != 500, reply
            if reply["op"] != "error" and query not in self.queries:
                self.queries.append(query)

    def become(self, user_id: str | None) -> None:
        """Sign in or out: everything is answered anew."""
        session = self.talk.session
        session.user = None if user_id is None else {"id": user_id}
        self.viewer = Viewer(is_admin=False, user_id=user_id)
        lifecycle.running().hub.change_view(session)


@dataclass
class Scene:
    """A ruled world on the server, an admin who writes, and two users and a guest who watch."""

    conn: Connection
    world: RuledWorld
    catalog: AttrCatalog
    admin: Conversation
    watchers: list[Watcher]

    @property
    def app_id(self) -> str:
        """The world's app."""
        return self.world.stored.app_id


@asynccontextmanager
async def watched_world(rng: random.Random, queries_each: int) -> AsyncIterator[Scene]:
    """A new world under random rules; everybody watches some random queries."""
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
            watcher = Watcher(talk, client)
            watchers.append(watcher)
            await watcher.ask([random_query(rng) for _ in range(queries_each)])
            watcher.become(None if user is None else world.users[user])
        yield Scene(conn, world, catalog, admin, watchers)


async def until_current(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    watcher: Watcher,
    query: dict[str, Any],
    about: str,
) -> Any:
    """Wait for the viewer's answer to be what a new client would get, and return that."""
    fresh: Any = None
    key = json.canonical(query)
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                fresh = await fresh_answer(conn, catalog, rules, watcher.viewer, query)
                if _comparable(watcher.client.answers[key]) == fresh:
                    return fresh
                await watcher.talk.news_or_while()
    except TimeoutError:
        got = _comparable(watcher.client.answers[key])
        raise AssertionError(
            f"{about}: {watcher.viewer} asks {json.dumps(query).decode()}\n  a new client gets"
            f" {fresh}\n  this one has {got}\n  {watcher.talk.circumstances()}"
        ) from None


async def fresh_answer(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    viewer: Viewer,
    query: dict[str, Any],
    *,
    in_python: bool = False,
) -> Any:
    """What a new client would get, in a form that can be compared."""
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


def random_change(rng: random.Random, world: RuledWorld) -> list[list[Any]]:
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
