"""Which client event a write answers, remembered so that a repetition is not written again.

Only hashes are stored. Spec: realtime.md §6.4.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from triples.transact.author import Author


@dataclass(frozen=True, slots=True)
class Event:
    """Which client event a write answers, as it is stored."""

    event_hash: bytes | None
    identity_hash: bytes | None

    @classmethod
    def of(cls, client_event_id: str | None, author: Author) -> Event:
        """The event of an author; one without an id is never a repetition."""
        if client_event_id is None:
            return cls(None, None)
        return cls(_hash(client_event_id), _hash(author.identity()))


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
