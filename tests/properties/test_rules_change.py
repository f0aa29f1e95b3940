"""Live answers end up right however fast rules change, people sign in and out, and data is written.

Several of these happen at once, again and again, to sessions with many queries: answers wait to be
sent while their queries move from one view to another.
"""

from __future__ import annotations

import asyncio
import random
from typing import Final

import pytest

from tests.conftest import Effort
from tests.properties.live import serving
from tests.properties.ruled_world import random_query, random_rules
from tests.properties.watchers import Scene, random_change, until_current, watched_world
from triples.permissions.push import put_rules
from triples.permissions.store import load_rules
from wire import json

WORLDS: Final = 10
CAMPAIGN_WORLDS: Final = 300
BURSTS_A_WORLD: Final = 10
QUERIES_A_VIEWER: Final = 6


@pytest.mark.usefixtures("django_db_setup")
def test_answers_are_current_after_every_burst(seed: int, effort: Effort) -> None:
    rng = random.Random(seed)

    async def stories() -> None:
        async with serving():
            for number in range(effort.cases(WORLDS, CAMPAIGN_WORLDS)):
                await _story(rng, f"seed {seed}, world {number}")

    asyncio.run(stories())


async def _story(rng: random.Random, name: str) -> None:
    async with watched_world(rng, QUERIES_A_VIEWER) as scene:
        for burst in range(BURSTS_A_WORLD):
            writes = asyncio.gather(*(_write(rng, scene) for _ in range(rng.randrange(4))))
            asked = asyncio.gather(*(_ask(rng, scene) for _ in range(rng.randrange(3))))
            for _ in range(rng.randrange(4)):
                await put_rules(scene.conn, scene.app_id, random_rules(rng))
                if rng.randrange(3) == 0:
                    rng.choice(scene.watchers).become(rng.choice((*_users(scene), None)))
            await asyncio.gather(writes, asked)
            rules = await load_rules(scene.conn, scene.app_id)
            about = f"{name}, burst {burst}, {json.dumps(rules.code).decode()}"
            for watcher in scene.watchers:
                for query in watcher.queries:
                    await until_current(scene.conn, scene.catalog, rules, watcher, query, about)


async def _write(rng: random.Random, scene: Scene) -> None:
    reply = await scene.admin.ask("transact", **{"tx-steps": random_change(rng, scene.world)})
    assert reply["op"] == "transact-ok", reply


async def _ask(rng: random.Random, scene: Scene) -> None:
    await rng.choice(scene.watchers).ask([random_query(rng)])


def _users(scene: Scene) -> list[str]:
    return list(scene.world.users.values())
