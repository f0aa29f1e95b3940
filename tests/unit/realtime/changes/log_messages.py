"""Writes pgoutput messages as PostgreSQL would: the tables in a small, legible form."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

TRIPLE_COLUMNS = [
    "created_at",
    "app_id",
    "entity_id",
    "attr_id",
    "ea",
    "eav",
    "av",
    "ave",
    "vae",
    "checked_data_type",
    "value_md5",
    "ref",
    "sort_key",
    "value",
]
COLUMNS = {
    "triples": TRIPLE_COLUMNS,
    "attrs": ["id", "app_id", "etype", "label", "reverse_etype", "reverse_label", "is_indexed"],
    "idents": ["id", "app_id", "attr_id", "etype", "label"],
    "transactions": ["id", "app_id", "created_at"],
    "rules": ["app_id", "code", "version"],
    "apps": ["id", "title", "status", "attrs_version"],
    "strangers": ["id"],
}
OIDS = {table: 16_000 + number for number, table in enumerate(COLUMNS)}
UNCHANGED = object()  # a TOASTed value that the log does not repeat

Values = Mapping[str, object]


def relation(table: str, columns: Iterable[str] | None = None) -> bytes:
    """The message that describes a table."""
    names = list(COLUMNS[table] if columns is None else columns)
    head = struct.pack(">cI", b"R", OIDS[table]) + b"public\0" + table.encode() + b"\0f"
    described = b"".join(
        struct.pack(">B", 1) + name.encode() + b"\0" + struct.pack(">Ii", 25, -1) for name in names
    )
    return head + struct.pack(">H", len(names)) + described


def begin(xid: int = 7, microseconds: int = 0) -> bytes:
    """A transaction begins; the time counts from 2000."""
    return struct.pack(">cQqI", b"B", 900, microseconds, xid)


def commit(lsn: int = 900) -> bytes:
    """The transaction ends."""
    return struct.pack(">cBQQq", b"C", 0, lsn, lsn + 48, 0)


def insert(table: str, new: Values) -> bytes:
    """A row came."""
    return _head(b"I", table) + b"N" + _row(table, new)


def update(table: str, old: Values | None, new: Values, *, identity: bytes = b"O") -> bytes:
    """A row changed; `old` is None where the table has no full replica identity."""
    before = b"" if old is None else identity + _row(table, old)
    return _head(b"U", table) + before + b"N" + _row(table, new)


def delete(table: str, old: Values, *, identity: bytes = b"O") -> bytes:
    """A row went."""
    return _head(b"D", table) + identity + _row(table, old)


def truncate(*tables: str) -> bytes:
    """Tables were emptied."""
    return struct.pack(f">cIB{len(tables)}I", b"T", len(tables), 0, *(OIDS[t] for t in tables))


def _head(tag: bytes, table: str) -> bytes:
    return struct.pack(">cI", tag, OIDS[table])


def _row(table: str, values: Values) -> bytes:
    names = COLUMNS[table]
    return struct.pack(">H", len(names)) + b"".join(_column(values.get(name)) for name in names)


def _column(value: object) -> bytes:
    if value is None:
        return b"n"
    if value is UNCHANGED:
        return b"u"
    text = str(value).encode()
    return b"t" + struct.pack(">I", len(text)) + text
