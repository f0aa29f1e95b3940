"""The other half of `core_driver.mjs`: commands for the Node process, its answers and its events.

Nothing here sleeps: every wait is for a condition, has a limit, and says what was seen instead when
it fails.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sdk.node import HERE, install_sdks, node_environment, program

WAIT_SECONDS = 10.0
STOP_SECONDS = 10.0


class SdkError(Exception):
    """The SDK rejected a promise; `hint` is what the server said beside the message."""

    def __init__(self, message: str, hint: Any, type: str | None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.type = type


@dataclass(slots=True)
class Promise:
    """An answer of the Node process that may still be under way."""

    driver: CoreDriver
    what: str
    message: dict[str, Any] | None = None

    def result(self, timeout: float = WAIT_SECONDS) -> Any:
        """The resolved value; raises `SdkError` where the SDK rejected."""
        self.driver.wait_until(
            lambda: self.message is not None, f"{self.what} to be answered", timeout
        )
        assert self.message is not None
        error = self.message.get("error")
        if error is not None:
            raise SdkError(error["message"], error.get("hint"), error.get("type"))
        return self.message["ok"]


class CoreDriver(ABC):
    """One Node process; what it tells unasked goes to `receive_event`, in a thread."""

    def __init__(self) -> None:
        install_sdks()
        self._promises: dict[int, Promise] = {}
        self._ids = itertools.count(1)
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._ended = False
        self._complaints: list[str] = []
        self._node = subprocess.Popen(
            [program("node"), str(HERE / "core_driver.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )
        self._readers = [
            threading.Thread(target=self._read_messages, name="core messages", daemon=True),
            threading.Thread(target=self._read_complaints, name="core stderr", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @abstractmethod
    def receive_event(self, message: dict[str, Any]) -> None:
        """Take what Node told; whoever waits looks again afterwards."""

    def ask(self, command: str, **fields: Any) -> Promise:
        """Send one command; its answer comes through the promise."""
        promise = Promise(self, command)
        number = next(self._ids)
        self._promises[number] = promise
        line = json.dumps({"id": number, "do": command, **fields}) + "\n"
        with self._asking:
            assert self._node.stdin is not None
            self._node.stdin.write(line)
            self._node.stdin.flush()
        return promise

    def wait_until(
        self,
        holds: Callable[[], bool],
        what: str,
        timeout: float = WAIT_SECONDS,
        seen: Callable[[], str] = lambda: "",
    ) -> None:
        """Wait for a condition over what arrived from Node, which is checked at every arrival."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not holds():
                left = deadline - time.monotonic()
                if left <= 0 or self._ended:
                    why = "Node ended" if self._ended else f"{timeout:g} s passed"
                    raise AssertionError(
                        f"waited for {what}, but {why}; {seen()}\n" + "\n".join(self._complaints)
                    )
                self._changed.wait(left)

    def stop(self) -> None:
        if self._node.stdin is not None:
            self._node.stdin.close()
        try:
            self._node.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._node.kill()
            self._node.wait()
        for reader in self._readers:
            reader.join(STOP_SECONDS)

    def _read_messages(self) -> None:
        assert self._node.stdout is not None
        for line in self._node.stdout:
            with self._changed:
                self._receive(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _receive(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._promises.pop(message["id"]).message = message
        else:
            self.receive_event(message)

    def _read_complaints(self) -> None:
        assert self._node.stderr is not None
        for line in self._node.stderr:
            self._complaints.append(line.rstrip())
