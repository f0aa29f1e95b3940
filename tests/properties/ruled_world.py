"""A world full of canaries, random rules for it, and what rules say in it by Python alone.

Every entity holds values that occur nowhere else. Whoever sees one must be allowed to see that
entity and that field.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.oracle.world import World, WorldBuilder
from triples.attrs.catalog import AttrCatalog
from triples.attrs.system_catalog import SYSTEM_ATTRS
from triples.permissions.entities import load_with_auth
from triples.permissions.evaluate import Question, evaluate, permits
from triples.permissions.failures import EvaluationFailed
from triples.permissions.refs import load_refs
from triples.permissions.rules import Rule, Rules
from triples.permissions.scope import Bindings, RefKey
from triples.permissions.values import RefValues
from triples.sql.pool import Connection
from wire import json
from wire.ids import new_id

CANARY: Final = "canary-"
CANARY_LABELS: Final = {"todos": ("secret", "note"), "teams": ("motto",), "$users": ("nickname",)}

_TODOS: Final = (
    "true",
    "false",
    "auth.id == data.ownerId",
    "auth.id != null && auth.id == data.owner",
    "auth.id in data.ref('team.members.id')",
    "auth.id != null && data.team in auth.ref('$user.teams.id')",
    "data.done == true",
    "data.done",
    "!(data.done == true) && data.ownerId != null",
    "auth.role == 'boss' || auth.id == data.ownerId",
    "data.size != null && data.size > 2",
    "data.size > 2",
    "size(data.ref('team.members.id')) > 1",
    "data.ref('team.id') == []",
    "data.title.matches('^a')",
    "data.done == true || data.title.matches('b')",
    "data.ref('team.members.role').exists(r, r == auth.role)",
    "data.ref('team.members.id').filter(m, m == auth.id).size() == 1",
    "auth.role.matches('boss') ? true : data.title.startsWith('a')",
)
_TEAMS: Final = (
    "true",
    "false",
    "auth.id in data.ref('members.id')",
    "data.name == 'red'",
    "data.ref('todos.ownerId').exists(o, o == auth.id)",
    "data.name.matches('^r')",
)
_USERS: Final = (
    "true",
    "auth.id == data.id",
    "data.role == 'worker'",
    "auth.id in data.ref('teams.members.id')",
)
_FIELDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "todos": {
        "secret": (*_TODOS[:8], "data.title.matches('a')"),
        "note": ("auth.id == data.ownerId", "data.done == true", "auth.role.matches('w')"),
        "team": ("auth.id == data.ownerId",),
        "done": ("auth.id != null",),
    },
    "teams": {"motto": ("auth.id in data.ref('members.id')", "false")},
    "$users": {"nickname": ("auth.id == data.id", "data.role.matches('boss')")},
}


def random_rules(rng: random.Random) -> dict[str, Any]:
    """A rules document; each etype may have a view rule, each field one of its own."""
    code: dict[str, Any] = {}
    for etype, views in (("todos", _TODOS), ("teams", _TEAMS), ("$users", _USERS)):
        fields = {
            label: rng.choice(rules)
            for label, rules in _FIELDS[etype].items()
            if rng.randrange(3) == 0
        }
        code[etype] = {"fields": fields}
        if rng.randrange(5):
            code[etype]["allow"] = {"view": rng.choice(views)}
    return code


def random_query(rng: random.Random) -> dict[str, Any]:
    """A query that has many ways to let something through."""
    secret = {"secret": {"$like": f"{CANARY}%"}}
    options = rng.choice(
        (
            {},
            {"fields": ["title"]},
            {"order": {"secret": rng.choice(("asc", "desc"))}, "limit": rng.randint(1, 3)},
            {"order": {"secret": "desc"}, "last": 2, "fields": ["title"]},
            {"order": {"serverCreatedAt": "desc"}, "limit": 2, "offset": 1},
            {"where": secret},
            {"where": {"secret": {"$gt": "a"}}, "fields": []},
            {"where": {"secret": {"$not": "x"}}},
            {"where": {"secret": {"$isNull": False}}, "fields": ["done"]},
            {"where": {"owner.nickname": {"$like": "c%"}}},
            {"where": {"or": [secret, {"team.motto": {"$like": "%"}}, {"done": True}]}},
            {"where": {"team.members.nickname": {"$like": "%a%"}}, "limit": 2},
        )
    )
    return rng.choice(
        (
            {"todos": {"$": options}},
            {"todos": {"$": options}},
            {"todos": {"$": options, "team": {"members": {}}, "owner": {}}},
            {"todos": {"$": {"where": options.get("where"), "aggregate": "count"}}},
            {"teams": {"$": {"where": {"todos.secret": {"$like": "c%"}}}, "members": {}}},
            {"teams": {"todos": {"$": {"order": {"secret": "asc"}, "limit": 1}}}},
            {"$users": {"owned": {"$": {"fields": ["note"]}}, "teams": {}}},
        )
    )


@dataclass
class RuledWorld:
    """The attrs, the entities by etype, and a source of new canaries."""

    stored: World
    attr_ids: dict[tuple[str, str], str]
    users: dict[str, str]
    teams: list[str]
    todos: list[str] = field(default_factory=list)

    def canary(self) -> str:
        """A value that occurs nowhere else."""
        return CANARY + new_id()


def make_world(rng: random.Random) -> RuledWorld:
    """Two teams, three users, five todos."""
    builder = WorldBuilder()
    builder.attrs |= {(attr.etype, attr.label): attr for attr in SYSTEM_ATTRS}
    builder.blob("$users", "role")
    builder.blob("$users", "nickname", "string", indexed=True)
    builder.blob("teams", "name")
    builder.blob("teams", "motto", "string", indexed=True)
    builder.link("teams", "members", "$users", "teams")
    for label in ("title", "size", "done", "ownerId", "note"):
        builder.blob("todos", label)
    builder.blob("todos", "secret", "string", indexed=True)
    builder.link("todos", "team", "teams", "todos", cardinality="one")
    builder.link("todos", "owner", "$users", "owned", cardinality="one")
    users = {name: new_id() for name in ("ann", "bob", "cat")}
    for number, (name, user) in enumerate(users.items()):
        role = "boss" if name == "ann" else "worker"
        nickname = CANARY + new_id()
        values = {"email": f"{name}@x.com", "role": role, "nickname": nickname}
        builder.entity("$users", user, number, **values)
    teams = [
        builder.entity(
            "teams", new_id(), 5, name=name, motto=CANARY + new_id(), members=rng.sample(ids, 2)
        )
        for name in ("red", "blue")
        if (ids := list(users.values()))
    ]
    todos = []
    for number in range(5):
        owner = rng.choice(list(users.values()))
        todos.append(
            builder.entity(
                "todos",
                new_id(),
                10 + number,
                title=rng.choice(("a", "b", "ab")),
                size=rng.choice((1, 3, None)),
                done=rng.choice((True, False, None)),
                ownerId=owner,
                owner=owner,
                team=rng.choice(teams),
                secret=CANARY + new_id(),
                note={"deep": [CANARY + new_id()]},
            )
        )
    builder.fill_nulls()
    made = builder.build()
    own = tuple(attr for attr in made.attrs if attr.catalog == "user")
    attr_ids = {key: attr.id for key, attr in builder.attrs.items()}
    stored = World(made.app_id, own, made.triples)
    return RuledWorld(stored, attr_ids, users, teams, todos)


async def allowed_canaries(
    conn: Connection, catalog: AttrCatalog, rules: Rules, user_id: str | None
) -> set[str]:
    """Every canary that the rules let the user see now, by closures over whole entities."""
    members = []
    for etype in CANARY_LABELS:
        id_attr = catalog.id_attr(etype)
        assert id_attr is not None
        cursor = await conn.execute(
            "select entity_id from triples where app_id = %s::uuid and attr_id = %s::uuid",
            (catalog.app_id, id_attr.id),
        )
        members += [(row[0], etype) for row in await cursor.fetchall()]
    entities, auth = await load_with_auth(conn, catalog.app_id, catalog, members, user_id)
    asked: list[tuple[tuple[str, str], str | None, Rule | None]] = []
    for member in members:
        asked.append((member, None, rules.for_action(member[1], "view")))
        for label in CANARY_LABELS[member[1]]:
            asked.append((member, label, rules.for_field(member[1], label)))
    ruled = [each for each in asked if each[2] is not None]
    questions = [
        Question(rule, Bindings(member[1], entities.get(member, {"id": member[0]}), auth))
        for member, _, rule in ruled
        if rule is not None
    ]
    outcomes = await evaluate(questions, _LookUps(conn, catalog))
    hidden = {
        (member, label)
        for (member, label, _), outcome in zip(ruled, outcomes, strict=True)
        if isinstance(outcome, EvaluationFailed) or not permits(outcome)
    }
    return {
        json.dumps(entities.get(member, {}).get(label)).decode()
        for member, label, _ in asked
        if label is not None and (member, None) not in hidden and (member, label) not in hidden
    }


class _LookUps:
    def __init__(self, conn: Connection, catalog: AttrCatalog) -> None:
        self._conn = conn
        self._catalog = catalog

    async def load_refs(self, keys: frozenset[RefKey]) -> Mapping[RefKey, RefValues]:
        return await load_refs(self._conn, self._catalog.app_id, self._catalog, keys)

    async def take_tokens(self, bucket: str, key: Any, tokens: int) -> None:
        raise AssertionError("no rule has limits")
