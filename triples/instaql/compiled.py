"""Compiled queries, kept for every query of the same shape.

A statement is made for a shape, a catalog and an app's rules, and for the kinds of their facts: not
for an asker, and not for what a query compares with. Where the kinds differ (signed in or not,
an admin by a rule or not) a shape has one statement for each.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final, Literal

from triples.attrs.catalog import AttrCatalog
from triples.instaql.candidates import Wanted, candidates
from triples.instaql.forms import Form
from triples.instaql.guards import OPEN
from triples.instaql.parse import Parser
from triples.instaql.shape import Shaped
from triples.instaql.statement import Statement, compile_statement
from triples.permissions.asking import Asking
from triples.permissions.in_sql.facts import (
    AUTH_ID,
    Facts,
    Kind,
    kind_of,
    trait_of,
    value_of,
)
from triples.permissions.in_sql.guards import RuleGuards, Undecided
from triples.permissions.in_sql.operands import Ground
from triples.permissions.in_sql.values import id_parameter
from triples.permissions.rule_reads import labels_of
from triples.permissions.rules import Rule, Rules
from triples.permissions.tree import Node, free_names
from triples.sql.numbered import NumberedSql

MAX_SHAPES: Final = 2_000  # a statement with its forms takes some 20 kB
MAX_KINDS: Final = 16  # of one shape; more only cost time to compile


@dataclass(frozen=True, slots=True)
class CompiledJudging:
    """The statement of whom Python has to judge, with facts of its own, and their etypes."""

    candidates: NumberedSql
    facts: tuple[Node | None, ...]
    etypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement and the facts it was compiled for, in the order of their slots.

    A fact is None where its slot is filled in when the query is run (`undecided`). `decided` are
    the rules that the statement decides by itself, for people.
    """

    statement: Statement
    facts: tuple[Node | None, ...] = ()
    kinds: tuple[Kind, ...] = ()
    undecided: tuple[Undecided, ...] = ()
    decided: tuple[str, ...] = ()
    judging: CompiledJudging | None = None

    def suits(self, asking: Asking) -> bool:
        """Whether the statement is right for this asker, too."""
        return self.kinds == tuple(map(kind_of, values_of(self.facts, asking)))

    def traits_of(self, asking: Asking) -> frozenset[Hashable]:
        """All that the rules can tell of the asker."""
        return frozenset(trait_of(node, asking) for node in self.facts if node is not None)


def values_of(facts: tuple[Node | None, ...], asking: Asking) -> tuple[Any, ...]:
    """The values of facts."""
    return tuple(None if node is None else value_of(node, asking) for node in facts)


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
    in_python: bool = False,
) -> CompiledQuery:
    """Check the query and write its statement; raises `ValidationFailed`.

    `in_python` leaves every rule to Python, whatever SQL could say.
    """
    forms = Parser(query, catalog).read(shaped.marked)
    if asking.asker.is_admin:
        return CompiledQuery(
            compile_statement(catalog.app_id, forms, with_rows=with_rows, guards=OPEN)
        )
    facts = Facts(asking, first_slot=len(shaped.constants))
    numbers = count(1)
    guards = RuleGuards(rules, Ground(catalog.app_id, catalog, facts, numbers), in_python=in_python)
    statement = compile_statement(
        catalog.app_id, forms, with_rows=with_rows, guards=guards, numbers=numbers
    )
    judging = None
    if guards.undecided or in_python:
        lenient = RuleGuards(
            rules,
            Ground(catalog.app_id, catalog, Facts(asking, facts.first_slot), count(1)),
            in_python=in_python,
            lenient=True,
        )
        ruled = [each.rule.etype for each in guards.undecided]
        etypes = tuple(dict.fromkeys((*guards.etypes, *ruled) if in_python else ruled))
        judging = _judging(forms, lenient, etypes, None if in_python else guards.undecided)
    nodes = tuple(facts.nodes)
    return CompiledQuery(
        replace(statement, reads=(*statement.reads, *guards.reads)),
        nodes,
        tuple(map(kind_of, values_of(nodes, asking))),
        tuple(guards.undecided),
        tuple(guards.decided),
        judging,
    )


def _judging(
    forms: tuple[Form, ...],
    guards: RuleGuards,
    etypes: tuple[str, ...],
    undecided: Sequence[Undecided] | None,
) -> CompiledJudging:
    """Its facts are those of the same rules, which the query's own statement has; and who asks.

    Without `undecided` everything is wanted of everybody.
    """
    ground = guards.ground
    rules = None if undecided is None else [each.rule for each in undecided]
    asks_of_asker = rules is None or any("auth" in free_names(each.expression) for each in rules)
    wanted = Wanted(
        {
            etype: _looked_at(
                ground.catalog, etype, "data", rules and [r for r in rules if r.etype == etype]
            )
            for etype in etypes
        },
        id_parameter(ground.facts.constant(AUTH_ID)) if asks_of_asker else None,
        _looked_at(ground.catalog, "$users", "auth", rules),
    )
    statement = candidates(ground.catalog, forms, guards, ground.numbers, wanted)
    return CompiledJudging(statement, tuple(ground.facts.nodes), etypes)


def _looked_at(
    catalog: AttrCatalog, etype: str, source: Literal["data", "auth"], rules: list[Rule] | None
) -> frozenset[str]:
    """The attrs of the etype that rules look at in `source`; all of them without rules.

    Of `auth` also the id, whose triple says whether the asker is there and since when.
    """
    wanted: set[str] | None = set()
    for labels in (None,) if rules is None else (labels_of(rule, source) for rule in rules):
        wanted = None if wanted is None or labels is None else wanted | labels
    if source == "auth" and wanted is not None:
        wanted |= {"id", "type"} if "isGuest" in wanted else {"id"}
    return frozenset(
        attr.id
        for attr in catalog.of_etype(etype)
        if (wanted is None or attr.label in wanted) and (source == "auth" or attr.label != "id")
    )
