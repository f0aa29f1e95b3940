"""What a rule looks at when Python decides it, as reads: the same as SQL would state, or more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from triples.attrs.catalog import AttrCatalog
from triples.instaql.dependencies import fixed
from triples.instaql.reads import Anything, ConditionRead, EntityRead, NamesRead, Read, ReadOf
from triples.permissions.rules import Rule
from triples.permissions.tree import Index, Literal, Name, Node, Ref, Select, children, nodes_of


def labels_of(rule: Rule, source: str) -> frozenset[str] | None:
    """The labels of `data` or `auth` that the rule looks at; None for whole entities."""
    if source in _whole_entities(rule.expression):
        return None
    return frozenset(label for name, label in _fields(rule.expression) if name == source)


def reads_of_rule(rule: Rule, catalog: AttrCatalog, user_slot: int | None) -> Iterator[ReadOf]:
    """Reads of `data`, of the asker's row, and of links.

    `user_slot` holds the asker's id; None for a rule that names no `auth`.
    """
    for source, labels in _looked_at(rule.expression):
        etype = "$users" if source == "auth" else rule.etype
        if len(labels) != 1:
            yield from _path(catalog, etype, labels)
            continue
        attr = catalog.forward(etype, labels[0])
        if attr is None:
            yield fixed(NamesRead())
        elif source == "auth":
            yield _of_asker(user_slot, frozenset((attr.id,)))
        else:
            yield fixed(ConditionRead(attr.id, Anything()))
    for source in _whole_entities(rule.expression):
        etype = "$users" if source == "auth" else rule.etype
        yield fixed(NamesRead())
        ids = [attr.id for attr in catalog.of_etype(etype)]
        if source == "auth":
            yield _of_asker(user_slot, frozenset(ids))
        else:
            yield from (fixed(ConditionRead(attr_id, Anything())) for attr_id in ids)


def _path(catalog: AttrCatalog, etype: str, labels: tuple[str, ...]) -> Iterator[ReadOf]:
    for label in labels:
        found = catalog.resolve(etype, label)
        if found is None:
            yield fixed(NamesRead())
            return
        attr, direction = found
        yield fixed(ConditionRead(attr.id, Anything()))
        etype = (attr.reverse_etype if direction == "forward" else attr.etype) or ""


def _of_asker(slot: int | None, attr_ids: frozenset[str]) -> ReadOf:
    def read(constants: tuple[Any, ...]) -> Read:
        return EntityRead(None if slot is None else constants[slot], attr_ids)

    return read


def _looked_at(node: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Single labels of `data` and `auth`, and the paths of refs."""
    for each in nodes_of(node):
        if isinstance(each, Ref):
            yield each.source, each.path
    yield from ((source, (label,)) for source, label in _fields(node))


def _fields(node: Node) -> Iterator[tuple[str, str]]:
    for each in nodes_of(node):
        match each:
            case Select(Name("data" | "auth" as source), label):
                yield source, label
            case Index(Name("data" | "auth" as source), Literal(str() as label)):
                yield source, label


def _whole_entities(node: Node) -> Iterator[str]:
    """`data` or `auth` where they stand for the whole entity."""
    match node:
        case Name("data" | "auth" as source):
            yield source
        case Select(Name("data" | "auth"), _) | Index(Name("data" | "auth"), Literal(str())):
            return
        case _:
            for child in children(node):
                yield from _whole_entities(child)
