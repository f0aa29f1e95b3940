"""A made-up app of users, posts, comments and tags, as rows ready to be stored.

Everything follows from a seed: ids, texts, times, who wrote what. Few users write most posts and
few posts draw most comments, as in real apps. How rows reach the database is `load_sample`'s
business.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from triples.attrs.attr import Attr, Cardinality, CheckedDataType
from triples.values.kinds import inferred_type_bit

POSTS_PER_USER: Final = 3
COMMENTS_PER_POST: Final = 3
TRIPLES_PER_USER: Final = 7 + POSTS_PER_USER * (9.5 + COMMENTS_PER_POST * 5)
EPOCH_MS: Final = 1_735_689_600_000  # 1 January 2025
_SPAN_MS: Final = 365 * 86_400_000
# fmt: off
_WORDS: Final = (
    "amber", "bridge", "candle", "dawn", "ember", "forest", "garden", "harbour", "island",
    "jungle", "kettle", "lantern", "meadow", "north", "ocean", "pebble", "quarry", "river",
    "summit", "thunder", "umbra", "valley", "willow", "yonder", "zenith", "Äpfel", "Éclair",
    "naïve", "Übung", "straße", "東京", "Москва", "ελιά",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Row:
    """One triple to be stored; flags follow from its attr."""

    entity_id: str
    attr: Attr
    value: Any
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class SampleApp:
    """One app: its id and title, its attrs by `etype.label`, and how many users it has."""

    id: str
    title: str
    attrs: dict[str, Attr]
    users: int
    seed: str

    def rows(self) -> Iterator[Row]:
        """All triples, entity by entity, users first."""
        return _rows(self, Random(self.seed + "/rows"))


def share_out(apps: int, triples: int) -> list[int]:
    """How many triples each app gets: the nth app's share is proportional to 1/n."""
    total = sum(1 / rank for rank in range(1, apps + 1))
    return [round(triples / total / rank) for rank in range(1, apps + 1)]


def sample_app(seed: int, number: int, triples: int) -> SampleApp:
    """The app with this number (from 0) and about this many triples."""
    spelled = f"{seed}/{number}"
    rng = Random(spelled)
    return SampleApp(
        id=_uuid(rng),
        title=f"Sample {number + 1} (seed {seed})",
        attrs=_attrs(rng),
        users=max(1, round(triples / TRIPLES_PER_USER)),
        seed=spelled,
    )


def _attrs(rng: Random) -> dict[str, Attr]:
    attrs = [_blob(rng, etype, "id", unique=True) for etype in ("users", "posts", "comments")]
    attrs += [
        _blob(rng, "tags", "id", unique=True),
        _blob(rng, "users", "name", "string", indexed=True),
        _blob(rng, "users", "email", "string", indexed=True, unique=True),
        _blob(rng, "users", "age", "number", indexed=True),
        _blob(rng, "users", "joinedAt", "date", indexed=True),
        _blob(rng, "users", "isAdmin", "boolean", indexed=True),
        _blob(rng, "users", "bio"),
        _blob(rng, "posts", "title", "string", indexed=True),
        _blob(rng, "posts", "slug", "string", indexed=True, unique=True),
        _blob(rng, "posts", "body"),
        _blob(rng, "posts", "score", "number", indexed=True),
        _blob(rng, "posts", "publishedAt", "date", indexed=True),
        _blob(rng, "posts", "isDraft", "boolean", indexed=True),
        _blob(rng, "comments", "text"),
        _blob(rng, "comments", "writtenAt", "date", indexed=True),
        _blob(rng, "tags", "name", "string", indexed=True, unique=True),
        _link(rng, "posts", "author", "users", "posts", "one"),
        _link(rng, "posts", "tags", "tags", "posts", "many"),
        _link(rng, "comments", "post", "posts", "comments", "one"),
        _link(rng, "comments", "author", "users", "comments", "one"),
    ]
    return {f"{attr.etype}.{attr.label}": attr for attr in attrs}


def _blob(
    rng: Random,
    etype: str,
    label: str,
    checked: CheckedDataType | None = None,
    *,
    indexed: bool = False,
    unique: bool = False,
) -> Attr:
    example = {"number": 1, "boolean": True}.get(checked or "", "text")
    return Attr(
        id=_uuid(rng),
        etype=etype,
        label=label,
        forward_ident=_uuid(rng),
        value_type="blob",
        cardinality="one",
        is_unique=unique,
        is_indexed=indexed,
        checked_data_type=checked,
        inferred_types=inferred_type_bit(example),
    )


def _link(
    rng: Random, etype: str, label: str, target: str, reverse: str, cardinality: Cardinality
) -> Attr:
    return Attr(
        id=_uuid(rng),
        etype=etype,
        label=label,
        forward_ident=_uuid(rng),
        value_type="ref",
        cardinality=cardinality,
        reverse_etype=target,
        reverse_label=reverse,
        reverse_ident=_uuid(rng),
        inferred_types=inferred_type_bit("id"),
    )


def _rows(app: SampleApp, rng: Random) -> Iterator[Row]:
    users = [_uuid(rng) for _ in range(app.users)]
    tags = [_uuid(rng) for _ in range(2 + app.users // 20)]
    posts = [_uuid(rng) for _ in range(app.users * POSTS_PER_USER)]
    facts = _Facts(app.attrs, rng, len(users) + len(tags) + len(posts) * (1 + COMMENTS_PER_POST))
    for number, user in enumerate(users):
        yield from facts.user(user, number)
    for number, tag in enumerate(tags):
        yield from facts.of("tags", tag, {"name": f"{rng.choice(_WORDS)} {number}"})
    for number, post in enumerate(posts):
        yield from facts.post(post, number, users, tags)
    for _ in range(len(posts) * COMMENTS_PER_POST):
        yield from facts.comment(posts, users)


class _Facts:
    """Writes entities one after the other, each a little later than the one before."""

    def __init__(self, attrs: dict[str, Attr], rng: Random, entities: int) -> None:
        self._attrs = attrs
        self._rng = rng
        self._step_ms = _SPAN_MS / entities
        self._written = 0

    def of(self, etype: str, entity_id: str, values: dict[str, Any]) -> Iterator[Row]:
        """An entity's id triple, then one triple a value; a list is several links."""
        now_ms = self._now_ms()
        self._written += 1
        yield Row(entity_id, self._attrs[f"{etype}.id"], entity_id, now_ms)
        for label, value in values.items():
            attr = self._attrs[f"{etype}.{label}"]
            for one in value if isinstance(value, list) else [value]:
                yield Row(entity_id, attr, one, now_ms)

    def user(self, user: str, number: int) -> Iterator[Row]:
        """A user with every property; one in 50 has no age."""
        rng = self._rng
        values = {
            "name": _text(rng, 2),
            "email": f"user{number}@example.com",
            "age": None if rng.random() < 0.02 else rng.randrange(18, 90),
            "joinedAt": self._now_ms(),
            "isAdmin": rng.random() < 0.01,
            "bio": _text(rng, 12),
        }
        return self.of("users", user, values)

    def post(self, post: str, number: int, users: list[str], tags: list[str]) -> Iterator[Row]:
        """A post with an author and one or two tags; dates are ISO text."""
        rng = self._rng
        values = {
            "title": _text(rng, 5),
            "slug": f"post-{number}",
            "body": _text(rng, 40),
            "score": round(rng.paretovariate(1.2), 2),
            "publishedAt": _iso(self._now_ms()),
            "isDraft": rng.random() < 0.1,
            "author": _favourite(rng, users),
            "tags": sorted({_favourite(rng, tags) for _ in range(rng.randrange(1, 3))}),
        }
        return self.of("posts", post, values)

    def comment(self, posts: list[str], users: list[str]) -> Iterator[Row]:
        """A comment on a post."""
        rng = self._rng
        values = {
            "text": _text(rng, 15),
            "writtenAt": self._now_ms(),
            "post": _favourite(rng, posts),
            "author": _favourite(rng, users),
        }
        return self.of("comments", _uuid(rng), values)

    def _now_ms(self) -> int:
        return EPOCH_MS + int(self._written * self._step_ms)


def _favourite(rng: Random, choices: list[str]) -> str:
    """The first ones much more often than the last ones."""
    return choices[int(rng.random() ** 3 * len(choices))]


def _text(rng: Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))


def _iso(ms: int) -> str:
    seconds, millis = divmod(ms - EPOCH_MS, 1000)
    days, second_of_day = divmod(seconds, 86_400)
    hour, rest = divmod(second_of_day, 3600)
    month, day = divmod(days, 28)
    return (
        f"2025-{month % 12 + 1:02}-{day + 1:02}"
        f"T{hour:02}:{rest // 60:02}:{rest % 60:02}.{millis:03}Z"
    )


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
