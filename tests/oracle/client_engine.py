"""Asks a client's own query engine, in a Node process that lives for a test session.

There are two: the published SDK's, and that of this project's browser client.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.oracle.client_limits import (
    BROWSER_OVER_ALL_TRIPLES,
    BROWSER_OVER_THE_ANSWER,
    OVER_ALL_TRIPLES,
    OVER_THE_ANSWER,
    ClientLimit,
)
from tests.oracle.world import World
from tests.sdk.node import install_sdks, node_environment, program
from wire import json

STOP_SECONDS: Final = 10
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Client:
    """A client whose engine can be asked, and where it may differ from what the query says."""

    name: str
    script: Path
    over_all_triples: frozenset[ClientLimit]
    over_the_answer: frozenset[ClientLimit]


PUBLISHED: Final = Client("client", _HERE / "client_engine.mjs", OVER_ALL_TRIPLES, OVER_THE_ANSWER)
BROWSER: Final = Client(
    "browser client",
    _HERE / "browser_engine.mjs",
    BROWSER_OVER_ALL_TRIPLES,
    BROWSER_OVER_THE_ANSWER,
)


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

    def __init__(self, client: Client, node: subprocess.Popen[bytes]) -> None:
        self.client = client
        self._node = node

    def show(self, world: World, jobs: Sequence[Job]) -> list[Any]:
        """What the client, without a schema, would show for each job."""
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
def client_engine(client: Client = PUBLISHED) -> Iterator[ClientEngine]:
    """The engine of a client; the pinned SDK is installed if it is not there yet."""
    install_sdks()
    node = subprocess.Popen(
        [program("node"), str(client.script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=node_environment() | {"TZ": "UTC"},
    )
    try:
        yield ClientEngine(client, node)
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
