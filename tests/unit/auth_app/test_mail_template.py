"""Mails with codes (http-api.md §4.3)."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from auth_app.mail_template import DEFAULT, Template, code_mail, expiration_in_words
from triples.tenants import App

APP = App("0" * 36, "Tom & <Jerry>", "active", None, datetime.now(UTC), None)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(1440, "24 hours"), (119, "1 hour"), (60, "1 hour"), (59, "59 minutes"), (1, "1 minute")],
)
def test_expiration_is_said_in_words(minutes: int, words: str) -> None:
    assert expiration_in_words(minutes) == words


def test_values_are_escaped_in_the_body_only() -> None:
    mail = code_mail(
        Template("{app_title}: {code}", "<p>{app_title}</p>"), APP, "a@b.c", "123456", 60, None
    )
    assert mail.subject == "Tom & <Jerry>: 123456"
    assert mail.html == "<p>Tom &amp; &lt;Jerry&gt;</p>"
    assert mail.text == "Tom & <Jerry>"


def test_value_that_looks_like_a_placeholder_is_left_alone() -> None:
    app = App(APP.id, "{code}", "active", None, APP.created_at, None)
    mail = code_mail(Template("{app_title} {code}", ""), app, "a@b.c", "123456", 60, None)
    assert mail.subject == "{code} 123456"


@pytest.mark.parametrize(
    ("template", "server_name", "sender"),
    [
        (DEFAULT, None, ("Tom & <Jerry>", None)),
        (DEFAULT, "Server", ("Server", None)),
        (Template("", "", "id", "Own", "own@x.dev"), "Server", ("Own", "own@x.dev")),
    ],
    ids=["the app", "the operator's choice", "the template's"],
)
def test_sender_is(template: Template, server_name: str | None, sender: tuple[str, str]) -> None:
    mail = code_mail(template, APP, "a@b.c", "123456", 60, server_name)
    assert (mail.sender_name, mail.sender_email) == sender


def test_default_mail_reads_without_html() -> None:
    mail = code_mail(DEFAULT, APP, "a@b.c", "123456", 1440, None)
    assert "123456" in mail.text.splitlines()
    assert "<" not in mail.text.replace("<Jerry>", "")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param("<head><title>T</title></HEAD >a", "a", id="a head"),
        pytest.param("a<style>p {}</style>b<script>x</script>c", "abc", id="style and script"),
        pytest.param("a<!-- <style> -->b", "ab", id="a comment with a tag in it"),
        pytest.param("<header>a</header>", "a", id="a tag that begins like a hidden one"),
        pytest.param("<head>a<p>b</p>", "ab", id="a head that is never closed"),
        pytest.param("<style>a<!-- b -->c", "ac", id="a comment behind what is never closed"),
    ],
)
def test_reader_without_html_sees(body: str, text: str) -> None:
    mail = code_mail(Template("", body), APP, "a@b.c", "123456", 60, None)
    assert mail.text == text


def test_long_title_is_cut() -> None:
    app = App(APP.id, "x" * 1_000_000, "active", None, APP.created_at, None)
    mail = code_mail(Template("{code}", "{app_title} " * 20_000), app, "a@b.c", "1", 60, None)
    assert (len(mail.sender_name), len(mail.text)) == (200, 20_000 * 201 - 1)


@pytest.mark.parametrize("part", ["<style ", "<!--", "<style></style", "<", "</p ", "<head<!--"])
def test_page_of_nothing_but_openings_is_read_in_no_time(part: str) -> None:
    began = time.process_time()
    code_mail(Template("", part * 20_000), APP, "a@b.c", "123456", 60, None)
    assert time.process_time() - began < 1, "one that is read again and again takes a minute"
