"""Why a rule is decided in Python instead of SQL."""

from __future__ import annotations


class NotSql(Exception):
    """Part of a rule cannot be said in SQL; the message says which and why, for people."""
