"""A session's way out is bounded, and its features are read from its version."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realtime import sessions
from realtime.sessions import SLOW_READER, Features, Session
from tests.until import until


class Recorder:
    """A transport that keeps frames, and can be held up."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.reads = asyncio.Event()
        self.reads.set()

    async def send_text(self, text: str) -> None:
        await self.reads.wait()
        self.texts.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


def test_frames_leave_in_order_and_then_the_connection_is_closed() -> None:
    async def story() -> None:
        transport = Recorder()
        session = Session(transport)
        writer = asyncio.create_task(session.write_frames())
        session.send(b"1")
        session.send(b"2")
        await until(lambda: len(transport.texts) == 2)
        session.disconnect(1000, "done")
        await asyncio.wait_for(writer, 5)
        assert transport.texts == ["1", "2"]
        assert transport.closed == (1000, "done")

    asyncio.run(story())


def test_reader_slower_than_the_bound_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_UNSENT_BYTES", 10)

    async def story() -> None:
        transport = Recorder()
        transport.reads.clear()
        session = Session(transport)
        writer = asyncio.create_task(session.write_frames())
        for _ in range(3):
            session.send(b"12345")
        session.send(b"6")
        transport.reads.set()
        await asyncio.wait_for(writer, 5)
        assert transport.closed is not None
        assert transport.closed[0] == SLOW_READER

    asyncio.run(story())


def test_one_frame_beyond_the_bound_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_UNSENT_BYTES", 10)

    async def story() -> None:
        transport = Recorder()
        session = Session(transport)
        writer = asyncio.create_task(session.write_frames())
        session.send(b"x" * 100)
        await until(lambda: bool(transport.texts))
        writer.cancel()
        assert transport.closed is None

    asyncio.run(story())


@pytest.mark.parametrize(
    ("versions", "skips"),
    [
        pytest.param({"@instantdb/core": "v1.0.67"}, True, id="published"),
        pytest.param({"@instantdb/core": "0.20.5"}, True, id="first with the feature"),
        pytest.param({"@instantdb/core": "v0.20.4"}, False, id="last without it"),
        pytest.param({"@instantdb/core": "v0.20.5-dev"}, True, id="development build"),
        pytest.param({"@instantdb/core": "v0.20.5-beta"}, False, id="unreadable"),
        pytest.param({"@instantdb/core": 3}, False, id="not text"),
        pytest.param({}, False, id="missing"),
        pytest.param(None, False, id="no versions"),
    ],
)
def test_features_follow_the_version(versions: Any, skips: bool) -> None:
    assert Features.of(versions).skips_unchanged_attrs is skips


def test_session_ends_also_while_an_operation_of_it_that_took_too_long_is_cancelled() -> None:
    """Cancelling SQL takes a while, and a client may give up at the same moment."""

    async def story() -> None:
        session = Session(Recorder())
        cancelling, cancelled = asyncio.Event(), asyncio.Event()

        async def take_too_long() -> None:
            async with asyncio.timeout(0) as deadline:
                session.running.add(deadline)
                try:
                    await asyncio.Event().wait()
                finally:
                    cancelling.set()
                    await cancelled.wait()

        operation = asyncio.create_task(take_too_long())
        await cancelling.wait()
        session.interrupt()
        cancelled.set()
        with pytest.raises(TimeoutError):
            await operation
        assert session.closed

    asyncio.run(story())
