"""Reading an app's rules from the database, and remembering the ones in use.

The cache may be behind the database at any time. Whoever decides something compares the stamp of
the rules it used with the stored one, read in the same snapshot or transaction (`STAMP`), and on
another one asks for the rules `at` that stamp.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final

from triples.permissions.rules import Rules
from triples.sql import pool

MAX_RULES: Final = 2_000  # as many apps as the attr catalogs; 100 rules take about 200 kB

STAMP: Final = """coalesce(
  (select rules.version || '.' || rules.xmin from rules where rules.app_id = apps.id), ''
)"""
"""SQL: which rules are stored for the row of `apps` at hand; empty without rules.

The row's own transaction number tells apart what was changed without a new version.
"""

_RULES_OF_APP: Final = """
select code, version, version || '.' || xmin from rules where app_id = %s::uuid
"""


class RulesCache:
    """The most recently used rules of this process, each loaded by one task at a time.

    `forget` also disowns a load under way, since it may have read before the change that made its
    caller forget.
    """

    def __init__(self, max_rules: int = MAX_RULES) -> None:
        self._max_rules = max_rules
        self._rules: OrderedDict[str, Rules] = OrderedDict()
        self._loads: dict[str, asyncio.Task[Rules]] = {}

    async def get(self, app_id: str) -> Rules:
        """The app's rules, by now perhaps outdated; empty ones where it has none."""
        if (rules := self._rules.get(app_id)) is not None:
            self._rules.move_to_end(app_id)
            return rules
        load = self._loads.get(app_id)
        if load is None:
            load = asyncio.create_task(self._load(app_id), name=f"load rules of {app_id}")
            self._loads[app_id] = load
        # One waiter that gives up must not take the load away from the others.
        return await asyncio.shield(load)

    async def at(self, conn: pool.Connection, app_id: str, stamp: str) -> Rules:
        """The app's rules as the connection's transaction sees them, where it saw this stamp."""
        rules = self._rules.get(app_id)
        if rules is None or rules.stamp != stamp:
            rules = EMPTY if stamp == "" else await load_rules(conn, app_id)
            self._remember(app_id, rules)
        self._rules.move_to_end(app_id)
        return rules

    def forget(self, app_id: str) -> None:
        """Read the app's rules anew when they are next asked for."""
        self._rules.pop(app_id, None)
        self._loads.pop(app_id, None)

    def clear(self) -> None:
        """Forget every app's rules."""
        self._rules.clear()
        self._loads.clear()

    async def _load(self, app_id: str) -> Rules:
        this_load = asyncio.current_task()
        try:
            async with pool.aside() as conn:  # its caller may hold a connection already
                rules = await load_rules(conn, app_id)
            if self._loads.get(app_id) is this_load:
                self._remember(app_id, rules)
            return rules
        finally:
            if self._loads.get(app_id) is this_load:
                del self._loads[app_id]

    def _remember(self, app_id: str, rules: Rules) -> None:
        self._rules[app_id] = rules
        while len(self._rules) > self._max_rules:
            self._rules.popitem(last=False)


async def load_rules(conn: pool.Connection, app_id: str) -> Rules:
    """The app's stored rules, parsed; `EMPTY` where it has none."""
    row = await (await conn.execute(_RULES_OF_APP, (app_id,))).fetchone()
    if row is None:
        return EMPTY
    code, version, stamp = row
    return await read_rules(code, version, stamp)


async def read_rules(code: object, version: int, stamp: str) -> Rules:
    """A document's rules, parsed outside the event loop, which parsing would hold up."""
    rules = Rules(code, version, stamp)
    await asyncio.to_thread(rules.prepare)
    return rules


EMPTY: Final = Rules(None, -1, "")
EMPTY.prepare()  # what built-in etypes have by themselves

RULES: Final = RulesCache()
"""This process's rules: one cache is enough, since stamps tell what is outdated."""
