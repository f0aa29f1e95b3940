"""What a session is sent, and in which order: attrs before answers, newest answer only.

Works on memory alone: every function here queues frames and returns. One event loop and "always
the newest answer" together keep the answers of one (session, query) from going back in time.
"""

from __future__ import annotations

import asyncio
import time
from itertools import groupby

from realtime.measures import REFRESHES_SENT
from realtime.protocol import outgoing
from realtime.sessions import Session
from realtime.subscriptions.app_state import AppState
from realtime.subscriptions.live_query import CurrentAnswer, LiveQuery, Subscription
from realtime.subscriptions.tx_ids import TxIds
from wire.errors import InstantError

IN_FLIGHT_SECONDS = 15.0  # an older frame was read: a silent connection is closed after that time
BUNDLE_SECONDS = 0.03  # how long a session's ready answers wait for its other stale queries


def send_first(subscription: Subscription) -> None:
    """Send the first answer of a subscription, after the attrs it needs."""
    session, live = subscription.session, subscription.live
    if live.current is None:
        raise RuntimeError("a first answer is sent only when there is one")
    bring_attrs(session)
    session.send(
        outgoing.add_query_ok(
            event_id=subscription.event_id,
            query_json=live.key.query_json,
            result=live.current.answer.result,
            result_meta=live.current.answer.result_meta,
            processed_tx_id=live.current.answer.processed_tx_id,
        )
    )
    _mark_sent(subscription, live.current)


def bring_attrs(session: Session) -> None:
    """Send the attr list alone if the session has an older one."""
    state = session.app
    if state is None or state.catalog is None or session.attrs_version >= state.catalog.version:
        return
    session.attrs_version = state.catalog.version
    session.send(
        outgoing.refresh_ok(
            processed_tx_id=state.processed_tx_id,
            computations=(),
            attrs=state.catalog.wire_json,
        )
    )


def bring_attrs_to_all(state: AppState) -> None:
    """Send a changed attr list to every session that no answer is about to bring it to."""
    for session in state.sessions:
        is_before_init_ok = session.attrs_version < 0
        if not is_before_init_ok and not session.changed:
            bring_attrs(session)


def deliver(live: LiveQuery) -> None:
    """Queue the new answer for every session that has an older one, or is owed it again."""
    if live.current is None:
        return
    for subscription in live.subscriptions:
        if _is_owed_again(subscription):
            subscription.sent_version = None
        if not subscription.is_owed or subscription.move is not None:
            continue
        if subscription.is_ahead:
            subscription.sent_tx_id = 0  # the run that begins now shows as much for certain
            live.mark_stale(None)
            continue
        session = subscription.session
        if _is_all_the_session_needs(session):
            session.send_text(live.current.refresh_text)
            _mark_sent(subscription, live.current)
        else:
            session.changed[live.key.query_json] = subscription
            _flush_soon(session)


def has_written(session: Session, tx_id: int) -> None:
    """The session was told the number of its transaction; what that entitles it to is queued."""
    session.wrote = session.wrote or TxIds()
    session.wrote.add(tx_id)
    for query_json, subscription in session.subscriptions.items():
        if _is_owed_again(subscription):
            subscription.sent_version = None
            session.changed[query_json] = subscription
    if session.changed:
        _flush_soon(session)


def resend(session: Session, since: float, entity_ids: frozenset[str]) -> None:
    """Send answers again that a refused write has tainted in the client.

    The client bakes a pending write into answers it receives meanwhile; after the refusal it
    needs those that it may have received after it sent the write, which arrived here at `since`
    (monotonic seconds), or that show one of its entities (spec/README.md, "settled"). What was sent
    before that moment may have crossed the write on its way.
    """
    since -= IN_FLIGHT_SECONDS
    for query_json, subscription in session.subscriptions.items():
        topics = subscription.live.app.index.topics(subscription.live)
        shows_them = topics is not None and not topics.entities.isdisjoint(entity_ids)
        is_tainted = shows_them or subscription.sent_at >= since
        # What is owed already comes as soon as there is an answer that is not older than the last.
        if subscription.is_begun and subscription.sent_version is not None and is_tainted:
            subscription.sent_version = None
            session.changed[query_json] = subscription
    flush(session)


def catch_up(subscription: Subscription) -> None:
    """Queue the answer that a moved subscription has not been sent, if there is one already.

    One that is about to be replaced may be older than what the session has.
    """
    live = subscription.live
    is_up_to_date = live.current is not None and not live.stale and live.run is None
    if not is_up_to_date or not subscription.is_owed:
        return
    subscription.session.changed[live.key.query_json] = subscription
    _flush_soon(subscription.session)


def report_failure(live: LiveQuery, failure: Exception) -> None:
    """Tell subscribers that have an answer that the next one could not be computed (§5.7)."""
    original = {"op": "add-query", "q": live.query}
    for subscription in live.subscriptions:
        if subscription.is_begun and subscription.move is None:
            event_id = subscription.event_id
            if isinstance(failure, InstantError):
                frame = outgoing.error_reply(failure, event_id=event_id, original=original)
            else:
                frame = outgoing.unexpected_error(event_id=event_id, original=original)
            subscription.session.send(frame)


def flush(session: Session) -> None:
    """Send the session's changed answers, with the attrs if they changed.

    One message holds answers of one transaction: under an older one's number, a client would take
    its own writes that an answer already holds for missing, and apply them again.
    """
    if session.flush_timer is not None:
        session.flush_timer.cancel()
        session.flush_timer = None
    changed = list(session.changed.values())
    session.changed.clear()
    # One that was moved since it was queued may be of a query that has no answer yet.
    ready = {
        item: item.live.current
        for item in changed
        if item.is_owed and item.live.current is not None and item.move is None
    }
    if session.app is None or session.closed:
        return
    if not ready:
        bring_attrs(session)
        return
    answers = sorted(ready.values(), key=_processed_tx_id)
    for processed_tx_id, group in groupby(answers, key=_processed_tx_id):
        session.send(
            outgoing.refresh_ok(
                processed_tx_id=processed_tx_id,
                computations=[current.computation for current in group],
                attrs=_attrs_for(session, session.app),
            )
        )
    for subscription, current in ready.items():
        _mark_sent(subscription, current)


def _is_owed_again(subscription: Subscription) -> bool:
    """Whether the client may show a write of its own over an equal answer that denies it.

    It lays what it has written over answers with a lower number. Where the answer that shows the
    write is equal to the one before, since somebody else took it back at once, or a rule hides it,
    only the answer's number tells the client so (realtime.md §5.6).
    """
    live, wrote = subscription.live, subscription.session.wrote
    if wrote is None or live.touched_by is None or live.current is None:
        return False
    shown = live.current.answer.processed_tx_id
    return (
        subscription.sent_version == live.version
        and subscription.sent_tx_id < shown
        and wrote.have_in_common(live.touched_by, subscription.sent_tx_id, shown)
    )


def _processed_tx_id(current: CurrentAnswer) -> int:
    return current.answer.processed_tx_id


def _is_all_the_session_needs(session: Session) -> bool:
    """Whether a frame that holds this one answer alone leaves nothing behind to bundle."""
    state = session.app
    return (
        len(session.subscriptions) == 1
        and not session.changed
        and session.features.skips_unchanged_attrs
        and state is not None
        and state.catalog is not None
        and session.attrs_version >= state.catalog.version
    )


def _flush_soon(session: Session) -> None:
    """Send at once if nothing else of the session is being computed, else shortly."""
    if not any(subscription.live.stale for subscription in session.subscriptions.values()):
        flush(session)
    elif session.flush_timer is None:
        loop = asyncio.get_running_loop()
        session.flush_timer = loop.call_later(BUNDLE_SECONDS, flush, session)


def _attrs_for(session: Session, state: AppState) -> bytes | None:
    """The attr list, if it must travel with the next message."""
    if state.catalog is None:
        return None
    is_newer = session.attrs_version < state.catalog.version
    session.attrs_version = max(session.attrs_version, state.catalog.version)
    return (
        state.catalog.wire_json if is_newer or not session.features.skips_unchanged_attrs else None
    )


def _mark_sent(subscription: Subscription, current: CurrentAnswer) -> None:
    if subscription.is_begun:
        REFRESHES_SENT.inc()
    subscription.is_begun = True
    subscription.sent_version = subscription.live.version
    subscription.sent_tx_id = current.answer.processed_tx_id
    subscription.sent_at = time.monotonic()
