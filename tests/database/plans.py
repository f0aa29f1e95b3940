"""How PostgreSQL really ran what was asked of it: plans, with the numbers of rows that passed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg.errors import Diagnostic

from triples.sql.pool import Connection

_EXPLAINED = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_analyze = on;
set auto_explain.log_timing = off;
set auto_explain.log_format = json;
set client_min_messages = log;
"""
_UNEXPLAINED = "set auto_explain.log_min_duration = -1; reset client_min_messages;"


@asynccontextmanager
async def plans_of(conn: Connection) -> AsyncIterator[list[dict[str, Any]]]:
    """The plans of what the connection runs meanwhile; once it is through, they are all there."""
    plans: list[dict[str, Any]] = []

    def read(notice: Diagnostic) -> None:
        _, found, plan = (notice.message_primary or "").partition("plan:\n")
        if found:
            plans.append(json.loads(plan)["Plan"])

    await conn.execute(_EXPLAINED)
    conn.add_notice_handler(read)
    try:
        yield plans
    finally:
        conn.remove_notice_handler(read)
        await conn.execute(_UNEXPLAINED)


def discarded_rows(plan: dict[str, Any]) -> int:
    """How many pairs of rows were compared and found not to belong together."""
    own = plan.get("Rows Removed by Join Filter", 0) * plan.get("Actual Loops", 1)
    return int(own) + sum(discarded_rows(child) for child in plan.get("Plans", ()))
