"""Two people and a list of todos: live, offline, reloaded, refused, over SSE, without storage."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.person import WAIT_MS, Person, Todos, recipe
from tests.sdk.apps import HTTP_SECONDS, HttpServer

RULES = {"todos": {"allow": {"create": "size(data.text) <= 60", "update": "true"}}}


@pytest.fixture
def app_id(server: HttpServer) -> str:
    """An app with a rule about the length of todos."""
    body = json.dumps({"title": "todos", "rules": {"code": RULES}}).encode()
    request = urllib.request.Request(
        f"{server.http_url}/dash/apps/ephemeral",
        data=body,
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:
        return str(json.load(response)["app"]["id"])


def todos(person: Person, app_id: str, pane: str = "only") -> Todos:
    """A tab with the todos, online."""
    shown = Todos(person.open(recipe("todos", app_id, pane)))
    shown.wait_until_online()
    return shown


def test_two_tabs_see_each_others_todos(person: Person, app_id: str) -> None:
    ann, bob = todos(person, app_id), todos(person.another(), app_id)
    ann.add("milk")
    bob.expect_texts("milk")
    bob.toggle("milk")
    ann.expect_done("milk")
    ann.remove("milk")
    bob.expect_texts()
    assert person.complaints == []


def test_offline_edits_of_both_converge(person: Person, app_id: str) -> None:
    ann, bob = todos(person, app_id), todos(person.another(), app_id)
    ann.add("milk")
    bob.expect_texts("milk")
    ann.go_offline()
    bob.go_offline()
    ann.add("bread")
    ann.toggle("milk")
    bob.add("eggs")
    ann.expect_texts("milk", "bread")
    bob.expect_texts("milk", "eggs")
    ann.go_online()
    bob.go_online()
    for shown in (ann, bob):
        shown.expect_texts("milk", "bread", "eggs")
        shown.expect_done("milk")


def test_a_reload_offline_keeps_data_and_pending_edits(person: Person, app_id: str) -> None:
    ann, bob = todos(person, app_id), todos(person.another(), app_id)
    ann.add("milk")
    bob.expect_texts("milk")
    ann.go_offline()
    ann.add("bread")
    ann.toggle("milk")
    ann.expect_texts("milk", "bread")
    reload(ann)
    expect(ann.status).to_have_attribute("data-status", "closed")
    ann.expect_texts("milk", "bread")
    ann.expect_done("milk")
    ann.go_online()
    bob.expect_texts("milk", "bread")
    bob.expect_done("milk")


def test_a_reload_shows_what_was_there_before_the_server_answers(
    person: Person, app_id: str
) -> None:
    ann = todos(person, app_id)
    ann.add("milk")
    ann.expect_texts("milk")
    page = page_of(ann)
    wait_until_stored(page, app_id)
    page.route_web_socket("**/runtime/session*", lambda socket: None)  # it never says a word
    reload(ann)
    ann.expect_texts("milk")
    expect(ann.status).to_have_text("connecting")


def test_a_write_that_a_rule_refuses_disappears_with_its_error(person: Person, app_id: str) -> None:
    ann = todos(person, app_id)
    ann.add("milk")
    ann.expect_texts("milk")
    ann.add("x" * 61)
    expect(ann.refusal).to_have_text("Refused: Permission denied: not perms-pass?")
    ann.expect_texts("milk")


def test_a_refused_offline_write_goes_when_the_line_is_back(person: Person, app_id: str) -> None:
    ann = todos(person, app_id)
    ann.add("milk")
    ann.expect_texts("milk")  # before the first answer, nothing is shown
    ann.go_offline()
    ann.add("y" * 61)
    ann.expect_texts("milk", "y" * 61)
    reload(ann)
    ann.expect_texts("milk", "y" * 61)
    ann.go_online()
    expect(ann.refusal).to_contain_text("Permission denied")
    ann.expect_texts("milk")


def test_without_websockets_everything_goes_over_server_sent_events(
    person: Person, app_id: str
) -> None:
    blocked = person.another()
    blocked.context.route_web_socket("**/runtime/session*", lambda socket: socket.close())
    ann, bob = todos(person, app_id), todos(blocked, app_id)
    bob.add("milk")
    ann.expect_texts("milk")
    ann.toggle("milk")
    bob.expect_done("milk")


def test_a_full_disk_does_not_break_the_page(person: Person, app_id: str) -> None:
    person.context.add_init_script(
        """
        IDBObjectStore.prototype.put = function () {
          throw new DOMException('No more room.', 'QuotaExceededError');
        };
        """
    )
    ann, bob = todos(person, app_id), todos(person.another(), app_id)
    ann.add("milk")
    bob.expect_texts("milk")
    bob.toggle("milk")
    ann.expect_done("milk")
    assert [text for text in person.complaints if "stores no more" not in text] == []


def test_a_page_without_indexeddb_works_from_memory(person: Person, app_id: str) -> None:
    person.context.add_init_script("delete window.indexedDB; window.indexedDB = undefined;")
    ann = todos(person, app_id)
    ann.add("milk")
    ann.expect_texts("milk")


def test_tabs_of_one_browser_send_what_another_left_behind(person: Person, app_id: str) -> None:
    first = todos(person, app_id)
    first.go_offline()
    first.add("left behind")
    first.expect_texts("left behind")
    page_of(first).close()
    second = todos(person, app_id)
    second.expect_texts("left behind")
    somebody_else = todos(person.another(), app_id)
    somebody_else.expect_texts("left behind")


def test_a_slow_network_loses_and_doubles_nothing(person: Person, app_id: str) -> None:
    ann, bob = todos(person, app_id), todos(person.another(), app_id)
    page_of(ann).get_by_label("Slow").fill("300")
    for text in ("one", "two", "three"):
        ann.add(text)
    ann.toggle("two")
    ann.expect_texts("one", "two", "three")
    bob.expect_texts("one", "two", "three")
    bob.expect_done("two")


def test_a_bad_request_of_the_page_does_not_hang(person: Person) -> None:
    page = person.context.new_page()
    page.route("**/dash/apps/ephemeral", refuse)
    page.goto("/")
    page.get_by_role("button", name="Create a backend").click()
    expect(page.get_by_role("alert")).to_have_text("No more apps today.")


def refuse(route: Route) -> None:
    route.fulfill(status=400, json={"type": "rate-limited", "message": "No more apps today."})


def page_of(shown: Todos) -> Page:
    assert isinstance(shown.place, Page)
    return shown.place


def reload(shown: Todos) -> None:
    page_of(shown).reload()


def wait_until_stored(page: Page, app_id: str) -> None:
    """Until an answer with a todo is in IndexedDB: answers are written a moment later."""
    page.wait_for_function(
        """async (name) => {
          const { openStorage } = await import('/sdk/storage/indexeddb.js');
          const storage = await openStorage(name);
          const answers = await storage.all('queries');
          storage.close();
          return answers.some(({ triples }) => triples.some((triple) => triple[2] === 'milk'));
        }""",
        arg=f"recipe {app_id} only",
        timeout=WAIT_MS,
    )
