"""Which rules may be pushed, and what is said of others (transactions-permissions.md §12.4)."""

from __future__ import annotations

from typing import Any

import pytest

from triples.permissions.push_check import MAX_BYTES, check_rules
from wire.errors import ValidationFailed


def errors(code: Any) -> list[tuple[list[str], str]]:
    """Where the document is wrong, and how."""
    try:
        check_rules(code)
    except ValidationFailed as error:
        return [(each["in"], each["message"]) for each in error.hint["errors"]]
    return []


def allow(etype: str = "todos", **rules: Any) -> dict[str, Any]:
    """A document of one section."""
    return {etype: {"allow": rules}}


@pytest.mark.parametrize(
    "code",
    [
        None,
        {},
        {"todos": None},
        {"todos": {"allow": None, "bind": None, "fields": None}},
        allow(view="true", create=True, update=False, delete=None),
        allow("$users", delete="false", view="true", create="true", update="true"),
        allow("$files", view="true", delete="auth.id != null"),
        allow("$streams", view="true"),
        allow("attrs", create="data['value-type'] == 'blob'"),
        allow("$default", **{"$default": "false"}),
        allow(**{"$default": "newData.x == 1"}),
        allow(link={"owner": "linkedData.id == auth.id", "$default": "true"}, unlink={}),
        {"todos": {"fields": {"secret": "auth.id == data.ownerId"}}},
        {"todos": {"allow": {"view": "a"}, "bind": ["a", "b", "b", "true"]}},
        {"$default": {"bind": {"a": "true"}}, "todos": {"allow": {"view": "a"}}},
        {
            "$rateLimits": {"x": {"limits": [{"capacity": 1}]}},
            "todos": {"allow": {"create": "rateLimit.x.limit(auth.id)"}},
        },
    ],
)
def test_good_rules_may_be_pushed(code: Any) -> None:
    assert errors(code) == []


RESERVED = "The $codes namespace is a reserved internal namespace that does not yet support rules."
NO_USERS_DELETE = (
    "The $users namespace doesn't support permissions for delete."
    ' Set `$users.allow.delete` to `"false"`.'
)
ODD = "bind should have an even number of elements"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(
            {"todos": {"bind": ["a"], "allow": {"view": "true", "update": "true"}}},
            [
                (["todos", "bind"], ODD),
                (["todos", "allow", "view"], ODD),
                (["todos", "allow", "update"], ODD),
            ],
            id="odd binds",
        ),
        pytest.param(
            {"todos": {"bind": ["a", "1", "a", "2"]}},
            [
                (
                    ["todos", "bind", "a"],
                    "bind should only contain a given variable name once",
                )
            ],
            id="bind twice",
        ),
        pytest.param(
            allow("$users", delete="true"),
            [(["$users", "allow", "delete"], NO_USERS_DELETE)],
            id="delete of users",
        ),
        pytest.param(
            allow("$codes", view="true"),
            [
                (["$codes", "allow", action], RESERVED)
                for action in ("view", "create", "update", "delete")
            ],
            id="reserved namespace",
        ),
        pytest.param(
            allow(view="newData.x == 1"),
            [
                (
                    ["todos", "allow", "view"],
                    "undeclared reference to 'newData' (in container '')",
                )
            ],
            id="undeclared name",
        ),
        pytest.param(
            allow(view="a b"),
            [
                (
                    ["todos", "allow", "view"],
                    "Syntax error: unexpected 'b' at line 1, column 3",
                )
            ],
            id="syntax",
        ),
        pytest.param(
            allow(view=1),
            [(["todos", "allow", "view"], "a rule must be a string or a boolean")],
            id="number",
        ),
        pytest.param(
            {"todos": {"bind": {"a": "b", "b": "a"}, "allow": {"view": "a"}}},
            [(["todos", "allow", "view"], "The binds have a cyclic dependency a -> b -> a")],
            id="circle",
        ),
        pytest.param(
            allow(view="auth.ref('teams.id') == []"),
            [(["todos", "allow", "view"], "auth.ref arg must start with `$user.`")],
            id="ref of auth",
        ),
        pytest.param(
            allow(create="rateLimit.x.limit(1)"),
            [
                (
                    ["todos", "allow", "create"],
                    "`x` is not a valid rate limit config."
                    " It should be defined in the `$rateLimits` key.",
                )
            ],
            id="unknown rate limit",
        ),
        pytest.param(
            {"todos": {"fields": {"id": "true"}}},
            [
                (
                    ["todos", "fields"],
                    "You cannot set field rules for `id`. Use todos -> allow -> view instead",
                )
            ],
            id="field rule of id",
        ),
        pytest.param(
            {"todos": {"fields": {"secret": "nope"}}},
            [
                (
                    ["todos", "fields", "secret"],
                    "undeclared reference to 'nope' (in container '')",
                )
            ],
            id="field rule",
        ),
        pytest.param(
            {"$rateLimits": []},
            [(["$rateLimits"], "$rateLimits must be an object")],
            id="rate limits of a wrong shape",
        ),
        pytest.param(
            {"$rateLimits": {"x": {}}},
            [
                (
                    ["$rateLimits", "x"],
                    "The rate limit config must have at least one limit in the `limits` array.",
                )
            ],
            id="rate limit without limits",
        ),
        pytest.param(
            allow(**{"$default": "nope"}),
            [
                (
                    ["todos", "allow", "$default"],
                    "undeclared reference to 'nope' (in container '')",
                )
            ],
            id="default",
        ),
        pytest.param(
            allow(link={"owner": "nope"}, unlink={"owner": "actions.data == 'create'"}),
            [
                (
                    ["todos", "allow", "link", "owner"],
                    "undeclared reference to 'nope' (in container '')",
                ),
                (
                    ["todos", "allow", "unlink", "owner"],
                    "undeclared reference to 'actions' (in container '')",
                ),
            ],
            id="links",
        ),
        pytest.param(
            {"todos": "true"},
            [(["todos"], "rules of a namespace must be an object")],
            id="section of a wrong shape",
        ),
        pytest.param(
            {"todos": {"allow": "true"}},
            [(["todos", "allow"], "allow must be an object")],
            id="allow of a wrong shape",
        ),
        pytest.param(
            {
                "b": {"bind": ["x"], "fields": {"f": "nope"}},
                "a": {"allow": {"view": "nope"}, "bind": ["x"]},
                "$rateLimits": 1,
            },
            [
                (["b", "bind"], ODD),
                (["a", "bind"], ODD),
                (["a", "allow", "view"], ODD),
                (["b", "fields", "f"], ODD),
                (["$rateLimits"], "$rateLimits must be an object"),
            ],
            id="all of them, by kind",
        ),
    ],
)
def test_bad_rules_are_refused(code: Any, expected: list[tuple[list[str], str]]) -> None:
    assert errors(code) == expected


def test_refusal_has_the_generic_shape() -> None:
    code = allow(view="!10")
    with pytest.raises(ValidationFailed) as refused:
        check_rules(code)
    assert refused.value.message == (
        "Validation failed for rule: found no matching overload for '!_' applied to '(int)'"
        " (candidates: (bool))"
    )
    assert refused.value.hint["data-type"] == "rule"
    assert refused.value.hint["input"] == code


@pytest.mark.parametrize("code", [[], "true", 1])
def test_rules_must_be_an_object(code: Any) -> None:
    with pytest.raises(ValidationFailed, match="rules must be an object"):
        check_rules(code)


def test_huge_rules_are_refused_before_they_are_read() -> None:
    with pytest.raises(ValidationFailed, match="256 kB"):
        check_rules(allow(view="'" + "x" * MAX_BYTES + "'"))


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"capacity": 10}, None),
        ({"capacity": 10, "refill": {"amount": 5, "period": "30 minutes"}}, None),
        ({"capacity": 10, "refill": {"period": "1 day", "type": "interval"}}, None),
        ({"capacity": 10, "refill": {"period": "1 hour 30 minutes"}}, None),
        ({"capacity": 10, "refill": {"period": "00:30:00"}}, None),
        ({"capacity": 10, "refill": {"period": "1 second"}}, None),
        ({}, "`capacity` must be a positive whole number."),
        ({"capacity": 0}, "`capacity` must be a positive whole number."),
        ({"capacity": 1.5}, "`capacity` must be a positive whole number."),
        ({"capacity": True}, "`capacity` must be a positive whole number."),
        (1, "A limit must be an object with a `capacity`."),
        ({"capacity": 1, "refill": {"amount": 0}}, "`refill.amount` must be"),
        ({"capacity": 1, "refill": {"period": "soon"}}, "`refill.period` must be"),
        ({"capacity": 1, "refill": {"period": "1 fortnight"}}, "`refill.period` must be"),
        ({"capacity": 1, "refill": {"period": 60}}, "`refill.period` must be"),
        ({"capacity": 1, "refill": {"period": "0 seconds"}}, "must be longer than a second"),
        ({"capacity": 1, "refill": {"period": "2 days"}}, "can't be longer than a day"),
        ({"capacity": 1, "refill": {"type": "slow"}}, "`refill.type` must be"),
        ({"capacity": 1, "refill": []}, "`refill` must be an object."),
    ],
)
def test_rate_limit(limit: Any, message: str | None) -> None:
    found = errors({"$rateLimits": {"x": {"limits": [limit]}}})
    if message is None:
        assert found == []
    else:
        ((path, text),) = found
        assert path == ["$rateLimits", "x"]
        assert message in text


@pytest.mark.parametrize(
    "code",
    [
        pytest.param({"to\0dos": {}}, id="a name"),
        pytest.param({"$rateLimits": {"a": {"limits": ["\0"]}}}, id="a value in a list"),
    ],
)
def test_text_that_cannot_be_stored_is_refused(code: Any) -> None:
    with pytest.raises(ValidationFailed, match="null bytes"):
        check_rules(code)
