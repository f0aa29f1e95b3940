"""What developers set up for sign-in, as `instant-cli auth` calls it (http-api.md §7.8–7.12)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from tests.wire.auth.api import Api
from tests.wire.auth.oauth import OAuth, dash
from triples import tenants
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio

GENERIC = {"service": "generic", "params": ["localhost:3000"]}


async def test_everything_is_shown_but_secrets(oauth: OAuth) -> None:
    shown = (await oauth.dash("GET", "auth")).body
    [provider], [client], [origin] = (
        shown["oauth_service_providers"],
        shown["oauth_clients"],
        shown["authorized_redirect_origins"],
    )
    assert provider["provider_name"] == "generic"
    assert (origin["service"], origin["params"]) == ("generic", ["app.example.com"])
    assert {key: client[key] for key in client if key not in {"id", "created_at"}} == {
        "client_name": "web",
        "client_id": "our-client",
        "provider_id": provider["id"],
        "meta": None,
        "discovery_endpoint": oauth.issuer.discovery_url,
        "redirect_to": None,
        "use_shared_credentials": False,
    }
    assert shown["default_sender_email"] == "verify@example.com"
    assert "our-secret" not in str(shown)


async def test_secret_is_stored_encrypted(oauth: OAuth, conn: Connection) -> None:
    cursor = await conn.execute(
        "select count(*) from triples where app_id = %s::uuid and value::text ~ 'our-secret'",
        (oauth.api.app_id,),
    )
    assert await cursor.fetchone() == (0,)


async def test_client_is_changed_field_by_field(oauth: OAuth) -> None:
    path = f"oauth_clients/{oauth.client_id}"
    await oauth.dash("POST", path, {"meta": {"a": {"b": 1}}, "redirect_to": "https://x.dev/cb"})
    changed = await oauth.dash(
        "POST", path, {"meta": {"a": {"c": 2}}, "redirect_to": None, "client_id": "other"}
    )
    client = changed.body["client"]
    assert client["meta"] == {"a": {"b": 1, "c": 2}}
    assert (client["redirect_to"], client["client_id"]) == (None, "other")
    assert client["discovery_endpoint"] == oauth.issuer.discovery_url


async def test_deleted_client_is_gone(oauth: OAuth) -> None:
    path = f"oauth_clients/{oauth.client_id}"
    assert (await oauth.dash("DELETE", path)).body["client"]["client_name"] == "web"
    assert (await oauth.dash("GET", "auth")).body["oauth_clients"] == []
    assert (await oauth.dash("DELETE", path)).error == (400, "record-not-found")


@pytest.mark.parametrize(
    ("change", "error_type"),
    [
        pytest.param({"client_name": "web"}, "record-not-unique", id="name taken"),
        pytest.param({"provider_id": new_id()}, "record-not-found", id="no such provider"),
        pytest.param({"discovery_endpoint": None}, "param-missing", id="no discovery"),
        pytest.param(
            {"discovery_endpoint": "https://localhost:1/x"}, "validation-failed", id="unreachable"
        ),
        pytest.param(
            {"redirect_to": "http://example.com/cb"}, "validation-failed", id="plain http"
        ),
        pytest.param({"redirect_to": "https://x.dev/#cb"}, "validation-failed", id="fragment"),
        pytest.param({"use_shared_credentials": True}, "record-not-found", id="shared"),
        pytest.param({"meta": "x"}, "param-malformed", id="meta a text"),
    ],
)
async def test_client_that_cannot_be_is_refused(
    oauth: OAuth, change: dict[str, Any], error_type: str
) -> None:
    shown = (await oauth.dash("GET", "auth")).body
    client = {
        "provider_id": shown["oauth_service_providers"][0]["id"],
        "client_name": "second",
        "discovery_endpoint": oauth.issuer.discovery_url,
        **change,
    }
    assert (await oauth.dash("POST", "oauth_clients", client)).error == (400, error_type)
    assert len((await oauth.dash("GET", "auth")).body["oauth_clients"]) == 1


async def test_private_discovery_is_refused_unless_the_operator_allows_it(
    oauth: OAuth, monkeypatch: pytest.MonkeyPatch
) -> None:
    from instant_project.urls import sign_in

    monkeypatch.setattr(sign_in.web, "_allows_private", False)
    path = f"oauth_clients/{oauth.client_id}"
    for url in (oauth.issuer.discovery_url, oauth.issuer.discovery_url.replace("http", "https")):
        refused = await oauth.dash("POST", path, {"discovery_endpoint": url})
        assert refused.body["message"] == (
            "Validation failed for discovery-endpoint: Could not validate discovery endpoint."
        )


async def test_provider_names_are_unique(oauth: OAuth) -> None:
    again = await oauth.dash("POST", "oauth_service_providers", {"provider_name": "generic"})
    assert again.error == (400, "record-not-unique")


async def test_origin_is_added_and_removed(api: Api) -> None:
    added = (await dash(api, "POST", "authorized_redirect_origins", GENERIC)).body["origin"]
    path = f"authorized_redirect_origins/{added['id']}"
    assert (await dash(api, "DELETE", path)).body == {"origin": added}
    assert (await dash(api, "DELETE", path)).error == (400, "record-not-found")


async def test_other_apps_token_opens_nothing(api: Api, conn: Connection) -> None:
    other = await tenants.create_app(conn, "other")
    intruder = Api(api.app_id, other.admin_token)
    for method, path, body in (
        ("GET", "auth", None),
        ("POST", "authorized_redirect_origins", GENERIC),
        ("GET", "test_users", None),
        ("GET", "email_status", None),
    ):
        answer = await dash(intruder, method, path, body)
        assert answer.body["hint"] == {"reason": "admin-token-mismatch"}


async def test_template_of_the_app_is_mailed(api: Api, email: str) -> None:
    assert (await dash(api, "GET", "email_status")).body == {"info": None}
    template = {
        "email-type": "magic-code",
        "subject": "Your {code}, {user_email}",
        "body": "<p>{code} for {app_title}, good for {expiration}</p>",
        "sender-name": "Ann's books",
        "sender-email": "hi@books.example",
    }
    made = await dash(api, "POST", "email_templates", template)
    await api.runtime("send_magic_code", email=email)
    sent = mail.outbox[-1]
    assert str(sent.subject).endswith(f", {email}")
    assert sent.from_email == "Ann's books <hi@books.example>"
    assert sent.body.endswith("for Books & Co, good for 24 hours")
    info = (await dash(api, "GET", "email_status")).body["info"]
    assert (info["id"], info["email"], info["name"]) == (
        made.body["id"],
        "hi@books.example",
        "Ann's books",
    )
    assert (await dash(api, "DELETE", f"email_templates/{made.body['id']}")).body == {}
    assert (await dash(api, "GET", "email_status")).body == {"info": None}


@pytest.mark.parametrize(("part", "most"), [("subject", "1,000"), ("body", "262,144")])
async def test_template_that_is_too_long_is_refused(api: Api, part: str, most: str) -> None:
    text = "{code}".ljust(int(most.replace(",", "")) + 1, "x")
    template = {"email-type": "magic-code", "subject": "{code}", "body": "{code}", part: text}
    answer = await dash(api, "POST", "email_templates", template)
    assert answer.body["message"] == (
        f"Validation failed for {part}: {part.capitalize()} may have at most {most} characters."
    )


@pytest.mark.parametrize("part", ["subject", "body"])
async def test_template_without_the_code_is_refused(api: Api, part: str) -> None:
    template = {"email-type": "magic-code", "subject": "{code}", "body": "{code}", part: "hello"}
    answer = await dash(api, "POST", "email_templates", template)
    assert answer.body["message"] == (
        f"Validation failed for {part}: {part.capitalize()} does not contain template variable:"
        " '{code}'"
    )


async def test_test_user_signs_in_again_and_again_without_mail(
    api: Api, conn: Connection, email: str, settings: Any
) -> None:
    made = await dash(api, "POST", "test_users", {"email": email, "code": "424242"})
    user = made.body["test-user"]
    assert (await dash(api, "GET", "test_users")).body == {"test-users": [user]}
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert (await api.runtime("send_magic_code", email=email)).status == 200
    for _ in range(2):
        answer = await api.runtime("verify_magic_code", email=email, code="424242")
        assert answer.status == 200
    cursor = await conn.execute("select sealed_code from app_test_users where email = %s", (email,))
    assert all("424242" not in row[0] for row in await cursor.fetchall())
    assert (await dash(api, "DELETE", "test_users", {"id": user["id"]})).status == 200
    refused = await api.runtime("verify_magic_code", email=email, code="424242")
    assert refused.status == 400


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(1, 200), (1440, 200), (0, 400), (1441, 400), ("60", 400), (True, 400)],
    ids=str,
)
async def test_code_expiry_is_set(api: Api, minutes: Any, status: int) -> None:
    answer = await dash(api, "POST", "set-magic-code-expiry", {"expiry": minutes})
    assert answer.status == status
