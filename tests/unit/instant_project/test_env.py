"""Settings are read as written, refused in words, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from instant_project.env import (
    PROJECT_DIR,
    SETTINGS,
    SettingError,
    read_environment,
    unknown_settings,
)

ROW = re.compile(r"^\| `((?:INSTANT_)?[A-Z_]+)` \| (?:`(.*?)`)? ?\|", re.MULTILINE)


def test_nothing_set_gives_the_defaults() -> None:
    environment = read_environment({})
    assert (environment.port, environment.host) == (8888, "localhost")
    assert environment.database_url is None
    assert environment.data_dir == PROJECT_DIR / ".instant"


def test_variable_set_to_nothing_counts_as_not_set() -> None:
    assert read_environment({"PORT": " "}).port == 8888


@pytest.mark.parametrize(
    ("name", "text", "attribute", "value"),
    [
        ("PORT", "80", "port", 80),
        ("INSTANT_DEBUG", "Yes", "debug", True),
        ("INSTANT_EPHEMERAL_APPS", "0", "ephemeral_apps", False),
        ("INSTANT_EPHEMERAL_APPS_PER_HOUR", "unlimited", "ephemeral_apps_per_hour", None),
        ("INSTANT_EPHEMERAL_APPS_PER_HOUR", "7", "ephemeral_apps_per_hour", 7),
        ("INSTANT_ALLOWED_HOSTS", "a.org, b.org", "allowed_hosts", ("a.org", "b.org")),
        ("INSTANT_DATA_DIR", "/srv/x", "data_dir", Path("/srv/x")),
        ("INSTANT_OPERATION_TIMEOUT_SECONDS", "0.5", "operation_timeout_seconds", 0.5),
        ("INSTANT_REDIS_URL", "redis://cache:6379/1", "redis_url", "redis://cache:6379/1"),
    ],
)
def test_setting_is_read(name: str, text: str, attribute: str, value: object) -> None:
    assert getattr(read_environment({name: text}), attribute) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "http"),
        ("PORT", "0"),
        ("INSTANT_DEBUG", "maybe"),
        ("INSTANT_POOL_SIZE", "1"),
        ("INSTANT_STATEMENT_TIMEOUT_SECONDS", "nan"),
        ("INSTANT_EPHEMERAL_APPS_PER_HOUR", "-1"),
        ("INSTANT_DATABASE_URL", "mysql://host/db"),
        ("INSTANT_REDIS_URL", "localhost:6379"),
    ],
)
def test_unusable_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"^{name} must"):
        read_environment({name: text})


def test_refused_url_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(SettingError) as refused:
        read_environment({"INSTANT_DATABASE_URL": "mysql://u:hunter2@host/db"})
    assert "hunter2" not in str(refused.value)


def test_secrets_are_not_shown_with_the_settings() -> None:
    shown = repr(read_environment({"INSTANT_SECRET_KEY": "s" * 40}))
    assert "ssss" not in shown


def test_misspelt_setting_is_noticed() -> None:
    given = {"INSTANT_DATABSE_URL": "x", "INSTANT_HOST": "x", "PATH": "x"}
    assert unknown_settings(given) == ["INSTANT_DATABSE_URL"]


def test_readme_lists_every_setting_with_its_default() -> None:
    documented = dict(ROW.findall((PROJECT_DIR / "README.md").read_text(encoding="utf-8")))
    assert documented == {setting.name: setting.default for setting in SETTINGS.values()}
