"""Ids and secrets: uuids in one spelling, new random ones, and the hash that stands for a secret.

Inside the project an id is always a lower-case hyphenated `str`; these functions are the border.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


def parse_uuid(value: Any) -> str | None:
    """The canonical spelling of a 36-character uuid, or None for anything else."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    lowered = value.lower()
    return lowered if _UUID.match(lowered) else None


def new_id() -> str:
    """A random (version 4) uuid."""
    return str(uuid.uuid4())


def hash_uuid_secret(token: str) -> str:
    """Hex SHA-256 of the 16 raw bytes of a uuid secret (http-api.md §1.9).

    `token` must be a canonical uuid.
    """
    return hashlib.sha256(uuid.UUID(token).bytes).hexdigest()


def same_secret(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets, or two hashes of secrets, in constant time."""
    return hmac.compare_digest(_as_bytes(left), _as_bytes(right))


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
