"""The mail that brings a magic code: the server's own, or the app's (http-api.md §4.3, §7.9).

Names in braces stand for values: `{code} {app_title} {user_email} {expiration}`. In the body, which
is HTML, values are escaped; in the subject, which is text, they are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from typing import Final

from auth_app.mail import Mail
from triples.sql.pool import Connection
from triples.tenants import App

MAGIC_CODE: Final = "magic-code"
MAX_SUBJECT_CHARACTERS: Final = 1_000
MAX_BODY_CHARACTERS: Final = 256 * 1024  # mail programs cut what is longer than 100 kB
MAX_TITLE_CHARACTERS: Final = 200  # a template may name the app's title in every second word
DEFAULT_SUBJECT: Final = "{code} is your verification code for {app_title}"
DEFAULT_BODY: Final = """<!doctype html>
<html>
  <body style="margin: 0; padding: 24px; font-family: sans-serif; color: #18181b">
    <p>Hello,</p>
    <p>to sign in to {app_title} as {user_email}, enter this code:</p>
    <p style="font-size: 32px; letter-spacing: 6px; font-weight: bold">{code}</p>
    <p>It is good for {expiration}. Nobody will ever ask you for it; if you did not want to sign
      in, ignore this mail.</p>
  </body>
</html>
"""

_PLACEHOLDER: Final = re.compile(r"\{(code|app_title|user_email|expiration)\}")
_HIDDEN: Final = re.compile(r"<(style\b|script\b|head\b|!--)", re.IGNORECASE)
_HIDDEN_UNTIL: Final = {
    "!--": re.compile("-->"),
    **{name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("style", "script", "head")},
}
_LINE_END: Final = re.compile(r"</(?:p|div|h\d|tr|li)\s*>|<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")

_TEMPLATE: Final = """
select id, subject, body, sender_name, sender_email
from app_email_templates
where app_id = %s::uuid and email_type = %s
"""


@dataclass(frozen=True, slots=True)
class Template:
    """How a mail looks and whom it comes from; None where the server's own sender does."""

    subject: str
    body: str
    id: str | None = None
    sender_name: str | None = None
    sender_email: str | None = None


DEFAULT: Final = Template(DEFAULT_SUBJECT, DEFAULT_BODY)


async def stored_template(conn: Connection, app_id: str) -> Template | None:
    """The app's own template, if it has one."""
    row = await (await conn.execute(_TEMPLATE, (app_id, MAGIC_CODE))).fetchone()
    if row is None:
        return None
    template_id, subject, body, sender_name, sender_email = row
    return Template(subject, body, template_id, sender_name, sender_email)


def code_mail(
    template: Template, app: App, email: str, code: str, minutes: int, server_name: str | None
) -> Mail:
    """The mail with a code that is good for so many minutes."""
    values = {
        "code": code,
        "app_title": app.title[:MAX_TITLE_CHARACTERS],
        "user_email": email,
        "expiration": expiration_in_words(minutes),
    }
    html = _filled(template.body, {name: escape(value) for name, value in values.items()})
    return Mail(
        to=email,
        subject=_filled(template.subject, values),
        text=_text_of(html),
        html=html,
        sender_name=template.sender_name or server_name or values["app_title"],
        sender_email=template.sender_email,
    )


def expiration_in_words(minutes: int) -> str:
    """`24 hours`, `1 hour`, `10 minutes`; an hour that has begun is not counted."""
    number, unit = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _filled(text: str, values: Mapping[str, str]) -> str:
    """All placeholders at once: a value that looks like one is left alone."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _text_of(html: str) -> str:
    """What a reader without HTML sees."""
    text = _TAG.sub("", _LINE_END.sub("\n", _without_hidden(html)))
    lines = (" ".join(line.split()) for line in unescape(text).splitlines())
    return "\n".join(line for line in lines if line)


def _without_hidden(html: str) -> str:
    """The page without what no reader sees; a part that is never closed hides nothing.

    In one pass over the text, however many parts are opened: any developer's template is read here,
    on the event loop.
    """
    shown: list[str] = []
    unclosed: set[str] = set()
    at = place = 0
    while opening := _HIDDEN.search(html, place):
        name, place = opening[1].lower(), opening.end()
        closing = None if name in unclosed else _HIDDEN_UNTIL[name].search(html, place)
        if closing is None:
            unclosed.add(name)
            continue
        shown.append(html[at : opening.start()])
        at = place = closing.end()
    return "".join([*shown, html[at:]])
