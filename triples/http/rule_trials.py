"""What the endpoints that try rules out have in common (transactions-permissions.md §17)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, TypeVar

from triples.permissions.asker import Asker
from triples.permissions.push_check import check_rules
from triples.permissions.rules import Rule, Rules
from triples.permissions.store import read_rules

A = TypeVar("A", bound=Asker)


async def rules_override(body: dict[str, Any]) -> Rules | None:
    """The rules to be tried instead of the app's, checked as if pushed; None for the app's own."""
    code = body.get("rules-override")
    if code is None:
        return None
    await asyncio.to_thread(check_rules, code)
    return await read_rules(code, -1, "override")


def overridden(asker: A, body: dict[str, Any]) -> A:
    """The asker from another address, or of another origin, where the body says so."""
    ip, origin = body.get("ip-override"), body.get("origin-override")
    return replace(
        asker,
        ip=ip if isinstance(ip, str) else asker.ip,
        origin=origin if isinstance(origin, str) else asker.origin,
    )


def shown_program(rule: Rule | None) -> dict[str, Any]:
    """A rule as results show it; empty where everything is allowed."""
    if rule is None:
        return {}
    return {
        "etype": rule.etype,
        "action": rule.action,
        "code": rule.code,
        "display-code": rule.text,
    }
