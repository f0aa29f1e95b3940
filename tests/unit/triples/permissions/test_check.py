"""What is wrong with an expression before its evaluation (transactions-permissions.md §12.4)."""

from __future__ import annotations

import pytest

from triples.permissions.check import problems
from triples.permissions.functions import GLOBAL, METHODS
from triples.permissions.parse import parse
from triples.permissions.signatures import GLOBAL_SIGNATURES, METHOD_SIGNATURES, UNSIGNED

LIMITS = frozenset({"create"})


def found(text: str, action: str = "update") -> list[str]:
    """The problems of an expression."""
    return problems(parse(text), action, LIMITS)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "1 + 1",
        "auth.id != null && auth.id == data.ownerId",
        "data.a.b['c'].d > 1 || !data.done",
        "auth.isAdmin",
        "1 == 1.0 && 1 < 2.5",
        "newData.title != data.title",
        "auth.id in data.ref('team.members.id')",
        "data.ref('owner.id')[0] == auth.id",
        "auth.ref('$user.teams.id').exists(t, t == data.team)",
        "size(data.ref('members.id')) < 10",
        "request.modifiedFields.all(field, field in ['title', 'done'])",
        "request.time < timestamp(data.endsAt) + duration('1h')",
        "request.time - timestamp(data.at) < duration('1h')",
        "request.time.getHours('UTC') > 8 && request.time != null",
        "request.ip.startsWith('10.') && request.origin.matches('^https://')",
        "rateLimit.create.limit(auth.id) && rateLimit['create'].limit(auth.id, 2)",
        "type(data.title) == string && type(request.time) == google.protobuf.Timestamp",
        "math.greatest(1, data.x, 2.5) > 2",
        "data.tags.join(',').split(',')[0].trim().upperAscii() == 'A'",
        "has(data.title) && 'x' in data && 'x' in {'x': 1}",
        "data.done ? 1 : 'one'",
        "cel.bind(x, data.a, x == 1)",
        "cel.bind(x, 1, x + 1)",
        "[1, 'a', null].filter(x, x != null).map(x, dyn(x))",
        "data.ref('a.b') == null",
        "int(data.count) + 1 > 2 && double(data.count) > 1.5",
    ],
)
def test_good_rule_has_no_problems(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!10", "found no matching overload for '!_' applied to '(int)' (candidates: (bool))"),
        ("lol", "undeclared reference to 'lol' (in container '')"),
        ("nope(1)", "undeclared reference to 'nope' (in container '')"),
        ("data.nope()", "undeclared reference to 'nope' (in container '')"),
        ("request.user", "undefined field 'user'"),
        ("linkedData.id == 1", "undeclared reference to 'linkedData' (in container '')"),
        (
            "request.ip == null",
            "found no matching overload for '_==_' applied to '(string, null)'"
            " (candidates: (%A, %A))",
        ),
        ("1 == 'a'", "found no matching overload for '_==_' applied to '(int, string)'"),
        ("'a' < 1", "found no matching overload for '_<_' applied to '(string, int)'"),
        ("[1] < [2]", "found no matching overload for '_<_' applied to '(list(dyn), list(dyn))'"),
        ("1 + 'a'", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("1 + 1.5", "found no matching overload for '_+_' applied to '(int, double)'"),
        ("1 in 'a'", "found no matching overload for '@in' applied to '(int, string)'"),
        ("-'a'", "found no matching overload for '-_' applied to '(string)'"),
        ("1 && true", "found no matching overload for '_&&_' applied to '(int, bool)'"),
        ("'a' || true", "found no matching overload for '_||_' applied to '(string, bool)'"),
        ("1 ? 2 : 3", "found no matching overload for '_?_:_' applied to '(int, int, int)'"),
        ("'a'.b", "type 'string' does not support field selection"),
        ("has(request.ip.b)", "type 'string' does not support field selection"),
        ("1[0]", "found no matching overload for '_[_]' applied to '(int, int)'"),
        (
            "'a'.startsWith(1)",
            "found no matching overload for 'startsWith' applied to 'string.(int)'"
            " (candidates: string.(string))",
        ),
        ("size(1)", "found no matching overload for 'size' applied to '(int)'"),
        ("size('a', 'b')", "found no matching overload for 'size' applied to '(string, string)'"),
        ("timestamp(1.5)", "found no matching overload for 'timestamp' applied to '(double)'"),
        ("1.all(x, true)".replace("1.", "(1)."), "expression of type 'int' cannot be range"),
        ("[1].all(x, 1)", "found no matching overload for 'all' applied to '(int)'"),
        ("[1].map(x, y)", "undeclared reference to 'y' (in container '')"),
        ("cel.bind(x, 1, x + 'a')", "found no matching overload for '_+_'"),
        ("auth.ref('teams.id')", "auth.ref arg must start with `$user.`"),
        ("auth.ref(data.path)", "auth.ref arg must start with `$user.`"),
        ("data.ref(data.path)", "undeclared reference to 'ref' (in container '')"),
        ("newData.ref('a.b')", "undeclared reference to 'ref' (in container '')"),
        (
            "rateLimit.x.limit(1)",
            "`x` is not a valid rate limit config. It should be defined in the `$rateLimits` key.",
        ),
        ("rateLimit.create.limit(1, 'a')", "found no matching overload for 'limit'"),
    ],
)
def test_bad_rule_has_its_problem(text: str, message: str) -> None:
    (problem,) = found(text)
    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("view", set()),
        ("delete", set()),
        ("create", {"newData"}),
        ("update", {"newData"}),
        ("link", {"newData", "linkedData", "actions"}),
        ("unlink", {"newData", "linkedData"}),
    ],
)
def test_variables_depend_on_the_action(action: str, names: set[str]) -> None:
    every = {"newData", "linkedData", "actions"}
    assert {name for name in every if found(f"{name}.x", action) == []} == names


def test_all_problems_are_found() -> None:
    assert len(found("a || b && !1")) == 3


def test_every_function_has_signatures() -> None:
    assert GLOBAL_SIGNATURES.keys() | UNSIGNED == GLOBAL.keys()
    assert {"math.greatest", "math.least"} == UNSIGNED
    assert METHOD_SIGNATURES.keys() == METHODS.keys()
