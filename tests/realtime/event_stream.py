"""A client of `/runtime/sse`: one stream that is read, and posts that belong to it (§1.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.realtime.peer import CORE_VERSIONS, WAIT_SECONDS, Message
from tests.sdk.apps import App, HttpServer


class EventStream:
    """An open stream; `opening` is its first event."""

    def __init__(self, server: HttpServer, app: App, response: httpx.Response) -> None:
        self.response = response
        self._app = app
        self._url = sse_url(server, app)
        self._lines = response.iter_lines()
        self.opening = self.hear("sse-init")

    def hear(self, op: str) -> Message:
        """The next message with this op; others are passed over."""
        return self.hear_any(op)

    def hear_any(self, *ops: str) -> Message:
        """The next message with one of these ops; others are passed over."""
        for line in self._lines:
            if line.startswith("data:"):
                message: Message = json.loads(line.removeprefix("data:"))
                if message["op"] in ops:
                    return message
        raise AssertionError(f"the stream ended before {ops}")

    def post(self, *messages: Message, **changed: Any) -> httpx.Response:
        """Send messages as the client does; `changed` replaces fields of the body."""
        # with escapes, as halves of characters need them
        return self._post({"messages": json.dumps(messages)}, changed)

    def post_text(self, *messages: str) -> httpx.Response:
        """Send messages that are JSON already."""
        return self._post({"messages": f"[{','.join(messages)}]"}, {})

    def _post(self, encoded: dict[str, str], changed: dict[str, Any]) -> httpx.Response:
        names = ("machine-id", "session-id", "sse-token")
        known = {name.replace("-", "_"): json.dumps(self.opening[name]) for name in names}
        body = known | encoded | {key: json.dumps(value) for key, value in changed.items()}
        given = ",".join(f'"{key}":{text}' for key, text in body.items() if text != "null")
        return httpx.post(
            self._url,
            content=f"{{{given}}}",
            headers={"content-type": "application/json"},
            timeout=WAIT_SECONDS,
        )

    def init(self) -> Message:
        """Log in as the published client does."""
        self.post({"op": "init", "app-id": self._app.id, "versions": CORE_VERSIONS})
        return self.hear("init-ok")


def sse_url(server: HttpServer, app: App) -> str:
    return f"{server.http_url}/runtime/sse?app_id={app.id}"


@contextmanager
def event_stream(server: HttpServer, app: App) -> Iterator[EventStream]:
    """An open stream, not yet logged in."""
    with httpx.stream("GET", sse_url(server, app), timeout=WAIT_SECONDS) as response:
        yield EventStream(server, app, response)
