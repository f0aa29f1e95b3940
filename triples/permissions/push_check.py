"""What may be pushed as rules: every error of a document, in the order in which tools show them.

Spec: transactions-permissions.md §12.4. Besides what is asked there, rules that would only fail
when somebody runs into them are checked as well: `$default`, `link`, `unlink`, and sections of a
shape that no rule has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from triples.permissions.binds import BindsUnusable, bind_pairs, binds_of, with_binds
from triples.permissions.check import problems
from triples.permissions.parse import RuleUnreadable, parse
from triples.permissions.rate_limits import BadRateLimit, limits_of
from triples.permissions.rules import (
    ACTIONS,
    DEFAULT,
    LINK_ACTIONS,
    OPEN_SYSTEM_ETYPES,
    RATE_LIMITS,
    Path,
    at_path,
    id_field_message,
    text_of,
)
from wire import json
from wire.errors import ValidationFailed

MAX_BYTES: Final = 256 * 1024  # a guess: rules of a thousand etypes; parsing takes seconds then

_DELETE_OF_USERS: Final = (
    "The $users namespace doesn't support permissions for delete."
    ' Set `$users.allow.delete` to `"false"`.'
)
_VIEW: Final = "view"
_CREATE: Final = "create"

Problem = tuple[Path, str]
"""Where in the document, and what is wrong there."""


def check_rules(code: Any) -> None:
    """Raise `ValidationFailed` unless this may be an app's rules. Slow: not on the event loop."""
    if code is None:
        return
    if not isinstance(code, dict):
        raise ValidationFailed.one("rule", code, "rules must be an object")
    if len(json.dumps(code)) > MAX_BYTES:
        raise ValidationFailed.one("rule", None, f"rules may have {MAX_BYTES // 1024} kB of JSON")
    if _has_nul(code):
        raise ValidationFailed.one("rule", None, "rules may not hold null bytes")
    errors = [{"message": message, "in": list(path)} for path, message in _problems(code)]
    if errors:
        raise ValidationFailed.of("rule", code, errors)


def _has_nul(code: Any) -> bool:
    """Whether any text in the document holds what PostgreSQL cannot store."""
    pending = [code]
    while pending:
        match pending.pop():
            case str(text) if "\0" in text:
                return True
            case dict(items):
                pending += [*items.keys(), *items.values()]
            case list(items):
                pending += items
    return False


def _problems(code: Mapping[str, Any]) -> Iterator[Problem]:
    etypes = [etype for etype in code if etype != RATE_LIMITS]
    for etype in etypes:
        yield from _shape(code[etype], etype)
    for etype in etypes:
        yield from _bind(code[etype], etype)
    for etype in etypes:
        yield from _actions(code, etype)
    for etype in etypes:
        yield from _fields(code, etype)
    yield from _rate_limits(code.get(RATE_LIMITS))


def _shape(section: Any, etype: str) -> Iterator[Problem]:
    if section is None:
        return
    if not isinstance(section, dict):
        yield (etype,), "rules of a namespace must be an object"
        return
    for name in ("allow", "fields"):
        if section.get(name) is not None and not isinstance(section[name], dict):
            yield (etype, name), f"{name} must be an object"


def _bind(section: Any, etype: str) -> Iterator[Problem]:
    written = section.get("bind") if isinstance(section, dict) else None
    try:
        pairs = bind_pairs(written)
    except BindsUnusable as error:
        yield (etype, "bind"), str(error)
        return
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            message = "bind should only contain a given variable name once"
            yield (etype, "bind", name), message
            return
        seen.add(name)


def _actions(code: Mapping[str, Any], etype: str) -> Iterator[Problem]:
    if etype.startswith("$") and etype not in (*OPEN_SYSTEM_ETYPES, DEFAULT):
        message = (
            f"The {etype} namespace is a reserved internal namespace"
            " that does not yet support rules."
        )
        yield from (((etype, "allow", action), message) for action in ACTIONS)
        return
    for action in ACTIONS:
        path = (etype, "allow", action)
        if (etype, action) == ("$users", "delete"):
            if at_path(code, path) not in (None, "false"):
                yield path, _DELETE_OF_USERS
        else:
            yield from _rule(code, etype, action, path)
    # A default decides about whatever has no rule of its own: perhaps about new entities only.
    yield from _rule(code, etype, _CREATE, (etype, "allow", DEFAULT))
    for link in LINK_ACTIONS:
        labels = at_path(code, (etype, "allow", link))
        if labels is not None and not isinstance(labels, dict):
            yield (etype, "allow", link), f"{link} must be an object of labels"
            continue
        for label in labels or {}:
            yield from _rule(code, etype, link, (etype, "allow", link, label))


def _fields(code: Mapping[str, Any], etype: str) -> Iterator[Problem]:
    fields = at_path(code, (etype, "fields"))
    for label in fields if isinstance(fields, dict) else {}:
        if label == "id":
            yield (etype, "fields"), id_field_message(etype)
        else:
            yield from _rule(code, etype, _VIEW, (etype, "fields", label))


def _rule(code: Mapping[str, Any], etype: str, action: str, path: Path) -> Iterator[Problem]:
    written = at_path(code, path)
    if written is None:
        return
    try:
        expression = with_binds(parse(text_of(written)), binds_of(code, etype))
    except (RuleUnreadable, BindsUnusable) as error:
        yield path, str(error)
        return
    limits = code.get(RATE_LIMITS)
    names = limits if isinstance(limits, dict) else {}
    yield from ((path, message) for message in problems(expression, action, names))


def _rate_limits(written: Any) -> Iterator[Problem]:
    if written is None:
        return
    if not isinstance(written, dict):
        yield (RATE_LIMITS,), "$rateLimits must be an object"
        return
    for name, config in written.items():
        try:
            limits_of(config)
        except BadRateLimit as error:
            yield (RATE_LIMITS, name), str(error)
