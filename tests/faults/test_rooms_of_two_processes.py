"""Two server processes on one database and one Redis are one place for rooms."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.properties.room_walks import Lane, walk
from tests.scaled import scaled_shape
from tests.sdk.apps import create_app
from tests.sdk.core_clients import CoreClient, CoreProcess, core_process
from tests.sdk.room_clients import Visit, enter
from tests.served import ServerProcess
from tests.system_packages import program

VANISH_SECONDS = 10.0
LANES = 5
ROOMS_OF_EACH = 6
STEPS = 6


@dataclass(frozen=True, slots=True)
class Servers:
    """Two running servers, and clients of each."""

    first: ServerProcess
    second: ServerProcess
    clients_of_first: CoreProcess
    clients_of_second: CoreProcess


@dataclass(frozen=True, slots=True)
class Pair:
    """The two servers and an app of one test alone."""

    servers: Servers
    app_id: str

    def at_first(self, name: str) -> Visit:
        """Somebody in the room, connected to the first server."""
        return self._visitor(self.servers.clients_of_first, name)

    def at_second(self, name: str) -> Visit:
        """Somebody in the room, connected to the second server."""
        return self._visitor(self.servers.clients_of_second, name)

    def clients(self, name: str) -> list[CoreClient]:
        """Two clients of each server."""
        cores = (self.servers.clients_of_first, self.servers.clients_of_second) * 2
        return [core.connect(self.app_id, f"{name}.{n}") for n, core in enumerate(cores)]

    def _visitor(self, core: CoreProcess, name: str) -> Visit:
        client = core.connect(self.app_id, f"{name} of {self.app_id}")
        visit = enter(client, "room", {"name": client.name}, ["news"])
        visit.wait_for_other_session(None)
        return visit


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    if program("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with ExitStack() as stack:
        scaled = stack.enter_context(scaled_shape(tmp_path_factory.mktemp("scaled")))
        scaled.start()
        first, second = scaled.servers
        yield Servers(
            first,
            second,
            stack.enter_context(core_process(first)),
            stack.enter_context(core_process(second)),
        )


@pytest.fixture
def pair(servers: Servers, request: pytest.FixtureRequest) -> Pair:
    return Pair(servers, create_app(servers.first, request.node.name).id)


def expect(visit: Visit, *others: Visit, timeout: float = 10.0) -> None:
    peers = {str(other.session): {"name": other.client.name} for other in others}
    visit.wait_for_peers(peers, timeout)


def test_presence_and_broadcasts_cross_processes(pair: Pair) -> None:
    ann, bob = pair.at_first("ann"), pair.at_second("bob")
    expect(ann, bob)
    expect(bob, ann)

    ann.broadcast("news", "from the first")
    bob.wait_until_heard(("news", "from the first"))
    bob.broadcast("news", "from the second")
    ann.wait_until_heard(("news", "from the second"))

    bob.leave()
    expect(ann)


def test_walks_of_clients_of_both_processes_agree_with_the_model(pair: Pair) -> None:
    seed = random.SystemRandom().randrange(2**32)
    lanes = [Lane(pair.clients(f"{n}"), random.Random(f"{seed} {n}")) for n in range(LANES)]

    walk(lanes, ROOMS_OF_EACH, STEPS)


def test_peers_of_a_killed_process_vanish_and_nobody_else_notices(pair: Pair) -> None:
    ann, carl, bob = pair.at_first("ann"), pair.at_first("carl"), pair.at_second("bob")
    expect(ann, bob, carl)
    expect(carl, ann, bob)
    statuses = list(ann.client.statuses)

    killed_at = time.monotonic()
    pair.servers.second.kill()
    try:
        expect(ann, carl, timeout=VANISH_SECONDS)
        seconds = time.monotonic() - killed_at
        expect(carl, ann)
        carl.broadcast("news", "still here")
        ann.wait_until_heard(("news", "still here"))
    finally:
        pair.servers.second.start()

    assert seconds <= VANISH_SECONDS
    assert ann.client.statuses == statuses
    print(f"the killed process's peer vanished after {seconds:.1f} s")
