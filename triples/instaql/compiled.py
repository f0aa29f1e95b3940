"""Compiled queries, kept for every query of the same shape.

A statement is made for a shape, a catalog and an app's rules, and for the kinds of their facts: not
for an asker, and not for what a query compares with. Where the kinds differ (signed in or not,
an admin by a rule or not) a shape has one statement for each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from triples.attrs.catalog import AttrCatalog
from triples.instaql.guards import OPEN
from triples.instaql.parse import Parser
from triples.instaql.shape import Shaped
from triples.instaql.statement import Statement, compile_statement
from triples.permissions.asking import Asking
from triples.permissions.in_sql.compile import Ground
from triples.permissions.in_sql.facts import Facts, Kind, kind_of, trait_of, value_of
from triples.permissions.in_sql.guards import RuleGuards, Undecided
from triples.permissions.rules import Rules
from triples.permissions.tree import Node

MAX_SHAPES: Final = 2_000  # a statement with its forms takes some 20 kB
MAX_KINDS: Final = 16  # of one shape; more only cost time to compile


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement and the facts it was compiled for, in the order of their slots.

    A fact is None where its slot is filled in when the query is run (`undecided`).
    """

    statement: Statement
    facts: tuple[Node | None, ...] = ()
    kinds: tuple[Kind, ...] = ()
    undecided: tuple[Undecided, ...] = ()

    def values_for(self, asking: Asking) -> tuple[Any, ...]:
        """The values of the facts."""
        return tuple(None if node is None else value_of(node, asking) for node in self.facts)

    def suits(self, asking: Asking) -> bool:
        """Whether the statement is right for this asker, too."""
        return self.kinds == tuple(map(kind_of, self.values_for(asking)))

    def traits_of(self, asking: Asking) -> frozenset[Hashable]:
        """All that the rules can tell of the asker."""
        return frozenset(trait_of(node, asking) for node in self.facts if node is not None)


_kept: OrderedDict[tuple[Any, ...], tuple[CompiledQuery, ...]] = OrderedDict()


def find_compiled(key: tuple[Any, ...], asking: Asking) -> CompiledQuery | None:
    """What was kept under the key for askers of this kind."""
    return next((found for found in _kept.get(key, ()) if found.suits(asking)), None)


def remember(key: tuple[Any, ...], compiled: CompiledQuery) -> None:
    """Keep it; what was used least makes room."""
    _kept[key] = (compiled, *_kept.get(key, ()))[:MAX_KINDS]
    _kept.move_to_end(key)
    while len(_kept) > MAX_SHAPES:
        _kept.popitem(last=False)


def compile_query(
    query: dict[str, Any],
    shaped: Shaped,
    catalog: AttrCatalog,
    rules: Rules,
    asking: Asking,
    *,
    with_rows: bool,
) -> CompiledQuery:
    """Check the query and write its statement; raises `ValidationFailed`."""
    forms = Parser(query, catalog).read(shaped.marked)
    if asking.asker.is_admin:
        return CompiledQuery(
            compile_statement(catalog.app_id, forms, with_rows=with_rows, guards=OPEN)
        )
    facts = Facts(asking, first_slot=len(shaped.constants))
    numbers = count(1)
    guards = RuleGuards(rules, Ground(catalog.app_id, catalog, facts, numbers))
    statement = compile_statement(
        catalog.app_id, forms, with_rows=with_rows, guards=guards, numbers=numbers
    )
    nodes = tuple(facts.nodes)
    values = [None if node is None else value_of(node, asking) for node in nodes]
    return CompiledQuery(
        replace(statement, reads=(*statement.reads, *guards.reads)),
        nodes,
        tuple(map(kind_of, values)),
        tuple(guards.undecided),
    )
