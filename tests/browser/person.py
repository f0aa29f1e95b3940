"""A person in front of a browser: opens pages and notes what the console complains about."""

from __future__ import annotations

from playwright.sync_api import Browser, ConsoleMessage, Frame, Locator, Page, expect

WAIT_MS = 15_000
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}

Place = Page | Frame


class Person:
    """One browser context, which is one browser profile: storage, cookies, a network."""

    def __init__(self, browser: Browser, base_url: str, width: str = "desktop") -> None:
        self.browser = browser
        self.base_url = base_url
        wide, high = WIDTHS[width]
        self.context = browser.new_context(
            base_url=base_url, viewport={"width": wide, "height": high}
        )
        self.context.set_default_timeout(WAIT_MS)
        self.complaints: list[str] = []
        self.others: list[Person] = []

    def another(self, width: str = "desktop") -> Person:
        """Somebody else, who leaves with this person."""
        other = Person(self.browser, self.base_url, width)
        self.others.append(other)
        return other

    def open(self, path: str) -> Page:
        """A new tab."""
        page = self.context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return page

    def leave(self) -> None:
        """Close everything."""
        for other in self.others:
            other.leave()
        self.context.close()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


class Todos:
    """The todo recipe as a person sees it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def wait_until_online(self) -> None:
        expect(self.status).to_have_attribute("data-status", "authenticated", timeout=WAIT_MS)

    @property
    def status(self) -> Locator:
        return self.place.locator(".line output")

    @property
    def refusal(self) -> Locator:
        return self.place.locator("#refused")

    def add(self, text: str) -> None:
        self.place.locator("input[name=text]").fill(text)
        self.place.get_by_role("button", name="Add").click()

    def toggle(self, text: str) -> None:
        self.place.get_by_role("checkbox", name=text).click()

    def remove(self, text: str) -> None:
        self.place.get_by_role("button", name=f"Remove {text}").click()

    def go_offline(self) -> None:
        self.place.get_by_label("Offline").check()
        expect(self.status).to_have_attribute("data-status", "closed")

    def go_online(self) -> None:
        self.place.get_by_label("Offline").uncheck()
        self.wait_until_online()

    def expect_texts(self, *texts: str) -> None:
        expect(self.place.locator("#todos label span")).to_have_text(list(texts), timeout=WAIT_MS)

    def expect_done(self, text: str, is_done: bool = True) -> None:
        box = self.place.get_by_role("checkbox", name=text)
        expect(box).to_be_checked(checked=is_done, timeout=WAIT_MS)


def recipe(name: str, app_id: str, pane: str = "only") -> str:
    """The address of a recipe on an app."""
    return f"/recipes/{name}.html?app={app_id}&pane={pane}"
