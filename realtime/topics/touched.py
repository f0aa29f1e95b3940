"""What one committed transaction touched in one app, in the form that topics are matched with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from realtime.changes.change import TripleChange, TxChanges
from wire import json


class TouchedTriple(NamedTuple):
    """A changed triple: every value it had or has, as canonical JSON."""

    entity_id: str
    attr_id: str
    values: tuple[bytes, ...]


@dataclass(frozen=True)
class Touched:
    """All of it: triples, attrs with the etypes that name them, or simply everything."""

    triples: tuple[TouchedTriple, ...] = ()
    attr_ids: frozenset[str] = frozenset()
    etypes: frozenset[str] = frozenset()
    everything: bool = False

    def attrs_of(self, entity_id: str) -> set[str]:
        """The attrs under which triples of the entity were touched."""
        return self._attrs_by_entity.get(entity_id, set())

    @cached_property
    def _attrs_by_entity(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for triple in self.triples:
            found.setdefault(triple.entity_id, set()).add(triple.attr_id)
        return found


_WORDS: Final = frozenset((b"true", b"false", b"null"))
_EXACT_DIGITS: Final = 15  # a longer number may be beyond what floats hold exactly

EVERYTHING = Touched(everything=True)


def touched_by(changes: TxChanges) -> Touched:
    """Read a transaction's changes; rules decide about every row, so they touch everything."""
    attr_ids = frozenset(change.attr_id for change in changes.attr_changes)
    if changes.truncated or changes.rules_changed:
        return Touched(attr_ids=attr_ids, everything=True) if attr_ids else EVERYTHING
    etypes: set[str] = set()
    for attr_change in changes.attr_changes:
        etypes |= attr_change.etypes
    return Touched(
        triples=tuple(_touched_triple(change) for change in changes.triple_changes),
        attr_ids=attr_ids,
        etypes=frozenset(etypes),
    )


def link_target(value: bytes) -> str | None:
    """The id in a canonical JSON string that could be a link's value."""
    if len(value) == 38 and value[0] == 34:
        return value[1:37].decode()
    return None


def _touched_triple(change: TripleChange) -> TouchedTriple:
    values = {_canonical(text) for text in (change.old, change.new) if text is not None}
    return TouchedTriple(change.entity_id, change.attr_id, tuple(values))


def _canonical(text: bytes) -> bytes:
    """The canonical spelling of what PostgreSQL wrote; most texts have it already."""
    if text.startswith(b'"'):
        if b"\\" not in text:
            return text
    elif text in _WORDS or (len(text) <= _EXACT_DIGITS and text.isdigit()):
        return text
    return json.canonical(json.loads(text))
