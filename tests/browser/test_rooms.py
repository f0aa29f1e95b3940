"""Who is here: presence comes and goes, broadcasts arrive, typing shows and ends."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import WAIT_MS, Person, recipe
from tests.sdk.apps import HttpServer, create_app


@pytest.fixture
def app_id(server: HttpServer) -> str:
    """An app of this test alone."""
    return create_app(server, "rooms").id


def room(person: Person, app_id: str) -> Page:
    """A tab in the room, online."""
    page = person.open(recipe("cursors", app_id))
    expect(page.locator(".line output")).to_have_attribute(
        "data-status", "authenticated", timeout=WAIT_MS
    )
    return page


def expect_people(page: Page, count: int) -> None:
    expect(page.locator("#people li")).to_have_count(count, timeout=WAIT_MS)


def test_presence_appears_and_leaves(person: Person, app_id: str) -> None:
    ann = room(person, app_id)
    expect_people(ann, 1)
    bob = room(person.another(), app_id)
    expect_people(ann, 2)
    expect_people(bob, 2)
    bob.get_by_label("Offline").check()
    expect_people(ann, 1)
    expect_people(bob, 1)
    bob.get_by_label("Offline").uncheck()
    expect_people(ann, 2)
    bob.close()
    expect_people(ann, 1)


def test_pointers_are_seen_and_go(person: Person, app_id: str) -> None:
    ann, bob = room(person, app_id), room(person.another(), app_id)
    expect_people(ann, 2)
    bob.locator("#board").hover()
    expect(ann.locator(".cursor")).to_have_count(1, timeout=WAIT_MS)
    bob.locator("h1").hover()
    expect(ann.locator(".cursor")).to_have_count(0, timeout=WAIT_MS)


def test_typing_shows_and_what_is_said_arrives(person: Person, app_id: str) -> None:
    ann, bob = room(person, app_id), room(person.another(), app_id)
    expect_people(ann, 2)
    bob.get_by_label("Say something").press_sequentially("hi")
    expect(ann.locator("#typing")).to_contain_text("is typing", timeout=WAIT_MS)
    bob.get_by_role("button", name="Say").click()
    expect(ann.locator("#said li")).to_contain_text([": hi"], timeout=WAIT_MS)
    expect(ann.locator("#typing")).to_be_empty(timeout=WAIT_MS)
    expect(bob.locator("#said li")).to_have_text(["You: hi"])
