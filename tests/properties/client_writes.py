"""Random writes of a stored world, as clients send them: every tx-step, through the write path.

As in `tests.properties.changes`, a step is drawn as numbers and read against what is stored when
its turn comes. What the server refuses changes nothing and is no failure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from tests.database.transact.writer import ADMIN
from tests.oracle.world import World
from tests.properties.worlds import ETYPES, OTHERS, POOLS, SCALARS
from triples.attrs.attr import Attr
from triples.attrs.catalog import AttrCatalog
from triples.attrs.store import load_catalog
from triples.sql.pool import Connection
from triples.transact.transact import transact
from wire.errors import InstantError
from wire.ids import new_id

T = TypeVar("T")

VALUE_KINDS: Final = (
    *("put", "put", "add", "add", "add", "add", "link", "link", "link", "merge", "increment"),
    *("retract", "unlink", "unlink", "delete", "delete anywhere"),
)
ATTR_KINDS: Final = (
    *("new property", "new link", "rename", "rename", "flags", "cascade"),
    *("delete attr", "restore attr"),
)
KINDS: Final = (*VALUE_KINDS * 4, *ATTR_KINDS)  # an altered schema means to compile all queries
LABELS: Final = ("a", "b", "c", "d", "nowhere", "l0", "l1", "r0", "r1")
# A value that does not fit into its row, so that the log leaves it out where it is not altered.
TOASTED: Final = tuple(Random(size).randbytes(size).hex() for size in (3_000, 6_000))

_STORED: Final = """
select entity_id::text, attr_id::text, value from triples where app_id = %s::uuid
order by entity_id, attr_id, value_md5
"""
_DELETED_ATTRS: Final = """
select id::text from attrs where app_id = %s::uuid and deletion_marked_at is not null order by id
"""


@dataclass(frozen=True, slots=True)
class Write:
    """One step before it meets the data: what, and three numbers to choose by."""

    kind: str
    which: int
    attr: int
    value: int


writes: st.SearchStrategy[tuple[Write, ...]] = st.lists(
    st.builds(
        Write,
        st.sampled_from(KINDS),
        st.integers(0, 1000),
        st.integers(0, 1000),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=3,
).map(tuple)


class WrittenWorld:
    """A stored world that clients write to; it asks the database what is there."""

    def __init__(self, conn: Connection, world: World) -> None:
        self._conn = conn
        self._app_id = world.app_id
        self._catalog: AttrCatalog = world.catalog
        self._stored: list[tuple[str, str, Any]] = []

    async def write(self, chosen: tuple[Write, ...]) -> None:
        """Send the steps as one transaction."""
        self._catalog = await load_catalog(self._conn, self._app_id)
        self._stored = await (await self._conn.execute(_STORED, (self._app_id,))).fetchall()
        steps = [step for write in chosen for step in await self._steps(write)]
        try:
            await transact(self._conn, self._app_id, steps, ADMIN)
        except InstantError:
            return

    async def _steps(self, write: Write) -> list[list[Any]]:
        if write.kind == "restore attr":
            hidden = await (await self._conn.execute(_DELETED_ATTRS, (self._app_id,))).fetchall()
            return [["restore-attr", hidden[write.attr % len(hidden)][0]]] if hidden else []
        return _STEPS[write.kind](self, write)

    # -- values --------------------------------------------------------------------------------

    def put(self, write: Write) -> list[list[Any]]:
        """A new entity with all its properties, or an old one's."""
        etype = ETYPES[write.which % len(ETYPES)]
        id_attr = self._catalog.id_attr(etype)
        if id_attr is None:
            return []
        entity = self._member(etype, write.value) if write.value % 3 == 0 else None
        entity = entity or new_id()
        return [
            ["add-triple", entity, id_attr.id, entity],
            *(
                ["add-triple", entity, attr.id, _value(attr, write.value)]
                for attr in self._properties(etype)
            ),
        ]

    def add(self, write: Write) -> list[list[Any]]:
        """A value for one attr of one entity, which may be named by a unique value."""
        attr = self._property(write.attr)
        entity = attr and self._entity_ref(attr.etype, write)
        if not attr or not entity:
            return []
        return [["add-triple", entity, attr.id, _value(attr, write.value)]]

    def link(self, write: Write) -> list[list[Any]]:
        """A link between two members."""
        attr = self._link(write.attr)
        entity = attr and self._member(attr.etype, write.which)
        target = attr and self._member(attr.reverse_etype or "", write.value)
        return [["add-triple", entity, attr.id, target]] if attr and entity and target else []

    def merge(self, write: Write) -> list[list[Any]]:
        """A patch of a value."""
        attr = self._property(write.attr)
        entity = attr and self._member(attr.etype, write.which)
        patch = {"a": write.value % 3, "b": None if write.value % 2 else {"c": 1}}
        return [["deep-merge-triple", entity, attr.id, patch]] if attr and entity else []

    def increment(self, write: Write) -> list[list[Any]]:
        """A number grows; other values are refused."""
        attr = self._property(write.attr)
        entity = attr and self._member(attr.etype, write.which)
        return [["increment-triple", entity, attr.id, write.value % 3]] if attr and entity else []

    def retract(self, write: Write) -> list[list[Any]]:
        """Any stored triple goes."""
        if not self._stored:
            return []
        return [["retract-triple", *self._stored[write.which % len(self._stored)]]]

    def unlink(self, write: Write) -> list[list[Any]]:
        """A stored link goes."""
        links = {attr.id for attr in self._catalog.attrs if attr.is_ref}
        stored = [triple for triple in self._stored if triple[1] in links]
        return [["retract-triple", *stored[write.which % len(stored)]]] if stored else []

    def delete(self, write: Write) -> list[list[Any]]:
        """An entity leaves its etype, with whatever a cascade takes along."""
        etype = ETYPES[write.attr % len(ETYPES)]
        entity = self._member(etype, write.which)
        return [["delete-entity", entity, etype]] if entity else []

    def delete_anywhere(self, write: Write) -> list[list[Any]]:
        """An entity leaves every etype."""
        entity = self._member(ETYPES[write.attr % len(ETYPES)], write.which)
        return [["delete-entity", entity]] if entity else []

    # -- attrs ---------------------------------------------------------------------------------

    def new_property(self, write: Write) -> list[list[Any]]:
        """A label that queries may have named before it existed, or the id of a new etype."""
        names = [(etype, LABELS[write.attr % len(LABELS)]) for etype in ETYPES]
        etype, label = [*names, ("zippy", "id")][write.which % (len(ETYPES) + 1)]
        return [["add-attr", _new_attr(etype, label, write.value)]]

    def new_link(self, write: Write) -> list[list[Any]]:
        """A link under names that queries may use."""
        etype, far = ETYPES[write.which % len(ETYPES)], ETYPES[write.value % len(ETYPES)]
        label = LABELS[write.attr % len(LABELS)]
        attr = _new_attr(etype, label, 0) | {
            "value-type": "ref",
            "cardinality": "many" if write.value % 2 else "one",
            "reverse-identity": [new_id(), far, LABELS[write.value % len(LABELS)]],
        }
        return [["add-attr", attr]]

    def rename(self, write: Write) -> list[list[Any]]:
        """Another name, at either end, now and then in another etype."""
        attr = self._any_attr(write.attr)
        if attr is None:
            return []
        label = LABELS[write.value % len(LABELS)]
        etype = ETYPES[write.which % len(ETYPES)] if write.value % 5 == 0 else attr.etype
        change: dict[str, Any] = {"forward-identity": [attr.forward_ident, etype, label]}
        if attr.reverse_ident and write.which % 2:
            change = {"reverse-identity": [attr.reverse_ident, attr.reverse_etype, label]}
        return [["update-attr", {"id": attr.id, **change}]]

    def flags(self, write: Write) -> list[list[Any]]:
        """Another set of index flags or another cardinality."""
        attr = self._any_attr(write.attr)
        if attr is None:
            return []
        changes: tuple[dict[str, Any], ...] = (
            {"index?": not attr.is_indexed},
            {"unique?": not attr.is_unique},
            {"cardinality": "many" if attr.cardinality_one else "one"},
        )
        return [["update-attr", {"id": attr.id, **changes[write.value % len(changes)]}]]

    def cascade(self, write: Write) -> list[list[Any]]:
        """A link that takes its ends along when the other one is deleted."""
        attr = self._link(write.attr)
        if attr is None:
            return []
        keys = ("on-delete", "on-delete-reverse")
        return [["update-attr", {"id": attr.id, keys[write.value % 2]: "cascade"}]]

    def delete_attr(self, write: Write) -> list[list[Any]]:
        """An attr is hidden with its values."""
        attr = self._any_attr(write.attr)
        return [["delete-attr", attr.id]] if attr else []

    # -- what is there ---------------------------------------------------------------------------

    def _properties(self, etype: str) -> list[Attr]:
        return [a for a in self._catalog.of_etype(etype) if a.is_blob and a.label != "id"]

    def _property(self, number: int) -> Attr | None:
        return _one_of([a for etype in ETYPES for a in self._properties(etype)], number)

    def _link(self, number: int) -> Attr | None:
        return _one_of([a for a in self._catalog.attrs if a.is_ref and a.catalog == "user"], number)

    def _any_attr(self, number: int) -> Attr | None:
        own = [a for a in self._catalog.attrs if a.catalog == "user" and a.label != "id"]
        return _one_of(own, number)

    def _member(self, etype: str, number: int) -> str | None:
        id_attr = self._catalog.id_attr(etype)
        members = [e for e, attr_id, _ in self._stored if id_attr and attr_id == id_attr.id]
        return _one_of(members, number)

    def _entity_ref(self, etype: str, write: Write) -> Any:
        """Mostly an id; sometimes a lookup, of an entity that exists or is made by it."""
        unique = [a for a in self._properties(etype) if a.is_unique]
        if unique and write.which % 4 == 0:
            return [unique[0].id, _value(unique[0], write.which)]
        return self._member(etype, write.which)


_STEPS: Final[dict[str, Callable[[WrittenWorld, Write], list[list[Any]]]]] = {
    "put": WrittenWorld.put,
    "add": WrittenWorld.add,
    "link": WrittenWorld.link,
    "merge": WrittenWorld.merge,
    "increment": WrittenWorld.increment,
    "retract": WrittenWorld.retract,
    "unlink": WrittenWorld.unlink,
    "delete": WrittenWorld.delete,
    "delete anywhere": WrittenWorld.delete_anywhere,
    "new property": WrittenWorld.new_property,
    "new link": WrittenWorld.new_link,
    "rename": WrittenWorld.rename,
    "flags": WrittenWorld.flags,
    "cascade": WrittenWorld.cascade,
    "delete attr": WrittenWorld.delete_attr,
}


def _new_attr(etype: str, label: str, number: int) -> dict[str, Any]:
    return {
        "id": new_id(),
        "forward-identity": [new_id(), etype, label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": label == "id",
        "index?": number % 2 == 1,
        **({"checked-data-type": "string"} if number % 3 == 2 else {}),
    }


def _value(attr: Attr, number: int) -> Any:
    pool = POOLS.get(attr.checked_data_type or "", SCALARS + OTHERS)
    if not attr.indexed and attr.checked_data_type in (None, "string"):
        pool = (*pool, *TOASTED)
    return (*pool, None)[number % (len(pool) + 1)]


def _one_of(found: list[T], number: int) -> T | None:
    return found[number % len(found)] if found else None
