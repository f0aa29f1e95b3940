"""One more app of the sample's schema: 100 users with 10 posts each, 10 comments on each."""

from __future__ import annotations

import random
import uuid
from typing import Final

from bench.queries.questions import Conn
from tests.oracle.storing import store_world
from tests.oracle.world import World, WorldBuilder
from triples.management.sample_world import EPOCH_MS, sample_app
from triples.sql.pool import Connection

USERS: Final = 100
POSTS_PER_USER: Final = 10
COMMENTS_PER_POST: Final = 10
APP_ID: Final = "0e57ed00-0000-4000-8000-000000000010"


def is_stored(conn: Conn) -> bool:
    """Whether a former run stored the app."""
    row = conn.execute("select exists (select from apps where id = %s::uuid)", (APP_ID,)).fetchone()
    return row is not None and bool(row[0])


async def store(conn: Connection) -> None:
    """Store the app."""
    await store_world(conn, _world())


def _world() -> World:
    rng = random.Random("nest")
    sample = sample_app(10, 0, 1)
    builder = WorldBuilder(
        app_id=APP_ID,
        attrs={(attr.etype, attr.label): attr for attr in sample.attrs.values()},
    )

    def new() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    at = EPOCH_MS
    for number in range(USERS):
        at += 1000
        user = builder.entity(
            "users",
            new(),
            at,
            name=f"User {number}",
            email=f"user{number}@example.com",
            age=rng.randrange(18, 90),
            joinedAt=at,
            isAdmin=False,
            bio="Writes " + "often " * 10,
        )
        for post_number in range(POSTS_PER_USER):
            post = builder.entity(
                "posts",
                new(),
                at,
                title=f"Post {post_number} of {number}",
                slug=f"post-{number}-{post_number}",
                body="Words " * 40,
                score=round(rng.paretovariate(1.2), 2),
                publishedAt="2025-01-01T00:00:00Z",
                isDraft=False,
                author=user,
            )
            for _ in range(COMMENTS_PER_POST):
                builder.entity(
                    "comments",
                    new(),
                    at,
                    text="A comment of some length, as comments are.",
                    writtenAt=at,
                    post=post,
                    author=user,
                )
    return builder.build()
