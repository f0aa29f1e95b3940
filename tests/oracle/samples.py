"""The zeneca and movie sample apps as worlds (instaql.md §6).

The files are not part of this repository. They are looked for in the folder that
`TEST_SAMPLE_DATA` names and in `shared/data` beside the checkout; without them
the tests that need them are skipped, and say so.
"""

from __future__ import annotations

import os
import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tests.oracle.world import World, WorldBuilder
from triples.values.dates import parse_date
from wire import json

LOADED_AT_MS: Final = 1_700_000_000_000
_BESIDE_THE_CHECKOUT: Final = Path(__file__).parents[3] / "shared" / "data"
_NAMES: Final = uuid.UUID("6e9f7a52-1f0c-4f58-9a5e-b0f1f0c3a001")


def entity_id(world: str, key: Any) -> str:
    """The uuid that stands for an entity of a sample file."""
    return str(uuid.uuid5(_NAMES, f"{world}/{key}"))


def zeneca(*, checked: bool) -> World:
    """Users, their shelves and the books on them; `checked` adds types to the plain set-up."""
    builder = WorldBuilder()

    def blob(
        etype: str,
        label: str,
        checked_type: Any = None,
        *,
        unique: bool = False,
        indexed: bool = False,
    ) -> None:
        kind = checked_type if checked else None
        builder.blob(etype, label, kind, unique=unique, indexed=indexed)

    blob("users", "email", "string", unique=True, indexed=True)
    blob("users", "handle", "string", unique=True, indexed=True)
    blob("users", "fullName", "string")
    blob("users", "createdAt", "date")
    blob("bookshelves", "name")
    blob("bookshelves", "desc")
    blob("bookshelves", "order", "number", indexed=True)
    blob("books", "title", "string", indexed=True)
    blob("books", "description", "string")
    blob("books", "isbn13", "string", unique=True)
    blob("books", "pageCount")
    blob("books", "thumbnail")
    builder.link("users", "bookshelves", "bookshelves", "users")
    builder.link("bookshelves", "books", "books", "bookshelves")
    _add_zeneca(builder)
    builder.fill_nulls()
    return builder.build()


@cache
def plain() -> World:
    """Zeneca without types; the same world each time."""
    return zeneca(checked=False)


@cache
def checked() -> World:
    """Zeneca with types; the same world each time."""
    return zeneca(checked=True)


def _add_zeneca(builder: WorldBuilder) -> None:
    rows = _read("zeneca.json")
    created = {key: value for key, attr, value in rows if attr == "users/createdAt"}
    ids_first = sorted(rows, key=lambda row: not row[1].endswith("/id"))
    for key, name, value in ids_first:
        *link, etype, label = name.replace("/", "$").split("$")
        attr = builder.attrs.get((etype, label))
        if attr is None or name.startswith("db/") or value is None or value is False:
            continue
        at = parse_date(created[key]) // 1000 if key in created else LOADED_AT_MS
        refers = bool(link) or label == "id"
        stored = entity_id("zeneca", value) if refers else value
        builder.add(entity_id("zeneca", key), attr, stored, at)


def movies() -> World:
    """Movies, the people in them, and their sequels; nothing is indexed or typed."""
    builder = WorldBuilder()
    for etype, label in _MOVIE_BLOBS:
        builder.blob(etype, label)
    builder.link("movie", "director", "person", "directed")
    builder.link("movie", "cast", "person", "castIn")
    builder.link("movie", "sequel", "movie", "prequel")
    rows = _read("movie.json")
    for key in dict.fromkeys(key for key, _, _ in rows):
        etype = "person" if key < 200 else "movie"
        builder.entity(etype, entity_id("movie", key), LOADED_AT_MS)
    for key, name, value in rows:
        etype, label = name.split("/") if "/" in name else ("movie", name)
        attr = builder.attrs[etype, label]
        stored = entity_id("movie", value) if attr.is_ref else value
        builder.add(entity_id("movie", key), attr, stored, LOADED_AT_MS)
    return builder.build()


_MOVIE_BLOBS: Final = (
    ("movie", "title"),
    ("movie", "year"),
    ("movie", "trivia"),
    ("person", "name"),
    ("person", "born"),
    ("person", "death"),
)


def _read(name: str) -> list[list[Any]]:
    folder = Path(os.environ.get("TEST_SAMPLE_DATA", _BESIDE_THE_CHECKOUT))
    path = folder / name
    if not path.exists():
        pytest.skip(
            f"{name} is not in {folder}; say where the sample data is with TEST_SAMPLE_DATA",
            allow_module_level=True,
        )
    rows: list[list[Any]] = json.loads(path.read_bytes())
    return rows
