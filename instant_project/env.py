"""The operator's settings, read from the environment in this one place.

README.md has the same table in words; a test fails if one of the two misses a setting. Whoever
needs a setting takes it from `instant_project.settings` or is handed it: nothing else in the
project reads the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

PROJECT_DIR: Final = Path(__file__).resolve().parent.parent

T = TypeVar("T")


class SettingError(Exception):
    """A setting cannot be used; the message names it, and says what would do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Every setting, parsed. `SETTINGS` below says which variable each comes from."""

    port: int
    host: str
    database_url: str | None = field(repr=False)  # it may hold a password
    data_dir: Path
    secret_key: str | None = field(repr=False)
    debug: bool
    allowed_hosts: tuple[str, ...]
    ephemeral_apps: bool
    ephemeral_apps_per_hour: int | None
    trusted_proxies: int
    pool_size: int
    statement_timeout_seconds: float
    operation_timeout_seconds: float
    redis_url: str | None = field(repr=False)  # it may hold a password


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name, its default as an operator would write it, how it is read."""

    name: str
    default: str
    parse: Callable[[str], Any]


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read all settings; raises `SettingError` for the first that cannot be used.

    A variable that is set to nothing counts as not set.
    """
    given = os.environ if variables is None else variables
    return Environment(
        **{attribute: _value(setting, given) for attribute, setting in SETTINGS.items()}
    )


def unknown_settings(variables: Mapping[str, str]) -> list[str]:
    """Names that look like settings of this server and are none: misspelt, most likely."""
    known = {setting.name for setting in SETTINGS.values()}
    return sorted(name for name in variables if name.startswith("INSTANT_") and name not in known)


def _value(setting: Setting, variables: Mapping[str, str]) -> Any:
    text = variables.get(setting.name, "").strip() or setting.default
    try:
        return setting.parse(text)
    except ValueError as error:
        raise SettingError(f"{setting.name} {error}, and it is {_shown(setting, text)}.") from None


def _shown(setting: Setting, text: str) -> str:
    return "not (it is not shown, as it is a secret)" if setting.name in SECRETS else f"{text!r}"


# -- how a text becomes a value; a ValueError completes the sentence "PORT …" ----------------------


def _text(text: str) -> str:
    return text


def _optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    return lambda text: parse(text) if text else None


def _yes_or_no(text: str) -> bool:
    match text.lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError("must be yes or no")


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not least <= number <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return number

    return parse


def _limit(text: str) -> int | None:
    if text.lower() == "unlimited":
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("must be a whole number or 'unlimited'")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.001 <= seconds <= 3600:
        raise ValueError("must be a number of seconds, at most 3600")
    return seconds


def _directory(text: str) -> Path:
    path = Path(text).expanduser()
    return path if path.is_absolute() else PROJECT_DIR / path


def _postgres_url(text: str) -> str:
    if urlsplit(text).scheme not in {"postgres", "postgresql"}:
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return text


def _redis_url(text: str) -> str:
    if urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must look like redis://:password@host:6379/0")
    return text


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(host.strip() for host in text.split(",") if host.strip())


SETTINGS: Final[Mapping[str, Setting]] = {
    "port": Setting("PORT", "8888", _whole_number(1, 65_535)),
    "host": Setting("INSTANT_HOST", "localhost", _text),
    "database_url": Setting("INSTANT_DATABASE_URL", "", _optional(_postgres_url)),
    "data_dir": Setting("INSTANT_DATA_DIR", ".instant", _directory),
    "secret_key": Setting("INSTANT_SECRET_KEY", "", _optional(_text)),
    "debug": Setting("INSTANT_DEBUG", "no", _yes_or_no),
    "allowed_hosts": Setting("INSTANT_ALLOWED_HOSTS", "*", _hosts),
    "ephemeral_apps": Setting("INSTANT_EPHEMERAL_APPS", "yes", _yes_or_no),
    "ephemeral_apps_per_hour": Setting("INSTANT_EPHEMERAL_APPS_PER_HOUR", "1000", _limit),
    "trusted_proxies": Setting("INSTANT_TRUSTED_PROXIES", "0", _whole_number(0, 100)),
    "pool_size": Setting("INSTANT_POOL_SIZE", "10", _whole_number(2, 1000)),
    "statement_timeout_seconds": Setting("INSTANT_STATEMENT_TIMEOUT_SECONDS", "30", _seconds),
    "operation_timeout_seconds": Setting("INSTANT_OPERATION_TIMEOUT_SECONDS", "5", _seconds),
    "redis_url": Setting("INSTANT_REDIS_URL", "", _optional(_redis_url)),
}
"""Attribute of `Environment` → where it comes from."""

SECRETS: Final = frozenset({"INSTANT_DATABASE_URL", "INSTANT_REDIS_URL", "INSTANT_SECRET_KEY"})
"""Variables whose text is never shown."""
