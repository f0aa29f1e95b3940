"""Changing `$` rows of an app: look and decide under a lock, then write all of it at once.

The lock is for what the change is about (an address, a provider's user), so that a code opens once
and an address has one user, whichever processes are asked. It is PostgreSQL's and not the app's
own: other writes of the app do not wait while sign-in looks and decides. Rows are written by the
same pipeline as everybody's (`triples.transact`), as an admin's: live queries, tx ids and cascades
are the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from auth_app.system_attrs import attr_id
from triples import tenants
from triples.sql.pool import Connection
from triples.sql.turns import WRITES
from triples.transact.author import Author
from triples.transact.transact import transact
from wire.errors import AppDisabled, AppReadOnly
from wire.ids import new_id

_ADMIN: Final = Author(is_admin=True, user_id=None)
# Seeded otherwise than the lock of the app's writes, which `transact` takes for itself.
_LOCK: Final = "select pg_advisory_lock(hashtextextended(%s, 1))"
_UNLOCK: Final = "select pg_advisory_unlock_all()"


@dataclass(slots=True)
class AccountWrite:
    """What is going to be written; nothing is, before `save`.

    `conn` is in autocommit, and shows what was saved.
    """

    conn: Connection
    app: tenants.App
    _steps: list[list[Any]] = field(default_factory=list)

    @property
    def app_id(self) -> str:
        """The app's id."""
        return self.app.id

    def create(self, etype: str, fields: Mapping[str, Any], entity_id: str | None = None) -> str:
        """A new entity with built-in fields; its id."""
        entity_id = entity_id or new_id()
        self.set(etype, entity_id, {"id": entity_id, **fields})
        return entity_id

    def set(self, etype: str, entity_id: str, fields: Mapping[str, Any]) -> None:
        """Give an entity values of built-in fields."""
        self.set_attrs(entity_id, {attr_id(etype, name): value for name, value in fields.items()})

    def set_attrs(self, entity_id: str, values: Mapping[str, Any]) -> None:
        """Give an entity values of attrs, by their ids."""
        self._steps += [["add-triple", entity_id, attr, value] for attr, value in values.items()]

    def delete(self, etype: str, entity_id: str) -> None:
        """Delete an entity and what follows it by cascade."""
        self._steps.append(["delete-entity", entity_id, etype])

    def forget(self) -> None:
        """Do not write what was asked for since the last time."""
        self._steps.clear()

    async def save(self) -> None:
        """Write and commit what was asked for since the last time; all of it or nothing."""
        steps, self._steps = self._steps, []
        if steps:
            await transact(self.conn, self.app_id, steps, _ADMIN)


@asynccontextmanager
async def account_write(app_id: str, *about: str) -> AsyncIterator[AccountWrite]:
    """Write to an app's accounts, alone with everything that is `about` the same.

    What is left to save at the end of the block is saved, unless it raises. Raises
    `RecordNotFound`, `AppReadOnly` or `AppDisabled` where the app takes no writes.
    """
    async with WRITES.connection(app_id) as conn:
        app = await tenants.find_app(conn, app_id)
        if app.status == "disabled":
            raise AppDisabled
        if app.status == "read-only":
            raise AppReadOnly
        async with _alone(conn, [f"{app_id} {subject}" for subject in about]):
            write = AccountWrite(conn, app)
            yield write
            await write.save()


@asynccontextmanager
async def _alone(conn: Connection, names: Iterable[str]) -> AsyncIterator[None]:
    """Hold a lock for each name; in one order everywhere, so that nobody waits in a circle."""
    wanted = sorted(set(names))
    try:
        for name in wanted:
            await conn.execute(_LOCK, (name,))
        yield
    finally:
        if wanted:
            await _let_go(conn)


async def _let_go(conn: Connection) -> None:
    """The locks end with the connection; one that cannot say so must not go back to the pool."""
    try:
        await conn.execute(_UNLOCK)
    except BaseException:
        await conn.close()
        raise
