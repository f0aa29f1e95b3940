"""Signing in with an id_token: whom to believe (http-api.md §5.5)."""

from __future__ import annotations

import hashlib
import time
from typing import Any

import pytest
from joserfc.jwk import OctKey

from tests.wire.auth.api import Api
from tests.wire.auth.issuer import Issuer, ec_key, rsa_key
from tests.wire.auth.oauth import OAuth, configured
from triples.sql.pool import Connection
from wire.ids import new_id

pytestmark = pytest.mark.asyncio


async def test_good_token_signs_in_again_and_again_as_the_same_user(oauth: OAuth) -> None:
    first = (await oauth.id_token(oauth.issuer.token())).body
    second = (await oauth.id_token(oauth.issuer.token(email="new@example.com"))).body
    assert (first["created"], second["created"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]
    assert second["user"]["email"] == "new@example.com"


async def test_who_is_signed_in_goes_on_with_the_same_token(oauth: OAuth) -> None:
    user = (await oauth.id_token(oauth.issuer.token())).body["user"]
    again = await oauth.id_token(oauth.issuer.token(), refresh_token=user["refresh_token"])
    assert again.body["user"]["refresh_token"] == user["refresh_token"]
    unknown = await oauth.id_token(oauth.issuer.token(), refresh_token=new_id())
    assert unknown.body["hint"] == {"record-type": "app-user"}


async def test_guest_becomes_the_tokens_user_or_is_linked_to_it(oauth: OAuth) -> None:
    guest = await oauth.api.sign_in_guest()
    user = await oauth.id_token(oauth.issuer.token(), refresh_token=guest["refresh_token"])
    assert (user.body["created"], user.body["user"]["id"]) == (True, guest["id"])
    other = await oauth.api.sign_in_guest()
    await oauth.id_token(oauth.issuer.token(), refresh_token=other["refresh_token"])
    assert (await oauth.api.user(id=other["id"]))["linkedPrimaryUser"] == guest["id"]


@pytest.mark.parametrize("verified", [False, "true", None])
async def test_unverified_address_is_nobodys(oauth: OAuth, verified: Any) -> None:
    ann = (await oauth.api.sign_in("ann@example.com"))["user"]
    token = oauth.issuer.token(email_verified=verified)
    user = (await oauth.id_token(token)).body["user"]
    assert user["email"] is None
    assert user["id"] != ann["id"]
    assert (await oauth.id_token(token)).body["user"]["id"] == user["id"]


async def test_developer_may_trust_unverified_addresses(api: Api, issuer: Issuer) -> None:
    oauth = await configured(api, issuer, meta={"allowUnverifiedEmail": True})
    user = (await oauth.id_token(issuer.token(email_verified=False))).body["user"]
    assert user["email"] == "ann@example.com"


@pytest.mark.parametrize(
    ("claimed", "given", "problem"),
    [
        pytest.param("n", "n", None, id="equal"),
        pytest.param(hashlib.sha256(b"n").hexdigest(), "n", None, id="hashed"),
        pytest.param("n", "m", "The nonces do not match.", id="differ"),
        pytest.param(None, "n", "The id_token is missing a nonce.", id="not in the token"),
        pytest.param(
            "n", None, "The nonce parameter was not provided in the request.", id="not given"
        ),
    ],
)
async def test_nonce(oauth: OAuth, claimed: Any, given: Any, problem: str | None) -> None:
    token = oauth.issuer.token(nonce=claimed)
    answer = await oauth.id_token(token, **({} if given is None else {"nonce": given}))
    if problem is None:
        assert answer.status == 200
    else:
        assert answer.error == (400, "validation-failed")
        assert answer.body["message"] == f"Validation failed for id_token: {problem}"


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        pytest.param(
            {"aud": "another"}, "The id_token was generated for the wrong OAuth client.", id="aud"
        ),
        pytest.param(
            {"aud": ["a", "b"]}, "The id_token was generated for the wrong OAuth client.", id="auds"
        ),
        pytest.param(
            {"iss": "https://evil.example.com"}, "The id_token wasn't issued by", id="iss"
        ),
        pytest.param({"sub": None}, "The id_token had no subject.", id="sub"),
    ],
)
async def test_token_for_somebody_else_is_refused(
    oauth: OAuth, claims: dict[str, Any], message: str
) -> None:
    answer = await oauth.id_token(oauth.issuer.token(**claims))
    assert answer.error == (400, "validation-failed")
    assert answer.body["hint"]["data-type"] == "id_token"
    assert message in answer.body["message"]


async def test_other_audiences_may_be_allowed(api: Api, issuer: Issuer) -> None:
    oauth = await configured(api, issuer, meta={"allowedAudiences": ["web-client"]})
    assert (await oauth.id_token(issuer.token(aud="web-client"))).status == 200


async def test_client_without_id_takes_its_issuers_tokens(api: Api, issuer: Issuer) -> None:
    oauth = await configured(api, issuer, client_id=None)
    assert (await oauth.id_token(issuer.token(aud="project"))).status == 200


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        pytest.param(
            lambda issuer: issuer.token(exp=int(time.time()) - 60), "Token is expired.", id="old"
        ),
        pytest.param(
            lambda issuer: issuer.token(nbf=int(time.time()) + 600),
            "Token is not good at this time.",
            id="too early",
        ),
        pytest.param(
            lambda issuer: issuer.token(exp=None), "Token is not good at this time.", id="no exp"
        ),
        pytest.param(
            lambda issuer: issuer.sign(issuer.claims(), key=rsa_key()),
            "Its signature is not the provider's.",
            id="another key",
        ),
        pytest.param(
            lambda issuer: issuer.sign(issuer.claims(), key=ec_key(), alg="ES256"),
            "Its signature is not the provider's.",
            id="another kind of key",
        ),
        pytest.param(
            lambda issuer: issuer.sign(
                issuer.claims(), key=OctKey.import_key("x" * 32), alg="HS256"
            ),
            "Its algorithm is not supported.",
            id="shared secret",
        ),
        pytest.param(
            lambda issuer: "eyJhbGciOiJub25lIn0." + issuer.token().split(".")[1] + ".",
            "Its algorithm is not supported.",
            id="not signed",
        ),
        pytest.param(
            lambda issuer: issuer.token()[:-9] + "AAAAAAAAA",
            "Its signature is not the provider's.",
            id="damaged",
        ),
        pytest.param(lambda issuer: "x.y", "Token is malformed.", id="rubbish"),
        pytest.param(lambda issuer: "x" * 20_000, "Token is too long.", id="huge"),
    ],
)
async def test_forged_token_is_refused(oauth: OAuth, forge: Any, why: str) -> None:
    answer = await oauth.id_token(forge(oauth.issuer))
    assert answer.status == 400
    assert answer.body == {"type": "oauth-error", "error": f"Error validating JWT. {why}"}


async def test_new_key_of_the_provider_is_found(oauth: OAuth, monkeypatch: Any) -> None:
    from auth_app.oauth import discovery

    assert (await oauth.id_token(oauth.issuer.token())).status == 200
    oauth.issuer.key = ec_key()
    token = oauth.issuer.sign(oauth.issuer.claims(), alg="ES256")
    assert (await oauth.id_token(token)).status == 400
    monkeypatch.setattr(discovery, "BETWEEN_LOOKS_SECONDS", 0.0)
    assert (await oauth.id_token(token)).status == 200


async def test_provider_without_keys_has_no_id_tokens(oauth: OAuth) -> None:
    del oauth.issuer.document["jwks_uri"]
    from instant_project.urls import sign_in

    sign_in.documents._documents.clear()
    answer = await oauth.id_token(oauth.issuer.token())
    assert "OAuth client does not support id_token." in answer.body["message"]


async def test_github_has_no_id_tokens(oauth: OAuth) -> None:
    provider = await oauth.dash("POST", "oauth_service_providers", {"provider_name": "github"})
    client = {"provider_id": provider.body["provider"]["id"], "client_name": "gh"}
    assert (await oauth.dash("POST", "oauth_clients", client)).status == 200
    answer = await oauth.id_token(oauth.issuer.token(), client_name="gh")
    assert "GitHub OAuth does not support ID tokens." in answer.body["message"]


async def test_link_moves_to_the_user_with_the_address(oauth: OAuth, conn: Connection) -> None:
    by_sub = (await oauth.id_token(oauth.issuer.token(email_verified=False))).body["user"]
    by_mail = (await oauth.api.sign_in("ann@example.com"))["user"]
    assert by_sub["id"] != by_mail["id"]
    again = (await oauth.id_token(oauth.issuer.token())).body["user"]
    assert again["id"] == by_mail["id"]
    unverified = (await oauth.id_token(oauth.issuer.token(email_verified=False))).body["user"]
    assert unverified["id"] == by_mail["id"]


async def test_provider_may_leave_out_which_algorithms_it_has(oauth: OAuth) -> None:
    oauth.issuer.document["id_token_signing_alg_values_supported"] = 5
    assert (await oauth.id_token(oauth.issuer.token())).body["created"] is True


@pytest.mark.parametrize(
    ("name", "zeros"),
    [pytest.param("n", 1_028, id="a long modulus"), pytest.param("e", 4, id="a long exponent")],
)
async def test_key_that_takes_long_to_try_is_not_tried(oauth: OAuth, name: str, zeros: int) -> None:
    key = oauth.issuer.key.as_dict(private=False)
    slow = key | {name: "A" * zeros + key[name]}  # the same number, written longer
    oauth.issuer.document["jwks_uri"] = f"{oauth.issuer.url}/slow"
    oauth.issuer.pages["/slow"] = (200, {"keys": [slow]})
    answer = await oauth.id_token(oauth.issuer.token())
    assert answer.body["error"] == "Error validating JWT. Its signature is not the provider's."


async def test_only_the_first_of_very_many_keys_are_tried(oauth: OAuth) -> None:
    key = oauth.issuer.key.as_dict(private=False)
    oauth.issuer.document["jwks_uri"] = f"{oauth.issuer.url}/many"
    oauth.issuer.pages["/many"] = (200, {"keys": [*[rsa_key().as_dict(private=False)] * 50, key]})
    answer = await oauth.id_token(oauth.issuer.token())
    assert answer.body["error"] == "Error validating JWT. Its signature is not the provider's."
