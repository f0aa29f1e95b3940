"""Handlers under test borrow from the pool; what they stored is read over another connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import DjangoDbBlocker, Settings

from tests.database.conftest import conn, open_pool
from tests.wire.operator_site import Operator
from wire.ids import new_id

__all__ = ["conn", "open_pool"]


@pytest_asyncio.fixture
async def orm(open_pool: None, django_db_blocker: DjangoDbBlocker) -> AsyncIterator[None]:
    """Django's own tables besides, which the operator site reads and writes in a thread."""
    with django_db_blocker.unblock():
        yield
        await sync_to_async(connections.close_all)()


@pytest_asyncio.fixture
async def operator(orm: None, settings: Settings) -> Operator:
    """A login of this test; its password is compared quickly."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    made = Operator(new_id())
    await made.create()
    return made
