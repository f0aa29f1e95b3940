"""Sign-ins that are taken back: what a session is from then on, while it stays connected.

A token that is deleted, or a user, makes every session that is signed in with it a guest without a
user, in whichever process it is: the change feed says so, whoever deleted the row. Its queries are
answered again as what it is now, in rooms it stays as nobody's, and SDKs are told, so that they
sign out on their side as well. Spec: realtime.md §11.6, §2.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

from auth_app.refresh_tokens import Credentials, still_good
from auth_app.system_attrs import attr_id
from presence.promise import Rooms
from realtime.changes.change import TripleChange, TxChanges
from realtime.protocol import outgoing
from realtime.sessions import Session
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.hub import QueryHub
from realtime.subscriptions.tasks import patiently
from realtime.visibility import wait_until_visible
from triples.sql import pool
from wire import json
from wire.errors import RecordNotFound
from wire.observations import HubTaskFailed, frames_of, report

VISIBLE_SECONDS: Final = 5.0

_TOKEN: Final = attr_id("$userRefreshTokens", "hashedToken")
_USER: Final = attr_id("$users", "id")


class Revocations:
    """Makes guests of sessions whose sign-in is gone."""

    def __init__(self, hub: QueryHub, rooms: Rooms) -> None:
        self._hub = hub
        self._rooms = rooms
        self._tasks: set[asyncio.Task[None]] = set()

    def deliver(self, state: AppState, changes: TxChanges) -> None:
        """Take one transaction's changes of an app that sessions are on."""
        if changes.truncated:
            self._spawn(partial(self._look_again, state, list(state.sessions)))
            return
        hashes, users = _gone(changes.triple_changes)
        if not hashes and not users:
            return
        for session in list(state.sessions):
            user_id = session.user["id"] if session.user else None
            if session.token_hash in hashes or user_id in users:
                self._sign_out(session)

    def on_gap(self) -> None:
        """Changes may have been missed: ask for every session that is signed in."""
        for state in list(self._hub.apps):
            self._spawn(partial(self._look_again, state, list(state.sessions)))

    def on_app_gap(self, app_id: str) -> None:
        """Changes of one app may have been missed."""
        state = self._hub.app_state(app_id)
        if state is not None:
            self._spawn(partial(self._look_again, state, list(state.sessions)))

    def entered(self, session: Session) -> None:
        """The session was signed in before changes reached it: ask whether that is still so."""
        if session.app is not None and session.user is not None:
            self._spawn(partial(self._look_after_joining, session.app, session))

    async def stop(self) -> None:
        """Cancel what runs."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _sign_out(self, session: Session) -> None:
        session.user = None
        session.token_hash = None
        if not session.is_authenticated:
            return  # `init` finds the session without its user
        self._hub.change_view(session)
        self._rooms.sign_out(session.id)
        if session.init_event_id is not None:
            session.send(
                outgoing.error_reply(
                    RecordNotFound("app-user"),
                    event_id=session.init_event_id,
                    original={"op": "init"},
                )
            )

    async def _look_after_joining(self, state: AppState, session: Session) -> None:
        await self._hub.joined(state)
        if not await is_signed_in(session):
            self._sign_out(session)

    async def _look_again(self, state: AppState, sessions: Iterable[Session]) -> None:
        shown = {
            session: credentials
            for session in sessions
            if (credentials := _credentials(session)) is not None
        }
        if not shown:
            return
        async with pool.connection() as conn:
            good = await still_good(conn, state.id, set(shown.values()))
        for session, credentials in shown.items():
            if credentials not in good and _credentials(session) == credentials:
                self._sign_out(session)

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        """Nobody asks again: what needs the database waits until it is there."""
        task = asyncio.create_task(patiently(work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            name = f"{type(error).__module__}.{type(error).__qualname__}"
            report(HubTaskFailed(name, frames_of(error)))


async def is_signed_in(session: Session) -> bool:
    """Whether what the session says of its user is still so; without a user it is.

    Asked once the app's changes reach the session: what happens later is `Revocations`' business.
    """
    credentials, state = _credentials(session), session.app
    if credentials is None or state is None:
        return True
    async with pool.connection() as conn:
        if state.fed_xid is not None:  # it was delivered, and will not be again
            await wait_until_visible(conn, state.fed_xid, VISIBLE_SECONDS)
        return bool(await still_good(conn, state.id, {credentials}))


def _credentials(session: Session) -> Credentials | None:
    if session.user is None:
        return None
    return Credentials(session.user["id"], session.token_hash)


def _gone(changes: Iterable[TripleChange]) -> tuple[set[str], set[str]]:
    """The hashes of tokens, and the users, that are no longer there."""
    hashes: set[str] = set()
    users: set[str] = set()
    for change in changes:
        if change.old is None or change.old == change.new:
            continue
        if change.attr_id == _TOKEN:
            hashes.add(str(json.loads(change.old)))
        elif change.attr_id == _USER:
            users.add(change.entity_id)
    return hashes, users
