"""An app's web site for a browser: one page, the published SDK, and its parameters."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.sdk.node import HERE, install_sdks

PAGES = HERE / "pages"
CORE = HERE / "node_modules" / "@instantdb" / "core" / "dist" / "standalone" / "index.js"


@contextmanager
def running_site(page: Path, parameters: dict[str, Any]) -> Iterator[str]:
    """Serve the page on a free port; yields the site's host."""
    install_sdks()
    contents = {
        "/": ("text/html", page.read_bytes()),
        "/core.js": ("text/javascript", CORE.read_bytes()),
        "/parameters": ("application/json", json.dumps(parameters).encode()),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content_type, content = contents.get(
                self.path.partition("?")[0], ("text/plain", b"not here")
            )
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
