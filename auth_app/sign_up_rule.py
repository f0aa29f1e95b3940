"""The app's own word on who may sign up: its rule at `$users.allow.create` (http-api.md §4.3).

Only that rule is asked, never `$default`. Without one everybody may sign up, as long as they bring
no extra fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auth_app.account_write import AccountWrite
from triples.permissions.rules import at_path
from triples.permissions.store import load_rules
from triples.permissions.tree import Literal
from wire.errors import PermissionDenied, PermissionEvaluationFailed

_PATH: Final = ("$users", "allow", "create")
_DENIED_TO: Final = ["$users", "create"]


@dataclass(frozen=True, slots=True)
class Request:
    """Where a sign-in comes from, as rules see it (http-api.md §1.13); empty where unknown."""

    ip: str = ""
    origin: str = ""


async def check_sign_up(
    write: AccountWrite, user: dict[str, Any], extra: Mapping[str, Any], request: Request
) -> None:
    """Return if the prospective user may sign up; raises `PermissionDenied` otherwise."""
    rules = await load_rules(write.conn, write.app_id)
    if at_path(rules.code, _PATH) is None:
        if extra:
            raise PermissionDenied(_DENIED_TO)
        return
    rule = rules.for_action("$users", "create")
    match rule.expression if rule else None:
        case Literal(True):
            return
        case Literal(False):
            raise PermissionDenied(_DENIED_TO)
        case _:
            raise PermissionEvaluationFailed(
                "This server cannot evaluate the app's rule for new users."
            )
