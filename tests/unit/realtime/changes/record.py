"""Records what PostgreSQL's pgoutput says about one small story: `python -m … URL FILE`.

The URL names a migrated database without an app of the fixed id; its server's version gives the
recording its meaning. Run again only when the story or the tables change.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import psycopg

from realtime.changes.wal.slot import TemporarySlot
from realtime.changes.wal.stream import ReplicationStream

APP = "a0000000-0000-4000-8000-000000000001"
ENTITY = "e0000000-0000-4000-8000-000000000001"
TITLE = "b0000000-0000-4000-8000-000000000001"
LONG = "b0000000-0000-4000-8000-000000000002"
TRIPLE = f"app_id = '{APP}' and entity_id = '{ENTITY}'"

STORY = (
    f"insert into apps (id, title, created_at) values ('{APP}', 'recorded', '2026-01-01T00:00Z')",
    f"""
    insert into transactions (id, app_id) overriding system value values (900001, '{APP}');
    insert into attrs (id, app_id, value_type, cardinality, forward_ident, etype, label, created_at)
      values ('{TITLE}', '{APP}', 'blob', 'one', '{TITLE}', 'books', 'title', '2026-01-01T00:00Z');
    insert into idents (id, app_id, attr_id, etype, label)
      values ('{TITLE}', '{APP}', '{TITLE}', 'books', 'title');
    insert into triples (app_id, entity_id, attr_id, ea, value, created_at)
      values ('{APP}', '{ENTITY}', '{TITLE}', true, '"Dune"', 1);
    """,
    f"update triples set value = '\"Emma\"' where {TRIPLE}",
    f"""
    insert into triples (app_id, entity_id, attr_id, value, created_at)
      select '{APP}', '{ENTITY}', '{LONG}', to_jsonb(string_agg(md5(i::text), '')), 1
      from generate_series(1, 400) i
    """,
    f"update triples set created_at = 2 where {TRIPLE} and attr_id = '{LONG}'",
    f"""
    insert into rules (app_id, code) values ('{APP}', '{{}}');
    update apps set status = 'read-only' where id = '{APP}'
    """,
    f"delete from triples where {TRIPLE} and attr_id = '{TITLE}'",
)
CLEAN_UP = f"""
delete from triples where app_id = '{APP}'; delete from rules where app_id = '{APP}';
delete from idents where app_id = '{APP}'; delete from attrs where app_id = '{APP}';
delete from transactions where app_id = '{APP}'; delete from apps where id = '{APP}'
"""


async def _no_gap() -> None:
    """Nothing was recorded before."""


async def record(database_url: str) -> list[str]:
    """Tell the story; the messages it leaves in the log, in hexadecimal."""
    stream = await ReplicationStream.open(database_url, TemporarySlot(), _no_gap)
    messages: list[str] = []
    commits = 0
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        for statements in STORY:
            await conn.execute(statements)
        while commits < len(STORY):
            for frame in stream.received():
                if isinstance(frame, bytes):
                    messages.append(frame.hex())
                    commits += frame[:1] == b"C"
            await stream.wait(1.0)
        await stream.close()
        await conn.execute(CLEAN_UP)
    return messages


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(asyncio.run(record(sys.argv[1])), indent=0) + "\n")
