"""One query as all sessions with the same view of it share it, and who is interested in it."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from realtime.protocol.outgoing import Computation, refresh_ok
from realtime.subscriptions.shapes import Shape
from realtime.subscriptions.tx_ids import TxIds
from triples.instaql.answer import Answer, Viewer

if TYPE_CHECKING:
    from realtime.sessions import Session
    from realtime.subscriptions.app_state import AppState


@dataclass(frozen=True, slots=True)
class QueryKey:
    """What makes two subscriptions the same work: equal query, view of the data, and shape.

    `traits` are all that rules can tell of the asker (`views`).
    """

    query_json: bytes
    is_admin: bool
    traits: frozenset[Hashable]
    shape: Shape


class CurrentAnswer:
    """An answer with the frame pieces that every subscriber shares, encoded once."""

    def __init__(self, query_json: bytes, answer: Answer) -> None:
        self.answer = answer
        self._query_json = query_json

    @cached_property
    def computation(self) -> bytes:
        """The element of a refresh."""
        answer = self.answer
        return Computation(self._query_json, answer.result, answer.result_meta).encoded()

    @cached_property
    def refresh_text(self) -> str:
        """The whole refresh for a session in which only this query changed."""
        return refresh_ok(
            processed_tx_id=self.answer.processed_tx_id, computations=(self.computation,)
        ).decode()


@dataclass(eq=False, slots=True)
class LiveQuery:
    """A query that is kept up to date.

    `stale` says that some change may have altered the answer; `awaited_xids` are the database
    transactions that did so and that the next answer's snapshot must show, `stale_for_unknown`
    that nobody knows which did. `touched_by` are the app's transactions among them, also those that
    an answer has shown already. `version` counts answers that differ; `current` is the newest one.
    `failure` is why the last run gave none; whoever waited for that run may look after the next one
    has begun. `failed_runs` counts failures since the last answer, as far as they matter; `retry`
    waits to run the query again without another change after some of them; `ran_at` is when a
    refresher ran it last (seconds of the loop). `force_send` makes the next answer that shows all
    marks count as different (the attrs behind it changed). `answers_unknown`, `is_forced`: the
    coming answer is also for what nobody knows, and counts as different.
    """

    app: AppState
    key: QueryKey
    query: dict[str, Any]
    viewer: Viewer
    subscriptions: dict[Subscription, None] = field(default_factory=dict)
    current: CurrentAnswer | None = None
    version: int = 0
    stale: bool = True
    stale_for_unknown: bool = False
    force_send: bool = False
    awaited_xids: set[int] = field(default_factory=set)
    touched_by: TxIds | None = None
    failure: Exception | None = None
    failed_runs: int = 0
    retry: asyncio.TimerHandle | None = None
    run: asyncio.Task[bool] | None = None
    ran_at: float = float("-inf")
    answers_unknown: bool = False
    is_forced: bool = False

    def mark_stale(self, xid: int | None, tx_id: int | None = None) -> None:
        """A transaction may have altered the answer; None: it is not known which one.

        `xid` is the database's number for it; `tx_id` the app's, if it is one that clients know.
        """
        self.stale = True
        if xid is None:
            self.stale_for_unknown = True
        else:
            self.awaited_xids.add(xid)
        if tx_id is not None:
            self.touched_by = self.touched_by or TxIds()
            self.touched_by.add(tx_id)

    def begin_run(self) -> set[int]:
        """The transactions that the coming answer must show; what is marked from here on is new."""
        awaited, self.awaited_xids = self.awaited_xids, set()
        self.answers_unknown = self.answers_unknown or self.stale_for_unknown
        self.is_forced = self.is_forced or self.force_send
        self.stale = self.stale_for_unknown = self.force_send = False
        return awaited

    def end_run(self, unseen_xids: set[int]) -> None:
        """Keep only the marks made during the run that its snapshot does not answer."""
        self.awaited_xids = unseen_xids
        self.stale = bool(unseen_xids) or self.stale_for_unknown

    def fail(self, failure: Exception) -> None:
        """There is no answer; the next change, or the next subscriber, tries again.

        What was marked while the query ran stays marked.
        """
        self.failure = failure
        self.current = None

    def accept(self, answer: Answer) -> None:
        """Make this the current answer; it counts as new only if it differs."""
        before = self.current
        self.failure = None
        if not self.stale:  # what was marked during the run is shown by it
            self.is_forced, self.force_send = self.is_forced or self.force_send, False
        if before is None or self.is_forced or self._differs(before.answer, answer):
            self.version += 1
            self.current = CurrentAnswer(self.key.query_json, answer)
        elif _state_of(before.answer) != _state_of(answer):
            self.current = CurrentAnswer(self.key.query_json, answer)
        self.is_forced = False
        if self.answers_unknown:
            self.answers_unknown = False
            self.touched_by = self.touched_by or TxIds()
            self.touched_by.add_below(answer.processed_tx_id + 1)

    def _differs(self, before: Answer, after: Answer) -> bool:
        """Whether the answer says something else, or may be read with other attrs."""
        if self.answers_unknown and before.attrs_version != after.attrs_version:
            return True
        return before.result != after.result or before.result_meta != after.result_meta


def _state_of(answer: Answer) -> tuple[int, int, str]:
    """What of the app the answer is right for."""
    return answer.processed_tx_id, answer.attrs_version, answer.rules_stamp


@dataclass(eq=False, slots=True)
class Subscription:
    """A session's interest in a live query.

    `is_begun`: its first answer was sent, by whoever asked; what differs from it is a refresh.
    `sent_version` is that of the answer sent last, None where the live query's answer must be sent
    whatever it is; `sent_tx_id` is the newest transaction that the answer sent last says it shows.
    While there is a `move`, nothing is sent: what the session may see is being found out anew.
    """

    session: Session
    live: LiveQuery
    event_id: Any
    is_begun: bool = False
    sent_version: int | None = None
    sent_tx_id: int = 0
    sent_at: float = 0.0
    move: asyncio.Task[None] | None = None

    @property
    def is_owed(self) -> bool:
        """Whether its session has begun with it and has not the newest answer."""
        return self.is_begun and self.sent_version != self.live.version

    @property
    def is_ahead(self) -> bool:
        """Whether its session was sent more, before it moved here, than the answer shows."""
        current = self.live.current
        return current is not None and current.answer.processed_tx_id < self.sent_tx_id
