"""InstaQL evaluated in the plainest way: over a list of triples, one entity after the other.

It follows instaql.md §2 and §3 word by word and knows nothing of SQL, plans or indexes. Only
checked queries are given to it: validation errors are not its business. Where the spec and issue
differ, the issue wins: a nested `limit` is applied (after the nested `order`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any, Final

from tests.oracle.conditions import (
    UnknownNameError,
    compare,
    holds,
    names_exist,
    terms_of,
)
from tests.oracle.world import Triple, World
from triples.attrs.attr import Attr

PAGING: Final = ("limit", "first", "last", "offset", "before", "after", "order")


@dataclass
class NaiveAnswer:
    """What a query gives, and which triples a client may or must be sent for it.

    `needed` are the triples of §3.2 rows 1, 2 and 4; witnesses of a `where` (row 3) can be chosen
    freely among `allowed`, which holds `needed` too.
    """

    tree: dict[str, Any] = field(default_factory=dict)
    page_info: dict[str, Any] = field(default_factory=dict)
    aggregate: dict[str, Any] = field(default_factory=dict)
    needed: dict[bytes, Triple] = field(default_factory=dict)
    allowed: dict[bytes, Triple] = field(default_factory=dict)

    def need(self, triples: list[Triple]) -> None:
        """These must be sent."""
        self.needed.update((triple.key, triple) for triple in triples)
        self.allow(triples)

    def allow(self, triples: list[Triple]) -> None:
        """These may be sent."""
        self.allowed.update((triple.key, triple) for triple in triples)


def evaluate(world: World, query: dict[str, Any]) -> NaiveAnswer:
    """The answer of an admin; links are lists (no inference)."""
    answer = NaiveAnswer()
    for etype, form in query.items():
        if etype != "$$ruleParams":
            _Evaluation(world, answer).top_level(etype, form)
    return answer


@dataclass
class _Row:
    """A matching entity, what it is ordered by, and the triples of its `where`."""

    entity: str
    by: Any
    witnesses: dict[bytes, Triple]
    cursor: list[Any]
    order_triple: Triple | None


@dataclass
class _Evaluation:
    world: World
    answer: NaiveAnswer

    def top_level(self, etype: str, form: dict[str, Any]) -> None:
        options = _options(form)
        rows = self._rows(etype, self.world.members(etype), options)
        page = _page(rows, options, self._compare(etype, options))
        if _is_paged(options):
            self.answer.page_info[etype] = _page_info(
                page, rows, options, self._compare(etype, options)
            )
        if options.get("aggregate"):
            self.answer.aggregate[etype] = {"count": len(page)}
            self.answer.tree[etype] = []
            return
        if _is_paged(options):
            self.answer.need([row.order_triple for row in page if row.order_triple])
        self.answer.tree[etype] = self._nodes(etype, page, form)

    def _rows(self, etype: str, entities: list[str], options: dict[str, Any]) -> list[_Row]:
        """The members of the etype among the entities that satisfy `where`, in order."""
        terms = terms_of(options.get("where") or {})
        try:
            for term in terms:
                names_exist(self.world, etype, term)
        except UnknownNameError:
            return []
        rows = []
        for entity in entities:
            member = self.world.id_triple(entity, etype)
            witnesses = holds(self.world, etype, entity, terms)
            if member is not None and witnesses is not None:
                rows.append(self._row(etype, member, options, witnesses))
        return sorted(rows, key=cmp_to_key(self._compare(etype, options)))

    def _row(
        self, etype: str, member: Triple, options: dict[str, Any], witnesses: dict[bytes, Triple]
    ) -> _Row:
        attr = self._order_attr(etype, options)
        if attr is None:
            return _Row(member.entity, member.created_at, witnesses, list(member), member)
        found = self.world.values_of(member.entity, attr)
        triple = found[0] if found else None
        value = triple.value if triple else None
        created_at = triple.created_at if triple else 0
        cursor = [member.entity, attr.id, value, created_at]
        return _Row(member.entity, value, witnesses, cursor, triple)

    def _order_attr(self, etype: str, options: dict[str, Any]) -> Attr | None:
        label = next(iter(options.get("order") or {}), "serverCreatedAt")
        return None if label == "serverCreatedAt" else self.world.catalog.forward(etype, label)

    def _compare(self, etype: str, options: dict[str, Any]) -> Any:
        """The total order of §2.4 in the form's direction, over rows and cursors."""
        attr = self._order_attr(etype, options)
        sign = -1 if "desc" in (options.get("order") or {}).values() else 1

        def in_order(left: Any, right: Any) -> int:
            by_value = compare(attr, left.by, right.by)
            by_id = (left.entity > right.entity) - (left.entity < right.entity)
            return sign * (by_value or by_id)

        return in_order

    def _nodes(self, etype: str, rows: list[_Row], form: dict[str, Any]) -> list[dict[str, Any]]:
        return [self._node(etype, row, form) for row in rows]

    def _node(self, etype: str, row: _Row, form: dict[str, Any]) -> dict[str, Any]:
        fetched = self._fetched(etype, row.entity, _options(form).get("fields"))
        self.answer.need(list(fetched.values()))
        self.answer.allow(list(row.witnesses.values()))
        node = {label: triple.value for label, triple in fetched.items()}
        for label, child in form.items():
            if label != "$":
                node[label] = self._children(etype, row.entity, label, child)
        return node

    def _fetched(self, etype: str, entity: str, fields: list[str] | None) -> dict[str, Triple]:
        found = {}
        for attr in self.world.catalog.of_etype(etype):
            wanted = fields is None or attr.label in (*fields, "id")
            if wanted and attr.cardinality_one:
                for triple in self.world.values_of(entity, attr):
                    found[attr.label] = triple
        return found

    def _children(
        self, etype: str, parent: str, label: str, form: dict[str, Any]
    ) -> list[dict[str, Any]]:
        resolved = self.world.catalog.resolve(etype, label)
        if resolved is None:
            return []
        attr, direction = resolved
        far = attr.reverse_etype if direction == "forward" else attr.etype
        assert far is not None
        links = dict(self.world.linked(parent, attr, direction))
        options = _options(form)
        self.answer.allow(list(links.values()))
        rows = self._rows(far, list(links), options)
        rows = rows[: options.get("limit") or options.get("first") or None]
        if last := options.get("last"):
            rows = rows[-last:]
        self.answer.need([links[row.entity] for row in rows])
        if options.get("order"):
            self.answer.allow([row.order_triple for row in rows if row.order_triple])
        return self._nodes(far, rows, form)


@dataclass(frozen=True, slots=True)
class _CursorPoint:
    """A cursor as a point of the order."""

    entity: str
    by: Any


def _options(form: dict[str, Any]) -> dict[str, Any]:
    options = form.get("$") or {}
    return {name: value for name, value in options.items() if value is not None}


def _is_paged(options: dict[str, Any]) -> bool:
    """Whether a form has page info; `offset: 0` counts, `order: {}` is no order."""
    return any(name in options and options[name] != {} for name in PAGING)


def _page(rows: list[_Row], options: dict[str, Any], in_order: Any) -> list[_Row]:
    page = rows
    if after := options.get("after"):
        least = 0 if options.get("afterInclusive") else 1
        page = [row for row in page if in_order(row, _point(after, options)) >= least]
    if before := options.get("before"):
        most = 0 if options.get("beforeInclusive") else -1
        page = [row for row in page if in_order(row, _point(before, options)) <= most]
    offset = options.get("offset") or 0
    if last := options.get("last"):
        end = len(page) - offset
        return page[max(0, end - last) : max(0, end)]
    count = options.get("limit") or options.get("first")
    return page[offset:] if count is None else page[offset : offset + count]


def _point(cursor: list[Any], options: dict[str, Any]) -> _CursorPoint:
    by_time = next(iter(options.get("order") or {}), "serverCreatedAt") == "serverCreatedAt"
    return _CursorPoint(cursor[0], cursor[3] if by_time else cursor[2])


def _page_info(
    page: list[_Row], rows: list[_Row], options: dict[str, Any], in_order: Any
) -> dict[str, Any]:
    if not page:
        return {
            "start-cursor": None,
            "end-cursor": None,
            "has-next-page?": False,
            "has-previous-page?": bool(options.get("offset") or options.get("after")),
        }
    return {
        "start-cursor": page[0].cursor,
        "end-cursor": page[-1].cursor,
        "has-next-page?": any(in_order(row, page[-1]) > 0 for row in rows),
        "has-previous-page?": any(in_order(row, page[0]) < 0 for row in rows),
    }
