"""The server as `bin/serve` runs it, with the database of its own: start, stop, kill, again."""

from __future__ import annotations

import http.cookiejar
import re
import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from instant_project import embedded
from tests.served import ServerProcess, own_database

PASSWORD = re.compile(r"operator  (\S{20})\n")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Can be entered by the account that runs PostgreSQL.

    pytest's own folders cannot: it closes the one above them all again whenever it is started.
    """
    with tempfile.TemporaryDirectory(prefix="instant-serve-") as made:
        folder = Path(made)
        folder.chmod(0o711)
        yield folder


@pytest.fixture
def served(folder: Path) -> Iterator[ServerProcess]:
    """Not started yet."""
    server = ServerProcess(folder)
    yield server
    server.close()
    # Beside the data, or under /tmp where that path is long. A database that took too long to stop
    # was killed, and then its socket is still there.
    shutil.rmtree(socket_dir(server), ignore_errors=True)


def connect(server: ServerProcess) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(embedded.database_url(server.data_dir), autocommit=True)


def socket_dir(server: ServerProcess) -> Path:
    return Path(str(conninfo_to_dict(embedded.database_url(server.data_dir))["host"]))


def postgres_pid(server: ServerProcess) -> int:
    pid_file = server.data_dir / "postgres" / "data" / "postmaster.pid"
    return int(pid_file.read_text().split("\n")[0])


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except FileNotFoundError:
        return True


def test_sigterm_stops_server_and_database(served: ServerProcess) -> None:
    served.start()
    database = postgres_pid(served)
    assert served.stop() == 0
    assert is_gone(database)
    assert not (served.data_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_killed_server_comes_back_with_what_was_written(served: ServerProcess) -> None:
    served.start()
    with connect(served) as conn:
        conn.execute("create table kept as select 41 + 1 as answer")
    served.kill()
    served.start()
    with connect(served) as conn:
        assert conn.execute("select answer from kept").fetchall() == [(42,)]


def test_second_server_on_the_same_data_is_refused(served: ServerProcess, tmp_path: Path) -> None:
    served.start()
    second = ServerProcess(tmp_path, settings={"INSTANT_DATA_DIR": str(served.data_dir)})
    assert second.launch().wait(30) == 1
    assert "already uses" in second.output
    assert served.is_healthy()


def test_taken_port_is_named(served: ServerProcess, tmp_path: Path) -> None:
    served.start()
    second = ServerProcess(tmp_path, port=served.port)
    assert second.launch().wait(30) == 1
    assert f"Port {served.port} is in use" in second.output


def test_file_in_place_of_the_data_directory_is_named(served: ServerProcess) -> None:
    served.data_dir.touch()
    assert served.launch().wait(30) == 1
    assert f"The data directory {served.data_dir} cannot be used: It is a file." in served.output


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        pytest.param("INSTANT_DATABASE_URL", "postgresql://ann@localhost:1/x", id="PostgreSQL"),
        pytest.param("INSTANT_REDIS_URL", "redis://localhost:1", id="Redis"),
    ],
)
def test_service_that_does_not_answer_is_named(
    served: ServerProcess, variable: str, url: str
) -> None:
    served.settings = {variable: url}
    assert served.launch().wait(60) != 0
    assert f"cannot be used as {variable} says" in served.output
    assert "Traceback" not in served.output


def test_database_of_ones_own_starts_no_other(served: ServerProcess) -> None:
    with own_database() as url:
        served.settings = {"INSTANT_DATABASE_URL": url}
        served.start()
        assert not (served.data_dir / "postgres").exists()
        assert served.stop() == 0


def test_operator_password_is_printed_once_and_opens_the_site(served: ServerProcess) -> None:
    served.start()
    served.stop()
    served.start()
    (password,) = PASSWORD.findall(served.output)
    page = sign_in(served, password)
    assert "Site administration" in page
    assert "Please enter the correct" in sign_in(served, "not it")


def test_secrets_are_readable_by_their_owner_only(served: ServerProcess) -> None:
    served.start()
    assert (served.data_dir / "secret-key").stat().st_mode & 0o077 == 0
    assert socket_dir(served).stat().st_mode & 0o077 == 0


def sign_in(server: ServerProcess, password: str) -> str:
    """What the operator site shows after an attempt to sign in."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    address = f"{server.http_url}/operator/login/?next=/operator/"
    form = browser.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": "operator", "password": password}
    body = urllib.parse.urlencode(fields).encode()
    return str(browser.open(address, body).read().decode())
