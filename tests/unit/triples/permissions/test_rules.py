"""Which rule of the document decides, and with which binds (transactions-permissions.md §12)."""

from __future__ import annotations

from typing import Any

import pytest

from triples.permissions.parse import parse
from triples.permissions.rules import Action, LinkAction, Rules
from wire.errors import ValidationFailed


def rules(code: Any) -> Rules:
    """The rules of a document, as they are after loading."""
    read = Rules(code, 0, "0.1")
    read.prepare()
    return read


def text(code: Any, etype: str, action: Action) -> str | None:
    """The text of the rule that decides; None where everything is allowed."""
    rule = rules(code).for_action(etype, action)
    return None if rule is None else rule.text


OWN = {"todos": {"allow": {"view": "1", "$default": "2"}}}
DEFAULTS = {"$default": {"allow": {"view": "3", "$default": "4"}}}
OWN_USER = (
    "auth.id == data.id || (data.linkedPrimaryUser != null && auth.id == data.linkedPrimaryUser)"
)


@pytest.mark.parametrize(
    ("code", "etype", "action", "found"),
    [
        pytest.param(OWN | DEFAULTS, "todos", "view", "1", id="own rule first"),
        pytest.param(OWN | DEFAULTS, "todos", "update", "2", id="then the etype's default"),
        pytest.param(OWN | DEFAULTS, "goals", "view", "3", id="then the default's rule"),
        pytest.param(OWN | DEFAULTS, "goals", "delete", "4", id="then the default's default"),
        pytest.param(OWN, "goals", "view", None, id="else everything is allowed"),
        pytest.param({}, "todos", "view", None, id="no rules"),
        pytest.param(None, "todos", "view", None, id="null instead of rules"),
        pytest.param({"todos": {"allow": {"view": None}}}, "todos", "view", None, id="null"),
        pytest.param({"todos": {"allow": {"view": True}}}, "todos", "view", "true", id="boolean"),
        pytest.param({}, "$users", "view", OWN_USER, id="own user is seen"),
        pytest.param({}, "$users", "update", OWN_USER, id="own user is changed"),
        pytest.param({}, "$users", "create", "true", id="sign-up"),
        pytest.param({}, "$users", "delete", "false", id="no user is deleted"),
        pytest.param({}, "$files", "view", "false", id="files are closed"),
        pytest.param({}, "$streams", "create", "false", id="streams are closed"),
        pytest.param(DEFAULTS, "$users", "view", "3", id="default overrides the fallback"),
        pytest.param(DEFAULTS, "$files", "delete", "4", id="default opens files"),
        pytest.param(DEFAULTS, "$magicCodes", "view", "false", id="default opens no secrets"),
        pytest.param(
            {"$magicCodes": {"allow": {"view": "true"}}},
            "$magicCodes",
            "view",
            "false",
            id="own rule opens no secrets",
        ),
        pytest.param(DEFAULTS, "attrs", "create", "4", id="default locks the schema"),
        pytest.param({"todos": "no object"}, "todos", "view", None, id="section of a wrong shape"),
    ],
)
def test_rule_is_looked_up(code: Any, etype: str, action: Action, found: str | None) -> None:
    assert text(code, etype, action) == found


LINKS = {
    "todos": {"allow": {"link": {"owner": "1", "$default": "2"}, "$default": "3"}},
    "$default": {"allow": {"link": {"owner": "4"}, "$default": "5"}},
}


@pytest.mark.parametrize(
    ("etype", "label", "action", "found"),
    [
        pytest.param("todos", "owner", "link", "1", id="by label"),
        pytest.param("todos", "tags", "link", "2", id="by the links' default"),
        pytest.param("todos", "owner", "unlink", None, id="other action"),
        pytest.param("goals", "owner", "link", None, id="no default etype"),
        pytest.param("$users", "owner", "link", None, id="no fallback"),
    ],
)
def test_link_rule_is_looked_up(
    etype: str, label: str, action: LinkAction, found: str | None
) -> None:
    rule = rules(LINKS).for_link(etype, label, action)
    assert (rule and rule.text) == found


def test_field_rule_is_looked_up_by_label_only() -> None:
    code = {"todos": {"fields": {"secret": "false", "other": None}}, "$default": {"fields": {}}}
    read = rules(code)
    rule = read.for_field("todos", "secret")
    assert rule is not None
    assert (rule.text, rule.action, rule.path) == ("false", "view", ("todos", "fields", "secret"))
    assert read.for_field("todos", "title") is None
    assert read.field_labels("todos") == {"secret"}


@pytest.mark.parametrize(
    ("own", "default", "code"),
    [
        pytest.param({"x": "1"}, None, "cel.bind(x, 1, x)", id="object"),
        pytest.param(["x", "1"], None, "cel.bind(x, 1, x)", id="pairs"),
        pytest.param(["x", True], None, "cel.bind(x, true, x)", id="boolean"),
        pytest.param(None, {"x": "2"}, "cel.bind(x, 2, x)", id="default's"),
        pytest.param({"x": "1"}, {"x": "2"}, "cel.bind(x, 1, x)", id="own wins"),
        pytest.param({"x": "y", "y": "1", "z": "2"}, None, None, id="only what is reached"),
        pytest.param({"x": "y"}, {"y": "1"}, None, id="own uses default's"),
    ],
)
def test_binds_surround_the_rule(own: Any, default: Any, code: str | None) -> None:
    document = {"todos": {"allow": {"view": "x"}, "bind": own}, "$default": {"bind": default}}
    rule = rules(document).for_action("todos", "view")
    expected = code or "cel.bind(y, 1, cel.bind(x, y, x))"
    assert rule is not None
    assert rule.code == expected
    assert rule.expression == parse(expected)


def test_variable_of_a_macro_hides_a_bind() -> None:
    document = {"todos": {"allow": {"view": "[1].all(x, x == 1)"}, "bind": {"x": "2"}}}
    rule = rules(document).for_action("todos", "view")
    assert rule is not None
    assert rule.code == "[1].all(x, x == 1)"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        pytest.param({"allow": {"view": "a b"}}, "unexpected 'b'", id="syntax"),
        pytest.param({"allow": {"view": 7}}, "a rule must be a string or a boolean", id="number"),
        pytest.param(
            {"allow": {"view": "newData.x == 1"}},
            "undeclared reference to 'newData' (in container '')",
            id="variable of another action",
        ),
        pytest.param(
            {"allow": {"view": "rateLimit.x.limit(1)"}},
            "`x` is not a valid rate limit config",
            id="unknown limit",
        ),
        pytest.param(
            {"allow": {"view": "a"}, "bind": ["a"]},
            "bind should have an even number of elements",
            id="odd binds",
        ),
        pytest.param(
            {"allow": {"view": "a"}, "bind": {"a": "b", "b": "a"}},
            "The binds have a cyclic dependency a -> b -> a",
            id="circle",
        ),
        pytest.param(
            {"allow": {"view": "auth"}, "bind": {"auth": "1"}},
            "'auth' is a variable of every rule",
            id="bind of a taken name",
        ),
        pytest.param(
            {"allow": {"view": "b0"}, "bind": {f"b{i}": f"b{i + 1}" for i in range(101)}},
            "more than 100 binds",
            id="too many binds",
        ),
    ],
)
def test_unusable_rule_raises_when_it_is_asked_for(section: Any, message: str) -> None:
    read = rules({"todos": section, "goals": {"allow": {"view": "true"}}})
    assert read.for_action("goals", "view") is not None
    with pytest.raises(ValidationFailed) as refused:
        read.for_action("todos", "view")
    assert message in refused.value.message
    assert refused.value.message.startswith("Validation failed for permission: ")
    assert refused.value.hint["input"] == ["todos", "allow", "view"]


def test_field_rule_for_id_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="You cannot set field rules for `id`"):
        rules({"todos": {"fields": {"id": "false"}}}).for_field("todos", "id")
