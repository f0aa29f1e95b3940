"""The pages themselves: they work, complain about nothing, and everybody can use them.

With `TEST_PICTURES=<folder>` a run leaves pictures of the pages there, for eyes to look at.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.person import WAIT_MS, WIDTHS, Person, Todos
from tests.sdk.apps import HttpServer, create_app
from tests.sdk.node import install_sdks

HERE = Path(__file__).parent
RECIPES = ("todos", "cursors", "feed", "sign-in")
SEVERE = {"serious", "critical"}


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that checks accessibility."""
    install_sdks(HERE)
    return (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(params=WIDTHS)
def visitor(person: Person, request: pytest.FixtureRequest) -> Person:
    """Somebody with a phone, and somebody with a desk."""
    return person.another(request.param)


def frame(page: Page, demo: str, pane: str) -> Frame:
    element = page.query_selector(f'[data-recipe="{demo}.html"] [data-pane="{pane}"]')
    assert element is not None
    content = element.content_frame()
    assert content is not None
    return content


def test_the_first_page_makes_a_backend_that_two_people_use(visitor: Person) -> None:
    page = visitor.open("/")
    page.get_by_role("button", name="Create a backend").click()
    expect(page.locator("#app-id")).not_to_be_empty(timeout=WAIT_MS)
    expect(page.locator("#admin-token")).not_to_be_empty()
    expect(page.locator("#took")).to_contain_text(" ms")
    first, second = (Todos(frame(page, "todos", pane)) for pane in ("first", "second"))
    first.wait_until_online()
    second.wait_until_online()
    first.add("milk")
    second.expect_texts("milk")
    second.go_offline()
    second.add("bread")
    first.add("eggs")
    second.go_online()
    for shown in (first, second):
        shown.expect_texts("milk", "eggs", "bread")
    expect(frame(page, "cursors", "second").locator("#people li")).to_have_count(2, timeout=WAIT_MS)
    picture(page, visitor, "home")
    assert not scrolls_sideways(page)
    assert visitor.complaints == []


def test_the_list_of_recipes_shows_their_programs(visitor: Person) -> None:
    page = visitor.open("/recipes/")
    expect(page.get_by_role("heading", level=2)).to_have_count(len(RECIPES))
    page.get_by_text("The program of Signing in").click()
    expect(page.get_by_text("await db.auth.signInWithMagicCode")).to_be_visible()
    picture(page, visitor, "recipes")
    assert not scrolls_sideways(page)
    assert visitor.complaints == []


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_opens_by_itself(visitor: Person, recipe: str) -> None:
    page = visitor.open(f"/recipes/{recipe}.html")
    status = page.locator(".line output")
    expect(status).to_have_attribute("data-status", "authenticated", timeout=WAIT_MS)
    assert "app=" in page.url
    picture(page, visitor, recipe)
    assert not scrolls_sideways(page)
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("path", "scheme"),
    [
        *[(path, "light") for path in ("/", "/recipes/")],
        *[(f"/recipes/{name}.html", "light") for name in RECIPES],
        *[(path, "dark") for path in ("/", "/recipes/cursors.html")],
    ],
)
def test_pages_have_no_serious_barrier(person: Person, axe: str, path: str, scheme: Any) -> None:
    page = person.open(path)
    page.emulate_media(color_scheme=scheme)
    if path == "/":
        page.get_by_role("button", name="Create a backend").click()
        Todos(frame_when_filled(page)).wait_until_online()
    elif path != "/recipes/":
        Todos(page).wait_until_online()
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    severe = [violation for violation in found if violation["impact"] in SEVERE]
    assert [(one["id"], one["help"], one["nodes"][0]["html"]) for one in severe] == []


def frame_when_filled(page: Page) -> Frame:
    expect(page.locator("#created")).to_be_visible(timeout=WAIT_MS)
    return frame(page, "todos", "first")


def test_the_first_page_is_used_with_the_keyboard_alone(person: Person) -> None:
    page = person.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    button = page.get_by_role("button", name="Create a backend")
    for _ in range(8):
        if button.evaluate("(one) => one === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#created")).to_be_visible(timeout=WAIT_MS)


def test_older_notes_are_loaded_and_new_ones_come_in(person: Person) -> None:
    page = person.open("/recipes/feed.html")
    Todos(page).wait_until_online()
    notes = [str(number) for number in range(1, 13)]
    for note in notes:
        page.get_by_label("A note").fill(note)
        page.get_by_role("button", name="Write").click()
    newest_first = notes[::-1]
    shown = page.locator("#notes li")
    expect(shown).to_have_text(newest_first, timeout=WAIT_MS)  # all of them came in from the front
    page.reload()
    expect(shown).to_have_text(newest_first[:5], timeout=WAIT_MS)
    page.get_by_role("button", name="Older notes").click()
    expect(shown).to_have_text(newest_first[:10], timeout=WAIT_MS)
    page.get_by_label("A note").fill("13")
    page.get_by_role("button", name="Write").click()
    expect(shown).to_have_text(["13", *newest_first[:10]], timeout=WAIT_MS)
    page.get_by_role("button", name="Older notes").click()
    expect(shown).to_have_text(["13", *newest_first], timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Older notes")).to_be_hidden()


def test_a_guest_stays_signed_in_over_a_reload_and_in_other_tabs(person: Person) -> None:
    page = person.open("/recipes/sign-in.html")
    Todos(page).wait_until_online()
    other = person.open(page.url)
    expect(other.locator("#who")).to_have_text("You are not signed in.", timeout=WAIT_MS)
    page.get_by_role("button", name="Go on as a guest").click()
    for tab in (page, other):
        expect(tab.locator("#who")).to_have_text("You are a guest.", timeout=WAIT_MS)
    page.reload()
    expect(page.locator("#who")).to_have_text("You are a guest.", timeout=WAIT_MS)
    page.get_by_role("button", name="Sign out").click()
    for tab in (page, other):
        expect(tab.locator("#who")).to_have_text("You are not signed in.", timeout=WAIT_MS)


def test_who_comes_back_from_a_provider_with_a_used_code_is_told_so(
    person: Person, server: HttpServer
) -> None:
    app = create_app(server, "oauth")
    code = "00000000-0000-4000-8000-000000000000"
    came_back = f"app={app.id}&code={code}&_instant_oauth_redirect=true"
    page = person.open(f"/recipes/sign-in.html?{came_back}")
    expect(page.locator("#refused")).to_contain_text("app-oauth-code", timeout=WAIT_MS)
    assert page.url.endswith(f"/recipes/sign-in.html?app={app.id}")


def test_a_wrong_code_says_so(person: Person) -> None:
    page = person.open("/recipes/sign-in.html")
    Todos(page).wait_until_online()
    page.get_by_label("Your address").fill("ann@example.com")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("The code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#refused")).to_contain_text("app-user-magic-code", timeout=WAIT_MS)


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def picture(page: Page, visitor: Person, name: str) -> None:
    folder = os.environ.get("TEST_PICTURES")
    if folder:
        width = visitor.context.pages[0].viewport_size
        assert width is not None
        page.screenshot(path=f"{folder}/{name}-{width['width']}.png", full_page=True)
