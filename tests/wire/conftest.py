"""Handlers under test borrow from the pool; what they stored is read over another connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from asgiref.sync import sync_to_async
from django.db import connections
from pytest_django import DjangoDbBlocker

from tests.database.conftest import conn, open_pool

__all__ = ["conn", "open_pool"]


@pytest_asyncio.fixture
async def orm(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> AsyncIterator[None]:
    """Django's own tables, which the operator site reads and writes in a thread."""
    with django_db_blocker.unblock():
        yield
        await sync_to_async(connections.close_all)()
