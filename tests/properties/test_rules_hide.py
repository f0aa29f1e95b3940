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
from typing import Any, Final

import pytest

from tests.conftest import Effort
from tests.properties.live import serving
from tests.properties.ruled_world import CANARY, allowed_canaries, random_rules
from tests.properties.watchers import (
    FOUND,
    Watcher,
    fresh_answer,
    random_change,
    until_current,
    watched_world,
)
from triples.attrs.catalog import AttrCatalog
from triples.permissions.push import put_rules
from triples.permissions.rules import Rules
from triples.permissions.store import load_rules
from triples.sql.pool import Connection
from wire import json

RULE_SETS: Final = 300
CAMPAIGN_RULE_SETS: Final = 6_000
RULE_SETS_A_WORLD: Final = 10
QUERIES_A_VIEWER: Final = 2
CHANGES_A_RULE_SET: Final = 1


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
    seen = 0
    async with watched_world(rng, QUERIES_A_VIEWER) as scene:
        for moment in range(RULE_SETS_A_WORLD * (CHANGES_A_RULE_SET + 1)):
            is_first = moment % (CHANGES_A_RULE_SET + 1) == 0
            if not is_first:
                steps = random_change(rng, scene.world)
                reply = await scene.admin.ask("transact", **{"tx-steps": steps})
                assert reply["op"] == "transact-ok", reply
            elif moment:
                await put_rules(scene.conn, scene.app_id, random_rules(rng))
            rules = await load_rules(scene.conn, scene.app_id)
            for watcher in scene.watchers:
                about = f"{name}, moment {moment}, {json.dumps(rules.code).decode()}"
                seen += await _check(
                    scene.conn, scene.catalog, rules, watcher, about, is_first_under_rules=is_first
                )
    return seen


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
        fresh = await until_current(conn, catalog, rules, watcher, query, about)
        if is_first_under_rules:
            await _check_python_agrees(conn, catalog, rules, watcher, query, fresh, about)
    seen = watcher.client.canaries()
    unlawful = seen - (watcher.allowed | now)
    assert not unlawful, f"{about}: {watcher.viewer} was sent {unlawful}"
    watcher.allowed = now
    return len(seen)


async def _check_python_agrees(
    conn: Connection,
    catalog: AttrCatalog,
    rules: Rules,
    watcher: Watcher,
    query: dict[str, Any],
    by_sql: Any,
    about: str,
) -> None:
    by_python = await fresh_answer(conn, catalog, rules, watcher.viewer, query, in_python=True)
    if "error" not in (by_python[0], by_sql[0]):  # a failure may come to one of them only
        assert by_python == by_sql, f"{about}: {watcher.viewer} asks {json.dumps(query).decode()}"
