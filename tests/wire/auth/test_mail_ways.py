"""Mails reach a mail server, Postmark and SendGrid in the form these expect."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from auth_app.mail import Mail, Mailer
from tests.wire.auth.issuer import Issuer, rsa_key, running_issuer
from wire.errors import EmailSendFailed

pytestmark = pytest.mark.asyncio

MAILER = Mailer("verify@server.dev", reply_to="hello@server.dev")
MAIL = Mail(
    "ann@example.com", "123456 is\nyour code", "text 123456", "<p>html</p>", "Tom & <Jerry>"
)


class SmtpSink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is told."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.lines: list[str] = []
        super().__init__(("127.0.0.1", 0), _Conversation)


class _Conversation(socketserver.StreamRequestHandler):
    server: SmtpSink

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        in_data = False
        for raw in self.rfile:
            line = raw.decode().rstrip("\r\n")
            self.server.lines.append(line)
            if in_data:
                in_data = line != "."
                if not in_data:
                    self.wfile.write(b"250 kept\r\n")
                continue
            command = line[:4].upper()
            in_data = command == "DATA"
            self.wfile.write(
                {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}.get(command, b"250 ok\r\n")
            )
            if command == "QUIT":
                return


@pytest.fixture
def smtp() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        thread = threading.Thread(target=sink.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield sink
        sink.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def provider() -> Iterator[Issuer]:
    with running_issuer(rsa_key()) as site:
        yield site


async def test_mail_server_gets_both_forms(smtp: SmtpSink, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp.server_address[1]
    await MAILER.send(MAIL)
    text = "\n".join(smtp.lines)
    assert "mail FROM:<verify@server.dev>" in text
    assert "rcpt TO:<ann@example.com>" in text
    assert "Subject: 123456 is your code" in text
    assert 'From: "Tom & <Jerry>" <verify@server.dev>' in text
    assert "Reply-To: hello@server.dev" in text
    assert ("text 123456" in text, "<p>html</p>" in text) == (True, True)


@pytest.mark.parametrize(
    ("way", "path", "reply", "header"),
    [
        pytest.param(
            "postmark",
            "/email",
            (200, {"ErrorCode": 0, "Message": "OK", "MessageID": "m", "To": "ann@example.com"}),
            ("x-postmark-server-token", "secret-token"),
            id="postmark",
        ),
        pytest.param(
            "sendgrid",
            "/mail/send",
            (202, {}),
            ("authorization", "Bearer secret-token"),
            id="sendgrid",
        ),
    ],
)
async def test_provider_gets_the_mail_with_its_token(
    provider: Issuer,
    settings: Any,
    way: str,
    path: str,
    reply: tuple[int, Any],
    header: tuple[str, str],
) -> None:
    settings.EMAIL_BACKEND = f"anymail.backends.{way}.EmailBackend"
    settings.ANYMAIL = {
        "POSTMARK_SERVER_TOKEN": "secret-token",
        "POSTMARK_API_URL": f"{provider.url}/",
        "SENDGRID_API_KEY": "secret-token",
        "SENDGRID_API_URL": f"{provider.url}/",
    }
    provider.pages = {path: reply}
    await MAILER.send(MAIL)
    asked, _, headers = provider.asked[-1]
    assert (asked, headers[header[0]]) == (path, header[1])
    provider.pages = {path: (401, {"ErrorCode": 10, "Message": "ann@example.com no"})}
    with pytest.raises(EmailSendFailed) as failed:
        await MAILER.send(MAIL)
    assert "ann@example.com" not in failed.value.message
