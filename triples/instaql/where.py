"""From a `where` object to conditions, with the errors of instaql.md §2.9.

What is settled here: which names exist, which operators an attr allows, that constants can be of
the attr's type, and how `$not` and `$isNull: true` expand over the prefixes of a path (§2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql import problems
from triples.instaql.forms import (
    All,
    Compares,
    Condition,
    Differs,
    IdStartsWith,
    IsOneOf,
    Leaf,
    Linked,
    LinkedElsewhere,
    Missing,
    Present,
    Resembles,
    Shared,
    Some,
    Step,
    Term,
)
from triples.instaql.problems import Path
from triples.instaql.shape import Constant
from triples.values.dates import DateUnreadable, parse_date
from triples.values.kinds import json_type_name
from wire.ids import parse_uuid

_ALIASES: Final = {"in": "$in", "$ne": "$not"}
_COMPARISONS: Final = ("$gt", "$gte", "$lt", "$lte")
_OPERATORS: Final = ("$in", "$not", "$isNull", "$like", "$ilike", *_COMPARISONS)
_ID_PREFIX: Final = "$entityIdStartsWith"
_VALID_KEYS: Final = "instant.db.instaql/where-value-valid-keys?"
_SCALARS: Final = ("string", "number", "boolean")


class UnknownName(Exception):
    """The condition names an attr or a link that does not exist: the whole form is empty."""


@dataclass(frozen=True, slots=True)
class WhereReader:
    """Reads the conditions of one form; `path` is where the form stands in the query."""

    query: Any
    catalog: AttrCatalog
    path: Path

    def read(self, etype: str, where: dict[str, Any]) -> Condition | None:
        """The condition on rows of the etype, or None for no condition; raises `UnknownName`."""
        plain: list[Term] = []
        others: list[Condition] = []
        unknown: UnknownName | None = None
        for key, value in where.items():
            try:
                for item in self._key(etype, key, value):
                    match item:
                        case Term():
                            plain.append(item)
                        case Shared((term,)):
                            plain.append(term)
                        case _:
                            others.append(item)
            except UnknownName as error:
                unknown = error  # what else is wrong with the query is told first
        if unknown is not None:
            raise unknown
        return _conjunction([*([Shared(tuple(plain))] if plain else []), *others])

    def _key(self, etype: str, key: str, value: Any) -> list[Term | Condition]:
        if key in ("or", "and") and isinstance(value, list):
            return self._group(etype, key, value)
        return self._conditions(etype, key, value)

    def _group(self, etype: str, kind: str, elements: list[Any]) -> list[Term | Condition]:
        if not elements:
            message = f"The list of `{kind}` conditions can't be empty."
            raise problems.refusal(self.query, "non-empty-list?", (*self.path, "$", kind), message)
        read = [self._element(etype, element) for element in elements]
        if kind == "and":
            return [_collapsed(All(tuple(item for items in read for item in items)))]
        return [_collapsed(Some(tuple(_collapsed(All(tuple(items))) for items in read)))]

    def _element(self, etype: str, element: Any) -> list[Condition]:
        """The keys of one element, each with linked entities of its own."""
        if not isinstance(element, dict):
            raise problems.misshapen("map?", (*self.path, "$", "where"), self.query)
        items: list[Condition] = []
        for key, value in element.items():
            for item in self._key(etype, key, value):
                items.append(Shared((item,)) if isinstance(item, Term) else item)
        return items

    def _conditions(self, etype: str, key: str, value: Any) -> list[Term | Condition]:
        tests = self._tests(key, value)
        labels = key.split(".")
        path = self._links(etype, labels[:-1])
        here = path[-1].target if path else etype
        if labels[-1] == _ID_PREFIX:
            return [Term(tuple(path), self._id_prefix(here, key, tests))]
        last = self._resolve(here, labels[-1])
        found: list[Term | Condition] = []
        for operator, constant in tests:
            if operator == "$isNull" and constant.value is True:
                found.append(Some(tuple(self._absences(etype, [*path, last]))))
                continue
            leaf = self._leaf(last, operator, constant)
            term = Term(tuple(path), leaf)
            if operator == "$not":
                absences = self._absences(etype, [*path, last])
                found.append(Some((Shared((term,)), *absences)))
            else:
                found.append(term)
        return found

    def _id_prefix(self, etype: str, key: str, tests: list[tuple[str, Constant]]) -> Leaf:
        """Look-ups of dashboards, by the first digits of an id; the label is no attr's name."""
        (operator, constant), *others = tests
        is_prefix = operator == "=" and not others and isinstance(constant.value, str)
        self._require(is_prefix, "string?", (*self.path, "$", "where", key))
        return IdStartsWith(self._id_attr(etype), constant)

    def _tests(self, key: str, value: Any) -> list[tuple[str, Constant]]:
        """The operators of one key with their operands, checked for their JSON types only."""
        where = (*self.path, "$", "where", key)
        if isinstance(value, Constant):
            self._require(json_type_name(value.value) in _SCALARS, _VALID_KEYS, where)
            return [("=", value)]
        self._require(isinstance(value, dict) and bool(value), _VALID_KEYS, where)
        tests = []
        for name, operand in value.items():
            operator = _ALIASES.get(name, name)
            at = (*where, name)
            self._require(operator in _OPERATORS, _VALID_KEYS, at)
            if operator == "$isNull":
                self._require(isinstance(operand, bool), "boolean?", at)
                tests.append((operator, Constant(-1, operand)))
                continue
            self._require(isinstance(operand, Constant), _VALID_KEYS, at)
            self._check_operand(operator, operand.value, at)
            tests.append((operator, operand))
        return tests

    def _check_operand(self, operator: str, operand: Any, at: Path) -> None:
        if operator == "$in":
            self._require(isinstance(operand, list), "vector?", at)
            kinds = {json_type_name(item) for item in operand}
            self._require(kinds <= {*_SCALARS, "null"}, _VALID_KEYS, at)
        else:
            self._require(json_type_name(operand) in _SCALARS, _VALID_KEYS, at)

    def _require(self, holds: bool, expected: str, at: Path) -> None:
        if not holds:
            raise problems.misshapen(expected, at, self.query)

    def _links(self, etype: str, labels: list[str]) -> list[Step]:
        path: list[Step] = []
        for label in labels:
            step = self._resolve(path[-1].target if path else etype, label)
            if not step.attr.is_ref:
                raise problems.not_a_link(step.attr)
            path.append(step)
        return path

    def _resolve(self, etype: str, label: str) -> Step:
        found = self.catalog.resolve(etype, label)
        if found is None or self.catalog.id_attr(etype) is None:
            raise UnknownName(f"{etype}.{label}")
        return Step(*found)

    def _absences(self, etype: str, path: list[Step]) -> list[Condition]:
        """Each step of the path may be the one that leads nowhere."""
        return [
            Shared((Term(tuple(path[:length]), Missing(step, self._id_attr(step.source))),))
            for length, step in enumerate(path)
        ]

    def _id_attr(self, etype: str) -> Attr:
        id_attr = self.catalog.id_attr(etype)
        if id_attr is None:
            raise UnknownName(etype)
        return id_attr

    def _leaf(self, last: Step, operator: str, constant: Constant) -> Leaf:
        if operator == "$isNull":
            return Present(last, self._id_attr(last.source))
        if last.attr.is_ref:
            return self._link_leaf(last, operator, constant)
        return self._property_leaf(last.attr, operator, constant)

    def _link_leaf(self, last: Step, operator: str, constant: Constant) -> Leaf:
        label = last.attr.label if last.direction == "forward" else last.attr.reverse_label
        at = (*self.path, "$", "where", label or "")
        if operator == "$in":
            for item in constant.value:
                if parse_uuid(item) is None:
                    message = (
                        f"Expected {label} to match on a uuid, found {problems.text_of(item)} in"
                        f" {problems.text_of(constant.value)}"
                    )
                    raise problems.refusal(self.query, "uuid?", at, message)
            return Linked(last, constant, many=True)
        if operator in ("=", "$not"):
            if parse_uuid(constant.value) is None:
                message = f"Expected {label} to be a uuid, got {problems.text_of(constant.value)}"
                raise problems.refusal(self.query, "uuid?", at, message)
            return Linked(last, constant) if operator == "=" else LinkedElsewhere(last, constant)
        raise self._unusable(last.attr, "indexed?", "be indexed", at)

    def _property_leaf(self, attr: Attr, operator: str, constant: Constant) -> Leaf:
        at = (*self.path, "$", "where", attr.label)
        match operator:
            case "=" | "$not":
                self._check_type(attr, constant.value, at)
                return (IsOneOf if operator == "=" else Differs)(attr, constant)
            case "$in":
                self._check_members(attr, constant.value, at)
                return IsOneOf(attr, constant, many=True)
            case "$like" | "$ilike":
                self._check_comparable(attr, at)
                self._check_pattern(attr, constant.value, (*at, operator))
                return Resembles(attr, constant, ignore_case=operator == "$ilike")
            case "$gt" | "$gte" | "$lt" | "$lte" as comparison:
                self._check_comparable(attr, at)
                self._check_type(attr, constant.value, (*at, operator))
                return Compares(attr, comparison, constant)
            case _:
                raise AssertionError(f"an unknown operator passed: {operator}")

    def _check_members(self, attr: Attr, members: list[Any], at: Path) -> None:
        for member in members:
            if member is not None:
                self._check_type(attr, member, at)
            elif not attr.indexed:
                name = f"{attr.etype}.{attr.label}"
                message = f"Only indexed attrs can check for `nil` in `$in`. {name} is not indexed."
                raise problems.refusal(self.query, "indexed?", at, message, key="expected?")

    def _check_type(self, attr: Attr, value: Any, at: Path) -> None:
        if not attr.typed or attr.checked_data_type is None:
            return
        if attr.checked_data_type == "date":
            try:
                parse_date(value, operand=True)
            except DateUnreadable as error:
                raise problems.wrong_type(self.query, attr, value, at, error.expected) from error
        elif json_type_name(value) != attr.checked_data_type:
            raise problems.wrong_type(self.query, attr, value, at, f"{attr.checked_data_type}?")

    def _check_comparable(self, attr: Attr, at: Path) -> None:
        if not attr.is_indexed:
            raise self._unusable(attr, "indexed?", "be indexed", at)
        if attr.indexing:
            raise self._unfinished(attr, "indexed?", "indexing", at)
        if attr.checked_data_type is None:
            raise self._unusable(attr, "checked-data-type?", "have an enforced type", at)
        if attr.checking_data_type:
            raise self._unfinished(attr, "checked-data-type?", "checking its data type", at)

    def _unusable(self, attr: Attr, expected: str, must: str, at: Path) -> Exception:
        message = (
            f"The `{attr.etype}.{attr.label}` attribute must {must} to use comparison operators."
        )
        return problems.refusal(self.query, expected, at, message, key="expected?")

    def _unfinished(self, attr: Attr, expected: str, doing: str, at: Path) -> Exception:
        message = (
            f"The `{attr.etype}.{attr.label}` attribute is still in the process of {doing}. It must"
            " finish before using comparison operators."
        )
        return problems.refusal(self.query, expected, at, message, key="expected?")

    def _check_pattern(self, attr: Attr, pattern: Any, at: Path) -> None:
        if attr.checked_data_type != "string":
            raise problems.wrong_type(self.query, attr, pattern, at, f"{attr.checked_data_type}?")
        if not isinstance(pattern, str):
            message = (
                f"The $like value for `{attr.etype}.{attr.label}` must be a string, but the query"
                f" got the value `{problems.text_of(pattern)}` of type"
                f" `{json_type_name(pattern)}`."
            )
            raise problems.refusal(self.query, "string?", at, message, key="expected?")


def _conjunction(items: list[Condition]) -> Condition | None:
    return (_collapsed(All(tuple(items)))) if items else None


def _collapsed(group: All | Some) -> Condition:
    """Groups of the same kind inside are opened; a group of one item is that item (§2.2)."""
    inner: list[Condition] = []
    for item in group.items:
        if type(item) is type(group):
            inner.extend(item.items)
        else:
            inner.append(item)
    return inner[0] if len(inner) == 1 else type(group)(tuple(inner))
