"""Operators, macros, access and binds, with Instant's semantics (§13.1 to §13.5)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.triples.permissions.evaluating import REFS, outcome, value
from triples.permissions.failures import OutOfSteps, RefMissing
from triples.permissions.scope import Bindings
from triples.permissions.values import Duration, equal

NO_OVERLOAD = "<OVERLOAD_NOT_FOUND>"
NO_FIELD = "<ATTRIBUTE_NOT_FOUND>"
OVERFLOW = "<NUMERIC_OVERFLOW>"
OUT = "<INDEX_OUT_OF_BOUNDS>"
ZERO = "<DIVIDE_BY_ZERO>"
INVALID = "<INVALID_ARGUMENT>"


def assert_is(text: str, expected: Any) -> None:
    """The expression has this value, of this type."""
    found = outcome(text)
    assert equal(found, expected), f"{text} is {found!r}"
    assert type(found) is type(expected) or isinstance(expected, list | dict)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 == 1", True),
        ("1 == 2", False),
        ("1 == 1.0", True),
        ("1u == 1", True),
        ("1 == true", False),
        ("0 == false", False),
        ("1 == '1'", False),
        ("null == null", True),
        ("null == 0", False),
        ("data.nothing == null", True),
        ("data.missing == null", True),
        ("[1, 2.0] == [1.0, 2]", True),
        ("[1] == [true]", False),
        ("[1] == [1, 2]", False),
        ("[] == {}", False),
        ("{'a': [1]} == {'a': [1.0]}", True),
        ("{'a': 1} == {'b': 1}", False),
        ("{'a': 1} == {'a': 1, 'b': 2}", False),
        ("{true: 1} == {1: 1}", False),
        ("data.meta == {'deep': {'er': 1}}", True),
        ("data.tags == ['a', 'b']", True),
        ("b'a' == b'a'", True),
        ("b'a' == 'a'", False),
        ("double('NaN') == double('NaN')", False),
        ("duration('1s') == duration('1000ms')", True),
        ("timestamp(0) == timestamp('1970-01-01')", True),
        ("type(1) == int", True),
        ("1 != 1.0", False),
        ("1 != 'a'", True),
        ("null != null", False),
        ("(1 / 0) == 1", ZERO),
        ("(1 / 0) != 1", ZERO),
    ],
)
def test_equality(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2", True),
        ("2 <= 2", True),
        ("3 > 2", True),
        ("2 >= 3", False),
        ("1 < 1.5", True),
        ("1.5 >= 1u", True),
        ("9007199254740993 > 9007199254740992.0", True),
        ("'a' < 'b'", True),
        ("'b' <= 'a'", False),
        ("false < true", True),
        ("b'a' < b'b'", True),
        ("timestamp(0) < timestamp(1)", True),
        ("timestamp(1) >= timestamp(1)", True),
        ("duration('1s') < duration('1m')", True),
        ("double('NaN') <= 1.0", False),
        ("null < 1", NO_OVERLOAD),
        ("1 >= null", NO_OVERLOAD),
        ("data.missing > 1", NO_OVERLOAD),
        ("1 < '2'", NO_OVERLOAD),
        ("1 < true", NO_OVERLOAD),
        ("[1] < [2]", NO_OVERLOAD),
        ("timestamp(0) < duration('1s')", NO_OVERLOAD),
    ],
)
def test_order(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2", 3),
        ("1u + 2u == 3u", True),
        ("1.5 + 2.0", 3.5),
        ("'a' + 'b'", "ab"),
        ("b'a' + b'b'", b"ab"),
        ("[1] + [2]", [1, 2]),
        ("data.tags + ['c']", ["a", "b", "c"]),
        ("duration('1s') + duration('1s')", Duration(2_000_000_000)),
        ("timestamp(0) + duration('1s') == timestamp(1000)", True),
        ("duration('1s') + timestamp(0) == timestamp(1000)", True),
        ("timestamp(1000) - timestamp(0) == duration('1s')", True),
        ("timestamp(1000) - duration('1s') == timestamp(0)", True),
        ("duration('1s') - duration('2s') == -duration('1s')", True),
        ("data.count - 1", 2),
        ("2 * 3", 6),
        ("2.0 * 1.5", 3.0),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7 % -2", 1),
        ("-7 % 2", -1),
        ("1.0 / 0.0 > 1e308", True),
        ("-1.0 / 0.0 < 0.0", True),
        ("0.0 / 0.0 == 0.0", False),
        ("-data.count", -3),
        ("-data.ratio", -1.5),
        ("1 + 1.0", NO_OVERLOAD),
        ("1.5 + 1", NO_OVERLOAD),
        ("'a' + 1", NO_OVERLOAD),
        ("null + 1", NO_OVERLOAD),
        ("1 - null", NO_OVERLOAD),
        ("true + true", NO_OVERLOAD),
        ("1u + 1", NO_OVERLOAD),
        ("duration('1s') - timestamp(0)", NO_OVERLOAD),
        ("'a' * 2", NO_OVERLOAD),
        ("1.0 % 2.0", NO_OVERLOAD),
        ("-'a'", NO_OVERLOAD),
        ("-null", NO_OVERLOAD),
        ("-true", NO_OVERLOAD),
        ("9223372036854775807 + 1", OVERFLOW),
        ("-9223372036854775808 - 1", OVERFLOW),
        ("9223372036854775807 * 2", OVERFLOW),
        ("-(-9223372036854775808)", OVERFLOW),
        ("-9223372036854775808 / -1", OVERFLOW),
        ("0u - 1u", OVERFLOW),
        ("1 / 0", ZERO),
        ("1 % 0", ZERO),
        ("1u / 0u", ZERO),
    ],
)
def test_arithmetic(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true && true", True),
        ("true && false", False),
        ("false && (1 / 0 == 1)", False),
        ("(1 / 0 == 1) && false", False),
        ("(1 / 0 == 1) && true", ZERO),
        ("true || (1 / 0 == 1)", True),
        ("(1 / 0 == 1) || true", True),
        ("(1 / 0 == 1) || false", ZERO),
        ("null && true", NO_OVERLOAD),
        ("null && false", False),
        ("null || true", True),
        ("true || null", True),
        ("null || false", NO_OVERLOAD),
        ("1 && true", NO_OVERLOAD),
        ("data.missing || data.done", True),
        ("!true", False),
        ("!data.done", False),
        ("!null", NO_OVERLOAD),
        ("!1", NO_OVERLOAD),
        ("true ? 1 : 1 / 0", 1),
        ("false ? 1 / 0 : 2", 2),
        ("null ? 1 : 2", NO_OVERLOAD),
        ("1 ? 1 : 2", NO_OVERLOAD),
        ("(1 / 0 == 1) ? 1 : 2", ZERO),
    ],
)
def test_logic(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.title", "hello"),
        ("data['title']", "hello"),
        ("data.missing", None),
        ("data['missing']", None),
        ("data[1]", None),
        ("data.meta.deep.er", 1),
        ("data.meta.missing", None),
        ("data.nothing.x", NO_FIELD),
        ("data.missing.x", NO_FIELD),
        ("data.title.x", NO_FIELD),
        ("data.nothing['x']", NO_OVERLOAD),
        ("newData.title", "new"),
        ("linkedData.name", "u"),
        ("auth.email", "a@b.c"),
        ("auth.missing", None),
        ("ruleParams.secret", "s"),
        ("ruleParams.missing", None),
        ("actions.linkedData", "create"),
        ("request.modifiedFields", ["title"]),
        ("request.ip", "1.2.3.4"),
        ("request.origin", "https://x"),
        ("request.time == timestamp(1700000000000)", True),
        ("request.other", NO_FIELD),
        ("unknown", NO_FIELD),
        ("data.tags[0]", "a"),
        ("data.tags[1.0]", "b"),
        ("data.tags[2]", OUT),
        ("data.tags[-1]", OUT),
        ("data.tags['0']", NO_OVERLOAD),
        ("data.tags[0.5]", NO_OVERLOAD),
        ("data.tags[null]", NO_OVERLOAD),
        ("data.tags[true]", NO_OVERLOAD),
        ("1[0]", NO_OVERLOAD),
        ("{'a': 1}.a", 1),
        ("{'a': 1}['b']", NO_FIELD),
        ("{'a': 1}.b", NO_FIELD),
        ("{1: 'x'}[1u]", "x"),
        ("{true: 'x'}[1]", NO_FIELD),
        ("{'a': 1, 'a': 2}", INVALID),
        ("{1.5: 1}", INVALID),
        ("{null: 1}", INVALID),
        ("has(data.missing)", True),
        ("has(data.title)", True),
        ("has(data.meta.x)", True),
        ("has({'a': 1}.a)", True),
        ("has({'a': 1}.b)", False),
        ("has(request.ip)", True),
        ("has(data.nothing.x)", NO_FIELD),
        ("has(data.title.x)", NO_FIELD),
        ("'title' in data", True),
        ("'missing' in data", True),
        ("'a' in {'a': 1}", True),
        ("'b' in {'a': 1}", False),
        ("'a' in data.tags", True),
        ("'c' in data.tags", False),
        ("1 in [1.0]", True),
        ("true in [1]", False),
        ("null in [null]", True),
        ("'a' in data.nothing", NO_OVERLOAD),
        ("'a' in 'abc'", NO_OVERLOAD),
        ("1 in 1", NO_OVERLOAD),
    ],
)
def test_access(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2].all(x, x > 0)", True),
        ("[1, 2].all(x, x > 1)", False),
        ("[].all(x, x)", True),
        ("[0, 1].all(x, 1 / x > 1)", False),
        ("[0, 1].all(x, 1 / x > 0)", ZERO),
        ("[null].all(x, x)", NO_OVERLOAD),
        ("null.all(x, true)", INVALID),
        ("(1).all(x, true)", INVALID),
        ("[1, 2].exists(x, x > 1)", True),
        ("[1, 2].exists(x, x > 2)", False),
        ("[].exists(x, true)", False),
        ("[0, 1].exists(x, 1 / x == 1)", True),
        ("[0, 1].exists(x, 1 / x == 2)", ZERO),
        ("[1].exists(x, null)", NO_OVERLOAD),
        ("data.missing.exists(x, true)", INVALID),
        ("[1, 2, 3].exists_one(x, x > 2)", True),
        ("[1, 2, 3].exists_one(x, x > 1)", False),
        ("[0, 1].exists_one(x, 1 / x == 1)", ZERO),
        ("[1].exists_one(x, null)", NO_OVERLOAD),
        ("null.exists_one(x, true)", INVALID),
        ("[1, 2, 3].filter(x, x > 1)", [2, 3]),
        ("[0].filter(x, 1 / x > 1)", ZERO),
        ("[1].filter(x, null)", NO_OVERLOAD),
        ("null.filter(x, true)", INVALID),
        ("[1, 2].map(x, x * 2)", [2, 4]),
        ("[1, 2].map(x, x > 1, x * 2)", [4]),
        ("[null].map(x, x)", [None]),
        ("[0].map(x, 1 / x)", ZERO),
        ("[1].map(x, null, x)", NO_OVERLOAD),
        ("null.map(x, x)", INVALID),
        ("{'a': 1, 'b': 2}.map(k, k)", ["a", "b"]),
        ("{'a': 1}.exists(k, k == 'a')", True),
        ("data.meta.map(k, k)", ["deep"]),
        ("[[1], [2]].map(x, x.map(y, y + x[0]))", [[2], [4]]),
        ("[1, 2].map(x, [10].map(y, x + y)[0] + x)", [12, 14]),
        ("cel.bind(x, 2, x * x)", 4),
        ("cel.bind(x, 1 / 0, true)", True),
        ("cel.bind(x, 1 / 0, x == 1 || true)", True),
        ("cel.bind(x, 1 / 0, x)", ZERO),
        ("cel.bind(x, null, x)", None),
        ("cel.bind(x, 1, cel.bind(x, x + 1, x))", 2),
        ("[1, 2].map(y, cel.bind(x, y * 10, x + x))", [20, 40]),
    ],
)
def test_macros(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data.ref('owner.email')", ["a@b.c", "d@e.f"]),
        ("auth.email in data.ref('owner.email')", True),
        ("data.ref('empty.id') == []", True),
        ("size(data.ref('owner.email'))", 2),
        ("null in data.ref('nulls.name')", False),
        ("size(data.ref('nulls.name'))", 2),
        ("auth.ref('$user.team.id')", ["t"]),
        ("linkedData.ref('team.id')", ["t"]),
        ("newData.ref('team.id')", NO_OVERLOAD),
        ("data.ref(data.title)", NO_OVERLOAD),
        ("false && data.ref('not.loaded') == []", False),
        ("data.ref('not.loaded') == [] && false", False),
        ("true || data.ref('not.loaded') == []", True),
        ("[1].all(x, x == 2 && data.ref('not.loaded') == [])", False),
    ],
)
def test_refs(text: str, expected: Any) -> None:
    assert_is(text, expected)


@pytest.mark.parametrize(
    "text",
    [
        "data.ref('not.loaded') == []",
        "data.ref('not.loaded') == [] && true",
        "1 / 0 == 1 || data.ref('not.loaded') == []",
        "data.ref('not.loaded') == [] || 1 / 0 == 1",
        "[1, 2].exists(x, 1 / 0 == x || data.ref('not.loaded') == [])",
    ],
)
def test_ref_that_is_not_loaded_is_unknown_before_all_failures(text: str) -> None:
    with pytest.raises(RefMissing):
        value(text)


def test_ref_of_nobody_is_empty() -> None:
    nobody = Bindings("todos", {})
    assert value("data.ref('owner.email') + auth.ref('$user.team.id')", nobody, REFS) == []


NUMBERS = "[0,1,2,3,4,5,6,7,8,9]"
LOOPS = f"{NUMBERS}.all(a, {NUMBERS}.all(b, {NUMBERS}.all(c, {NUMBERS}.all(d, a >= 0))))"
DOUBLED = "'" + "x" * 2000 + "'" + "".join(f".replace('x', '{'x' * 10}')" for _ in range(2))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LOOPS, id="nested loops"),
        pytest.param(
            f"{NUMBERS}.map(a, {NUMBERS}.map(b, {NUMBERS}.map(c, {DOUBLED}.size())))",
            id="long texts made again and again",
        ),
        pytest.param(
            f"cel.bind(l, {NUMBERS}.map(a, {NUMBERS}), "
            + "cel.bind(l, l + l + l + l + l + l + l + l, " * 6
            + "size(l)"
            + ")" * 7,
            id="lists that double",
        ),
    ],
)
def test_hostile_expression_runs_out_of_steps(text: str) -> None:
    with pytest.raises(OutOfSteps):
        value(text, steps=5_000)


def test_text_that_grows_without_bound_is_refused() -> None:
    assert outcome("'x'" + ".replace('x', 'xxxxxxxxxxxxxxxxxxxx')" * 6) == INVALID
