"""`/dash/…`: an app's mail template and its sender (http-api.md §7.9).

Any sender is taken as verified: whether mail may be sent in its name is between the operator's mail
server and the receiver's.
"""

from __future__ import annotations

from typing import Any, Final

from auth_app.account_write import account_write
from auth_app.configuration import SignIn
from auth_app.http.app_access import app_of_developer
from auth_app.mail_template import (
    DEFAULT_BODY,
    DEFAULT_SUBJECT,
    MAGIC_CODE,
    MAX_BODY_CHARACTERS,
    MAX_SUBJECT_CHARACTERS,
    stored_template,
)
from triples.sql import pool
from wire.errors import RecordNotFound, ValidationFailed
from wire.http import (
    Call,
    body_param,
    email_address,
    non_blank_text,
    optional_body_param,
    path_param,
)
from wire.ids import new_id, parse_uuid

_PUT_TEMPLATE: Final = """
insert into app_email_templates
  (id, app_id, email_type, subject, body, sender_name, sender_email)
values
  (%(id)s::uuid, %(app_id)s::uuid, %(type)s, %(subject)s, %(body)s, %(name)s, %(email)s)
on conflict (app_id, email_type) do update set
  subject = excluded.subject, body = excluded.body,
  sender_name = excluded.sender_name, sender_email = excluded.sender_email
returning id::text
"""
_DELETE_TEMPLATE: Final = """
delete from app_email_templates where app_id = %s::uuid and id = %s::uuid
"""


async def default_template(config: SignIn, call: Call) -> dict[str, Any]:
    """What a mail looks like where the app says nothing."""
    return {
        "email-type": MAGIC_CODE,
        "sender-email": config.mailer.sender_email,
        "subject": DEFAULT_SUBJECT,
        "body": DEFAULT_BODY,
    }


async def status(config: SignIn, call: Call) -> dict[str, Any]:
    """The app's own template, or null."""
    app_id = await app_of_developer(call)
    async with pool.connection() as conn:
        template = await stored_template(conn, app_id)
    if template is None:
        return {"info": None}
    has_sender = template.sender_email is not None
    return {
        "info": {
            "id": template.id,
            "app_id": app_id,
            "email_type": MAGIC_CODE,
            "subject": template.subject,
            "body": template.body,
            "name": template.sender_name or "",
            "email": template.sender_email,
            "sender_id": template.id if has_sender else None,
            "verification_verified": True if has_sender else None,
            "verification_id": None,
            "postmark_id": None,
        }
    }


async def put_template(config: SignIn, call: Call) -> dict[str, Any]:
    """Set the app's template."""
    app_id = await app_of_developer(call)
    email_type = body_param(call, "email-type", coerce=non_blank_text)
    if email_type != MAGIC_CODE:
        message = f"Unknown email type {email_type}."
        raise ValidationFailed.one("email-type", email_type, message)
    values = {
        "id": new_id(),
        "app_id": app_id,
        "type": email_type,
        "subject": _with_code(call, "subject", MAX_SUBJECT_CHARACTERS),
        "body": _with_code(call, "body", MAX_BODY_CHARACTERS),
        "name": optional_body_param(call, "sender-name", coerce=non_blank_text),
        "email": optional_body_param(call, "sender-email", coerce=email_address),
    }
    async with account_write(app_id) as write:
        row = await (await write.conn.execute(_PUT_TEMPLATE, values)).fetchone()
    if row is None:
        raise RuntimeError("an upsert with returning returns a row")
    return {"id": row[0]}


async def delete_template(config: SignIn, call: Call) -> dict[str, Any]:
    """Go back to the server's template."""
    app_id = await app_of_developer(call)
    template_id = path_param(call, "id", coerce=parse_uuid)
    async with account_write(app_id) as write:
        cursor = await write.conn.execute(_DELETE_TEMPLATE, (app_id, template_id))
    if cursor.rowcount == 0:
        raise RecordNotFound("app-email-template")
    return {}


async def sender_verification(config: SignIn, call: Call) -> dict[str, Any]:
    """Whether the app's sender may be used."""
    await app_of_developer(call)
    return {"instant": {"verified?": True}, "verification": None}


def _with_code(call: Call, name: str, most_characters: int) -> str:
    text = body_param(call, name, coerce=non_blank_text)
    if len(text) > most_characters:
        message = f"{name.capitalize()} may have at most {most_characters:,} characters."
        raise ValidationFailed.one(name, None, message)
    if "{code}" not in text:
        message = f"{name.capitalize()} does not contain template variable: '{{code}}'"
        raise ValidationFailed.one(name, text, message)
    return text
