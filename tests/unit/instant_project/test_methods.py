"""Which methods the pages and reports take that are only there to be looked at."""

from __future__ import annotations

import pytest
from django.test import AsyncClient

pytestmark = pytest.mark.asyncio

PATHS = ["/", "/recipes/", "/sdk/instant.js", "/health/system", "/metrics"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
async def test_other_methods_are_not_allowed(path: str, method: str) -> None:
    response = await AsyncClient(enforce_csrf_checks=True).generic(method, path)
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response.content == b""


@pytest.mark.parametrize("path", PATHS)
async def test_looking_is_allowed(path: str) -> None:
    shown, head = await AsyncClient().get(path), await AsyncClient().head(path)
    assert shown.status_code == head.status_code != 405
    assert shown["content-type"] == head["content-type"]
