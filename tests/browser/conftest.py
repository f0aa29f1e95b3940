"""Chromium, driven against the running server. Left out where Chromium is not installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.person import Person
from tests.sdk.apps import HttpServer
from tests.system_packages import program

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for the tests of a module; each makes contexts of its own.

    Not for longer: while Playwright runs, no other test of this process can have an event loop.
    """
    path = program("chromium")
    if path is None:
        pytest.skip("Chromium is not installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def person(chromium: Browser, server: HttpServer) -> Iterator[Person]:
    """Somebody with a browser of their own; `person.another()` is somebody else."""
    somebody = Person(chromium, server.http_url)
    yield somebody
    somebody.leave()
