"""Live queries under rules: everybody sees what they may, when they may (§15, instaql.md §5.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.realtime.peer import Peer
from tests.realtime.ruled import TODOS, RuledApp, RuledServer, entities_in, sees
from tests.realtime.steps import new_id
from tests.sdk.apps import App

OWN: Final = {"todos": {"allow": {"view": "auth.id == data.ownerId"}}}


@pytest.fixture
def ruled(server: RuledServer, app: App, dial: Callable[[], Peer]) -> RuledApp:
    """A fresh app whose rules the test sets."""
    return RuledApp(server, app, dial)


def todo(entity: str, **values: Any) -> list[Any]:
    """A step that writes a todo."""
    return ["update", "todos", entity, values]


def test_everybody_sees_their_own(ruled: RuledApp) -> None:
    ruled.push(OWN)
    (ann_id, ann), (bob_id, bob) = ruled.sign_in("ann@x.com"), ruled.sign_in("bob@x.com")
    of_ann, of_bob, late = new_id(), new_id(), new_id()
    ruled.write(todo(of_ann, ownerId=ann_id), todo(of_bob, ownerId=bob_id))

    assert entities_in(ann.ask("add-query", q=TODOS)) == {of_ann}
    assert entities_in(bob.ask("add-query", q=TODOS)) == {of_bob}
    assert entities_in(ruled.guest().ask("add-query", q=TODOS)) == set()
    ann.fence()
    ruled.write(todo(late, ownerId=bob_id))
    sees(bob, {of_bob, late})
    assert ann.fence() == []


@pytest.mark.parametrize("rule", ["false", "auth.id == data.ownerId", "data.title.matches('x')"])
def test_change_of_rules_reaches_open_queries(ruled: RuledApp, rule: str) -> None:
    one = new_id()
    ruled.write(todo(one, title="a", ownerId=new_id()))
    _, ann = ruled.sign_in("ann@x.com")
    assert entities_in(ann.ask("add-query", q=TODOS)) == {one}
    for code, visible in ((rule, set()), ("true", {one}), (rule, set())):
        ruled.push({"todos": {"allow": {"view": code}}})
        sees(ann, visible)


def test_guests_who_shared_a_query_are_told_apart_by_new_rules(ruled: RuledApp) -> None:
    (ann_id, ann), (_, bob) = ruled.sign_in("ann@x.com"), ruled.sign_in("bob@x.com")
    one = new_id()
    ruled.write(todo(one, ownerId=ann_id))
    for socket in (ann, bob):
        assert entities_in(socket.ask("add-query", q=TODOS)) == {one}
    ruled.push(OWN)
    sees(bob, set())
    two = new_id()
    ruled.write(todo(two, ownerId=ann_id))
    sees(ann, {one, two})
    assert all(two not in str(message) for message in bob.fence() + bob.messages)


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("data.done == true", id="by SQL"),
        pytest.param("data.done == true && data.title.matches('.')", id="by Python"),
    ],
)
def test_hidden_row_appears_when_what_its_rule_looks_at_changes(ruled: RuledApp, rule: str) -> None:
    ruled.push({"todos": {"allow": {"view": rule}}})
    one = new_id()
    ruled.write(todo(one, title="a", done=False))
    guest = ruled.guest()
    query = {"todos": {"$": {"fields": ["title"]}}}
    assert entities_in(guest.ask("add-query", q=query)) == set()
    ruled.write(todo(one, done=True))
    sees(guest, {one})
    ruled.write(todo(one, done=False))
    sees(guest, set())


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("auth.id in data.ref('team.members.id')", id="data.ref"),
        pytest.param("data.team in auth.ref('$user.teams.id')", id="auth.ref"),
        pytest.param(
            "data.ref('team.members.id').filter(m, m == auth.id).size() > 0", id="by Python"
        ),
    ],
)
def test_links_that_a_rule_follows_are_watched(ruled: RuledApp, rule: str) -> None:
    ann_id, ann = ruled.sign_in("ann@x.com")
    one, team = new_id(), new_id()
    link = {"has": "one", "on": "todos", "label": "team"}
    links = {
        "team": {"forward": link, "reverse": {"has": "many", "on": "teams", "label": "todos"}},
        "members": {
            "forward": {"has": "many", "on": "teams", "label": "members"},
            "reverse": {"has": "many", "on": "$users", "label": "teams"},
        },
    }
    schema = {"entities": {"todos": {"attrs": {}}, "teams": {"attrs": {}}}, "links": links}
    ruled.push_schema(schema)
    ruled.push({"todos": {"allow": {"view": rule}}})
    ruled.write(["update", "teams", team, {}], todo(one), ["link", "todos", one, {"team": team}])
    assert entities_in(ann.ask("add-query", q=TODOS)) == set()
    ruled.write(["link", "teams", team, {"members": ann_id}])
    sees(ann, {one})
    ruled.write(["unlink", "teams", team, {"members": ann_id}])
    sees(ann, set())


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("auth.role == 'boss'", id="by SQL"),
        pytest.param("auth.role.matches('^boss$')", id="by Python"),
    ],
)
def test_asker_s_own_row_is_watched(ruled: RuledApp, rule: str) -> None:
    one = new_id()
    ann_id, ann = ruled.sign_in("ann@x.com")
    ruled.write(todo(one), ["update", "$users", ann_id, {"role": "none"}])
    ruled.push({"todos": {"allow": {"view": rule}}})
    assert entities_in(ann.ask("add-query", q=TODOS)) == set()
    ruled.write(["update", "$users", ann_id, {"role": "boss"}])
    sees(ann, {one})


def test_who_is_signed_out_sees_what_guests_see(ruled: RuledApp) -> None:
    ruled.push(OWN)
    ann_id, ann = ruled.sign_in("ann@x.com")
    one = new_id()
    ruled.write(todo(one, ownerId=ann_id))
    assert entities_in(ann.ask("add-query", q=TODOS)) == {one}
    ruled.sign_out("ann@x.com")
    sees(ann, set())


def test_rule_that_fails_is_told_and_the_query_lives_on(ruled: RuledApp) -> None:
    ruled.push({"todos": {"allow": {"view": "data.size > 3"}}})
    one = new_id()
    ruled.write(todo(one, size=4))
    guest = ruled.guest()
    assert entities_in(guest.ask("add-query", q=TODOS)) == {one}
    ruled.write(todo(one, size="x"))
    failed = guest.hear("error")
    assert (failed["type"], failed["hint"]["rule"]) == (
        "permission-evaluation-failed",
        ["todos", "view"],
    )
    ruled.write(todo(one, size=5))
    sees(guest, {one})
