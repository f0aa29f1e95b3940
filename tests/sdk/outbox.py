"""The mails of the running server, which it writes to files instead of sending them."""

from __future__ import annotations

import email
import re
import time
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final, Protocol

WAIT_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.02

_BETWEEN_MAILS: Final = re.compile(r"^-{79}\n", re.MULTILINE)
_CODE: Final = re.compile(r"\d{6}")


class Configured(Protocol):
    """A server, or several, with the same settings."""

    @property
    def settings(self) -> Mapping[str, str]: ...


class Outbox:
    """All mails that the server has sent so far."""

    def __init__(self, server: Configured) -> None:
        self._folder = Path(server.settings["INSTANT_EMAIL_DIR"])

    def code_for(self, address: str) -> str:
        """The newest code that was mailed to this address; waits for the first."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (mails := self.mails_to(address)):
            assert time.monotonic() < deadline, f"no mail to {address}"
            time.sleep(POLL_SECONDS)
        code = _CODE.search(str(mails[-1]["subject"]))
        assert code is not None, mails[-1]["subject"]
        return code[0]

    def mails_to(self, address: str) -> list[EmailMessage]:
        """The mails to this address, in the order in which they were sent."""
        files = sorted(self._folder.glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
        texts = [
            text
            for file in files
            for text in _BETWEEN_MAILS.split(file.read_text(encoding="utf-8"))
            if text.strip()
        ]
        mails = [email.message_from_string(text, policy=default) for text in texts]
        return [mail for mail in mails if mail["to"] == address]
