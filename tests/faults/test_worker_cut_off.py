"""The active worker hangs, or its network does: another takes over within seconds, alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from redis import Redis

from realtime.bus.messages import decode_changes
from tests.faults.socket_proxy import SocketProxy
from tests.faults.watched import Watched, watched_todo
from tests.faults.workers import active_worker, wait_until_all_run, wait_until_slot_is_read
from tests.scaled import Scaled, Worker, scaled_shape
from tests.served import as_url

TAKE_OVER_SECONDS: Final = 5.0
SLOW_SECONDS: Final = 0.3


@dataclass(slots=True)
class World:
    """Two servers and two workers; the first worker reaches PostgreSQL and Redis by proxies."""

    scaled: Scaled
    to_postgres: SocketProxy
    to_redis: SocketProxy

    @property
    def far(self) -> Worker:
        """The worker behind the proxies."""
        return self.scaled.workers[0]

    @property
    def near(self) -> Worker:
        """The other one."""
        return self.scaled.workers[1]

    def make_far_active(self) -> None:
        """Both run, and the far one is active."""
        wait_until_all_run(self.scaled)
        if active_worker(self.scaled) is self.near:
            self.near.stop()
            assert active_worker(self.scaled) is self.far
            self.near.start()
            wait_until_all_run(self.scaled)
        wait_until_slot_is_read(self.scaled)

    def heal(self) -> None:
        """The network is whole again."""
        for proxy in (self.to_postgres, self.to_redis):
            proxy.is_frozen = proxy.is_closed = False
            proxy.delay_seconds = 0.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as held:
        folder = tmp_path_factory.mktemp("scaled")
        scaled = held.enter_context(scaled_shape(folder, workers=2))
        target = conninfo_to_dict(scaled.database_url)
        socket = Path(str(target["host"])) / f".s.PGSQL.{target['port']}"
        to_postgres = held.enter_context(SocketProxy.to(socket))
        to_redis = held.enter_context(SocketProxy.to(scaled.redis.socket))
        far_url = make_conninfo(scaled.database_url, host="127.0.0.1", port=to_postgres.port)
        scaled.workers[0].settings = {
            **scaled.settings,
            "INSTANT_DATABASE_URL": as_url(far_url),
            "INSTANT_REDIS_URL": f"redis://127.0.0.1:{to_redis.port}/0",
        }
        scaled.start()
        yield World(scaled, to_postgres, to_redis)


@pytest.fixture
def watched(world: World, request: pytest.FixtureRequest) -> Iterator[Watched]:
    world.heal()
    world.make_far_active()
    with watched_todo(world.scaled, request.node.name) as todo:
        yield todo
    world.heal()


def _cut(proxy: SocketProxy) -> None:
    proxy.is_closed = True
    proxy.cut()


def _freeze(*proxies: SocketProxy) -> None:
    for proxy in proxies:
        proxy.is_frozen = True


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda world: _cut(world.to_postgres), id="PostgreSQL cut"),
        pytest.param(lambda world: _cut(world.to_redis), id="Redis cut"),
        pytest.param(lambda world: _freeze(world.to_postgres), id="PostgreSQL silent"),
        pytest.param(lambda world: _freeze(world.to_redis), id="Redis silent"),
        pytest.param(lambda world: _freeze(world.to_postgres, world.to_redis), id="both silent"),
    ],
)
def test_another_takes_over_from_a_worker_that_is_cut_off(
    world: World, watched: Watched, fault: Callable[[World], None]
) -> None:
    with _heard(world.scaled, watched.app.id) as heard:
        watched.set(1)
        watched.wait_until_all_show(1)
        fault(world)
        watched.set(2)
        watched.wait_until_all_show(2, TAKE_OVER_SECONDS)
        assert active_worker(world.scaled) is world.near
        world.heal()
        wait_until_all_run(world.scaled)
        watched.set(3)
        watched.wait_until_all_show(3, TAKE_OVER_SECONDS)
        assert active_worker(world.scaled) is world.near
    heard.assert_another_publishes_alone()


def test_another_takes_over_from_a_worker_that_hangs(world: World, watched: Watched) -> None:
    with _heard(world.scaled, watched.app.id) as heard:
        watched.set(1)
        watched.wait_until_all_show(1)
        with world.far.frozen():
            watched.set(2)
            watched.wait_until_all_show(2, TAKE_OVER_SECONDS)
        wait_until_all_run(world.scaled)
        watched.set(3)
        watched.wait_until_all_show(3, TAKE_OVER_SECONDS)
        assert active_worker(world.scaled) is world.near
    heard.assert_another_publishes_alone()


@pytest.mark.parametrize("link", ["to_postgres", "to_redis"])
def test_slow_network_delays_changes_and_loses_none(
    world: World, watched: Watched, link: str
) -> None:
    getattr(world, link).delay_seconds = SLOW_SECONDS
    for n in range(1, 4):
        watched.set(n)
        watched.wait_until_all_show(n, TAKE_OVER_SECONDS)


@dataclass(slots=True)
class Heard:
    """The changes of one app that were published: transaction and publisher, in order."""

    published: list[tuple[int, str]] = field(default_factory=list)

    def assert_another_publishes_alone(self) -> None:
        """The newest change has one publisher, and it is not the one of the first.

        The next worker repeats what was not acknowledged, and what was on its way when the network
        fell silent may arrive late: receivers take that for a gap (`bus.messages.Sequence`).
        """
        before, newest = self.published[0][1], self.published[-1][0]
        [after] = {publisher for xid, publisher in self.published if xid == newest}
        assert before != after


@contextmanager
def _heard(scaled: Scaled, app_id: str) -> Iterator[Heard]:
    """Listen to Redis for the length of a block."""
    heard = Heard()
    with Redis.from_url(scaled.redis.url) as redis, redis.pubsub() as listening:
        channel = f"instant:0:app:{app_id}"
        listening.subscribe(channel)
        listening.get_message(timeout=TAKE_OVER_SECONDS)  # that it is subscribed

        def listen() -> None:
            for message in listening.listen():
                if message["type"] != "message":
                    return
                changes, place = decode_changes(message["data"])
                heard.published.append((changes.xid, place.publisher))

        thread = threading.Thread(target=listen, name="listening")
        thread.start()
        try:
            yield heard
        finally:
            listening.unsubscribe(channel)
            thread.join(TAKE_OVER_SECONDS)
