"""What is asked: each question as InstaQL and as hand-written SQL over ordinary tables.

Both must find the same rows; `rows_of` says how many the SQL found, so that a run can check. The
hand-written form gives the answer a developer would send: plain rows, or one JSON tree.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg

Conn = psycopg.Connection[Any]
Query = dict[str, Any]
Drawn = dict[str, Any]

PAGE_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class AskedApp:
    """An app to ask about, with stored values to ask for."""

    id: str
    triples: int
    emails: list[str]
    scores: list[float]
    titles: list[str]
    posts_by_score: list[tuple[str, str, float]]


@dataclass(frozen=True, slots=True)
class Question:
    """One question in both languages; `target` is how many times the SQL's time is allowed."""

    name: str
    draw: Callable[[AskedApp, random.Random], Drawn]
    instaql: Callable[[Drawn], Query]
    sql: str
    target: float | None = None
    nested: bool = False


def _email(app: AskedApp, rng: random.Random) -> Drawn:
    return {"email": rng.choice(app.emails)}


def _score(app: AskedApp, rng: random.Random) -> Drawn:
    return {"score": rng.choice(app.scores)}


def _place(app: AskedApp, rng: random.Random) -> Drawn:
    post, attr, score = rng.choice(app.posts_by_score)
    return {"id": post, "attr": attr, "score": score}


def _word_pair(app: AskedApp, rng: random.Random) -> Drawn:
    words = rng.choice(app.titles).split()
    return {"pattern": f"%{words[0]} {words[1]}%"}


def _nothing(app: AskedApp, rng: random.Random) -> Drawn:
    return {}


QUESTIONS: Final = (
    Question(
        "point look-up by unique attr",
        _email,
        lambda drawn: {"users": {"$": {"where": {"email": drawn["email"]}}}},
        "select * from ordinary.users where app_id = %(app)s::uuid and email = %(email)s",
        target=2.5,
    ),
    Question(
        "20-row page by indexed order",
        _nothing,
        lambda drawn: {"posts": {"$": {"order": {"score": "desc"}, "limit": PAGE_ROWS}}},
        """
        select * from ordinary.posts
        where app_id = %(app)s::uuid
        order by score desc, id desc
        limit 21
        """,
        target=2.5,
    ),
    Question(
        "20-row page after a cursor",
        _place,
        lambda drawn: {
            "posts": {
                "$": {
                    "order": {"score": "desc"},
                    "limit": PAGE_ROWS,
                    "after": [drawn["id"], drawn["attr"], drawn["score"], 0],
                }
            }
        },
        """
        select * from ordinary.posts
        where app_id = %(app)s::uuid and (score, id) < (%(score)s, %(id)s::uuid)
        order by score desc, id desc
        limit 21
        """,
    ),
    Question(
        "20-row page of a range",
        _score,
        lambda drawn: {
            "posts": {
                "$": {
                    "where": {"score": {"$lte": drawn["score"]}},
                    "order": {"score": "desc"},
                    "limit": PAGE_ROWS,
                }
            }
        },
        """
        select * from ordinary.posts
        where app_id = %(app)s::uuid and score <= %(score)s
        order by score desc, id desc
        limit 21
        """,
    ),
    Question(
        "where over two links",
        _email,
        lambda drawn: {"comments": {"$": {"where": {"post.author.email": drawn["email"]}}}},
        """
        select comments.* from ordinary.comments
        join ordinary.posts on posts.app_id = comments.app_id and posts.id = comments.post
        join ordinary.users on users.app_id = posts.app_id and users.id = posts.author
        where comments.app_id = %(app)s::uuid and users.email = %(email)s
        """,
        target=2.5,
    ),
    Question(
        "three-level nest 100 × 10 × 10",
        _nothing,
        lambda drawn: {"users": {"posts": {"comments": {}}}},
        """
        select json_agg(json_build_object(
          'id', u.id, 'name', u.name, 'email', u.email, 'age', u.age, 'joinedAt', u.joinedat,
          'isAdmin', u.isadmin, 'bio', u.bio, 'posts', p.posts))
        from ordinary.users u
        cross join lateral (
          select json_agg(json_build_object(
            'id', p.id, 'title', p.title, 'slug', p.slug, 'body', p.body, 'score', p.score,
            'publishedAt', p.publishedat, 'isDraft', p.isdraft, 'author', p.author,
            'comments', c.comments)) as posts
          from ordinary.posts p
          cross join lateral (
            select json_agg(json_build_object(
              'id', c.id, 'text', c.text, 'writtenAt', c.writtenat, 'post', c.post,
              'author', c.author)) as comments
            from ordinary.comments c
            where c.app_id = p.app_id and c.post = p.id
          ) c
          where p.app_id = u.app_id and p.author = u.id
        ) p
        where u.app_id = %(app)s::uuid
        """,
        target=2.5,
        nested=True,
    ),
    Question(
        "20 rows and one link",
        _score,
        lambda drawn: page_with_authors(drawn["score"]),
        """
        select json_agg(json_build_object('post', to_json(p), 'author', to_json(u)))
        from (
          select * from ordinary.posts
          where app_id = %(app)s::uuid and score <= %(score)s
          order by score desc, id desc
          limit 21
        ) p
        join ordinary.users u on u.app_id = p.app_id and u.id = p.author
        """,
    ),
    Question(
        "$ilike of two words",
        _word_pair,
        lambda drawn: {"posts": {"$": {"where": {"title": {"$ilike": drawn["pattern"]}}}}},
        "select * from ordinary.posts where app_id = %(app)s::uuid and title ilike %(pattern)s",
    ),
    Question(
        "count of a third of the posts",
        _nothing,
        lambda drawn: {"posts": {"$": {"where": {"score": {"$gt": 2.5}}, "aggregate": "count"}}},
        "select count(*) from ordinary.posts where app_id = %(app)s::uuid and score > 2.5",
    ),
)


def page_with_authors(score: float) -> Query:
    """Twenty posts from a score down, with who wrote them."""
    options = {
        "where": {"score": {"$lte": score}},
        "order": {"score": "desc"},
        "limit": PAGE_ROWS,
    }
    return {"posts": {"$": options, "author": {}}}


_NTH_APP: Final = """
select app_id, count(*) from triples
group by app_id order by count(*) desc limit 1 offset %s
"""
_VALUES: Final = """
select t.value from attrs a
join triples t on t.app_id = a.app_id and t.attr_id = a.id and t.value <> 'null'
where a.app_id = %s::uuid and a.etype = %s and a.label = %s
limit 5000
"""
_POSTS_BY_SCORE: Final = """
select t.entity_id::text, t.attr_id::text, (t.value #>> '{}')::float8 from attrs a
join triples t on t.app_id = a.app_id and t.attr_id = a.id and t.value <> 'null'
where a.app_id = %s::uuid and a.etype = 'posts' and a.label = 'score'
limit 5000
"""


def nth_app(conn: Conn, rank: int) -> AskedApp:
    """The app with the nth most triples."""
    row = conn.execute(_NTH_APP, (rank - 1,)).fetchone()
    assert row is not None, "the sample apps are not loaded: see the module's docstring"
    return asked_app(conn, str(row[0]), row[1])


def asked_app(conn: Conn, app_id: str, triples: int) -> AskedApp:
    """An app of the sample's schema, with values found in it."""

    def values(etype: str, label: str) -> list[Any]:
        return [value for (value,) in conn.execute(_VALUES, (app_id, etype, label))]

    return AskedApp(
        app_id,
        triples,
        emails=values("users", "email"),
        scores=values("posts", "score"),
        titles=values("posts", "title"),
        posts_by_score=conn.execute(_POSTS_BY_SCORE, (app_id,)).fetchall(),
    )
