"""The operator's choice of how mail leaves the server."""

from __future__ import annotations

import pytest

from instant_project.env import SettingError, read_environment
from instant_project.mail import MailSettings, mail_settings


def settings_of(**variables: str) -> MailSettings:
    return mail_settings(read_environment(variables))


@pytest.mark.parametrize(
    ("variables", "backend"),
    [
        ({}, "console"),
        ({"POSTMARK_TOKEN": "t"}, "postmark"),
        ({"SENDGRID_TOKEN": "t"}, "sendgrid"),
        ({"INSTANT_SMTP_URL": "smtp://host"}, "smtp"),
        ({"INSTANT_EMAIL_DIR": "/tmp/mail"}, "filebased"),
        (
            {"POSTMARK_TOKEN": "t", "SENDGRID_TOKEN": "t", "INSTANT_EMAIL_PROVIDER": "sendgrid"},
            "sendgrid",
        ),
        ({"POSTMARK_TOKEN": "t", "INSTANT_EMAIL_PROVIDER": "console"}, "console"),
    ],
    ids=str,
)
def test_way_is_chosen(variables: dict[str, str], backend: str) -> None:
    assert settings_of(**variables).backend.split(".")[-2] == backend


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"POSTMARK_TOKEN": "t", "SENDGRID_TOKEN": "t"}, "INSTANT_EMAIL_PROVIDER which one"),
        ({"INSTANT_EMAIL_PROVIDER": "smtp"}, "needs INSTANT_SMTP_URL"),
    ],
    ids=["two ways", "incomplete"],
)
def test_unclear_choice_is_refused(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        settings_of(**variables)


@pytest.mark.parametrize(
    ("url", "smtp"),
    [
        (
            "smtp://me:p%40ss@mail.dev",
            {"PORT": 587, "USE_TLS": True, "USE_SSL": False, "HOST_PASSWORD": "p@ss"},
        ),
        ("smtps://me:p@mail.dev", {"PORT": 465, "USE_TLS": False, "USE_SSL": True}),
        ("smtp://mail.dev:25", {"PORT": 25, "USE_TLS": False, "USE_SSL": False, "HOST_USER": ""}),
    ],
)
def test_mail_server_is_read_from_its_url(url: str, smtp: dict[str, object]) -> None:
    found = settings_of(INSTANT_SMTP_URL=url).smtp
    assert {key: found[key] for key in smtp} == smtp


def test_secrets_are_not_shown() -> None:
    shown = repr(
        read_environment({"POSTMARK_TOKEN": "hunter2", "INSTANT_SMTP_URL": "smtp://u:hunter2@h"})
    )
    assert "hunter2" not in shown + repr(settings_of(POSTMARK_TOKEN="hunter2"))
