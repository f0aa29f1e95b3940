"""The providers that `instant-cli` knows, each with its peculiarity (http-api.md §5.8)."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.wire.auth.api import Api
from tests.wire.auth.issuer import Issuer
from tests.wire.auth.oauth import OAuth, configured

pytestmark = pytest.mark.asyncio

GOOGLE = "https://accounts.google.com"
APPLE = "https://appleid.apple.com"
OTHER_APPLE = "https://account.apple.com"


@pytest.mark.parametrize(
    ("issuer_name", "client", "claims", "accepted"),
    [
        pytest.param(GOOGLE, {}, {"iss": GOOGLE, "nonce": "n"}, True, id="google, nonce unasked"),
        pytest.param(APPLE, {}, {"iss": OTHER_APPLE}, True, id="apple, its other name"),
        pytest.param(OTHER_APPLE, {}, {"iss": APPLE}, True, id="apple, the other way"),
        pytest.param(APPLE, {}, {"iss": GOOGLE}, False, id="apple, somebody else"),
        pytest.param(
            "https://www.linkedin.com/oauth",
            {},
            {"iss": "https://www.linkedin.com/oauth"},
            True,
            id="linkedin",
        ),
        pytest.param(
            "https://clerk.shop.dev",
            {"client_id": None, "meta": {"clerkPublishableKey": "pk_x"}},
            {"iss": "https://clerk.shop.dev", "aud": None},
            True,
            id="clerk, no audience",
        ),
        pytest.param(
            "https://securetoken.google.com/shop",
            {"client_id": None},
            {"iss": "https://securetoken.google.com/shop", "aud": "shop"},
            True,
            id="firebase",
        ),
        pytest.param(
            "https://securetoken.google.com/shop",
            {"client_id": None},
            {"iss": "https://securetoken.google.com/other", "aud": "other"},
            False,
            id="firebase, another project",
        ),
    ],
)
async def test_id_token_of(
    api: Api,
    issuer: Issuer,
    issuer_name: str,
    client: dict[str, Any],
    claims: dict[str, Any],
    accepted: bool,
) -> None:
    issuer.document["issuer"] = issuer_name
    oauth = await configured(api, issuer, **client)
    answer = await oauth.id_token(issuer.token(**claims))
    assert (answer.status == 200) is accepted, answer


async def test_apple_is_shown_a_secret_that_the_developers_key_signed(
    api: Api, issuer: Issuer
) -> None:
    key = ECKey.generate_key("P-256")
    issuer.document["issuer"] = APPLE
    oauth: OAuth = await configured(
        api,
        issuer,
        client_secret=key.as_pem(private=True).decode(),
        meta={"teamId": "TEAM", "keyId": "KEY"},
    )
    await oauth.code()
    form = next(form for path, form, _ in issuer.asked if path == "/token")
    token = jwt.decode(form["client_secret"], key, algorithms=["ES256"])
    assert (token.header["kid"], token.claims["iss"]) == ("KEY", "TEAM")
    assert (token.claims["sub"], token.claims["aud"]) == ("our-client", APPLE)
