"""What a query's answer depends on, as reads (instaql.md §5.2, §5.4).

Soundness: conditions are stated by their constants alone, never by rows that happen to satisfy
them; entities stand only for rows of the answer, and for what their links lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from triples.attrs.attr import Attr
from triples.instaql import reads
from triples.instaql.constants import lowered_ids_of
from triples.instaql.forms import (
    All,
    Compares,
    Condition,
    Differs,
    Form,
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
    Term,
)
from triples.instaql.guards import Guard
from triples.instaql.leaf_values import is_by_instant
from triples.instaql.levels import order_attr
from triples.instaql.reads import (
    Anything,
    ConditionRead,
    Equals,
    LinkRead,
    MemberRead,
    NamesRead,
    Read,
    ReadOf,
    RowsRead,
)
from wire import json


def reads_of_form(
    form: Form, number: int, parent: int | None, guard: Guard | None = None
) -> Iterator[ReadOf]:
    """The reads of one level, its children not included; `guard` is that of its rows."""
    if form.id_attr is None:
        yield fixed(NamesRead())
        return
    if form.condition is not None:
        yield from reads_of_condition(form.condition)
    if form.link is not None and parent is not None:
        link = form.link
        yield fixed(LinkRead(link.attr.id, link.direction, parent))
    else:
        required = guard.required if guard is not None else ()
        given = (form.condition,) if form.condition is not None else ()
        yield from _membership(All((*given, *required)), form.id_attr)
    attr = order_attr(form)
    if attr is not None and _is_cut(form):
        yield fixed(ConditionRead(attr.id, Anything()))
    fetched = {each.id for each in form.attrs} | {form.id_attr.id}
    if attr is not None:
        fetched.add(attr.id)
    yield fixed(RowsRead(number, form.etype, frozenset(fetched), form.fields is None))
    if form.fields is not None and not form.fields <= {each.label for each in form.attrs}:
        yield fixed(NamesRead())  # a field that is not there yet


def _is_cut(form: Form) -> bool:
    """Whether a row outside the page may move into it without being written to."""
    page = form.page
    return bool(page.limit or page.offset or page.after or page.before or form.wants_page_info)


def _membership(condition: Condition, id_attr: Attr) -> Iterator[ReadOf]:
    """An entity that becomes a member may be a row, unless a condition says that it is not."""
    for leaf in _required_leaves(condition):
        if isinstance(leaf, IsOneOf) and leaf.attr.id == id_attr.id:
            return  # the condition's own read knows the entities
    guard = next(_guards(condition), None)
    if guard is None:
        yield fixed(ConditionRead(id_attr.id, Anything()))
    else:
        yield fixed(MemberRead(id_attr.id, guard))


def _guards(condition: Condition | None) -> Iterator[str]:
    """Attrs of which every row has exactly one triple, and that triple's value is watched."""
    for leaf in _required_leaves(condition):
        match leaf:
            case IsOneOf(attr) | Compares(attr) | Resembles(attr) if attr.cardinality_one:
                yield attr.id
            case Linked(step) if step.direction == "forward" and step.attr.cardinality_one:
                yield step.attr.id


def _required_leaves(condition: Condition | None) -> Iterator[Leaf]:
    """Leaves about the row itself that hold for every row."""
    match condition:
        case Shared(terms):
            yield from (term.leaf for term in terms if not term.path)
        case All(items):
            for item in items:
                yield from _required_leaves(item)


def reads_of_condition(condition: Condition) -> Iterator[ReadOf]:
    """What a condition looks at, of any entity."""
    match condition:
        case Shared(terms):
            for term in terms:
                yield from _reads_of_term(term)
        case All(items) | Some(items):
            for item in items:
                yield from reads_of_condition(item)


def _reads_of_term(term: Term) -> Iterator[ReadOf]:
    for step in term.path:
        yield fixed(ConditionRead(step.attr.id, Anything()))
    leaf = term.leaf
    match leaf:
        case Missing() | Present():
            yield fixed(ConditionRead(leaf.step.attr.id, Anything()))
            if term.path:
                yield fixed(ConditionRead(leaf.id_attr.id, Anything()))
        case Linked(step) if step.direction == "forward":
            yield _linked_read(leaf)
        case Linked(step) | LinkedElsewhere(step):
            yield fixed(ConditionRead(step.attr.id, Anything()))
        case IdStartsWith(attr):
            yield fixed(ConditionRead(attr.id, Anything()))
        case _:
            yield _property_read(leaf)


def _linked_read(leaf: Linked) -> ReadOf:
    targets = lowered_ids_of(leaf.constant, many=leaf.many)

    def read(constants: tuple[Any, ...]) -> Read:
        ids = targets.convert(constants[targets.slot])
        return ConditionRead(leaf.step.attr.id, Equals(frozenset(map(json.canonical, ids))))

    return read


def _property_read(leaf: IsOneOf | Differs | Compares | Resembles) -> ReadOf:
    attr_id, slot = leaf.attr.id, leaf.constant.slot
    match leaf:
        case IsOneOf() | Differs() if is_by_instant(leaf.attr):
            return fixed(ConditionRead(attr_id, Anything()))
        case IsOneOf(many=many):
            return lambda constants: ConditionRead(attr_id, _equals(constants[slot], many))
        case Differs():
            return lambda constants: ConditionRead(
                attr_id, reads.Differs(json.canonical(constants[slot]))
            )
        case Resembles(ignore_case=ignore_case):
            return lambda constants: ConditionRead(
                attr_id, reads.Resembles(constants[slot], ignore_case)
            )
        case Compares(operator=operator):
            checked_type = leaf.attr.checked_data_type
            if checked_type is None:
                raise TypeError("only typed attrs are compared")
            return lambda constants: ConditionRead(
                attr_id, reads.Compares(operator, constants[slot], checked_type)
            )


def _equals(value: Any, many: bool) -> Equals:
    return Equals(frozenset(map(json.canonical, value if many else [value])))


def fixed(read: Read) -> ReadOf:
    """A read that no constant changes."""
    return lambda constants: read
