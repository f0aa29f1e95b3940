"""What is remembered of a client's event, so that a write that is sent again is done once.

Only a hash is stored, for some days. Spec: realtime.md §6.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from triples.sql.pool import Connection
from triples.transact.author import Author

REMEMBERED_DAYS: Final = 7  # a laptop closed on Friday sends its last write again on Monday
FORGOTTEN_AT_ONCE: Final = 5_000
HASH_BYTES: Final = 16  # nobody finds an event that shares it with another one's, and it is a uuid

_FORGET: Final = """
delete from client_events
where ctid = any(array(
  select ctid from client_events
  where answered_at < now() - %s * interval '1 day'
  order by answered_at
  limit %s
  for update skip locked
))
"""


def event_hashes(event_ids: Sequence[str], author: Author) -> list[str]:
    """How events of an author are remembered; the same event of another author is another one."""
    identity = _sha256(author.identity())
    hashes = (hashlib.sha256(_sha256(event_id) + identity).digest() for event_id in event_ids)
    return sorted({str(UUID(bytes=digest[:HASH_BYTES])) for digest in hashes})


async def forget_events(conn: Connection) -> int:
    """Forget some of the events that were answered too long ago; says how many."""
    return (await conn.execute(_FORGET, (REMEMBERED_DAYS, FORGOTTEN_AT_ONCE))).rowcount


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
