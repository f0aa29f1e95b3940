"""`python -m instant_project.server`, which `bin/serve` runs: everything from start to stop.

The order of a start: settings, the data directory's lock, the addresses, the database (Django is
loaded while it gets ready), tables and operator, checks, then requests. A stop goes backwards.
Ctrl-C and SIGTERM lead to the same stop at any moment, and each step of it has a limit.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import socket
from types import FrameType
from typing import Final

import psycopg

from instant_project import data_dir, embedded
from instant_project.env import Environment, SettingError, read_environment
from instant_project.listening import CannotListen, listening_sockets
from instant_project.postgres_account import NoAccount
from instant_project.postgres_process import Postgres, PostgresFailed
from instant_project.preparation import PreparationFailed, prepare_database

CLOSE_SECONDS: Final = 5  # for requests and sockets that are open at the end
LARGEST_FRAME_BYTES: Final = 32 * 1024 * 1024
PING_SECONDS: Final = 5.0  # realtime.md §1.2
PONG_SECONDS: Final = 10.0  # after a ping; with the interval, 15 s of silence end a connection

_EXPECTED: Final = (
    *(SettingError, data_dir.DataDirInUse, data_dir.DataDirUnusable, CannotListen, NoAccount),
    *(PostgresFailed, PreparationFailed, psycopg.OperationalError, OSError),
)


class ChecksFailed(Exception):
    """A system check found what keeps the server from working; it is printed already."""


def main() -> int:
    """Serve until told to stop; the exit status."""
    started = time.monotonic()
    _stop_on_signals()
    try:
        environment = read_environment()
        return _run(environment, started)
    except ChecksFailed:
        return 1
    except _EXPECTED as error:
        print(f"\nThe server cannot run.\n{_reason(error)}", file=sys.stderr, flush=True)
        return 1


def _reason(error: BaseException) -> str:
    if isinstance(error, psycopg.OperationalError) and os.environ.get("INSTANT_DATABASE_URL"):
        return f"PostgreSQL cannot be used as INSTANT_DATABASE_URL says:\n{error}"
    return str(error)


def _run(environment: Environment, started: float) -> int:
    with ExitStack() as held:
        data_dir.prepare_data_dir(environment.data_dir)
        held.enter_context(data_dir.locked(environment.data_dir))
        sockets = listening_sockets(environment.host, environment.port)
        for bound in sockets:
            held.enter_context(bound)
        database = None
        if environment.database_url is None:
            database = held.enter_context(_own_database(environment))
        _set_up_django()
        if database is not None:
            database.wait_until_ready()
            database.create_database(embedded.DATABASE)
        _prepare_and_check()
        lost = _Watch(database)
        _serve(environment, sockets, started)
        return 1 if lost.is_lost else 0


@contextmanager
def _own_database(environment: Environment) -> Iterator[Postgres]:
    postgres = embedded.start(environment.data_dir, _tell)
    try:
        yield postgres
    finally:
        _ignore_signals()  # what is left is bounded, and must not be cut in half
        postgres.stop()
        _tell("The database has stopped.")


def _set_up_django() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "instant_project.settings")
    import django  # noqa: PLC0415  # after the database was told to start

    django.setup()


def _prepare_and_check() -> None:
    from django.conf import settings  # noqa: PLC0415
    from django.core import checks  # noqa: PLC0415
    from django.db import connections  # noqa: PLC0415

    found = checks.run_checks(tags=["database", "settings"], databases=["default"])
    found += [message for message in checks.run_checks(tags=["security"]) if _is_ours(message)]
    for message in found:
        print(f"{message}\n", file=sys.stderr, flush=True)
    if any(message.is_serious() for message in found):
        raise ChecksFailed
    prepare_database(settings.DATABASE_URL, _tell)
    connections.close_all()


def _is_ours(message: object) -> bool:
    return str(getattr(message, "id", "")).startswith("instant.")


def _serve(environment: Environment, sockets: list[socket], started: float) -> None:
    import uvicorn  # noqa: PLC0415

    from instant_project.asgi import application  # noqa: PLC0415
    from realtime import lifecycle  # noqa: PLC0415

    class Server(uvicorn.Server):
        """Says what to do next once it answers."""

        async def shutdown(self, sockets: list[socket] | None = None) -> None:
            """Take nobody new, then part from everybody in turn, then close what is left."""
            for listening in self.servers:
                listening.close()
            await lifecycle.close_sessions()
            await super().shutdown(sockets=sockets)

        async def startup(self, sockets: list[socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                _greet(environment, time.monotonic() - started)

    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PONG_SECONDS,
        ws_per_message_deflate=False,  # it would cost memory a connection and CPU a frame
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # who is trusted is decided where addresses are used
        server_header=False,
        timeout_graceful_shutdown=CLOSE_SECONDS,
    )
    server = Server(config)
    server.run(sockets=sockets)
    if not server.started:
        raise ChecksFailed


class _Watch:
    """Stops the server when its database ends by itself."""

    def __init__(self, database: Postgres | None) -> None:
        self.is_lost = False
        self._database = database
        if database is not None:
            threading.Thread(target=self._wait, name="database watch", daemon=True).start()

    def _wait(self) -> None:
        assert self._database is not None
        self._database.process.wait()
        if not _stopping.is_set():
            self.is_lost = True
            _tell(f"PostgreSQL ended by itself; {self._database.cluster.log} may say why.")
            os.kill(os.getpid(), signal.SIGTERM)


_stopping: Final = threading.Event()


def _stop_on_signals() -> None:
    """Both signals unwind the stack; while requests are served, uvicorn handles them first."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def _ignore_signals() -> None:
    _stopping.set()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    _stopping.set()
    raise SystemExit(0)


def _greet(environment: Environment, seconds: float) -> None:
    host = environment.host if environment.host not in {"0.0.0.0", "::"} else "localhost"
    at = f"{f'[{host}]' if ':' in host else host}:{environment.port}"
    print(
        f"""
  Serving  http://{at}  (ready after {seconds:.1f} s; Ctrl-C stops it)

  Make an app:    curl -X POST -H 'content-type: application/json' \\
                    -d '{{"title": "my app"}}' http://{at}/dash/apps/ephemeral
  Use it:         init({{ appId, apiURI: "http://{at}",
                         websocketURI: "ws://{at}/runtime/session" }})
  Operator site:  http://{at}/operator/
  Health:         http://{at}/health/system
""",
        flush=True,
    )


def _tell(sentence: str) -> None:
    print(f"  {sentence}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
