"""What one attempt at a write knows so far; the files that execute steps read and extend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.permissions.rules import Rules
from triples.sql.pool import Connection
from triples.transact.author import Author
from triples.transact.existence import Existence
from triples.transact.steps import EntityRef, Lookup
from wire.errors import SqlRaise


@dataclass(frozen=True, slots=True)
class Row:
    """A triple to be stored; its flags and type are its attr's."""

    entity_id: str
    attr: Attr
    value: Any
    sort_key: bytes | None


@dataclass(slots=True)
class Work:
    """One attempt: the connection inside its transaction, and what has been learnt and done.

    `catalog` holds the attrs as they are after the steps executed so far.
    """

    conn: Connection
    app_id: str
    author: Author
    event_hashes: list[str]
    catalog: AttrCatalog
    existence: Existence
    """What is known of the entities before this write."""
    rules: Rules
    """The app's permission rules; not asked where the author is an admin."""
    gathers_verdicts: bool = False
    """Whether the write is only tried: what rules say is gathered, and a denial ends nothing."""
    is_judged: bool = False
    """Whether rules were asked; what they were asked about must be what is written."""
    tx_id: int | None = None
    reserved: dict[Lookup, str] = field(default_factory=dict)
    """Ids of entities that lookups make, decided before they are made."""
    resolved: dict[Lookup, str] = field(default_factory=dict)
    touched: set[tuple[str, str]] = field(default_factory=set)
    """Entity and attr of rows that were written or removed, where an etype requires attrs."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Kinds of values that attrs have not remembered yet, as bits."""
    has_queued_jobs: bool = False
    new_attrs: dict[str, Attr] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    """The rows of the statement at hand: when PostgreSQL refuses one, its value is found here."""

    def attr(self, attr_id: str) -> Attr:
        """The attr with this id; raises `SqlRaise` where there is none."""
        attr = self.catalog.by_id(attr_id)
        if attr is None:
            raise SqlRaise(f"We could not find an attribute with id = '{attr_id}'")
        return attr

    def attrs_by_id(self) -> Mapping[str, Attr]:
        """The current attrs."""
        return self.catalog.by_ids

    def entity(self, entity: EntityRef) -> str | None:
        """The entity's id; None for a lookup that names nobody."""
        return self.resolved.get(entity) if isinstance(entity, Lookup) else entity

    def required_attr_ids(self) -> list[str]:
        """The attrs of etypes that require any: changes of their triples must be checked."""
        return self.catalog.ids_where_required
