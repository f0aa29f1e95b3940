"""How long the designs take to write: everything at once, and one small transaction at a time.

The bulk load copies the rows of `triples` with all indexes in place. A small transaction is what
one `transact` of a client writes: a comment of five triples, or one changed value.
"""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from bench.physical_design.designs import Design
from bench.physical_design.questions import World
from triples.management.sample_world import EPOCH_MS
from triples.values.sort_key import sort_key

_COLUMNS: Final = (
    "created_at, app_id, entity_id, attr_id, ea, eav, av, ave, vae, checked_data_type, value"
)


@dataclass(frozen=True, slots=True)
class Bulk:
    """What loading every row took."""

    seconds: float
    wal_bytes: int


def load(conn: psycopg.Connection[Any], design: Design) -> Bulk:
    """Fill the design's table from `triples`."""
    columns = _COLUMNS + (", sort_key" if design.has_columns else "")
    wal_before = _wal_position(conn)
    started = time.perf_counter()
    conn.execute(f"insert into {design.table} ({columns}) select {columns} from triples")
    seconds = time.perf_counter() - started
    bulk = Bulk(seconds, _wal_position(conn) - wal_before)
    conn.execute(f"vacuum (analyze) {design.table}")
    return bulk


def insert_comment(
    conn: psycopg.Connection[Any], design: Design, asked: World, rng: random.Random
) -> float:
    """Milliseconds to commit a new comment of five triples."""
    comment = _uuid(rng)
    written_at = EPOCH_MS + rng.randrange(10**9)
    facts: list[tuple[str, Any]] = [
        ("comments.id", comment),
        ("comments.text", f"said at {written_at}"),
        ("comments.writtenAt", written_at),
        ("comments.post", rng.choice(asked.posts)),
        ("comments.author", rng.choice(asked.posts)),
    ]
    rows = [_row(design, asked, comment, label, value) for label, value in facts]
    one = "(%s, %s::uuid, %s::uuid, %s::uuid, %s, %s, %s, %s, %s, %s, %s::jsonb"
    one += ", %s::bytea)" if design.has_columns else ")"
    columns = _COLUMNS + (", sort_key" if design.has_columns else "")
    statement = f"insert into {design.table} ({columns}) values " + ", ".join([one] * len(rows))
    values = [value for row in rows for value in row]
    started = time.perf_counter()
    conn.execute(statement, values)
    return (time.perf_counter() - started) * 1000


def change_value(
    conn: psycopg.Connection[Any], design: Design, asked: World, rng: random.Random
) -> float:
    """Milliseconds to commit a new score of a post."""
    score = round(rng.uniform(1, 100), 2)
    changed = "value = to_jsonb(%(score)s::float8)"
    if design.has_columns:
        changed += ", sort_key = %(key)s"
    values = {
        **asked.values("posts.score", entity=rng.choice(asked.posts)),
        "score": score,
        "key": sort_key(score, "number"),
    }
    statement = (
        f"update {design.table} set {changed} where ea and app_id = %(app)s::uuid"
        " and entity_id = %(entity)s::uuid and attr_id = %(attr)s::uuid"
    )
    started = time.perf_counter()
    conn.execute(statement, values)
    return (time.perf_counter() - started) * 1000


def _row(design: Design, asked: World, entity: str, label: str, value: Any) -> list[Any]:
    is_link = label in ("comments.post", "comments.author")
    is_id, is_date = label == "comments.id", label == "comments.writtenAt"
    row: list[Any] = [EPOCH_MS, asked.app, entity, asked.attrs[label]]
    row += [True, is_link, is_id, is_date, is_link]
    row += ["date" if is_date else None, Jsonb(value)]
    if design.has_columns:
        row.append(sort_key(value, "date") if is_date else None)
    return row


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _wal_position(conn: psycopg.Connection[Any]) -> int:
    row = conn.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchone()
    return int(row[0]) if row else 0
