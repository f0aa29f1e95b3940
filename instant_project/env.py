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
    backend_url: str | None
    sign_ins_per_hour: int | None
    oauth_private_hosts: bool
    email_provider: str | None
    smtp_url: str | None = field(repr=False)  # it may hold a password
    postmark_token: str | None = field(repr=False)
    sendgrid_token: str | None = field(repr=False)
    email_dir: Path | None
    email_sender: str
    email_sender_name: str | None
    email_reply_to: str | None
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


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError(
            "must look like smtp://user:password@host:587, or smtps:// for TLS at once"
        )
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("must look like https://api.example.com")
    return text.rstrip("/")


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return parse


def _email(text: str) -> str:
    name, _, domain = text.partition("@")
    if not name or not domain or any(character.isspace() for character in text):
        raise ValueError("must be an e-mail address")
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
    "backend_url": Setting("INSTANT_BACKEND_URL", "", _optional(_http_url)),
    "sign_ins_per_hour": Setting("INSTANT_SIGN_INS_PER_HOUR", "1000", _limit),
    "oauth_private_hosts": Setting("INSTANT_OAUTH_PRIVATE_HOSTS", "no", _yes_or_no),
    "email_provider": Setting(
        "INSTANT_EMAIL_PROVIDER",
        "",
        _optional(_one_of("console", "files", "smtp", "postmark", "sendgrid")),
    ),
    "smtp_url": Setting("INSTANT_SMTP_URL", "", _optional(_smtp_url)),
    "postmark_token": Setting("POSTMARK_TOKEN", "", _optional(_text)),
    "sendgrid_token": Setting("SENDGRID_TOKEN", "", _optional(_text)),
    "email_dir": Setting("INSTANT_EMAIL_DIR", "", _optional(_directory)),
    "email_sender": Setting("INSTANT_APP_EMAIL_SENDER_EMAIL", "verify@example.com", _email),
    "email_sender_name": Setting("INSTANT_APP_EMAIL_SENDER_NAME", "", _optional(_text)),
    "email_reply_to": Setting("INSTANT_EMAIL_REPLY_TO", "", _optional(_email)),
}
"""Attribute of `Environment` → where it comes from."""

SECRETS: Final = frozenset(
    {
        "INSTANT_DATABASE_URL",
        "INSTANT_REDIS_URL",
        "INSTANT_SECRET_KEY",
        "INSTANT_SMTP_URL",
        "POSTMARK_TOKEN",
        "SENDGRID_TOKEN",
    }
)
"""Variables whose text is never shown."""
