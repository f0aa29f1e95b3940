"""A rule that failed inside PostgreSQL, told as the failure of the rule that it is (§13.6)."""

from __future__ import annotations

from typing import Final

import psycopg

from wire import json
from wire.errors import PermissionEvaluationFailed

FAILED_RULE: Final = "IR001"
"""SQLSTATE of the exception that `instant_rule_failed` raises."""


class FailedRule(PermissionEvaluationFailed):
    """Which rule failed; what was wrong is known to Python only, when it decides."""

    def __init__(self, etype: str, action: str) -> None:
        self.etype = etype
        self.action = action
        message = (
            f"Could not evaluate permission rule for `{etype}.{action}`. You may have a typo."
            " Debug this in the sandbox and then update your permission rules."
        )
        error = {
            "type": "OVERLOAD_NOT_FOUND",
            "message": message,
            "hint": "You may have a typo",
        }
        super().__init__(message, {"rule": [etype, action], "error": error})


def raise_failed_rule(error: psycopg.DatabaseError) -> None:
    """Raise `FailedRule` if that is what the database's error means."""
    if error.sqlstate == FAILED_RULE:
        etype, action = json.loads(error.diag.message_detail or "[]")
        raise FailedRule(etype, action) from error
