"""Folds decoded log messages into one value for each committed transaction and app.

Pure: messages in, `Committed` out at each commit. Memory stays bounded whatever a transaction
holds: beyond a limit an app's triples are not listed any more but declared changed as a whole, and
beyond a number of apps everything is. Nothing that could change an answer is left out: a row is
dropped only if not one of its columns changed (instaql.md §5.4).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from realtime.changes.change import AttrChange, Kind, TripleChange, TxChanges
from realtime.changes.wal.pgoutput import (
    UNSHIPPED,
    Begin,
    Commit,
    Delete,
    Ignored,
    Insert,
    Message,
    ProtocolError,
    Relation,
    Row,
    Truncate,
    Update,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one transaction is listed row by row."""

    triples_per_app: int = 10_000
    triples: int = 50_000
    value_bytes: int = 32 * 1024 * 1024
    attrs_per_app: int = 10_000
    apps: int = 10_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Committed:
    """One transaction of the log.

    `changes` has one value an app; `everything` says that any app may have changed in any way
    (a table was emptied, or too many apps were touched), and then `changes` is empty. `end_lsn` is
    the position to acknowledge once the transaction is dealt with.
    """

    xid: int
    end_lsn: int
    changes: tuple[TxChanges, ...]
    everything: bool


class Assembler:
    """Gathers the messages of one connection; a transaction that never ends is never told."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._open: _Transaction | None = None
        self._readers: dict[int, tuple[Relation, _Reader]] = {}

    @property
    def is_between_transactions(self) -> bool:
        """Whether all rows seen so far were told."""
        return self._open is None

    def feed(self, message: Message) -> Committed | None:
        """Take the next message; the transaction if this one ended it."""
        match message:
            case Insert(relation, new):
                self._take("insert", relation, None, new)
            case Update(relation, old, new):
                self._take("update", relation, old, new)
            case Delete(relation, old):
                self._take("delete", relation, old, None)
            case Begin():
                self._open = _Transaction(message, self._limits)
            case Commit():
                committed = self._transaction().committed(message)
                self._open = None
                return committed
            case Truncate(relations):
                if any(relation.table in _READERS for relation in relations):
                    self._transaction().declare_everything()
            case Ignored():
                pass
        return None

    def _take(self, kind: Kind, relation: Relation, old: Row | None, new: Row | None) -> None:
        known = self._readers.get(relation.oid)
        if known is None or known[0] is not relation:  # a table altered since is described anew
            known = self._readers[relation.oid] = (relation, _reader_of(relation))
        transaction = self._transaction()
        if not transaction.everything:
            known[1](transaction, kind, old, new)

    def _transaction(self) -> _Transaction:
        if self._open is None:
            raise ProtocolError("a row or a commit outside of a transaction")
        return self._open


class _App:
    """What is known so far of one app in the open transaction."""

    __slots__ = ("app_changed", "attrs", "rules_changed", "sort_keys_missing", "triples", "tx_id")

    def __init__(self) -> None:
        self.triples: list[TripleChange] | None = []  # None: too many to list
        self.attrs: list[AttrChange] = []
        self.tx_id: int | None = None
        self.rules_changed = False
        self.app_changed = False
        self.sort_keys_missing = False


class _Transaction:
    """The open transaction."""

    __slots__ = ("_apps", "_begin", "_limits", "_listed", "_value_bytes", "everything")

    def __init__(self, begin: Begin, limits: Limits) -> None:
        self._begin = begin
        self._limits = limits
        self._apps: dict[bytes, _App] = {}
        self._listed = 0
        self._value_bytes = 0
        self.everything = False

    def app(self, app_id: bytes) -> _App:
        """The app's part of the transaction, begun if it is new."""
        app = self._apps.get(app_id)
        if app is None:
            app = self._apps[app_id] = _App()
            if len(self._apps) > self._limits.apps:
                self.declare_everything()
        return app

    def declare_everything(self) -> None:
        """Any app may have changed; nothing needs to be remembered of this transaction."""
        self.everything = True
        self._apps.clear()

    def add_triple(self, app: _App, change: TripleChange) -> None:
        """List a triple, or give up listing the app's triples where that takes too much."""
        triples = app.triples
        if triples is None:
            return
        triples.append(change)
        self._listed += 1
        self._value_bytes += _size(change)
        limits = self._limits
        if (
            len(triples) > limits.triples_per_app
            or self._listed > limits.triples
            or self._value_bytes > limits.value_bytes
        ):
            self.truncate(app)

    def truncate(self, app: _App) -> None:
        """Every triple of the app may have changed."""
        if app.triples is not None:
            self._listed -= len(app.triples)
            self._value_bytes -= sum(map(_size, app.triples))
            app.triples = None

    def add_attr(self, app: _App, change: AttrChange) -> None:
        """List an attr, or declare the whole app changed where there are too many."""
        if len(app.attrs) < self._limits.attrs_per_app:
            app.attrs.append(change)
        else:
            self.truncate(app)

    def committed(self, commit: Commit) -> Committed:
        """The finished value."""
        begin = self._begin
        changes = tuple(
            TxChanges(
                app_id=app_id.decode(),
                tx_id=app.tx_id,
                xid=begin.xid,
                commit_lsn=commit.commit_lsn,
                commit_time=begin.commit_time,
                triple_changes=tuple(app.triples or ()),
                attr_changes=tuple(app.attrs),
                rules_changed=app.rules_changed,
                app_changed=app.app_changed,
                truncated=app.triples is None,
                sort_keys_missing=app.sort_keys_missing,
            )
            for app_id, app in self._apps.items()
        )
        return Committed(begin.xid, commit.end_lsn, changes, self.everything)


_Reader = Callable[[_Transaction, Kind, Row | None, Row | None], None]


def _size(change: TripleChange) -> int:
    return len(change.old or b"") + len(change.new or b"")


def _reader_of(relation: Relation) -> _Reader:
    make = _READERS.get(relation.table)
    return _unread if make is None else make(relation)


def _unread(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
    """Rows of a table that this project did not publish."""


def _triples_reader(relation: Relation) -> _Reader:
    key_of = relation.pick("app_id", "entity_id", "attr_id")
    content_of = relation.pick("value", "created_at")
    keyed_by_type_of = relation.pick("ave", "checked_data_type", "sort_key")

    def read(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
        if kind != "insert" and (old is None or UNSHIPPED in old):
            _without_old_row(transaction, new)
            return
        if old == new:
            return
        if new is not None:
            ave, checked_data_type, sort_key = keyed_by_type_of(new)
            if sort_key is None and ave == b"t" and checked_data_type is not None:
                transaction.app(key_of(new)[0]).sort_keys_missing = True
        if old is not None and new is not None:
            if key_of(old) == key_of(new):
                add("update", transaction, old, new)
            else:
                add("delete", transaction, old, None)
                add("insert", transaction, None, new)
        else:
            add(kind, transaction, old, new)

    def add(kind: Kind, transaction: _Transaction, old: Row | None, new: Row | None) -> None:
        row = new if old is None else old
        assert row is not None
        app_id, entity_id, attr_id = key_of(row)
        app = transaction.app(app_id)
        if app.triples is None:
            return
        old_value, old_created_at = (None, None) if old is None else content_of(old)
        new_value, new_created_at = (None, None) if new is None else content_of(new)
        change = TripleChange(
            kind,
            entity_id.decode(),
            attr_id.decode(),
            old_value,
            new_value,
            kind == "update" and old_created_at != new_created_at,
        )
        transaction.add_triple(app, change)

    def _without_old_row(transaction: _Transaction, new: Row | None) -> None:
        """Somebody took full replica identity away: the triple's old place is unknown."""
        if new is None:
            transaction.declare_everything()
        else:
            transaction.truncate(transaction.app(key_of(new)[0]))

    return read


def _names_reader(attr_id_column: str, *etype_columns: str) -> Callable[[Relation], _Reader]:
    """Reads tables that define attrs or name them."""

    def make(relation: Relation) -> _Reader:
        identity_of = relation.pick("app_id", attr_id_column)
        etypes_of = [relation.pick(column) for column in etype_columns]

        def read(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
            rows = [row for row in (old, new) if row is not None]
            if not rows or (old is None and kind != "insert"):
                transaction.declare_everything()
                return
            if old == new:
                return
            etypes = frozenset(
                etype.decode()
                for row in rows
                for etype_of in etypes_of
                if (etype := etype_of(row)) is not None
            )
            for app_id, attr_id in dict.fromkeys(identity_of(row) for row in rows):
                change = AttrChange(kind, attr_id.decode(), etypes)
                transaction.add_attr(transaction.app(app_id), change)

        return read

    return make


def _transactions_reader(relation: Relation) -> _Reader:
    numbers_of = relation.pick("app_id", "id")

    def read(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
        if kind == "insert" and new is not None:
            app_id, tx_id = numbers_of(new)
            app = transaction.app(app_id)
            app.tx_id = max(app.tx_id or 0, int(tx_id))

    return read


def _rules_reader(relation: Relation) -> _Reader:
    app_id_of = relation.pick("app_id")

    def read(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
        if old is None and new is None:
            transaction.declare_everything()
        elif old != new:
            for row in (old, new):
                if row is not None:
                    transaction.app(app_id_of(row)).rules_changed = True

    return read


def _apps_reader(relation: Relation) -> _Reader:
    app_id_of = relation.pick("id")
    # A trigger raises attrs_version with every attr; the attrs themselves tell that.
    told_of: Callable[[Row], Any] = relation.pick(
        *(name for name in relation.columns if name != "attrs_version")
    )

    def read(transaction: _Transaction, kind: Kind, old: Row | None, new: Row | None) -> None:
        if old is None and new is None:
            transaction.declare_everything()
        elif old is None or new is None or told_of(old) != told_of(new):
            for row in (old, new):
                if row is not None:
                    transaction.app(app_id_of(row)).app_changed = True

    return read


_READERS: dict[str, Callable[[Relation], _Reader]] = {
    "triples": _triples_reader,
    "attrs": _names_reader("id", "etype", "reverse_etype"),
    "idents": _names_reader("attr_id", "etype"),
    "transactions": _transactions_reader,
    "rules": _rules_reader,
    "apps": _apps_reader,
}
