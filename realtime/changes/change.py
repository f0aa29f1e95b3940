"""What one committed transaction changed in one app, as values.

They say what the log says and decide nothing: values are JSON text as PostgreSQL wrote it, so that
bringing them into one spelling is left to whoever compares them. Spec: instaql.md §5.3, §5.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["insert", "update", "delete"]


class TripleChange(NamedTuple):
    """One triple that came, went, or changed in place.

    `old` is None for an insert and `new` for a delete. An update may have equal values: then the
    triple's creation time, flags or sort key changed, which can move it in or out of an answer. A
    triple that got another entity, attr or app is reported as a delete and an insert.
    """

    kind: Kind
    entity_id: str
    attr_id: str
    old: bytes | None
    new: bytes | None
    created_at_changed: bool


@dataclass(frozen=True, slots=True)
class AttrChange:
    """One change of an attr, or of a name that points at it.

    `etypes` are those that named it before or after, forward or reverse.
    """

    kind: Kind
    attr_id: str
    etypes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TxChanges:
    """All changes of one committed transaction in one app.

    - `tx_id`: the newest row the transaction put into `transactions` for this app; None for writes
      that put none there (psql, the ORM, backfills).
    - `xid`: the 32-bit transaction number of the log; `realtime.visibility` tells whether a
      snapshot shows it. The log can be ahead of new snapshots by a moment.
    - `commit_lsn`: position of the commit in the log; only ever grows. `commit_time`: seconds since
      the epoch, by the database's clock.
    - `truncated`: too much to list, or the old row was not in the log. Every triple of the app may
      have changed and `triple_changes` is empty; if attrs changed, `attr_changes` still has some.
    - `sort_keys_missing`: some written row of a typed, indexed attr came without its sort key.
    """

    app_id: str
    tx_id: int | None
    xid: int
    commit_lsn: int
    commit_time: float
    triple_changes: tuple[TripleChange, ...]
    attr_changes: tuple[AttrChange, ...]
    rules_changed: bool
    app_changed: bool
    truncated: bool
    sort_keys_missing: bool = False
