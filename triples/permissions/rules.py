"""An app's rules document, and which rule of it decides about what (§12.1 to §12.3).

`Rules` looks up; what a rule's expression means is left to the compilers, and what may be pushed to
`push_check`. A document is read in a thread, once for each stored version (`store`): parsing is too
slow for the event loop. A rule that cannot be used raises its error when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from typing import Literal as OneOf

from triples.attrs.system_catalog import SYSTEM_ETYPES
from triples.permissions.binds import BindsUnusable, binds_of, code_with_binds, with_binds
from triples.permissions.check import problems
from triples.permissions.parse import RuleUnreadable, parse
from triples.permissions.tree import Node
from wire.errors import ValidationFailed

Action = OneOf["view", "create", "update", "delete"]
LinkAction = OneOf["link", "unlink"]
Path = tuple[str, ...]

ACTIONS: Final[tuple[Action, ...]] = ("view", "create", "update", "delete")
LINK_ACTIONS: Final[tuple[LinkAction, ...]] = ("link", "unlink")
DEFAULT: Final = "$default"
RATE_LIMITS: Final = "$rateLimits"
ATTRS: Final = "attrs"
"""The etype under which the document says who may define attrs."""
OPEN_SYSTEM_ETYPES: Final = frozenset({"$users", "$files", "$streams"})
"""The built-in etypes that an app may have rules for."""

_OWN_USER: Final = (
    "auth.id == data.id || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)"
)
_USERS_FALLBACK: Final = {"view": _OWN_USER, "update": _OWN_USER, "create": "true"}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule, ready to be compiled.

    - `etype`, `action`: what it decides about; a field rule's action is `view`, a link rule's
      `link` or `unlink`. `data` and `data.ref` are of this etype.
    - `path`: where it stands in the document; empty for what built-in etypes have by themselves.
    - `text`: as written. `code`: with its binds, as one CEL text.
    - `expression`: the tree, binds included as `Bind` nodes around it.
    """

    etype: str
    action: Action | LinkAction
    path: Path
    text: str
    code: str
    expression: Node


class Rules:
    """The rules of one app as stored; immutable.

    `version` counts changes since the first push and is -1 without rules. `stamp` differs whenever
    what is stored differs: an answer made with another stamp than the stored one must be made
    again.
    """

    def __init__(self, code: Any, version: int, stamp: str) -> None:
        self.code: Mapping[str, Any] = code if isinstance(code, dict) else {}
        self.version = version
        self.stamp = stamp
        self._rules: dict[tuple[str, ...], Rule | ValidationFailed | None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said, so that only built-in etypes are guarded."""
        return not self.code

    def for_action(self, etype: str, action: Action) -> Rule | None:
        """The rule that decides, or None where everything is allowed.

        Raises `ValidationFailed` where the rule is no usable expression.
        """
        return self._known((action, etype), lambda: self._find_action(etype, action))

    def for_link(self, etype: str, label: str, action: LinkAction) -> Rule | None:
        """The rule about linking or unlinking by a label of `etype`; None where there is none."""
        key = (action, etype, label)
        return self._known(key, lambda: self._find_link(etype, label, action))

    def for_field(self, etype: str, label: str) -> Rule | None:
        """The rule that hides a label's values; None where there is none."""
        return self._known(("field", etype, label), lambda: self._find_field(etype, label))

    def field_labels(self, etype: str) -> frozenset[str]:
        """The labels of `etype` that have field rules."""
        fields = _section(self.code, etype, "fields")
        return frozenset(label for label, rule in fields.items() if rule is not None)

    @property
    def rate_limits(self) -> Mapping[str, Any]:
        """The configurations of `$rateLimits`, as written."""
        limits = self.code.get(RATE_LIMITS)
        return limits if isinstance(limits, dict) else {}

    def prepare(self) -> None:
        """Parse every rule now; none raises before it is asked for. Slow: not on the event loop."""
        for etype in (*self.code, *SYSTEM_ETYPES):
            for action in ACTIONS:
                self._try(partial(self.for_action, etype, action))
        for etype in self.code:
            for link in LINK_ACTIONS:
                labels = _section(self.code, etype, "allow", link)
                for label in labels:
                    self._try(partial(self.for_link, etype, label, link))
            for label in self.field_labels(etype):
                self._try(partial(self.for_field, etype, label))

    def _try(self, ask: Callable[[], object]) -> None:
        try:
            ask()
        except ValidationFailed:
            return  # kept, and raised again when the rule is needed

    def _known(self, key: tuple[str, ...], find: Callable[[], Rule | None]) -> Rule | None:
        if key not in self._rules:
            try:
                self._rules[key] = find()
            except ValidationFailed as error:
                self._rules[key] = error
        found = self._rules[key]
        if isinstance(found, ValidationFailed):
            raise ValidationFailed(found.message, found.hint)
        return found

    def _find_action(self, etype: str, action: Action) -> Rule | None:
        for path in action_paths(etype, action):
            if (written := at_path(self.code, path)) is not None:
                return self._read(etype, action, path, written)
        text = fallback(etype, action)
        return None if text is None else Rule(etype, action, (), text, text, parse(text))

    def _find_link(self, etype: str, label: str, action: LinkAction) -> Rule | None:
        for name in (label, DEFAULT):
            path = (etype, "allow", action, name)
            if (written := at_path(self.code, path)) is not None:
                return self._read(etype, action, path, written)
        return None

    def _find_field(self, etype: str, label: str) -> Rule | None:
        path = (etype, "fields", label)
        if (written := at_path(self.code, path)) is None:
            return None
        if label == "id":
            raise _unusable(path, id_field_message(etype))
        return self._read(etype, "view", path, written)

    def _read(self, etype: str, action: Action | LinkAction, path: Path, written: Any) -> Rule:
        try:
            text = text_of(written)
            binds = binds_of(self.code, etype)
            expression = with_binds(parse(text), binds)
            code = code_with_binds(text, expression, binds)
        except (RuleUnreadable, BindsUnusable) as error:
            raise _unusable(path, str(error)) from error
        if found := problems(expression, action, self.rate_limits):
            raise _unusable(path, *found)
        return Rule(etype, action, path, text, code, expression)


def text_of(written: Any) -> str:
    """A rule's text; `true` and `false` may be written as JSON. Raises `RuleUnreadable`."""
    if isinstance(written, bool):
        return "true" if written else "false"
    if not isinstance(written, str):
        raise RuleUnreadable("a rule must be a string or a boolean")
    return written


def action_paths(etype: str, action: Action) -> Iterator[Path]:
    """Where the rule for an action may stand, the most special place first."""
    if etype in SYSTEM_ETYPES and etype not in OPEN_SYSTEM_ETYPES:
        return  # no rule opens what signs people in
    yield (etype, "allow", action)
    yield (etype, "allow", DEFAULT)
    yield (DEFAULT, "allow", action)
    yield (DEFAULT, "allow", DEFAULT)


def fallback(etype: str, action: Action) -> str | None:
    """The rule that a built-in etype has by itself; None for all others."""
    if etype == "$users":
        return _USERS_FALLBACK.get(action, "false")
    return "false" if etype in SYSTEM_ETYPES else None


def id_field_message(etype: str) -> str:
    """Why there is no field rule for `id`."""
    return f"You cannot set field rules for `id`. Use {etype} -> allow -> view instead"


def at_path(code: Any, path: Path) -> Any:
    """What the document says at a path; None where it says nothing."""
    for part in path:
        code = code.get(part) if isinstance(code, dict) else None
    return code


def _section(code: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    section = at_path(code, path)
    return section if isinstance(section, dict) else {}


def _unusable(path: Path, *messages: str) -> ValidationFailed:
    errors = [{"message": message} for message in messages]
    return ValidationFailed.of("permission", list(path), errors)
