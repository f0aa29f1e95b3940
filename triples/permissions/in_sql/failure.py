"""A rule that failed inside PostgreSQL, told as the failure of the rule that it is (§13.6)."""

from __future__ import annotations

from typing import Final

import psycopg

from wire import json
from wire.errors import PermissionEvaluationFailed

FAILED_RULE: Final = "IR001"
"""SQLSTATE of the exception that `instant_rule_failed` raises."""


def raise_failed_rule(error: psycopg.DatabaseError) -> None:
    """Raise `PermissionEvaluationFailed` if that is what the database's error means."""
    if error.sqlstate == FAILED_RULE:
        etype, action = json.loads(error.diag.message_detail or "[]")
        raise evaluation_failed(etype, action) from error


def evaluation_failed(
    etype: str, action: str, code: str = "OVERLOAD_NOT_FOUND", reason: str = "You may have a typo"
) -> PermissionEvaluationFailed:
    """The error of a rule without a value; `reason` is the engine's own where admins read it."""
    message = (
        f"Could not evaluate permission rule for `{etype}.{action}`. {reason}. Debug this in the"
        " sandbox and then update your permission rules."
    )
    error = {"type": code, "message": message, "hint": reason}
    return PermissionEvaluationFailed(message, {"rule": [etype, action], "error": error})
