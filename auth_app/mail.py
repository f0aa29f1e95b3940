"""Sending mail, through whatever Django is configured with: console, files, SMTP or a provider."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formataddr
from smtplib import SMTPException
from typing import Final

from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives

from wire.errors import EmailSendFailed
from wire.observations import EmailRefused, report

SENT_AT_ONCE: Final = 4
SEND_SECONDS: Final = 20.0  # a provider answers in one; beyond it the user has asked again


# Threads of their own: a mail server that hangs must not keep others from theirs.
_SENDERS: Final = ThreadPoolExecutor(SENT_AT_ONCE, thread_name_prefix="mail")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address, as text and as HTML; `sender_email` None for the server's own."""

    to: str
    subject: str
    text: str
    html: str
    sender_name: str
    sender_email: str | None = None


@dataclass(frozen=True, slots=True)
class Mailer:
    """Whom mail comes from when an app does not say."""

    sender_email: str
    sender_name: str | None = None
    reply_to: str | None = None

    async def send(self, mail: Mail) -> None:
        """Hand the mail over; raises `EmailSendFailed`."""
        message = self._message(mail)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await loop.run_in_executor(_SENDERS, message.send)
        except (SMTPException, AnymailError, OSError) as error:
            report(EmailRefused(f"{type(error).__module__}.{type(error).__qualname__}"))
            raise EmailSendFailed from None  # a provider's text quotes the mail

    def _message(self, mail: Mail) -> EmailMultiAlternatives:
        sender_email = mail.sender_email or self.sender_email
        message = EmailMultiAlternatives(
            subject=_one_line(mail.subject),
            body=mail.text,
            from_email=formataddr((_one_line(mail.sender_name), sender_email)),
            to=[mail.to],
            reply_to=[mail.sender_email or self.reply_to or sender_email],
        )
        message.attach_alternative(mail.html, "text/html")
        return message


def _one_line(text: str) -> str:
    """A header has no line breaks; a title may."""
    return " ".join(text.split())
