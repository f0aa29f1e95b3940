"""Whose view of the data a session has, and which sessions have the same one.

Rules know an asker only by what they look at: with equal traits, two sessions see the same answer
and share its live query. Admins share one view; whoever cannot be answered at all has one alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from realtime.sessions import Session
from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import Viewer, prepare_query
from triples.permissions.store import RulesCache
from wire.errors import InstantError


@dataclass(frozen=True, slots=True)
class View:
    """Someone to ask for, and all that the query's rules can tell of them."""

    viewer: Viewer
    traits: frozenset[Hashable]


class ViewOutdated(Exception):
    """Rules or attrs have changed so that the askers of a live query may see different things."""


def viewer_of(session: Session) -> Viewer:
    """As whom the session asks now."""
    return Viewer(
        is_admin=session.is_admin,
        user_id=session.user["id"] if session.user else None,
        ip=session.ip or "",
        origin=session.origin or "",
    )


async def view_of(
    session: Session, query: dict[str, Any], catalog: AttrCatalog, cache: RulesCache
) -> View:
    """The session's view of the query's data, by the newest rules known here.

    It is the view of this moment: whoever records it at once need not fear that the session became
    somebody else while rules were read.
    """
    if session.is_admin:
        return View(viewer_of(session), frozenset())
    rules = await cache.get(catalog.app_id)
    viewer = viewer_of(session)
    try:
        return View(viewer, prepare_query(query, catalog, viewer, rules).traits)
    except InstantError:
        # Its run will say what is wrong; what is refused to one may be answered to another.
        return View(viewer, frozenset((viewer,)))
