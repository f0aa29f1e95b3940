"""Everything that a server tidies up by itself; `triples.housekeeping` says how."""

from __future__ import annotations

from typing import Final

from triples.app_removal import remove_some_apps
from triples.attrs.lifecycle import remove_some_deleted
from triples.buckets import sweep_buckets
from triples.housekeeping import Chore
from triples.planner_statistics import analyze_grown_tables
from triples.transact.event import forget_events

SECOND: Final = 1.0
MINUTE: Final = 60.0

CHORES: Final = (
    Chore("analyze tables that have grown", 2 * SECOND, analyze_grown_tables),
    Chore("forget answered events", 10 * MINUTE, forget_events),
    Chore("remove deleted attrs", 60 * MINUTE, remove_some_deleted),
    Chore("remove apps whose time is over", 60 * MINUTE, remove_some_apps),
    Chore("forget full token buckets", 10 * MINUTE, sweep_buckets),
)
