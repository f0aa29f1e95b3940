"""Whose view a session has is found out as of the moment when it is used."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from realtime.sessions import Session
from realtime.subscriptions.views import view_of
from tests.unit.realtime.subscriptions.test_delivery import Nowhere
from triples.attrs.catalog import AttrCatalog
from triples.permissions.rules import Rules
from triples.permissions.store import EMPTY, RulesCache
from wire.ids import new_id

OWN_USER: Final[dict[str, Any]] = {"$users": {}}
"""Without rules of the app, everybody sees their own user alone."""


class RulesOnTheirWay(RulesCache):
    """Rules that have to be read; a session is signed out meanwhile."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    async def get(self, app_id: str) -> Rules:
        """`RulesCache.get`."""
        self._session.user = None
        return EMPTY


def test_session_that_is_signed_out_while_rules_are_read_has_the_view_of_a_guest() -> None:
    async def story() -> None:
        catalog = AttrCatalog(new_id(), 0, [])
        session = Session(Nowhere(), user={"id": new_id()})
        view = await view_of(session, OWN_USER, catalog, RulesOnTheirWay(session))
        assert view == await view_of(session, OWN_USER, catalog, RulesOnTheirWay(session))
        assert view.viewer.user_id is None

    asyncio.run(story())
