"""Asks the published SDK's own query engine, in a Node process that lives for a test session."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.oracle.world import World
from tests.sdk.node import install_sdks, node_environment, program
from wire import json

STOP_SECONDS: Final = 10
_SCRIPT: Final = Path(__file__).parent / "client_engine.mjs"


@dataclass(frozen=True, slots=True)
class Job:
    """One evaluation: over these triples, or over the whole world when they are None."""

    query: dict[str, Any]
    triples: Sequence[Any] | None = None
    page_info: dict[str, Any] | None = None
    aggregate: dict[str, Any] | None = None

    def to_wire(self) -> dict[str, Any]:
        """The job as the Node side reads it."""
        return {
            "store": "all" if self.triples is None else list(self.triples),
            "query": self.query,
            "pageInfo": self.page_info or None,
            "aggregate": self.aggregate or None,
        }


class ClientEngine:
    """The running engine; one batch of jobs over one world at a time."""

    def __init__(self, node: subprocess.Popen[bytes]) -> None:
        self._node = node

    def show(self, world: World, jobs: Sequence[Job]) -> list[Any]:
        """What an SDK without a schema would show for each job."""
        answers = self._ask(
            {
                "attrs": [attr.to_wire() for attr in world.catalog.attrs],
                "stores": {"all": [list(triple) for triple in world.triples]},
                "jobs": [job.to_wire() for job in jobs],
            }
        )
        for answer in answers:
            assert "error" not in answer, answer["error"]
        return [answer["data"] for answer in answers]

    def _ask(self, message: dict[str, Any]) -> list[Any]:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(message) + b"\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, "the client engine ended"
        answers: list[Any] = json.loads(line)
        return answers


@contextmanager
def client_engine() -> Iterator[ClientEngine]:
    """The engine of the pinned SDK, installed if it is not there yet."""
    install_sdks()
    node = subprocess.Popen(
        [program("node"), str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=node_environment() | {"TZ": "UTC"},
    )
    try:
        yield ClientEngine(node)
    finally:
        assert node.stdin is not None
        node.stdin.close()
        try:
            node.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()


def as_client_shows(world: World, etype: str, form: dict[str, Any], nodes: Any) -> list[Any]:
    """A server's nodes in the client's shape: links stand only where the query expands them."""
    return [_as_client_shows(world, etype, form, node) for node in nodes]


def _as_client_shows(world: World, etype: str, form: dict[str, Any], node: Any) -> Any:
    shown = {}
    for label, value in node.items():
        attr = world.catalog.forward(etype, label)
        if label in form:
            resolved = world.catalog.resolve(etype, label)
            link, direction = resolved if resolved else (None, "forward")
            far = link and (link.reverse_etype if direction == "forward" else link.etype)
            shown[label] = as_client_shows(world, far or "", form[label], value)
        elif attr is not None and attr.is_blob:
            shown[label] = value
    return shown


def client_shape(world: World, query: dict[str, Any], tree: dict[str, Any]) -> dict[str, Any]:
    """A whole object tree as the SDK shows it; aggregated namespaces are left out by it."""
    return {
        etype: as_client_shows(world, etype, query[etype], nodes)
        for etype, nodes in tree.items()
        if not (query[etype].get("$") or {}).get("aggregate")
    }
