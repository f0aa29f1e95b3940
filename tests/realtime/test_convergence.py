"""Whatever is written, and by whom: every live answer ends as a fresh answer to its question.

Sockets and plain SQL write at random, several at once; each seed is another story. Nothing may be
missed (law 5), so after the last write every watcher must get to what a newcomer is told.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.realtime.app_lock import ServerWithDatabase
from tests.realtime.peer import Message, Peer
from tests.realtime.steps import Namespace, Step, link_attr, new_id, triples_in
from tests.sdk.apps import App

SEEDS = range(4)
WRITES = 60
ENTITIES = 6
TEXTS = ["milk", "bread", "salt"]

SET_TEXT = """
update triples set value = to_jsonb(%s::text)
where app_id = %s and attr_id = %s and entity_id = %s
"""
DELETE_ENTITY = "delete from triples where app_id = %s and entity_id = %s"

Answers = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class World:
    """Todos and goals, goals linked to todos, and who may be written about."""

    todos: Namespace
    goals: Namespace
    link: str
    todo_ids: list[str]
    goal_ids: list[str]

    @classmethod
    def make(cls) -> World:
        return cls(
            Namespace.of("todos", "text", "done"),
            Namespace.of("goals", "title"),
            new_id(),
            [new_id() for _ in range(ENTITIES)],
            [new_id() for _ in range(ENTITIES)],
        )

    def add_attrs(self) -> list[Step]:
        linked = link_attr() | {"id": self.link}
        return [*self.todos.add_attrs(), *self.goals.add_attrs(), ["add-attr", linked]]

    def queries(self) -> list[dict[str, Any]]:
        """Questions that depend on values, on ids, on links, and on nothing."""
        return [
            {"todos": {}},
            {"todos": {"$": {"where": {"done": True}}}},
            *({"todos": {"$": {"where": {"text": text}}}} for text in TEXTS),
            {"todos": {"$": {"where": {"id": self.todo_ids[0]}}}},
            {"goals": {"todos": {}}},
            {"todos": {"goals": {}}},
            {"goals": {"$": {"where": {"title": TEXTS[0]}}, "todos": {"goals": {}}}},
            {"todos": {}, "goals": {}},
        ]

    def random_steps(self, chance: random.Random) -> list[Step]:
        todo, goal = chance.choice(self.todo_ids), chance.choice(self.goal_ids)
        match chance.randrange(7):
            case 0 | 1:
                return self.todos.put(todo, text=chance.choice(TEXTS), done=chance.random() < 0.5)
            case 2:
                return self.goals.put(goal, title=chance.choice(TEXTS))
            case 3:
                return [["delete-entity", todo, "todos"]]
            case 4:
                return [["retract-triple", goal, self.link, todo]]
            case 5:
                return [["delete-entity", goal, "goals"]]
            case _:
                return [
                    *self.todos.put(todo),
                    *self.goals.put(goal),
                    ["add-triple", goal, self.link, todo],
                ]


@pytest.mark.parametrize("seed", SEEDS)
def test_live_answers_end_as_fresh_ones(
    server: ServerWithDatabase, app: App, join: Callable[[], Peer], seed: int
) -> None:
    chance, world = random.Random(seed), World.make()
    writers, watchers = [join(), join()], [join(), join()]
    assert writers[0].transact(*world.add_attrs())["op"] == "transact-ok"
    for watcher in watchers:
        for query in world.queries():
            watcher.say("add-query", q=query)

    with psycopg.connect(server.database_url, autocommit=True) as conn:
        for _ in range(WRITES):
            if chance.random() < 0.2:
                _write_sql(conn, app, world, chance)
            else:
                steps = world.random_steps(chance)
                chance.choice(writers).say("transact", tx_steps=steps, created=1, order=1)
    for writer in writers:
        assert writer.transact()["op"] == "transact-ok"  # all that was sent before is done
        assert [m for m in writer.messages if m["op"] == "error"] == []

    newcomer = join()
    expected: Answers = {}
    for query in world.queries():
        _note(newcomer.ask("add-query", q=query), expected)
    assert len(expected) == len(world.queries())
    for watcher in watchers:
        _assert_becomes(watcher, expected)


def _write_sql(
    conn: psycopg.Connection[Any], app: App, world: World, chance: random.Random
) -> None:
    todo = chance.choice(world.todo_ids)
    if chance.random() < 0.3:
        conn.execute(DELETE_ENTITY, [app.id, todo])
    else:
        values = [chance.choice(TEXTS), app.id, world.todos.attr_ids["text"], todo]
        conn.execute(SET_TEXT, values)


def _assert_becomes(watcher: Peer, expected: Answers) -> None:
    """Read until every answer is what it should be; `hear_where` tells the story if not."""
    shown: Answers = {}
    while shown != expected:
        _note(watcher.hear_where(_is_answer, "an answer that was missed"), shown)


def _is_answer(message: Message) -> bool:
    return message["op"] in ("add-query-ok", "refresh-ok")


def _note(message: Message, shown: Answers) -> None:
    """Keep the newest answer to each question, as a set of triples."""
    if message["op"] == "add-query-ok":
        shown[json.dumps(message["q"], sort_keys=True)] = _triples(message["result"])
    for computation in message.get("computations", []):
        key = json.dumps(computation["instaql-query"], sort_keys=True)
        shown[key] = _triples(computation["instaql-result"])


def _triples(result: list[dict[str, Any]]) -> frozenset[str]:
    return frozenset(json.dumps(triple) for triple in triples_in(result))
