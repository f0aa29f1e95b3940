"""What Django is told follows from what the operator set."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from instant_project.env import PROJECT_DIR

SETTINGS = str(PROJECT_DIR / "instant_project" / "settings.py")


@pytest.mark.parametrize(
    ("variable", "value", "name", "told"),
    [
        pytest.param(
            "INSTANT_BACKEND_URL",
            "https://api.example.com/db/",
            "CSRF_TRUSTED_ORIGINS",
            ["https://api.example.com"],
            id="forms may come from the public name",
        ),
        pytest.param("INSTANT_BACKEND_URL", "", "CSRF_TRUSTED_ORIGINS", None, id="from nowhere"),
        pytest.param(
            "INSTANT_TRUSTED_PROXIES",
            "1",
            "SECURE_PROXY_SSL_HEADER",
            ("HTTP_X_FORWARDED_PROTO", "https"),
            id="a trusted proxy says who came by https",
        ),
        pytest.param("INSTANT_TRUSTED_PROXIES", "0", "SECURE_PROXY_SSL_HEADER", None, id="nobody"),
    ],
)
def test_django_is_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str, told: Any
) -> None:
    monkeypatch.setenv(variable, value)
    assert runpy.run_path(SETTINGS).get(name) == told
