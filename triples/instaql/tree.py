"""The answer as a tree of objects, as the admin API shows it (instaql.md §3.3).

The same statement as for sockets, with the (parent, id) pairs of each level beside the triples.
Links are lists, or single objects where the schema says that there is one end and the caller asks
for that (`with_single_links`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import Answer, PreparedQuery, Viewer, prepare_query, run_query
from triples.instaql.forms import Form
from triples.instaql.statement import Level
from triples.sql.pool import Connection
from triples.values.sort_key import NULL_KEY, sort_key
from wire import json

Node = dict[str, Any]
Tree = dict[str, list[Node]]
"""Namespace → its rows."""
Values = dict[str, dict[str, Any]]
"""Entity id → attr id → value, of attrs with one value."""


async def query_tree(
    conn: Connection, query: dict[str, Any], catalog: AttrCatalog, viewer: Viewer
) -> Tree:
    """Every namespace of the query with its rows; raises as `prepare_query` and `run_query`."""
    prepared = prepare_query(query, catalog, viewer, with_rows=True)
    return tree_of(query, catalog, prepared, await run_query(conn, prepared))


def tree_of(
    query: dict[str, Any], catalog: AttrCatalog, prepared: PreparedQuery, answer: Answer
) -> Tree:
    """The answer's rows, nested as in the query, which was prepared `with_rows`."""
    triples = json.loads(answer.result)[0]["data"]["datalog-result"]["join-rows"][0]
    pairs = json.loads(answer.rows) if answer.rows is not None and prepared.levels else []
    builder = _Builder(catalog, prepared.levels, triples, pairs)
    return {key: builder.top(key) for key in query if key != "$$ruleParams"}


def with_single_links(catalog: AttrCatalog, query: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """Links that can have one end only show that end, or null (`inference?`, instaql.md §3.3)."""
    return {
        etype: [_single_links_of(catalog, etype, query[etype], node) for node in nodes]
        for etype, nodes in tree.items()
    }


def _single_links_of(catalog: AttrCatalog, etype: str, form: dict[str, Any], node: Node) -> Node:
    shown = dict(node)
    for label, child in form.items():
        link = catalog.resolve(etype, label) if label != "$" else None
        if link is None:
            continue
        attr, direction = link
        far = attr.reverse_etype if direction == "forward" else attr.etype
        nodes = [_single_links_of(catalog, far or "", child, each) for each in node[label]]
        is_single = attr.cardinality_one if direction == "forward" else attr.is_unique
        shown[label] = (nodes[0] if nodes else None) if is_single else nodes
    return shown


class _Builder:
    def __init__(
        self,
        catalog: AttrCatalog,
        levels: tuple[Level, ...],
        triples: list[list[Any]],
        pairs: list[list[tuple[str | None, str]]],
    ) -> None:
        self._values: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for entity, attr_id, value, _ in triples:
            attr = catalog.by_id(attr_id)
            if attr is not None and attr.cardinality_one:
                self._values[entity][attr_id] = value
        self._tops = {level.form.key: level for level in levels if level.parent is None}
        self._below: defaultdict[int, dict[str, Level]] = defaultdict(dict)
        for level in levels:
            if level.parent is not None:
                self._below[level.parent][level.form.key] = level
        self._ids: list[defaultdict[str | None, list[str]]] = []
        for level_pairs in pairs:
            by_parent: defaultdict[str | None, list[str]] = defaultdict(list)
            for parent, entity in level_pairs:
                by_parent[parent].append(entity)
            self._ids.append(by_parent)

    def top(self, key: str) -> list[Node]:
        """The rows of a namespace; none are shown where they were only counted."""
        level = self._tops.get(key)
        if level is None or level.form.counts:
            return []
        return self._nodes(level, None)

    def _nodes(self, level: Level, parent: str | None) -> list[Node]:
        # One frame a level besides the caller's, for trees as deep as a query may be.
        nodes = []
        below = self._below[level.number]
        for entity in self._shown(level.form, self._ids[level.number][parent]):
            node = self._properties(level.form, entity)
            for child in level.form.children:
                found = below.get(child.key)
                node[child.key] = [] if found is None else self._nodes(found, entity)
            nodes.append(node)
        return nodes

    def _properties(self, form: Form, entity: str) -> Node:
        values = self._values[entity]
        return {attr.label: values[attr.id] for attr in form.attrs if attr.id in values}

    def _shown(self, form: Form, ids: list[str]) -> list[str]:
        """Ids come in order and cut, unless PostgreSQL could not apply the order."""
        attr, limit = form.order.attr, form.page.limit
        if attr is None or form.order.is_usable:
            return ids
        in_order = sorted(
            ids,
            key=lambda entity: (_place(attr, self._values[entity].get(attr.id)), entity),
            reverse=form.order.descending,
        )
        if limit is None:
            return in_order
        return in_order[-limit:] if form.page.from_end else in_order[:limit]


def _place(attr: Attr, value: Any) -> tuple[str, Any]:
    """Where a value stands among values of any kind: by its type's order if it has one."""
    if value is None:
        return "", NULL_KEY
    if attr.checked_data_type is not None:
        try:
            return "typed", sort_key(value, attr.checked_data_type)
        except ValueError:
            return "untyped", json.canonical(value)
    kind = type(value).__name__.replace("int", "float")
    return kind, value if isinstance(value, str | int | float) else json.canonical(value)
