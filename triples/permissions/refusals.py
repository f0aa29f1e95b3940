"""What clients are told when a rule says no, or cannot be decided (§13.6, §14.4)."""

from __future__ import annotations

from typing import Final

from triples.permissions.evaluate import Outcome, permits
from triples.permissions.failures import EvaluationFailed, LimitExceeded
from triples.permissions.rules import Rule
from wire.errors import PermissionDenied, PermissionEvaluationFailed, RateLimited

_TYPO: Final = "You may have a typo"
_EXCEEDED: Final = "Your request exceeded the rate limit."


def check_decided(rule: Rule, outcome: Outcome, *, shows_cause: bool) -> None:
    """Raise the error of an outcome that is a failure.

    `shows_cause` is for admins: others are not told what the values were that did not fit.
    """
    if isinstance(outcome, LimitExceeded):
        raise RateLimited(_EXCEEDED, outcome.hint)
    if isinstance(outcome, EvaluationFailed):
        cause = outcome.message if shows_cause else _TYPO
        message = (
            f"Could not evaluate permission rule for `{rule.etype}.{rule.action}`. {cause}."
            " Debug this in the sandbox and then update your permission rules."
        )
        error = {"type": outcome.code, "message": message, "hint": cause}
        raise PermissionEvaluationFailed(
            message, {"rule": [rule.etype, rule.action], "error": error}
        )


def check_permitted(outcome: Outcome, etype: str, scope: str) -> None:
    """Raise `PermissionDenied` for the value of a rule that does not allow."""
    if not permits(outcome):
        raise PermissionDenied([etype, scope])
