"""From the attr object of a step to an `Attr` or an `AttrChange` (transactions-permissions.md §2).

Unknown keys are ignored, as clients send their own (`isUnsynced`). `fail` raises the error of the
step at hand; it is told what was expected and where.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NoReturn, Protocol, TypeVar, get_args

from triples.attrs.attr import Attr, Cardinality, CheckedDataType, ValueType
from triples.attrs.change import AttrChange
from wire.ids import parse_uuid

T = TypeVar("T", bound=str)

MAX_NAME_LENGTH: Final = 500  # both names stand in one index entry, of 2,704 bytes at most


class Fail(Protocol):
    """Raises `ValidationFailed` for the place `where` inside the step."""

    def __call__(self, expected: str, *where: int | str) -> NoReturn:
        """Say what was expected, and where inside the step."""
        ...


def parse_attr(raw: Any, fail: Fail) -> Attr:
    """The attr that an `add-attr` step defines."""
    if not isinstance(raw, dict):
        fail("map?", 1)
    fields = _Fields(raw, fail)
    value_type = fields.required_choice("value-type", _VALUE_TYPES)
    forward = fields.identity("forward-identity")
    reverse = fields.identity("reverse-identity")
    if forward is None or (reverse is None and value_type == "ref"):
        fail("an identity", 1, "forward-identity" if forward is None else "reverse-identity")
    reverse_ident, reverse_etype, reverse_label = reverse or (None, None, None)
    is_indexed = fields.required_flag("index?")
    is_unique = fields.required_flag("unique?")
    return Attr(
        id=fields.id(),
        forward_ident=forward[0],
        etype=forward[1],
        label=forward[2],
        value_type=value_type,
        cardinality=fields.required_choice("cardinality", _CARDINALITIES),
        is_unique=is_unique or forward[2] == "id",
        is_indexed=is_indexed,
        is_required=fields.flag("required?") or False,
        reverse_ident=reverse_ident,
        reverse_etype=reverse_etype,
        reverse_label=reverse_label,
        checked_data_type=fields.choice("checked-data-type", _CHECKED_TYPES),
        on_delete=fields.choice("on-delete", _CASCADE),
        on_delete_reverse=fields.choice("on-delete-reverse", _CASCADE),
    )


def parse_attr_change(raw: Any, fail: Fail) -> AttrChange:
    """What an `update-attr` step changes; the ident ids it may carry are ignored."""
    if not isinstance(raw, dict):
        fail("map?", 1)
    fields = _Fields(raw, fail)
    forward, reverse = fields.identity("forward-identity"), fields.identity("reverse-identity")
    renames = forward is not None or reverse is not None
    return AttrChange(
        id=fields.id(),
        value_type=fields.choice("value-type", _VALUE_TYPES),
        cardinality=fields.choice("cardinality", _CARDINALITIES),
        is_unique=fields.flag("unique?"),
        is_indexed=fields.flag("index?"),
        is_required=fields.flag("required?"),
        forward=None if forward is None else forward[1:],
        reverse=None if reverse is None else reverse[1:],
        on_delete=fields.choice("on-delete", _CASCADE),
        on_delete_reverse=fields.choice("on-delete-reverse", _CASCADE),
        keeps_cascades=renames and not raw.keys() & {"on-delete", "on-delete-reverse"},
    )


_VALUE_TYPES: Final[dict[str, ValueType]] = {name: name for name in get_args(ValueType)}
_CARDINALITIES: Final[dict[str, Cardinality]] = {name: name for name in get_args(Cardinality)}
_CHECKED_TYPES: Final[dict[str, CheckedDataType]] = {
    name: name for name in get_args(CheckedDataType)
}
_CASCADE: Final[dict[str, Literal["cascade"]]] = {"cascade": "cascade"}


class _Fields:
    """The fields of one attr object."""

    def __init__(self, raw: dict[str, Any], fail: Fail) -> None:
        self._raw = raw
        self._fail = fail

    def id(self) -> str:
        attr_id = parse_uuid(self._raw.get("id"))
        if attr_id is None:
            self._fail("uuid?", 1, "id")
        return attr_id

    def identity(self, key: str) -> tuple[str, str, str] | None:
        """`[ident-uuid, etype, label]`, or None when absent."""
        raw = self._raw.get(key)
        if raw is None:
            return None
        if not isinstance(raw, list) or len(raw) != 3:
            self._fail("[uuid, etype, label]", 1, key)
        ident = parse_uuid(raw[0])
        if ident is None:
            self._fail("uuid?", 1, key, 0)
        return ident, self._name(raw[1], key, 1), self._name(raw[2], key, 2)

    def _name(self, raw: Any, key: str, position: int) -> str:
        if not isinstance(raw, str) or not raw.strip():
            self._fail("non-blank-string?", 1, key, position)
        if len(raw.encode()) > MAX_NAME_LENGTH:
            self._fail(f"a name of at most {MAX_NAME_LENGTH} bytes", 1, key, position)
        return raw

    def flag(self, key: str) -> bool | None:
        raw = self._raw.get(key)
        if raw is not None and not isinstance(raw, bool):
            self._fail("boolean?", 1, key)
        return raw

    def required_flag(self, key: str) -> bool:
        flag = self.flag(key)
        if flag is None:
            self._fail("boolean?", 1, key)
        return flag

    def choice(self, key: str, choices: dict[str, T]) -> T | None:
        raw = self._raw.get(key)
        if raw is None:
            return None
        if not isinstance(raw, str) or raw not in choices:
            self._fail(" or ".join(choices), 1, key)
        return choices[raw]

    def required_choice(self, key: str, choices: dict[str, T]) -> T:
        choice = self.choice(key, choices)
        if choice is None:
            self._fail(" or ".join(choices), 1, key)
        return choice
