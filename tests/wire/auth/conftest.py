"""An app of the test's own, the API in front of it, and attrs for its users."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey

from instant_project.urls import sign_in
from tests.database.conftest import conn, open_pool
from tests.wire.auth.api import Api
from tests.wire.auth.issuer import Issuer, rsa_key, running_issuer
from tests.wire.auth.oauth import OAuth, configured
from triples import tenants
from triples.sql.pool import Connection
from triples.transact.author import Author
from triples.transact.transact import transact
from wire.ids import new_id

__all__ = ["conn", "open_pool"]


@pytest_asyncio.fixture
async def api(open_pool: None, conn: Connection) -> Api:
    made = await tenants.create_app(conn, "Books & Co")
    return Api(made.app.id, made.admin_token)


@pytest_asyncio.fixture
async def nickname(api: Api, conn: Connection) -> str:
    """A field that the app's schema adds to its users; its name."""
    await add_user_attr(conn, api.app_id, "nickname")
    return "nickname"


async def add_user_attr(conn: Connection, app_id: str, label: str) -> None:
    attr = {
        "id": new_id(),
        "forward-identity": [new_id(), "$users", label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": False,
        "index?": False,
    }
    await transact(conn, app_id, [["add-attr", attr]], Author(is_admin=True, user_id=None))


@pytest.fixture
def email() -> str:
    return "ann@example.com"


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    return rsa_key()


@pytest.fixture
def issuer(signing_key: RSAKey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """An OpenID provider on this machine, which the server may reach in this test."""
    monkeypatch.setattr(sign_in.web, "_allows_private", True)
    with running_issuer(signing_key) as issuer:
        yield issuer


@pytest_asyncio.fixture
async def oauth(api: Api, issuer: Issuer) -> OAuth:
    """The app with a client of the provider, and a page that sign-in may lead back to."""
    return await configured(api, issuer)
