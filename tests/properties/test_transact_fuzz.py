"""Whatever is sent as tx-steps, the answer is a documented error or a complete write.

Nothing else may be raised, nothing half-written may stay, and no value from a payload may appear in
a log line at error level.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import hypothesis
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Effort
from tests.database.transact.writer import ADMIN, GUEST, Writer
from triples import tenants
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.management.database import connect
from triples.sql.pool import Connection
from triples.transact.transact import transact
from wire import json
from wire.errors import InstantError

pytestmark = pytest.mark.database

EXAMPLES: Final = 10_000
CAMPAIGN_EXAMPLES: Final = 200_000
EXAMPLES_PER_APP: Final = 25
CANARY: Final = "canary-value"

ENTITIES: Final = [f"00000000-0000-4000-8000-{n:012}" for n in range(6)]
ATTRS: Final = [f"00000000-0000-4000-9000-{n:012}" for n in range(8)]
SYSTEM: Final = [a.id for a in SYSTEM_ATTRS if a.etype in ("$users", "$files")]

# Everything a guest or an admin can leave behind, in one number.
_FINGERPRINT: Final = """
select
  (select coalesce(sum(hashtextextended(t::text, 0)), 0) from triples as t where app_id = %(app)s),
  (select coalesce(sum(hashtextextended(a::text, 0)), 0) from attrs as a where app_id = %(app)s),
  (select coalesce(sum(hashtextextended(i::text, 0)), 0) from idents as i where app_id = %(app)s),
  (select max(id) from transactions where app_id = %(app)s)
"""

ids = st.sampled_from(ENTITIES + ATTRS + SYSTEM)
names = st.sampled_from(["a", "b", "id", "title", "$users", "$files", "$moop", "email", " ", ""])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([CANARY, "2025-01-01", "now", "\0", "x" * 1100, "1e999", "\ud7ff"]),
    ids,
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
lookups = st.tuples(st.sampled_from(ATTRS + SYSTEM), values).map(list)
entities = st.one_of(st.sampled_from(ENTITIES), st.sampled_from(ENTITIES), lookups, values)
attrs = st.one_of(st.sampled_from(ATTRS), st.sampled_from(ATTRS), st.sampled_from(SYSTEM), values)
options = st.sampled_from([{"mode": "create"}, {"mode": "update"}, {"mode": "upsert"}, None, {}, 7])
identities = st.tuples(ids, names, names).map(list)
definitions = st.fixed_dictionaries(
    {
        "id": st.sampled_from(ATTRS + SYSTEM),
        "forward-identity": identities,
        "value-type": st.sampled_from(["blob", "blob", "ref", "x"]),
        "cardinality": st.sampled_from(["one", "many"]),
        "unique?": st.booleans(),
        "index?": st.booleans(),
    },
    optional={
        "reverse-identity": identities,
        "required?": st.booleans() | st.none(),
        "checked-data-type": st.sampled_from(["string", "number", "boolean", "date", None, "x"]),
        "on-delete": st.sampled_from(["cascade", None]),
        "on-delete-reverse": st.sampled_from(["cascade", None]),
        "isUnsynced": st.booleans(),
    },
)
changes = st.fixed_dictionaries(
    {"id": st.sampled_from(ATTRS + SYSTEM)},
    optional={
        "forward-identity": identities,
        "reverse-identity": identities,
        "value-type": st.sampled_from(["blob", "ref"]),
        "cardinality": st.sampled_from(["one", "many"]),
        "unique?": st.booleans(),
        "index?": st.booleans(),
        "required?": st.booleans(),
        "on-delete": st.sampled_from(["cascade", None]),
    },
)


def step(name: str, *parts: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Steps of one op."""
    return st.tuples(st.just(name), *parts).map(list)


steps = st.one_of(
    step("add-triple", entities, attrs, values | lookups, options),
    step("add-triple", entities, attrs, values | lookups),
    step("add-triple", entities, attrs, values | lookups),
    step("deep-merge-triple", entities, attrs, values, options),
    step("retract-triple", entities, attrs, values),
    step("increment-triple", entities, attrs, scalars),
    step("expect-triple", entities, attrs, values | lookups),
    step("delete-entity", entities, names),
    step("delete-entity", entities),
    step("rule-params", entities, names, values),
    step("add-attr", definitions),
    step("add-attr", definitions),
    step("update-attr", changes),
    step("delete-attr", attrs),
    step("restore-attr", attrs),
    values.map(lambda value: [value]),
    values,
)

# Steps that are likely to be accepted, so that wrong ones meet stored data.
members = st.sampled_from(ENTITIES)
sound = st.one_of(
    members.map(lambda entity: ["add-triple", entity, ATTRS[0], entity]),
    step("add-triple", members, st.just(ATTRS[1]), st.text("abcdef", max_size=3)),
    step("add-triple", members, st.just(ATTRS[2]), st.integers(-9, 9) | st.none()),
    step("deep-merge-triple", members, st.just(ATTRS[3]), st.sampled_from(["now", 0, None])),
    step("add-triple", members, st.just(ATTRS[4]), members),
    step("retract-triple", members, st.just(ATTRS[5]), members),
    step("increment-triple", members, st.just(ATTRS[2]), st.integers(-9, 9)),
    step("delete-entity", members, st.sampled_from(["users", "books"])),
)
step_lists = st.one_of(
    st.lists(sound, max_size=4),
    st.lists(sound, max_size=4),
    st.lists(sound | steps, max_size=4),
    st.lists(steps, max_size=6),
    values,
)


def test_any_steps_are_written_or_refused(
    seed: int, effort: Effort, django_db_setup: None, caplog: pytest.LogCaptureFixture
) -> None:
    with asyncio.Runner() as runner:
        conn, closing = runner.run(_connected())
        writer: Writer | None = None
        outcomes: list[bool] = []

        @hypothesis.seed(seed)
        @settings(
            max_examples=effort.cases(EXAMPLES, CAMPAIGN_EXAMPLES),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(step_lists, st.booleans())
        def survives(tx_steps: Any, is_admin: bool) -> None:
            nonlocal writer
            if len(outcomes) % EXAMPLES_PER_APP == 0:
                writer = runner.run(_app(conn))
            outcomes.append(runner.run(_write(writer, tx_steps, is_admin)))

        try:
            survives()
        finally:
            runner.run(closing.__aexit__(None, None, None))
    assert len(outcomes) / 10 < sum(outcomes) < len(outcomes) * 9 / 10
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not [record for record in loud if CANARY in record.getMessage()]
    assert not loud


async def _connected() -> tuple[Connection, Any]:
    closing = connect()
    return await closing.__aenter__(), closing


async def _app(conn: Connection) -> Writer:
    """A fresh app, since attrs get lost; their ids are the same, so the old app gives them up."""
    await conn.execute("delete from idents where attr_id = any(%s::uuid[])", (ATTRS,))
    await conn.execute("delete from attrs where id = any(%s::uuid[])", (ATTRS,))
    writer = Writer(conn, (await tenants.create_app(conn, "fuzz")).app.id)
    names = ("users.id", "users.email", "users.age", "users.born", "books.author", "books.tags")
    writer.attr_ids |= dict(zip(names, ATTRS, strict=False))
    await writer.write(
        writer.add_attr("users.id"),
        writer.add_attr("users.email", unique=True, indexed=True, checked="string"),
        writer.add_attr("users.age", indexed=True, checked="number"),
        writer.add_attr("users.born", indexed=True, checked="date"),
        writer.add_attr("books.author", to="users.books", on_delete="cascade"),
        writer.add_attr("books.tags", to="users.tagged", cardinality="many", unique=True),
    )
    return writer


async def _write(writer: Writer | None, tx_steps: Any, is_admin: bool) -> bool:
    assert writer is not None
    before = await _fingerprint(writer)
    try:
        await transact(writer.conn, writer.app_id, tx_steps, ADMIN if is_admin else GUEST)
    except InstantError as error:
        refusal = error
    else:
        assert await _fingerprint(writer) != before, "an accepted write has a tx id"
        return True
    assert json.dumps(refusal.to_wire()), "an error that cannot be sent"
    assert await _fingerprint(writer) == before
    return False


async def _fingerprint(writer: Writer) -> Any:
    return await (await writer.conn.execute(_FINGERPRINT, {"app": writer.app_id})).fetchone()
