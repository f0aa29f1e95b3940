"""What an expression of a rule yields, as SQL of type `jsonb`.

A value is never SQL's null: what is missing is JSON's `null`, as rules see it (§13.2). Where it may
fail, `fails` says for which rows; what the text yields there means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from triples.attrs.attr import Attr
from triples.instaql.constants import FromConstant, json_of
from triples.instaql.shape import Constant
from triples.permissions.in_sql.formula import Formula, Maker
from triples.sql.fragment import Fragment, join, sql

_ORDERED: Final = ("number", "string", "boolean")
_COMPARISONS: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class Value:
    """One value; `fails` is None where it never fails."""

    text: Maker
    fails: Maker | None = None


def stored(app_id: str, attr: Attr, entity: Maker, alias: str) -> Value:
    """An entity's value of an attr with one value."""

    def text(row: str) -> Fragment:
        select = sql(
            f"coalesce((select {alias}.value from triples {alias} where {alias}.app_id = %s::uuid"
            f" and {alias}.attr_id = %s::uuid and {alias}.ea and {alias}.entity_id = ",
            app_id,
            attr.id,
        )
        return select + entity(row) + sql("), 'null'::jsonb)")

    return Value(text)


def id_of(entity: Maker) -> Value:
    """An entity's own id, as a string."""
    return Value(lambda row: entity(row).wrap("to_jsonb(", ")"))


def id_parameter(constant: Constant) -> Fragment:
    """A fact that is an id, or null."""
    return sql("%s::uuid", FromConstant(constant.slot, _itself))


def is_guest(user_type: Value) -> Value:
    """Whether a user's type is that of guests."""
    return Value(lambda row: user_type.text(row).wrap("to_jsonb(", " = '\"guest\"'::jsonb)"))


def given(constant: Constant) -> Value:
    """A fact."""
    return Value(lambda row: sql("%s::jsonb", json_of(constant)))


def member(value: Value, key: str) -> Value:
    """`value.key`: null without the key; fails below anything but an object."""

    def text(row: str) -> Fragment:
        return sql("coalesce(") + value.text(row) + sql(" -> %s::text, 'null'::jsonb)", key)

    def fails(row: str) -> Fragment:
        not_object = value.text(row).wrap("jsonb_typeof(", ") <> 'object'")
        return not_object if value.fails is None else _either([value.fails(row), not_object])

    return Value(text, fails)


def size(value: Value) -> Value:
    """`size(value)`: characters, members or keys; fails for anything else."""

    def text(row: str) -> Fragment:
        of = value.text(row)
        return (
            sql("coalesce(to_jsonb(case jsonb_typeof(")
            + of
            + sql(") when 'string' then char_length(")
            + of
            + sql(" #>> '{}') when 'array' then jsonb_array_length(")
            + of
            + sql(") when 'object' then (select count(*) from jsonb_object_keys(")
            + of
            + sql(")) end), 'null'::jsonb)")
        )

    def fails(row: str) -> Fragment:
        sizeless = value.text(row).wrap("jsonb_typeof(", ") not in ('string', 'array', 'object')")
        return sizeless if value.fails is None else _either([value.fails(row), sizeless])

    return Value(text, fails)


def in_case(value: Value, *, upper: bool) -> Value:
    """`lowerAscii()`, `upperAscii()`; fails for anything but a string."""
    small, large = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    before, after = (small, large) if upper else (large, small)

    def text(row: str) -> Fragment:
        return value.text(row).wrap(
            "coalesce(to_jsonb(translate(", f" #>> '{{}}', '{before}', '{after}')), 'null'::jsonb)"
        )

    def fails(row: str) -> Fragment:
        no_string = value.text(row).wrap("jsonb_typeof(", ") <> 'string'")
        return no_string if value.fails is None else _either([value.fails(row), no_string])

    return Value(text, fails)


def as_condition(value: Value) -> Formula:
    """A value where a boolean is needed: anything else fails."""

    def is_bool(text: str) -> Maker:
        def maker(row: str) -> Fragment:
            holds = value.text(row) + sql(f" = '{text}'::jsonb")
            return holds if value.fails is None else _every([not_fails(value, row), holds])

        return maker

    return Formula(is_bool("true"), is_bool("false"))


def as_verdict(value: Value) -> Formula:
    """A value as the whole rule: null and false deny, all else permits (§13.6)."""

    def denies(row: str) -> Fragment:
        return value.text(row) + sql(" in ('null'::jsonb, 'false'::jsonb)")

    def permits(row: str) -> Fragment:
        return value.text(row) + sql(" not in ('null'::jsonb, 'false'::jsonb)")

    if value.fails is None:
        return Formula(permits)
    return Formula(
        lambda row: _every([not_fails(value, row), permits(row)]),
        lambda row: _every([not_fails(value, row), denies(row)]),
    )


def equals(left: Value, right: Value) -> Formula:
    """`==`: JSON's equality is CEL's, numbers by value; fails only where an operand does."""

    def same(row: str) -> Fragment:
        return _pair(left, right, " = ", row)

    if left.fails is None and right.fails is None:
        return Formula(same)
    return Formula(
        lambda row: _every([*_fine((left, right), row), same(row)]),
        lambda row: _every([*_fine((left, right), row), _pair(left, right, " <> ", row)]),
    )


def compares(left: Value, operator: str, right: Value) -> Formula:
    """`<` and its relatives: of two numbers, strings by code points, or bools; else fails."""
    test = _COMPARISONS[operator]
    ordered = (
        f"case jsonb_typeof(a) when 'string' then a #>> '{{}}' {test} (b #>> '{{}}') collate \"C\""
        f" else a {test} b end"
    )
    return _tested(
        left, right, f"jsonb_typeof(a) in {_ORDERED} and jsonb_typeof(b) = jsonb_typeof(a)", ordered
    )


def text_test(test: str, target: Value, part: Value) -> Formula:
    """A test of two strings, written with their texts `{a}` and `{b}`; fails for anything else."""
    texts = test.format(a="(a #>> '{}')", b="(b #>> '{}')")
    return _tested(target, part, "jsonb_typeof(a) = 'string' and jsonb_typeof(b) = 'string'", texts)


def _tested(left: Value, right: Value, fits: str, test: str) -> Formula:
    """A test of two values `a` and `b`, each computed once; fails where they do not fit it."""

    def tested(row: str, wanted: str) -> Fragment:
        # Without `offset 0` the planner would write each value out wherever it is used.
        pair = (
            sql("(select ")
            + left.text(row)
            + sql(" as a, ")
            + right.text(row)
            + sql(" as b offset 0)")
        )
        holds = pair.wrap(
            f"(select case when {fits} then {wanted} else false end from ", " as pair)"
        )
        fine = _fine((left, right), row)
        return _every([*fine, holds]) if fine else holds

    return Formula(lambda row: tested(row, test), lambda row: tested(row, f"not ({test})"))


def not_fails(value: Value, row: str) -> Fragment:
    """The predicate that the value is there."""
    return sql("true") if value.fails is None else value.fails(row).wrap("not (", ")")


def _itself(value: Any) -> Any:
    return value


def _fine(values: tuple[Value, ...], row: str) -> list[Fragment]:
    return [not_fails(value, row) for value in values if value.fails is not None]


def _pair(left: Value, right: Value, operator: str, row: str) -> Fragment:
    return (left.text(row) + sql(operator) + right.text(row)).wrap("(", ")")


def _every(predicates: list[Fragment]) -> Fragment:
    return join(" and ", predicates).wrap("(", ")")


def _either(predicates: list[Fragment]) -> Fragment:
    return join(" or ", predicates).wrap("(", ")")
