"""Writes in words: attrs by `etype.label`, entities by nickname, rows as what they mean."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from triples.sql.pool import Connection
from triples.transact.transact import Author, Transacted, transact
from wire.errors import InstantError
from wire.ids import new_id

ADMIN = Author(is_admin=True, user_id=None)
GUEST = Author(is_admin=False, user_id=None)

_ROWS = """
select entity_id, attr_id, value from triples where app_id = %s::uuid order by entity_id, attr_id
"""
# Rows whose flags or type are not their attr's. Null where there is no such attr.
_WRONG_FLAGS = """
select triples.attr_id
from triples join attrs on attrs.id = triples.attr_id
where triples.app_id = %s::uuid
  and attrs.deletion_marked_at is null
  and (ea, eav, vae, av, ave, triples.checked_data_type, sort_key is not null) is distinct from (
    cardinality = 'one', value_type = 'ref', value_type = 'ref', is_unique, is_indexed,
    attrs.checked_data_type, is_indexed and attrs.checked_data_type is not null
  )
"""


@dataclass
class Writer:
    """Writes to one app, as an admin or, by default, as a guest."""

    conn: Connection
    app_id: str
    attr_ids: dict[str, str] = field(default_factory=dict)

    def entity(self, nickname: str) -> str:
        """The same id for the same nickname."""
        return str(uuid.uuid5(uuid.UUID(self.app_id), nickname))

    def attr(self, name: str) -> str:
        """The id of the attr `etype.label`."""
        return self.attr_ids[name]

    def add_attr(self, name: str, *, to: str | None = None, **properties: Any) -> list[Any]:
        """An `add-attr` step; `to` names the far side of a link, `etype.label`."""
        attr_id = self.attr_ids.setdefault(name, new_id())
        attr: dict[str, Any] = {
            "id": attr_id,
            "forward-identity": [_ident(attr_id, "forward"), *name.split(".", 1)],
            "value-type": "blob" if to is None else "ref",
            "cardinality": "one",
            "unique?": name.endswith(".id"),
            "index?": False,
        }
        if to is not None:
            attr["reverse-identity"] = [_ident(attr_id, "reverse"), *to.split(".", 1)]
        return ["add-attr", attr | {_KEYS.get(k, k): v for k, v in properties.items()}]

    def add(self, nickname: str, name: str, value: Any, mode: str | None = None) -> list[Any]:
        """An `add-triple` step."""
        options = [] if mode is None else [{"mode": mode}]
        return ["add-triple", self.entity(nickname), self.attr(name), value, *options]

    def put(self, nickname: str, etype: str, mode: str | None = None, **values: Any) -> list[Any]:
        """The steps that clients send for `create` and `update`."""
        own = self.add(nickname, f"{etype}.id", self.entity(nickname), mode)
        return [
            own,
            *(self.add(nickname, f"{etype}.{label}", v, mode) for label, v in values.items()),
        ]

    def by(self, name: str, value: Any) -> list[Any]:
        """A lookup."""
        return [self.attr(name), value]

    async def write(
        self, *steps: list[Any], author: Author = ADMIN, event: str | None = None
    ) -> Transacted:
        """Commit the steps."""
        return await transact(self.conn, self.app_id, list(steps), author, client_event_id=event)

    async def refusal(self, *steps: Any, author: Author = ADMIN) -> InstantError:
        """The error that the steps are answered with; nothing may be stored."""
        before = await self.rows()
        try:
            await self.write(*steps, author=author)
        except InstantError as error:
            assert await self.rows() == before, "a refused write left something behind"
            return error
        raise AssertionError("the write was accepted")

    async def rows(self) -> list[tuple[str, str, Any]]:
        """Everything stored, by ids."""
        return list(await (await self.conn.execute(_ROWS, (self.app_id,))).fetchall())

    async def stored(self, nickname: str) -> dict[str, Any]:
        """What an entity has: a value by name, or a list where there are several."""
        return await self.stored_of(self.entity(nickname))

    async def stored_of(self, entity_id: str) -> dict[str, Any]:
        """What the entity with this id has."""
        names = {attr_id: name for name, attr_id in self.attr_ids.items()}
        found: dict[str, list[Any]] = {}
        for entity, attr_id, value in await self.rows():
            if entity == entity_id:
                found.setdefault(names.get(attr_id, attr_id), []).append(value)
        return {k: v[0] if len(v) == 1 else v for k, v in found.items()}

    async def entities(self) -> set[str]:
        """The ids that have any triple."""
        return {entity for entity, _, _ in await self.rows()}

    async def attrs_with_wrong_flags(self) -> set[str]:
        """Attrs of triples that say something else than their attr."""
        return {
            row[0]
            for row in await (await self.conn.execute(_WRONG_FLAGS, (self.app_id,))).fetchall()
        }


_KEYS = {
    "unique": "unique?",
    "indexed": "index?",
    "required": "required?",
    "checked": "checked-data-type",
    "on_delete": "on-delete",
    "on_delete_reverse": "on-delete-reverse",
}


def _ident(attr_id: str, side: str) -> str:
    return str(uuid.uuid5(uuid.UUID(attr_id), side))
