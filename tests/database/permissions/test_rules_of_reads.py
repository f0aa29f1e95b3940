"""What each form of a rule lets its asker see, by SQL and by Python alike (§12, §13, §15)."""

from __future__ import annotations

from typing import Final

import pytest

from tests.database.permissions.guarded import Guarded
from wire.errors import PermissionEvaluationFailed

pytestmark = pytest.mark.asyncio

ALL: Final = "shop cook swim drift"


@pytest.mark.parametrize(
    ("rule", "user", "visible"),
    [
        pytest.param("true", None, ALL, id="true"),
        pytest.param("false", "ann", "", id="false"),
        pytest.param("auth.id == data.ownerId", "ann", "shop", id="own"),
        pytest.param("data.ownerId == auth.id", "bob", "cook", id="own, turned around"),
        pytest.param("auth.id == data.ownerId", None, "drift", id="nobody's, null is null"),
        pytest.param(
            "auth.id != null && auth.id == data.ownerId", None, "", id="signed out, guarded"
        ),
        pytest.param("data['ownerId'] == auth.id", "cat", "swim", id="by index"),
        pytest.param("auth.id != data.ownerId", "ann", "cook swim drift", id="others'"),
        pytest.param("auth.id == data.owner", "ann", "shop", id="has-one link as an id"),
        pytest.param("auth.id == data.team", "ann", "", id="has-one link, other id"),
        pytest.param("data.team != null", "ann", "shop cook swim", id="link is there"),
        pytest.param("data.team == null", "ann", "drift", id="link is not there"),
        pytest.param("data.id == auth.id", "ann", "", id="id, of another etype"),
        pytest.param("data.id != null", "ann", ALL, id="id is there"),
        pytest.param("data.title == 'shop'", None, "shop", id="string"),
        pytest.param("data.size == 3", None, "shop", id="int"),
        pytest.param("data.size == 3.0", None, "shop", id="double equals int"),
        pytest.param(
            "data.due != null && timestamp(data.due) < timestamp('2026-01-15')",
            None,
            "shop",
            id="date before a day",
        ),
        pytest.param(
            "data.due != null && request.time >= timestamp(data.due)",
            None,
            "shop cook",
            id="date gone",
        ),
        pytest.param("auth.isGuest == true", "ann", "", id="no guest"),
        pytest.param("data.size == '3'", None, "", id="string is no number"),
        pytest.param("data.size == null", None, "swim drift", id="null and missing"),
        pytest.param("data.done == true", None, "shop", id="bool"),
        pytest.param("data.tags == ['food']", None, "cook", id="list"),
        pytest.param("data.due == '2026-01-01'", None, "shop", id="date, as written"),
        pytest.param("data.due == '2026-01-01T00:00:00Z'", None, "", id="date, other spelling"),
        pytest.param("data.isPublic", None, "shop", id="flag as the rule: null denies"),
        pytest.param("data.done", None, "shop", id="typed flag as the rule"),
        pytest.param("data.title", None, ALL, id="a string permits"),
        pytest.param("data.size", None, "shop cook", id="a number permits"),
        pytest.param("data.nothing", None, "", id="no such field: null"),
        pytest.param(
            "data.isPublic == true || auth.id == data.ownerId", "bob", "shop cook", id="either"
        ),
        pytest.param("data.title == 'shop' ? true : data.size == 5", None, "shop cook", id="?:"),
        pytest.param("auth.id == null ? false : data.size == 5", "ann", "cook", id="?: known"),
        pytest.param("!(data.title in ['shop', 'cook'])", None, "swim drift", id="not in"),
        pytest.param("data.size in [3, null]", None, "shop swim drift", id="in, with null"),
        pytest.param("data.size in [3.0, 5]", None, "shop cook", id="in, doubles"),
        pytest.param("auth.id in [data.ownerId, data.owner]", "cat", "swim", id="in own values"),
        pytest.param("auth.id in data.ref('team.members.id')", "bob", "shop cook", id="ref"),
        pytest.param("auth.id in data.ref('owner.id')", "cat", "swim", id="ref, one link"),
        pytest.param("null in data.ref('owner.id')", "cat", "", id="null is in no ref"),
        pytest.param("auth.id in data.ref('owner.id')", None, "", id="nobody is in no ref"),
        pytest.param("'red' in data.ref('team.name')", None, "shop cook", id="ref, property"),
        pytest.param("data.ref('team.id') == []", None, "drift", id="ref, empty"),
        pytest.param("data.ref('team.id') != []", None, "shop cook swim", id="ref, not empty"),
        pytest.param("size(data.ref('team.members.id')) > 1", None, "shop cook", id="ref, size"),
        pytest.param("data.ref('team.members.id').size() <= 1", None, "swim drift", id="size()"),
        pytest.param(
            "data.ref('team.members.role').exists(r, r == 'boss')", None, "shop cook", id="exists"
        ),
        pytest.param(
            "data.ref('team.members.role').all(r, r == 'worker')", None, "swim drift", id="all"
        ),
        pytest.param(
            "data.ref('team.members.id').exists(m, m == data.ownerId)",
            None,
            "shop cook swim",
            id="exists, with the row's own",
        ),
        pytest.param("data.team in auth.ref('$user.teams.id')", "bob", "shop cook", id="auth.ref"),
        pytest.param("data.team in auth.ref('$user.teams.id')", None, "", id="auth.ref, nobody"),
        pytest.param("'boss' in auth.ref('$user.role')", "ann", ALL, id="auth.ref, own"),
        pytest.param("'boss' in auth.ref('$user.role')", "bob", "", id="auth.ref, not own"),
        pytest.param("auth.role == 'boss'", "ann", ALL, id="auth column"),
        pytest.param("auth.role == 'boss'", "bob", "", id="auth column, other"),
        pytest.param("auth.role == 'boss'", None, "", id="auth column, nobody"),
        pytest.param("auth.nothing", "ann", "", id="auth, no such column"),
        pytest.param("auth.email.endsWith('@x.com')", "ann", ALL, id="auth, string test"),
        pytest.param("data.title.startsWith('s')", None, "shop swim", id="startsWith"),
        pytest.param("data.title.contains('oo')", None, "cook", id="contains"),
        pytest.param("data.title.endsWith('m')", None, "swim", id="endsWith"),
        pytest.param("data.title.upperAscii() == 'COOK'", None, "cook", id="upperAscii"),
        pytest.param("size(data.title) == 5", None, "drift", id="size of a string"),
        pytest.param("data.title < 'e'", None, "cook drift", id="order of strings"),
        pytest.param("data.size != null && data.size > 3", None, "cook", id="order, guarded"),
        pytest.param("data.size == null || data.size < 4", None, "shop swim drift", id="absorbed"),
        pytest.param("data.tags != null && 'home' in data.tags", None, "shop", id="in a list"),
        pytest.param("data.more != null && data.more.level == 2", None, "shop", id="nested"),
        pytest.param(
            "data.more != null && data.more.who != null && data.more.who.name == 'ann'",
            None,
            "shop",
            id="nested deeper",
        ),
        pytest.param("has(data.nothing)", None, ALL, id="has is always true"),
        pytest.param("cel.bind(mine, auth.id == data.ownerId, mine)", "ann", "shop", id="bind"),
        pytest.param("1", None, ALL, id="a number as the rule"),
        pytest.param("null", None, "", id="null as the rule"),
        pytest.param("data.ref('team.id')", None, ALL, id="a list as the rule"),
        pytest.param("size(data.ref('team.id'))", None, ALL, id="a size as the rule"),
    ],
)
async def test_rule_decides(guarded: Guarded, rule: str, user: str | None, visible: str) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    assert (guarded.prepared(rules, {"todos": {}}, user).judging is not None) == guarded.in_python
    assert await guarded.titles(rules, {"todos": {}}, user) == sorted(visible.split())


OVERLOAD = "OVERLOAD_NOT_FOUND"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        pytest.param("data.size > 3", OVERLOAD, id="order of null"),
        pytest.param("data.size > 'x'", OVERLOAD, id="order of a number and a string"),
        pytest.param("!data.isPublic", OVERLOAD, id="not null"),
        pytest.param("data.isPublic && true", OVERLOAD, id="null as an operand"),
        pytest.param("data.isPublic ? true : false", OVERLOAD, id="null as a condition"),
        pytest.param("data.more.level == 2", "ATTRIBUTE_NOT_FOUND", id="below null"),
        pytest.param("data.title.nothing == 2", "ATTRIBUTE_NOT_FOUND", id="below a string"),
        pytest.param("'x' in data.size", OVERLOAD, id="in a number"),
        pytest.param("size(data.size) > 1", OVERLOAD, id="size of a number"),
        pytest.param("data.size.startsWith('x')", OVERLOAD, id="startsWith of a number"),
        pytest.param("data.tags.exists(t, t == 1)", "INVALID_ARGUMENT", id="exists in null"),
        pytest.param("auth.id && true", OVERLOAD, id="an operand that is no bool"),
        pytest.param("auth.id.nothing", "ATTRIBUTE_NOT_FOUND", id="below null, of the asker"),
        pytest.param("timestamp(ruleParams.at) == timestamp(0)", OVERLOAD, id="moment of null"),
        pytest.param("timestamp('never') > timestamp(0)", "BAD_FORMAT", id="moment of a word"),
    ],
)
async def test_rule_without_a_value_fails_the_query(guarded: Guarded, rule: str, code: str) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    with pytest.raises(PermissionEvaluationFailed) as refused:
        await guarded.ask(rules, {"todos": {}})
    error = refused.value.hint["error"]
    assert (refused.value.hint["rule"], error["type"]) == (["todos", "view"], code)
    assert error["message"] == refused.value.message


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("data.size > 3", id="null does not show"),
        pytest.param("data.more.level == 1", id="nothing below null shows"),
    ],
)
async def test_rule_is_not_asked_about_what_the_query_does_not_show(
    guarded: Guarded, rule: str
) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    query = {"todos": {"$": {"where": {"title": "cook"}}}}
    assert await guarded.titles(rules, query) == ["cook"]


@pytest.mark.parametrize(
    ("rule", "visible"),
    [
        pytest.param("data.title == ruleParams.title", "cook", id="field"),
        pytest.param("data.title in ruleParams.titles", "shop swim", id="list"),
        pytest.param("data.title == ruleParams.missing", "", id="missing"),
        pytest.param("ruleParams.deep.all == true", ALL, id="deep"),
        pytest.param("request.ip == '1.2.3.4'", ALL, id="ip"),
        pytest.param("request.origin == 'https://x' || data.size == 3", "shop", id="origin"),
    ],
)
async def test_query_brings_what_it_says_of_itself(
    guarded: Guarded, rule: str, visible: str
) -> None:
    rules = await guarded.push({"todos": {"allow": {"view": rule}}})
    params = {"title": "cook", "titles": ["shop", "swim"], "deep": {"all": True}}
    query = {"todos": {}, "$$ruleParams": params}
    found = await guarded.titles(rules, query, ip="1.2.3.4", origin="https://y")
    assert found == sorted(visible.split())
