"""Values of expressions and what holds between them: equality, order, membership, look-up (§13.2).

    null None · bool bool · int int · uint `Uint` · double float · string str · bytes bytes
    list list · map `MapValue` · timestamp `Timestamp` · duration `Duration` · type `TypeValue`

JSON objects stay `dict`s and are lenient: a missing key is null, every key is there. Maps that a
rule writes itself are `MapValue`s and are not. Python takes `True` for `1`; nothing here does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triples.permissions.failures import EvaluationFailed, no_overload, type_name
from triples.permissions.tree import Uint

NANOS: Final = 1_000_000_000

Charge = Callable[[int], None]
"""Takes steps from an evaluation's budget; raises `OutOfSteps` when it is used up."""


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment, in nanoseconds since the Unix epoch."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, in nanoseconds; may be negative."""

    nanos: int


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What `type(x)` is."""

    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """`request`: about the request itself. Its fields are fixed, others do not compile."""

    modified_fields: tuple[str, ...] = ()
    time: Timestamp = Timestamp(0)
    ip: str = ""
    origin: str = ""

    def field(self, name: str) -> Any:
        """A field by the name that rules use."""
        match name:
            case "modifiedFields":
                return list(self.modified_fields)
            case "time":
                return self.time
            case "ip":
                return self.ip
            case "origin":
                return self.origin
        raise EvaluationFailed("ATTRIBUTE_NOT_FOUND", f"undefined field '{name}'")


REQUEST_FIELDS: Final = ("modifiedFields", "time", "ip", "origin")


class RefValues(list[Any]):
    """The values of a `ref`; null is never in it, whatever is stored."""


class MapValue:
    """A map that a rule writes; its keys are ints, uints, bools and strings."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[tuple[Any, Any]]) -> None:
        self._entries: dict[tuple[bool, Any], tuple[Any, Any]] = {}
        for key, value in entries:
            if type(key) not in (int, Uint, bool, str):
                message = f"Unsupported key type: {type_name(key)}"
                raise EvaluationFailed("INVALID_ARGUMENT", message)
            known = _map_key(key)
            if known in self._entries:
                raise EvaluationFailed("INVALID_ARGUMENT", f"duplicate map key [{key}]")
            self._entries[known] = (key, value)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _ in self._entries.values())

    def has(self, key: Any) -> bool:
        """Whether the key is there."""
        return _is_scalar(key) and _map_key(key) in self._entries

    def at(self, key: Any) -> Any:
        """The key's value; raises `EvaluationFailed` without one."""
        if not self.has(key):
            raise EvaluationFailed("ATTRIBUTE_NOT_FOUND", f"key '{key}' is not present in map.")
        return self._entries[_map_key(key)][1]

    def items(self) -> Iterable[tuple[Any, Any]]:
        """The keys with their values."""
        return self._entries.values()


def _map_key(key: Any) -> tuple[bool, Any]:
    return (type(key) is bool, key)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def is_number(value: Any) -> bool:
    """Whether it is an int, a uint or a double; a bool is none."""
    return isinstance(value, int | float) and type(value) is not bool


def free(weight: int) -> None:
    """Charges nothing, where values are known to be small."""


def equal(left: Any, right: Any, charge: Charge = free) -> bool:
    """`left == right`: numbers by value, other types only among themselves, lists and maps deep.

    `charge` is told how many elements are compared.
    """
    if type(left) is type(right) and type(left) in _PLAIN:
        return bool(left == right)
    if is_number(left):
        return is_number(right) and bool(left == right)
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        charge(3 * len(left) + 3)
        return all(equal(*pair, charge) for pair in zip(left, right, strict=True))
    if isinstance(left, dict | MapValue):
        return isinstance(right, dict | MapValue) and _equal_maps(left, right, charge)
    return type(left) is type(right) and bool(left == right)


_PLAIN: Final = frozenset((str, int, float, bool, type(None), bytes))


def _equal_maps(
    left: dict[str, Any] | MapValue, right: dict[str, Any] | MapValue, charge: Charge
) -> bool:
    if len(left) != len(right):
        return False
    charge(10 * len(left) + 10)
    one, other = _entries(left), _entries(right)
    return one.keys() == other.keys() and all(equal(one[key], other[key], charge) for key in one)


def _entries(value: dict[str, Any] | MapValue) -> Mapping[tuple[bool, Any], Any]:
    return {_map_key(key): item for key, item in value.items()}


def less(left: Any, right: Any, operator: str) -> bool:
    """`left < right`; `operator` is what an error is said about.

    Numbers are ordered across their types, everything else within its own.
    """
    if is_number(left) and is_number(right):
        return bool(left < right)
    if type(left) is type(right) and type(left) in _ORDERED:
        return bool(left < right)
    raise no_overload(f"_{operator}_", left, right)


_ORDERED: Final = frozenset((str, bool, bytes, Timestamp, Duration))


def is_in(value: Any, container: Any, charge: Charge = free) -> bool:
    """`value in container`: an element of a list, a key of a map."""
    if isinstance(container, list):
        charge(len(container) // (64 if type(value) is str else 4))
        if type(value) is str:
            return value in container
        if value is None and type(container) is RefValues:
            return False
        return any(equal(value, item, charge) for item in container)
    if isinstance(container, dict):
        return True
    if isinstance(container, MapValue):
        return container.has(value)
    raise no_overload("@in", value, container)


def selected(operand: Any, field: str) -> Any:
    """`operand.field`."""
    if type(operand) is dict:
        return operand.get(field)
    if isinstance(operand, MapValue):
        return operand.at(field)
    if isinstance(operand, Request):
        return operand.field(field)
    message = f"Error resolving field '{field}'. Field selections must be performed on messages"
    raise EvaluationFailed("ATTRIBUTE_NOT_FOUND", f"{message} or maps.")


def has_field(operand: Any, field: str) -> bool:
    """`has(operand.field)`: always true for JSON objects."""
    if isinstance(operand, dict):
        return True
    if isinstance(operand, MapValue):
        return operand.has(field)
    if isinstance(operand, Request):
        return bool(operand.field(field))
    selected(operand, field)
    return True


def at_index(operand: Any, index: Any) -> Any:
    """`operand[index]`."""
    if isinstance(operand, list):
        position = _position(index)
        if position is None:
            raise no_overload("_[_]", operand, index)
        if not 0 <= position < len(operand):
            raise EvaluationFailed("INDEX_OUT_OF_BOUNDS", f"Index out of bounds: {position}")
        return operand[position]
    if isinstance(operand, dict):
        return operand.get(index) if isinstance(index, str) else None
    if isinstance(operand, MapValue):
        return operand.at(index)
    raise no_overload("_[_]", operand, index)


def _position(index: Any) -> int | None:
    """A list position; a double counts if it is whole."""
    if not is_number(index) or index != index or index in (float("inf"), float("-inf")):
        return None
    return int(index) if int(index) == index else None


def elements(operand: Any) -> Iterable[Any]:
    """What a macro goes over: a list's elements, a map's keys."""
    if isinstance(operand, list | dict | MapValue):
        return operand
    raise EvaluationFailed("INVALID_ARGUMENT", "Unexpected value in comprehension range")


def plain(value: Any) -> Any:
    """A value as JSON shows it, for what reports a rule's result."""
    match value:
        case MapValue():
            return {str(key): plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case Timestamp() | Duration():
            return value.nanos // 1_000_000
        case TypeValue():
            return value.name
        case bytes():
            return value.decode(errors="replace")
        case _:
            return value
