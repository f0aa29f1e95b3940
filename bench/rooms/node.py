"""The Node processes of the rooms bench: the floor, and the people."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.sdk.node import HERE as PACKAGES
from tests.sdk.node import node_environment, program

STOP_SECONDS: Final = 10.0
_FOLDER: Final = Path(__file__).parent


class NodeProcess:
    """A script that answers one line with one line."""

    def __init__(self, script: str) -> None:
        self.process = subprocess.Popen(
            [program("node"), str(_FOLDER / script), str(PACKAGES / "package.json")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )

    def read(self) -> Any:
        """Its next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"Node ended with {self.process.wait(STOP_SECONDS)}")
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self, command: str, **options: Any) -> Any:
        """Its answer to a command."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": command, **options}) + "\n")
        self.process.stdin.flush()
        return self.read()


@contextmanager
def node(script: str) -> Iterator[NodeProcess]:
    """A Node process for the length of a block."""
    running = NodeProcess(script)
    try:
        yield running
    finally:
        assert running.process.stdin is not None
        running.process.stdin.close()
        running.process.wait(STOP_SECONDS)
