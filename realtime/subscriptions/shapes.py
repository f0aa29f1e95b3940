"""The shapes in which a live query's answer can travel (spec: realtime.md §5.1, §13).

SDKs with a store of their own take join rows, the text that PostgreSQL made; the admin SDKs take a
tree of objects, with page info and counts beside it.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import Any

from triples.attrs.catalog import AttrCatalog
from triples.instaql.answer import Answer, PreparedQuery
from triples.instaql.tree import tree_of, with_single_links
from wire import json


class Shape(enum.Enum):
    """What a subscriber takes; in the last one, links with one end show that end alone."""

    JOIN_ROWS = "join-rows"
    TREE = "tree"
    TREE_WITH_SINGLE_LINKS = "tree with single links"

    @property
    def is_tree(self) -> bool:
        """Whether the answer is made of nested objects."""
        return self is not Shape.JOIN_ROWS


def in_shape(
    shape: Shape,
    answer: Answer,
    query: dict[str, Any],
    catalog: AttrCatalog,
    prepared: PreparedQuery,
) -> Answer:
    """The answer as the shape wants it; for trees it was prepared `with_rows`."""
    if not shape.is_tree:
        return answer
    tree: dict[str, Any] = tree_of(query, catalog, prepared, answer)
    if shape is Shape.TREE_WITH_SINGLE_LINKS:
        tree = with_single_links(catalog, query, tree)
    data = json.loads(answer.result)[0]["data"]
    meta = {"page-info": data.get("page-info", {}), "aggregate": data.get("aggregate", {})}
    return replace(answer, result=json.dumps(tree), result_meta=json.dumps(meta), rows=None)
