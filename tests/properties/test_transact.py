"""Random transactions do what a plain model of the rules says: same data, same kind of error."""

from __future__ import annotations

import asyncio
import uuid
from random import Random
from typing import Any, Final

import pytest

from tests.conftest import Effort
from tests.database.transact.writer import Writer
from tests.properties.write_model import Model, Refused, Spec, Step
from triples import tenants
from triples.management.database import connect
from wire import json
from wire.errors import InstantError

pytestmark = pytest.mark.database

SEQUENCES: Final = 1_000
CAMPAIGN_SEQUENCES: Final = 20_000
WRITES_EACH: Final = 6

ATTRS: Final = {
    "users.id": Spec(unique=True),
    "users.email": Spec(unique=True, indexed=True, checked="string"),
    "users.age": Spec(indexed=True, checked="number"),
    "users.meta": Spec(),
    "users.nicks": Spec(many=True),
    "users.friends": Spec(far="users", many=True),
    "books.id": Spec(unique=True),
    "books.title": Spec(indexed=True, required=True),
    "books.author": Spec(far="users", on_delete=True),
    "books.cover": Spec(far="users", unique=True),
    "books.parts": Spec(far="books", many=True, unique=True, on_delete_reverse=True),
}
EMAILS: Final = ("a", "b", "c", None)
MERGED: Final = {
    "users": ("users.meta", "users.meta", "users.age", "users.friends"),
    "books": ("books.title", "books.title", "books.author"),
}
PATCHES: Final[tuple[Any, ...]] = (
    {"a": {"b": 1}},
    {"a": {"c": None, "b": 2}},
    {"a": None},
    None,
    [1],
    "x",
    {},
)


def test_random_writes_do_what_the_model_says(
    seed: int, effort: Effort, django_db_setup: None
) -> None:
    asyncio.run(_sequences(seed, effort.cases(SEQUENCES, CAMPAIGN_SEQUENCES)))


async def _sequences(seed: int, count: int) -> None:
    refused = written = 0
    async with connect() as conn:
        for number in range(count):
            rng = Random(f"{seed}/{number}")
            writer = Writer(conn, (await tenants.create_app(conn, "model")).app.id)
            await writer.write(*(_defined(writer, name) for name in ATTRS))
            model = Model(ATTRS)
            for _ in range(WRITES_EACH):
                steps = [s for _ in range(rng.randrange(1, 5)) for s in _steps(rng, writer)]
                if await _both_agree(writer, model, steps, f"sequence {seed}/{number}"):
                    written += 1
                else:
                    refused += 1
            assert await writer.attrs_with_wrong_flags() == set(), f"sequence {seed}/{number}"
    assert min(refused, written) > count, "nearly everything was refused, or nearly nothing"


async def _both_agree(writer: Writer, model: Model, steps: list[Step], name: str) -> bool:
    """Write with both, compare; whether the write was accepted."""
    expected: frozenset[str | None] = frozenset((None,))
    actual = None
    try:
        model.write(steps)
    except Refused as refusal:
        expected = frozenset(refusal.types)
    try:
        await writer.write(*(_wire(writer, step) for step in steps))
    except InstantError as refusal:
        actual = refusal.type
    assert actual in expected, f"{name}: {steps}"
    stored = await _stored(writer)
    _name_new_entities(model, stored)
    assert stored == _canonical(model), f"{name}: {steps}"
    return actual is None


def _defined(writer: Writer, name: str) -> list[Any]:
    spec = ATTRS[name]
    far = None if spec.far is None else f"{spec.far}.of_{name.replace('.', '_')}"
    return writer.add_attr(
        name,
        to=far,
        cardinality="many" if spec.many else "one",
        unique=spec.unique,
        indexed=spec.indexed,
        required=spec.required,
        checked=spec.checked,
        on_delete="cascade" if spec.on_delete else None,
        on_delete_reverse="cascade" if spec.on_delete_reverse else None,
    )


def _steps(rng: Random, writer: Writer) -> list[Step]:
    """A whole book with a link, which has what is required, or any single step."""
    if rng.random() < 0.7:
        return [_step(rng, writer)]
    book = writer.entity(str(rng.randrange(4)))
    link = rng.choice(("books.author", "books.cover", "books.parts"))
    target = writer.entity(str(rng.randrange(4)))
    values = {"books.id": book, "books.title": "T", link: target}
    return [Step("add-triple", book, attr, value) for attr, value in values.items()]


def _step(rng: Random, writer: Writer) -> Step:
    op = rng.choices(
        ("add-triple", "deep-merge-triple", "retract-triple", "delete-entity", "increment-triple",
         "expect-triple"),
        (12, 3, 2, 4, 1, 1),
    )[0]  # fmt: skip
    etype = rng.choice(("users", "books"))
    entity: Any = writer.entity(str(rng.randrange(4)))
    if rng.random() < 0.2:
        etype, entity = "users", ("by", "users.email", rng.choice(EMAILS[:3]))
    if op == "delete-entity":
        return Step(op, entity, etype)
    names = [name for name in ATTRS if name.startswith(etype)]
    links = [name for name in names if ATTRS[name].far is not None]
    attr = rng.choice(names + links)
    if op == "deep-merge-triple":
        attr = rng.choice(MERGED[etype])
    if op == "increment-triple":
        attr = "users.age" if etype == "users" else "books.title"
    mode = rng.choice((None, None, None, "create", "update", "upsert"))
    if op in ("retract-triple", "increment-triple", "expect-triple"):
        mode = None
    return Step(op, entity, attr, _value(rng, writer, op, entity, attr), mode)


def _value(rng: Random, writer: Writer, op: str, entity: Any, attr: str) -> Any:
    if op == "increment-triple":
        return rng.choice((1, -2, 0.5))
    if op == "deep-merge-triple" and ATTRS[attr].far is None:
        return rng.choice(PATCHES)
    if attr.endswith(".id"):
        return entity if isinstance(entity, str) or op == "add-triple" else writer.entity("0")
    if ATTRS[attr].far is not None:
        target = writer.entity(str(rng.randrange(4)))
        by_email = ("by", "users.email", rng.choice(EMAILS[:3]))
        return rng.choices((target, by_email, "nobody"), (8, 2 if op != "expect-triple" else 0, 1))[
            0
        ]
    match attr:
        case "users.email":
            return rng.choice((*EMAILS, *EMAILS, 7, "x" * 1013))
        case "users.age":
            return rng.choice((1, 1.0, 2, -0.5, None, "old"))
        case "books.title":
            return rng.choice(("T", "U", {"t": 1}, None, "x" * 1012))
        case _:
            return rng.choice(("x", 1, True, None, [], {"a": {"b": 1}}))


def _wire(writer: Writer, step: Step) -> list[Any]:
    def named(value: Any) -> Any:
        return writer.by(value[1], value[2]) if isinstance(value, tuple) else value

    if step.op == "delete-entity":
        return [step.op, named(step.entity), step.attr]
    options = [] if step.mode is None else [{"mode": step.mode}]
    return [step.op, named(step.entity), writer.attr(step.attr), named(step.value), *options]


Canonical = dict[tuple[str, str], list[bytes]]


async def _stored(writer: Writer) -> Canonical:
    names = {attr_id: name for name, attr_id in writer.attr_ids.items()}
    stored: Canonical = {}
    for entity, attr_id, value in await writer.rows():
        stored.setdefault((entity, names[attr_id]), []).append(json.canonical(value))
    return {key: sorted(values) for key, values in stored.items()}


def _canonical(model: Model) -> Canonical:
    return {
        key: sorted(json.canonical(value) for value in values)
        for key, values in model.values.items()
    }


def _name_new_entities(model: Model, stored: Canonical) -> None:
    """The server chose random ids for entities made by a lookup: find them by their email."""
    for entity in {entity for entity, _ in model.values if not _is_uuid(entity)}:
        email = sorted(json.canonical(v) for v in model.get(entity, "users.email"))
        for (other, attr), values in stored.items():
            if attr == "users.email" and values == email:
                model.rename(entity, other)


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
