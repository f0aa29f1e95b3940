"""What the designs are asked, as one statement a question, and the operands to ask with.

Operands are drawn from what is stored, from the biggest app and from a middling one, so that
each round asks for something else and finds something.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import psycopg

from bench.physical_design.designs import Design
from triples.attrs.attr import CheckedDataType
from triples.values.sort_key import sort_key

PAGE_ROWS: Final = 20
RANGE_ROWS: Final = 100
DAY_MS: Final = 86_400_000

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A named statement for each design, and a way to draw its operands."""

    name: str
    statement: Callable[[Design], str]
    draw: Callable[[World, random.Random], Values]
    operands: tuple[tuple[str, CheckedDataType], ...] = ()

    def values(self, drawn: Values, design: Design) -> Values:
        """The operands as the design takes them: sort keys where it has such a column."""
        if not design.has_columns:
            return {**drawn, **self._instants(drawn)}
        keys = {name: sort_key(drawn[name], checked) for name, checked in self.operands}
        return {**drawn, **keys}

    def _instants(self, drawn: Values) -> Values:
        return {
            name: psycopg_instant(drawn[name])
            for name, checked in self.operands
            if checked == "date"
        }


def psycopg_instant(ms: int) -> str:
    """Milliseconds as text that PostgreSQL casts to `timestamptz`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class World:
    """Ids and stored values of one app to ask about."""

    app: str
    attrs: dict[str, str]
    emails: list[str]
    posts: list[str]
    written_at: list[int]

    def values(self, label: str, **more: Any) -> Values:
        """Operands that name the app and an attr."""
        return {"app": self.app, "attr": self.attrs[label], **more}


_ATTRS: Final = "select etype || '.' || label, id from attrs where app_id = %s::uuid"
_STORED: Final = """
select value from triples
where app_id = %s::uuid and attr_id = %s::uuid and value <> 'null'::jsonb
limit 5000
"""


def world(conn: psycopg.Connection[Any], rank: int) -> World:
    """The app with the rank-th most triples."""
    row = conn.execute(
        "select app_id from triples group by app_id order by count(*) desc offset %s limit 1",
        (rank - 1,),
    ).fetchone()
    if row is None:
        raise SystemExit("Too few apps: run `manage.py load_sample` first.")
    app = str(row[0])
    attrs = {name: str(attr_id) for name, attr_id in conn.execute(_ATTRS, (app,))}

    def stored(label: str) -> list[Any]:
        return [value for (value,) in conn.execute(_STORED, (app, attrs[label]))]

    return World(
        app=app,
        attrs=attrs,
        emails=stored("users.email"),
        posts=stored("posts.id"),
        written_at=stored("comments.writtenAt"),
    )


def _by_equality(flag: str) -> Callable[[Design], str]:
    return lambda design: (
        f"select entity_id from {design.table} where {flag} and app_id = %(app)s::uuid"
        f" and attr_id = %(attr)s::uuid and {design.equal}"
    )


def _reverse_link(design: Design) -> str:
    return (
        f"select entity_id from {design.table} where vae and app_id = %(app)s::uuid"
        f" and {design.link_to} and attr_id = %(attr)s::uuid"
    )


def _forward_link(design: Design) -> str:
    return (
        f"select value from {design.table} where ea and app_id = %(app)s::uuid"
        " and entity_id = %(entity)s::uuid and attr_id = %(attr)s::uuid"
    )


def _entities(design: Design) -> str:
    return f"select entity_id, attr_id, value from {design.table} where {design.one_entity}"


def _range(checked: CheckedDataType) -> Callable[[Design], str]:
    def statement(design: Design) -> str:
        value = design.order_by[checked]
        cast = "" if design.has_columns else _CASTS[checked]
        return (
            f"select entity_id from {design.table} where {design.in_index[checked]}"
            " and app_id = %(app)s::uuid and attr_id = %(attr)s::uuid"
            f" and {value} >= %(low)s{cast} and {value} < %(high)s{cast}"
            f" order by {value}, entity_id limit {RANGE_ROWS}"
        )

    return statement


def _page(checked: CheckedDataType) -> Callable[[Design], str]:
    def statement(design: Design) -> str:
        value = design.order_by[checked]
        return (
            f"select entity_id from {design.table} where {design.in_index[checked]}"
            " and app_id = %(app)s::uuid and attr_id = %(attr)s::uuid"
            f" order by {value} desc, entity_id desc limit {PAGE_ROWS}"
        )

    return statement


def _newest(design: Design) -> str:
    return (
        f"select entity_id from {design.table} where av and app_id = %(app)s::uuid"
        f" and attr_id = %(attr)s::uuid order by created_at desc, entity_id desc limit {PAGE_ROWS}"
    )


_CASTS: Final = {"number": "::double precision", "date": "::timestamptz", "string": "::text"}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _number_range(asked: World, rng: random.Random) -> Values:
    low = rng.uniform(1, 20)
    return asked.values("posts.score", low=low, high=low * 1.1)


def _day(asked: World, rng: random.Random) -> Values:
    low = rng.choice(asked.written_at)
    return asked.values("comments.writtenAt", low=low, high=low + DAY_MS)


def _string_range(asked: World, rng: random.Random) -> Values:
    low = rng.choice(("bridge", "garden", "meadow", "river", "umbra")) + " " + rng.choice("abcdmn")
    return asked.values("posts.title", low=low, high=low + "z")


QUESTIONS: Final = (
    Question(
        "point look-up by unique attr",
        _by_equality("av and value <> 'null'::jsonb"),
        lambda asked, rng: asked.values("users.email", value=_json(rng.choice(asked.emails))),
    ),
    Question(
        "equality on an indexed attr",
        _by_equality("ave"),
        lambda asked, rng: asked.values("users.age", value=_json(rng.randrange(18, 90))),
    ),
    Question(
        "reverse link",
        _reverse_link,
        lambda asked, rng: asked.values("comments.post", target=rng.choice(asked.posts)),
    ),
    Question(
        "forward link",
        _forward_link,
        lambda asked, rng: asked.values("posts.author", entity=rng.choice(asked.posts)),
    ),
    Question(
        "all triples of 20 entities",
        _entities,
        lambda asked, rng: {
            "app": asked.app,
            "entities": rng.sample(asked.posts, min(PAGE_ROWS, len(asked.posts))),
        },
    ),
    Question(
        "range of numbers",
        _range("number"),
        _number_range,
        (("low", "number"), ("high", "number")),
    ),
    Question("range of dates", _range("date"), _day, (("low", "date"), ("high", "date"))),
    Question(
        "range of strings",
        _range("string"),
        _string_range,
        (("low", "string"), ("high", "string")),
    ),
    Question(
        "order by number, limit 20",
        _page("number"),
        lambda asked, rng: asked.values("posts.score"),
    ),
    Question(
        "order by string, limit 20",
        _page("string"),
        lambda asked, rng: asked.values("posts.title"),
    ),
    Question("newest 20 of a namespace", _newest, lambda asked, rng: asked.values("comments.id")),
)
