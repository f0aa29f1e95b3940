"""The admin API over keep-alive connections: `python -m bench.admin`.

`/admin/query` of 20 rows and `/admin/transact` of three attrs, beside a bare Django async view on
the same web server that returns the query's bytes after one `SELECT`. Blocks of each alternate.
Target: the query reaches half of the bare view's requests a second.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.admin.requests import Work, ask_once, work_for
from bench.server import BenchServer, bench_server
from tests.sdk.apps import App, create_app
from tests.served import free_port
from wire.ids import new_id

TARGET_SHARE = 0.5
ROWS = 20


def main() -> int:
    """Measure, print the table; not 0 below the target."""
    parser = argparse.ArgumentParser(prog="bench.admin", description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of one block (3)")
    parser.add_argument("--rounds", type=int, default=5, help="blocks of each (5)")
    parser.add_argument("--connections", type=int, default=8, help="kept alive (8)")
    chosen = parser.parse_args()
    with bench_server() as server:
        app = create_app(server, "bench")
        query, write = _admin_work(server, app)
        asyncio.run(_fill(write))
        answer = asyncio.run(ask_once(query))
        with _bare_server(server.database_url, answer) as url:
            works = [Work("bare view, one SELECT", url, {}, query.body), query, write]
            asyncio.run(_alternate(works, chosen))
    return _table(works)


def _admin_work(server: BenchServer, app: App) -> tuple[Work, Work]:
    headers = {"app-id": app.id, "authorization": f"Bearer {app.admin_token}"}
    page = {"query": {"todos": {"$": {"limit": ROWS}}}}

    def write() -> Any:
        fields = {"text": "milk", "done": False, "place": 7}
        return {"steps": [["update", "todos", new_id(), fields]]}

    base = f"{server.http_url}/admin"
    return (
        Work(f"/admin/query, {ROWS} rows", f"{base}/query", headers, lambda: page),
        Work("/admin/transact, 3 attrs", f"{base}/transact", headers, write),
    )


async def _fill(write: Work) -> None:
    for _ in range(ROWS):
        await ask_once(write)


@contextmanager
def _bare_server(database_url: str, answer: bytes) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="instant-bench-") as folder:
        body, port = Path(folder) / "body", free_port()
        body.write_bytes(answer)
        command = [sys.executable, "-m", "bench.admin.bare", str(port), database_url, str(body)]
        process = subprocess.Popen(command)
        url = f"http://127.0.0.1:{port}/bare"
        try:
            while not _answers(url):
                if process.poll() is not None:
                    raise RuntimeError("the bare view does not start")
            yield url
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.URLError:
        return False


async def _alternate(works: list[Work], chosen: argparse.Namespace) -> None:
    for work in works:
        await work_for(work, chosen.connections, chosen.seconds / 3)  # to warm up
        work.took.clear()
        work.seconds = 0.0
    for _ in range(chosen.rounds):
        for work in works:
            await work_for(work, chosen.connections, chosen.seconds)


def _table(works: list[Work]) -> int:
    bare, query, _ = works
    print(f"{'':28} {'requests/s':>10} {'p50':>8} {'p95':>8}   ms")
    for work in works:
        times = work.times()
        print(f"{work.name:28} {work.rate():10.0f} {times.p50:8.2f} {times.p95:8.2f}")
    share = query.rate() / bare.rate()
    is_met = share >= TARGET_SHARE
    print(
        f"the query reaches {share:.2f} × the bare view (target ≥ {TARGET_SHARE}):"
        f" {'met' if is_met else 'MISSED'}"
    )
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
