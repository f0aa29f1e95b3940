"""Handlers under test borrow from the pool; what they stored is read over another connection."""

from __future__ import annotations

from tests.database.conftest import conn, open_pool

__all__ = ["conn", "open_pool"]
