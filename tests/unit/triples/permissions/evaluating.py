"""Expressions evaluated as rules are, without a database."""

from __future__ import annotations

from typing import Any

from triples.permissions.closures import compile_expression
from triples.permissions.failures import EvaluationFailed
from triples.permissions.parse import parse
from triples.permissions.scope import Bindings, RefKey, Scope
from triples.permissions.values import RefValues, Request, Timestamp

TODO = "11111111-1111-4111-8111-111111111111"
USER = "22222222-2222-4222-8222-222222222222"
STEPS = 100_000

DATA: dict[str, Any] = {
    "id": TODO,
    "title": "hello",
    "count": 3,
    "ratio": 1.5,
    "done": True,
    "nothing": None,
    "tags": ["a", "b"],
    "meta": {"deep": {"er": 1}},
    "owner": USER,
}
BINDINGS = Bindings(
    etype="todos",
    data=DATA,
    auth={"id": USER, "email": "a@b.c"},
    rule_params={"secret": "s"},
    request=Request(("title",), Timestamp(1_700_000_000_000_000_000), "1.2.3.4", "https://x"),
    new_data={"id": TODO, "title": "new"},
    linked_data={"id": USER, "name": "u"},
    linked_etype="$users",
    actions={"data": "update", "linkedData": "create"},
)
REFS: dict[RefKey, RefValues] = {
    ("todos", TODO, ("owner", "email")): RefValues(["a@b.c", "d@e.f"]),
    ("todos", TODO, ("empty", "id")): RefValues(),
    ("todos", TODO, ("nulls", "name")): RefValues([None, "x"]),
    ("$users", USER, ("team", "id")): RefValues(["t"]),
}


def value(
    text: str,
    bindings: Bindings = BINDINGS,
    refs: dict[RefKey, RefValues] | None = None,
    steps: int = STEPS,
) -> Any:
    """What the expression is; raises what its evaluation raises."""
    program = compile_expression(parse(text))
    known = REFS if refs is None else refs
    scope = Scope(bindings, known, {}, [None] * program.slots, steps)
    return program.run(scope)


def outcome(text: str) -> Any:
    """What the expression is, or the code of its failure in brackets."""
    try:
        return value(text)
    except EvaluationFailed as error:
        return f"<{error.code}>"
