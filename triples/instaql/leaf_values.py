"""Tests of one triple: what its value must be for a leaf of a condition to hold.

An index's predicate is repeated literally, or the planner ignores the index
(docs/decisions/0001-physical-design.md).
"""

from __future__ import annotations

from typing import Final

from triples.attrs.attr import Attr
from triples.instaql.constants import (
    first_id_of,
    ids_of,
    json_list_of,
    json_of,
    key_of,
    keys_of,
    last_id_of,
    lowered_ids_of,
    text_of,
)
from triples.instaql.forms import (
    Compares,
    Differs,
    IdStartsWith,
    IsOneOf,
    Linked,
    LinkedElsewhere,
    Resembles,
)
from triples.sql.fragment import Fragment, sql

_SQL_OPERATORS: Final = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


def link_value(leaf: Linked | LinkedElsewhere, far: str) -> Fragment:
    """Whether the link whose far end is in this column leads where the leaf wants."""
    if isinstance(leaf, Linked):
        return sql(f"{far} = any(%s::uuid[])", lowered_ids_of(leaf.constant, many=leaf.many))
    return sql(f"{far} <> all(%s::uuid[])", lowered_ids_of(leaf.constant, many=False))


def property_value(
    leaf: IsOneOf | Differs | Compares | Resembles | IdStartsWith, table: str
) -> list[Fragment]:
    """What the triple under this alias, of the leaf's attr, must satisfy."""
    match leaf:
        case IsOneOf():
            return _is_one_of(leaf, table)
        case Differs():
            return _differs(leaf, table)
        case Compares():
            return [compared_keys(leaf, table)]
        case Resembles():
            return _resembles(leaf, table)
        case IdStartsWith():
            return _id_starts_with(leaf, table)


def _is_one_of(leaf: IsOneOf, table: str) -> list[Fragment]:
    attr, constant = leaf.attr, leaf.constant
    if attr.label == "id":
        return [sql(f"{table}.ea"), is_entity(leaf, f"{table}.entity_id")]
    if is_by_instant(attr):
        keys = keys_of(constant, "date", many=leaf.many)
        return [sql(f"{table}.sort_key = any(%s::bytea[])", keys)]
    if not leaf.many:
        equal = sql(f"{table}.value_md5 = (select instant_value_md5(%s::jsonb))", json_of(constant))
    else:
        equal = sql(
            f"{table}.value_md5 = any(array(select instant_value_md5(member)"
            " from jsonb_array_elements(%s::jsonb) as member))",
            json_list_of(constant),
        )
    takes_null = leaf.many and None in constant.value
    return [sql(_look_up_flag(attr, table, takes_null=takes_null)), equal]


def is_entity(leaf: IsOneOf, column: str) -> Fragment:
    """Whether the column holds one of the ids that a leaf of an id wants."""
    return sql(f"{column} = any(%s::uuid[])", ids_of(leaf.constant, many=leaf.many))


def _look_up_flag(attr: Attr, table: str, *, takes_null: bool) -> str:
    """The predicate of the index that finds triples of the attr by value."""
    if attr.unique and not takes_null:
        return f"{table}.av and {table}.value <> 'null'"
    if attr.indexed:
        return f"{table}.ave"
    return _fetch_flag(attr, table)


def _fetch_flag(attr: Attr, table: str) -> str:
    return f"{table}.ea" if attr.cardinality_one else "true"


def _differs(leaf: Differs, table: str) -> list[Fragment]:
    flag = sql(_fetch_flag(leaf.attr, table))
    if is_by_instant(leaf.attr):
        key = key_of(leaf.constant, "date")
        return [flag, sql(f"{table}.sort_key is distinct from %s::bytea", key)]
    value = json_of(leaf.constant)
    return [
        flag,
        sql(f"{table}.value_md5 is distinct from (select instant_value_md5(%s::jsonb))", value),
    ]


def compared_keys(leaf: Compares, table: str) -> Fragment:
    """Whether the sort key of a triple of the leaf's attr stands in the wanted order."""
    checked_type = leaf.attr.checked_data_type
    if checked_type is None:
        raise TypeError("only typed attrs are compared")
    operator = _SQL_OPERATORS[leaf.operator]
    key = key_of(leaf.constant, checked_type)
    # The key of null is empty and stands before all others; null satisfies no comparison.
    not_null = f" and {table}.sort_key > ''::bytea"
    return sql(f"{table}.sort_key {operator} %s::bytea{not_null}", key)


def _resembles(leaf: Resembles, table: str) -> list[Fragment]:
    operator = "ilike" if leaf.ignore_case else "like"
    return [
        sql(f"{table}.ave and jsonb_typeof({table}.value) = 'string'"),
        sql(f"{table}.value #>> '{{}}' {operator} %s escape ''", text_of(leaf.constant)),
    ]


def _id_starts_with(leaf: IdStartsWith, table: str) -> list[Fragment]:
    first, last = first_id_of(leaf.constant), last_id_of(leaf.constant)
    between = sql(f"{table}.entity_id between %s::uuid and %s::uuid", first, last)
    return [sql(f"{table}.ea"), between]


def is_by_instant(attr: Attr) -> bool:
    """Whether equality means the same instant, however it is spelt (§2.2)."""
    return attr.indexed and attr.typed and attr.checked_data_type == "date"
