"""Which way mail leaves the server, in the words of Django and of django-anymail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from instant_project.env import Environment, SettingError

TIMEOUT_SECONDS: Final = 10
SUBMISSION_PORT: Final = 587
SUBMISSION_TLS_PORT: Final = 465

_BACKENDS: Final = {
    "console": "django.core.mail.backends.console.EmailBackend",
    "files": "django.core.mail.backends.filebased.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "postmark": "anymail.backends.postmark.EmailBackend",
    "sendgrid": "anymail.backends.sendgrid.EmailBackend",
}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Django's mail settings; `smtp` are those of a mail server by Django's names."""

    backend: str
    smtp: dict[str, Any] = field(default_factory=dict, repr=False)
    anymail: dict[str, Any] = field(default_factory=dict, repr=False)
    directory: str | None = None


def mail_settings(chosen: Environment) -> MailSettings:
    """The settings of the chosen way; raises `SettingError` where it is not clear or not complete.

    With no choice made, mail is printed.
    """
    given = {
        "smtp": ("INSTANT_SMTP_URL", chosen.smtp_url),
        "postmark": ("POSTMARK_TOKEN", chosen.postmark_token),
        "sendgrid": ("SENDGRID_TOKEN", chosen.sendgrid_token),
        "files": ("INSTANT_EMAIL_DIR", chosen.email_dir),
    }
    ways = [way for way, (_, value) in given.items() if value is not None]
    if chosen.email_provider is None and len(ways) > 1:
        names = " and ".join(given[way][0] for way in ways)
        raise SettingError(f"{names} are set; say with INSTANT_EMAIL_PROVIDER which one is meant.")
    way = chosen.email_provider or (ways[0] if ways else "console")
    if way in given and given[way][1] is None:
        raise SettingError(f"INSTANT_EMAIL_PROVIDER is {way!r}, which needs {given[way][0]}.")
    return MailSettings(
        backend=_BACKENDS[way],
        smtp=_smtp(chosen.smtp_url) if way == "smtp" and chosen.smtp_url else {},
        anymail={
            "POSTMARK_SERVER_TOKEN": chosen.postmark_token,
            "SENDGRID_API_KEY": chosen.sendgrid_token,
            "REQUESTS_TIMEOUT": TIMEOUT_SECONDS,
        },
        directory=str(chosen.email_dir) if way == "files" else None,
    )


def _smtp(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    return {
        "HOST": parts.hostname,
        "PORT": parts.port or (SUBMISSION_TLS_PORT if is_tls else SUBMISSION_PORT),
        "HOST_USER": unquote(parts.username or ""),
        "HOST_PASSWORD": unquote(parts.password or ""),
        "USE_SSL": is_tls,
        # A password never crosses the network in the clear.
        "USE_TLS": not is_tls and parts.username is not None,
    }
