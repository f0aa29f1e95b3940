"""The published SDK signs in with an OpenID provider: by redirect in Chromium, and by id_token."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.sdk.admin import call
from tests.sdk.apps import App
from tests.sdk.core_clients import CoreClient
from tests.sdk.core_driver import SdkError
from tests.sdk.oidc_provider import OidcProvider, running_oidc_provider
from tests.sdk.web_page import PAGES, running_site
from tests.served import ServedDatabase
from tests.system_packages import program

CLIENT_ID = "our-client"
EMAIL = "ann@example.com"
NONCE = "n-0S6_WzA2Mj"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with running_oidc_provider(tmp_path_factory.mktemp("oidc")) as provider:
        yield provider


@pytest.fixture
def app(server: ServedDatabase, app: App, provider: OidcProvider) -> App:
    """An app with a client at the provider."""
    dash = f"dash/apps/{app.id}"
    made = call(
        server, app, "POST", f"{dash}/oauth_service_providers", {"provider_name": "generic"}
    )
    client = {
        "provider_id": made["provider"]["id"],
        "client_name": "web",
        "client_id": CLIENT_ID,
        "client_secret": "secret",
        "discovery_endpoint": provider.discovery_url,
    }
    call(server, app, "POST", f"{dash}/oauth_clients", client)
    return app


@pytest.fixture
def sub(provider: OidcProvider) -> str:
    """Somebody at the provider."""
    sub = uuid.uuid4().hex
    provider.add_user(sub, email=EMAIL, email_verified=True)
    return sub


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = program("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context()
    yield context
    context.close()


@pytest.fixture
def site(server: ServedDatabase, app: App) -> Iterator[str]:
    """The URL of the app's page, to which sign-in may lead back."""
    parameters = {
        "appId": app.id,
        "apiURI": server.http_url,
        "websocketURI": server.ws_url,
    }
    with running_site(PAGES / "oauth.html", parameters) as host:
        origin = {"service": "generic", "params": [host]}
        call(server, app, "POST", f"dash/apps/{app.id}/authorized_redirect_origins", origin)
        yield f"http://{host}/"


def sign_in(page: Page, site: str, sub: str) -> None:
    """As a person does it: click, say who you are, come back."""
    page.goto(site)
    expect(page.locator("#who")).to_have_text("nobody")
    page.click("#sign-in")
    page.fill("input[name=sub]", sub)
    page.click("text=Authorize >> nth=-1")


def test_person_signs_in_at_the_provider_and_comes_back(
    server: ServedDatabase, app: App, context: BrowserContext, site: str, sub: str
) -> None:
    page = context.new_page()
    sign_in(page, site, sub)
    expect(page.locator("#who")).to_have_text(EMAIL)
    page.wait_for_url(site)  # the SDK has taken the code out of the address
    user = call(server, app, "GET", "admin/users", email=EMAIL)["user"]
    assert (user["email"], user["type"]) == (EMAIL, "user")
    page.reload()
    expect(page.locator("#who")).to_have_text(EMAIL)


def test_signing_out_in_one_tab_reaches_the_other(
    context: BrowserContext, site: str, sub: str
) -> None:
    here, there = context.new_page(), context.new_page()
    sign_in(here, site, sub)
    expect(here.locator("#who")).to_have_text(EMAIL)
    there.goto(site)
    expect(there.locator("#who")).to_have_text(EMAIL)
    here.click("#sign-out")
    expect(here.locator("#who")).to_have_text("nobody")
    expect(there.locator("#who")).to_have_text("nobody")


def test_person_without_verified_address_is_told(
    context: BrowserContext, site: str, provider: OidcProvider
) -> None:
    sub = uuid.uuid4().hex
    provider.add_user(sub, email=EMAIL, email_verified=False)
    page = context.new_page()
    sign_in(page, site, sub)
    expect(page.locator("#problem")).to_have_text("Missing user info")
    expect(page.locator("#who")).to_have_text("nobody")


def test_person_who_changes_their_mind_is_told(
    context: BrowserContext, site: str, sub: str
) -> None:
    page = context.new_page()
    page.goto(site)
    page.click("#sign-in")
    page.click("text=Deny")
    expect(page.locator("body")).to_contain_text("oauth-error")
    page.goto(site)
    expect(page.locator("#who")).to_have_text("nobody")


def test_id_token_signs_in(
    connect: Callable[[str], CoreClient], provider: OidcProvider, sub: str
) -> None:
    ann = connect("ann")
    token = provider.id_token(sub, CLIENT_ID, NONCE)
    given = {"clientName": "web", "idToken": token, "nonce": NONCE}
    answer = ann.auth("signInWithIdToken", given)
    assert (answer["created"], answer["user"]["email"]) == (True, EMAIL)
    with pytest.raises(SdkError, match="The nonces do not match"):
        ann.auth("signInWithIdToken", {**given, "nonce": "another"})


def test_guest_who_signs_in_with_an_id_token_keeps_its_id(
    connect: Callable[[str], CoreClient], provider: OidcProvider, sub: str
) -> None:
    ann = connect("ann")
    guest = ann.auth("signInAsGuest")["user"]
    token = provider.id_token(sub, CLIENT_ID, NONCE)
    given = {"clientName": "web", "idToken": token, "nonce": NONCE}
    assert ann.auth("signInWithIdToken", given)["user"]["id"] == guest["id"]


def test_id_token_for_another_client_is_refused(
    connect: Callable[[str], CoreClient], provider: OidcProvider, sub: str
) -> None:
    token = provider.id_token(sub, "another-client", NONCE)
    with pytest.raises(SdkError, match="generated for the wrong OAuth client"):
        connect("ann").auth(
            "signInWithIdToken", {"clientName": "web", "idToken": token, "nonce": NONCE}
        )
