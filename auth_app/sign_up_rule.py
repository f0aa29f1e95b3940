"""The app's own word on who may sign up: its rule at `$users.allow.create` (http-api.md §4.3).

Only that rule is asked, never `$default`. Without one everybody may sign up, as long as they bring
no extra fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auth_app.account_write import AccountWrite
from triples.attrs.catalog import AttrCatalog
from triples.permissions import rate_limits
from triples.permissions.evaluate import Question, evaluate
from triples.permissions.refs import load_refs
from triples.permissions.refusals import check_decided, check_permitted
from triples.permissions.rules import Rules, at_path
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.store import load_rules
from triples.permissions.time_functions import now
from triples.permissions.values import RefValues
from triples.permissions.values import Request as RuleRequest
from wire.errors import PermissionDenied

_PATH: Final = ("$users", "allow", "create")


@dataclass(frozen=True, slots=True)
class Request:
    """Where a sign-in comes from, as rules see it (http-api.md §1.13); empty where unknown."""

    ip: str = ""
    origin: str = ""


async def check_sign_up(
    write: AccountWrite,
    catalog: AttrCatalog,
    user: dict[str, Any],
    extra: Mapping[str, Any],
    request: Request,
) -> None:
    """Return if the prospective user may sign up.

    Raises `PermissionDenied`, or what kept the rule from being decided.
    """
    rules = await load_rules(write.conn, write.app_id)
    if at_path(rules.code, _PATH) is None:
        if extra:
            raise PermissionDenied(["$users", "create"])
        return
    rule = rules.for_action("$users", "create")
    if rule is None:
        return
    bindings = Bindings(
        etype="$users",
        data=user,
        new_data=user,
        auth=user,
        request=RuleRequest(
            modified_fields=tuple(user), time=now(), ip=request.ip, origin=request.origin
        ),
    )
    look_ups = _LookUps(write, catalog, rules)
    [outcome] = await evaluate([Question(rule, bindings)], look_ups)
    check_decided(rule, outcome, shows_cause=False)
    check_permitted(outcome, "$users", "create")


@dataclass(frozen=True, slots=True)
class _LookUps:
    """What the rule may ask for: links of the guest who becomes a user, and rate limits."""

    write: AccountWrite
    catalog: AttrCatalog
    rules: Rules

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        """See `LookUps`."""
        return await load_refs(self.write.conn, self.write.app_id, self.catalog, keys)

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        """See `LookUps`."""
        limits = self.rules.rate_limits
        await rate_limits.take_tokens(self.write.app_id, limits, bucket, key, tokens)
