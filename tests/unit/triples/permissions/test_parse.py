"""CEL text becomes a tree: what each piece of grammar means (transactions-permissions.md §13)."""

from __future__ import annotations

import pytest

from triples.permissions.parse import MAX_CHARACTERS, MAX_DEPTH, RuleUnreadable, parse
from triples.permissions.tree import (
    And,
    Binary,
    Bind,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    Limit,
    ListOf,
    Literal,
    MapOf,
    Name,
    Negate,
    Node,
    Not,
    Or,
    Ref,
    Select,
    Uint,
    free_names,
)

A, B, C, X = Name("a"), Name("b"), Name("c"), Name("x")
ONE, TWO = Literal(1), Literal(2)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("null", Literal(None)),
        ("true", Literal(True)),
        ("12", Literal(12)),
        ("-0x1f", Literal(-31)),
        ("-9223372036854775808", Literal(-(2**63))),
        ("-(-9223372036854775808)", Negate(Literal(-(2**63)))),
        ("7u", Literal(Uint(7))),
        ("1.5e3", Literal(1500.0)),
        (".5", Literal(0.5)),
        ("- 2.5", Literal(-2.5)),
        (r"'a\n\x41\u00e9\101\"'", Literal('a\nAéA"')),
        (r"r'a\d'", Literal(r"a\d")),
        ("'''a\n'b\"'''", Literal("a\n'b\"")),
        (r"b'\xff\351é'", Literal(b"\xff\xe9\xc3\xa9")),
        ("a", A),
        (".a", A),
        ("a.in", Select(A, "in")),
        ("a['b']", Index(A, Literal("b"))),
        ("[a, 1]", ListOf((A, ONE))),
        ("{'a': b}", MapOf(((Literal("a"), B),))),
        ("!!a", Not(Not(A))),
        ("-a", Negate(A)),
        ("a - 1", Binary("-", A, ONE)),
        ("a-1-2", Binary("-", Binary("-", A, ONE), TWO)),
        ("a + b * c", Binary("+", A, Binary("*", B, C))),
        ("(a + b) % c", Binary("%", Binary("+", A, B), C)),
        ("a in b", Binary("in", A, B)),
        ("a <= b == c", Binary("==", Binary("<=", A, B), C)),
        ("a || b || c && x", Or((A, B, And((C, X))))),
        ("a && (b && c)", And((A, And((B, C))))),
        ("a ? b : c ? 1 : 2", Conditional(A, B, Conditional(C, ONE, TWO))),
        ("f(a, 1)", Call("f", None, (A, ONE))),
        ("a.f()", Call("f", A, ())),
        ("math.abs(a)", Call("math.abs", None, (A,))),
        ("has(a.b)", Has(A, "b")),
        ("a.all(x, x == 1)", Comprehension("all", A, "x", Binary("==", X, ONE), None)),
        ("a.exists_one(x, b)", Comprehension("exists_one", A, "x", B, None)),
        ("a.map(x, x)", Comprehension("map", A, "x", None, X)),
        ("a.map(x, b, x)", Comprehension("map", A, "x", B, X)),
        ("cel.bind(x, a, x)", Bind("x", A, X)),
        ("data.ref('b.c.id')", Ref("data", ("b", "c", "id"))),
        ("linkedData.ref('id')", Ref("linkedData", ("id",))),
        ("auth.ref('$user.b.id')", Ref("auth", ("b", "id"))),
        ("auth.ref('b.id')", Call("ref", Name("auth"), (Literal("b.id"),))),
        ("data.ref(a)", Call("ref", Name("data"), (A,))),
        ("newData.ref('id')", Call("ref", Name("newData"), (Literal("id"),))),
        ("rateLimit.b.limit(a)", Limit("b", A, None)),
        ("rateLimit['b-c'].limit(a, 2)", Limit("b-c", A, TWO)),
        ("a // and so on\n + 1", Binary("+", A, ONE)),
    ],
)
def test_text_becomes_tree(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression ends too early"),
        ("a &&", "the expression ends too early"),
        ("a b", "unexpected 'b' at line 1, column 3"),
        ("a\n@", "unexpected '@' at line 2, column 1"),
        ("'abc", "unexpected ''abc' at line 1, column 1"),
        ("a ? b", "the expression ends too early"),
        ("a{b: 1}", "rules have no message types"),
        (r"'\q'", r"unknown escape \q in a string"),
        (r"'\ud800'", r"\ud800 is no character"),
        ("9223372036854775808", "does not fit 64 bits"),
        ("18446744073709551616u", "does not fit 64 bits"),
        ("has(a)", "has() takes one field selection"),
        ("a.all(1, b)", "the first argument of all() must be a variable's name"),
        ("a.all(data, b)", "'data' is a variable of every rule"),
        ("cel.bind(auth, 1, 2)", "'auth' is a variable of every rule"),
        ("cel.bind(x, 1)", "cel.bind() takes a variable"),
        pytest.param("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested more", id="deep"),
        pytest.param("a" * (MAX_CHARACTERS + 1), "characters", id="long"),
    ],
)
def test_unreadable_text_is_refused(text: str, message: str) -> None:
    with pytest.raises(RuleUnreadable) as refused:
        parse(text)
    assert message in str(refused.value)


def test_long_chain_is_no_deep_tree() -> None:
    assert parse(" || ".join(["a"] * 1000)) == Or((A,) * 1000)


def test_true_and_one_are_different_literals() -> None:
    assert Literal(True) != Literal(1)
    assert Literal(1.0) != Literal(1)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + f(b)", {"a", "b"}),
        ("a.all(x, x == b)", {"a", "b"}),
        ("x.all(x, x)", {"x"}),
        ("cel.bind(x, x + a, x)", {"x", "a"}),
        ("data.ref('a.b') == rateLimit.c.limit(b)", {"data", "rateLimit", "b"}),
    ],
)
def test_free_names_come_from_outside(text: str, names: set[str]) -> None:
    assert free_names(parse(text)) == names
