"""Decodes messages of PostgreSQL's `pgoutput` plugin, protocol version 1, into values.

Pure: bytes in, values out. A decoder belongs to one connection, because a relation is described
once and afterwards named by its number. What rows mean is left to `assemble`.
Format: PostgreSQL documentation, "Logical Replication Message Formats".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple

POSTGRES_EPOCH_SECONDS: Final = 946_684_800  # 2000-01-01T00:00:00Z
UNSHIPPED: Final = b"\x00"
"""Stands for a TOASTed value that is neither in the new row nor in an old one.

No text in PostgreSQL contains a zero byte.
"""

Row = tuple[bytes | None, ...]
"""The text of each column, in the order of the relation's columns; None is SQL null."""


class ProtocolError(Exception):
    """The log holds something that protocol version 1 does not have."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A published table; columns are found by name, since their positions differ by version."""

    oid: int
    table: str
    columns: tuple[str, ...]

    def pick(self, *names: str) -> Callable[[Row], Any]:
        """A function from a row to the values of these columns, as `operator.itemgetter`."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise ProtocolError(f"the publication lacks {self.table}.{', '.join(missing)}")
        return itemgetter(*(self.columns.index(name) for name in names))


@dataclass(frozen=True, slots=True)
class Begin:
    """Opens a committed transaction; its rows follow."""

    xid: int
    commit_time: float


@dataclass(frozen=True, slots=True)
class Commit:
    """Ends a transaction. `end_lsn` is the position to acknowledge."""

    commit_lsn: int
    end_lsn: int


class Insert(NamedTuple):
    """A new row."""

    relation: Relation
    new: Row


class Update(NamedTuple):
    """A changed row; `old` is None unless the table has full replica identity."""

    relation: Relation
    old: Row | None
    new: Row


class Delete(NamedTuple):
    """A removed row; `old` is None unless the table has full replica identity."""

    relation: Relation
    old: Row | None


@dataclass(frozen=True, slots=True)
class Truncate:
    """Tables that were emptied at once."""

    relations: tuple[Relation, ...]


@dataclass(frozen=True, slots=True)
class Ignored:
    """A message that says nothing about rows: relation, type, origin, logical message."""

    tag: str


Message = Begin | Commit | Insert | Update | Delete | Truncate | Ignored

_BEGIN = struct.Struct(">xQqI")
_COMMIT = struct.Struct(">xBQQq")
_COLUMN_TAIL_BYTES = 8  # type oid and type modifier
_uint16 = struct.Struct(">H").unpack_from
_uint32 = struct.Struct(">I").unpack_from

_KEY, _NEW, _OLD = b"KNO"
_NULL, _TEXT, _UNCHANGED = b"ntu"


class Decoder:
    """Turns the messages of one connection into values, in order."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._by_tag: dict[int, Callable[[bytes], Message]] = {
            ord("I"): self._insert,
            ord("U"): self._update,
            ord("D"): self._delete,
            ord("B"): _begin,
            ord("C"): _commit,
            ord("R"): self._relation,
            ord("T"): self._truncate,
            ord("Y"): lambda _: Ignored("Y"),
            ord("O"): lambda _: Ignored("O"),
            ord("M"): lambda _: Ignored("M"),
        }

    def decode(self, message: bytes) -> Message:
        """One message as a value; raises `ProtocolError` for what cannot be understood."""
        try:
            return self._by_tag[message[0]](message)
        except (KeyError, IndexError, struct.error, UnicodeDecodeError) as error:
            raise ProtocolError(f"cannot decode {message[:40]!r}") from error

    def _insert(self, message: bytes) -> Insert:
        new, _ = _row(message, 6)
        return Insert(self._relation_at(message), new)

    def _update(self, message: bytes) -> Update:
        old: Row | None = None
        position = 6
        if message[5] != _NEW:
            old, position = _row(message, 6)
            position += 1
        if message[5] == _KEY:
            old = None
        new, _ = _row(message, position, old)
        return Update(self._relation_at(message), old, new)

    def _delete(self, message: bytes) -> Delete:
        old = _row(message, 6)[0] if message[5] == _OLD else None
        return Delete(self._relation_at(message), old)

    def _truncate(self, message: bytes) -> Truncate:
        (count,) = _uint32(message, 1)
        oids = struct.unpack_from(f">{count}I", message, 6)
        return Truncate(tuple(self._relations[oid] for oid in oids))

    def _relation_at(self, message: bytes) -> Relation:
        return self._relations[_uint32(message, 1)[0]]

    def _relation(self, message: bytes) -> Ignored:
        (oid,) = _uint32(message, 1)
        _, position = _text(message, 5)
        table, position = _text(message, position)
        (count,) = _uint16(message, position + 1)
        position += 3
        columns = []
        for _ in range(count):
            name, position = _text(message, position + 1)
            position += _COLUMN_TAIL_BYTES
            columns.append(name)
        self._relations[oid] = Relation(oid, table, tuple(columns))
        return Ignored("R")


def _begin(message: bytes) -> Begin:
    _, microseconds, xid = _BEGIN.unpack_from(message)
    return Begin(xid, POSTGRES_EPOCH_SECONDS + microseconds / 1_000_000)


def _commit(message: bytes) -> Commit:
    _, commit_lsn, end_lsn, _ = _COMMIT.unpack_from(message)
    return Commit(commit_lsn, end_lsn)


def _row(message: bytes, position: int, previous: Row | None = None) -> tuple[Row, int]:
    """The row at a position, and the position after it.

    An unchanged TOASTed value is not shipped again; it is taken from the row's previous version.
    """
    (count,) = _uint16(message, position)
    position += 2
    values: list[bytes | None] = []
    for _ in range(count):
        kind = message[position]
        position += 1
        if kind == _TEXT:
            start = position + 4
            position = start + _uint32(message, position)[0]
            values.append(message[start:position])
        elif kind == _NULL:
            values.append(None)
        elif kind == _UNCHANGED:
            values.append(UNSHIPPED if previous is None else previous[len(values)])
        else:
            raise ProtocolError(f"unknown kind of column value: {kind}")
    if position > len(message):
        raise ProtocolError("the message ends inside a row")
    return tuple(values), position


def _text(message: bytes, position: int) -> tuple[str, int]:
    end = message.find(b"\x00", position)
    if end < 0:
        raise ProtocolError("the message ends inside a name")
    return message[position:end].decode(), end + 1
