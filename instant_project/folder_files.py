"""Serves the files of a folder of this project: browser modules, style sheets, small pages.

They are read when first asked for and kept, compressed as well, so that asking again costs neither
disk nor time; a file that changed on disk is read again. What is served is chosen by suffix, and
nothing outside the folder or inside its `tests` ever is.

Modules that import each other must come from one version. `entry_point` sends browsers to the
folder's present version, `v-<digest>/`, from which all relative imports follow; what is asked for
there may be kept for ever, everything else is checked with an ETag each time.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, Final

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from wire.http import unknown_route

CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ts": "text/plain; charset=utf-8",
}
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "public, no-cache"
VERSIONED: Final = re.compile(r"(v-[0-9a-f]{16})/(.+)")
VERSION_SECONDS: Final = 1.0  # so long a change on disk may go unnoticed
NOT_SERVED: Final = frozenset({"tests", "node_modules"})
MAX_FILES: Final = 512
MAX_FOLDERS: Final = 8

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One file as it is sent."""

    content_type: str
    body: bytes
    compressed: bytes
    etag: str


def files_in(folder: Path) -> Iterator[str]:
    """The names under which the folder's files are served, in order."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix in CONTENT_TYPES and not NOT_SERVED & set(name.parts):
            yield name.as_posix()


def folder_files(folder: Path) -> View:
    """A view of a folder's files; its path has the file's name as `file`."""

    async def view(request: HttpRequest, file: str) -> HttpResponseBase:
        versioned = VERSIONED.fullmatch(file)
        version, name = versioned.groups() if versioned else (None, file)
        found = find(folder, name)
        if found is None or request.method not in {"GET", "HEAD"}:
            return unknown_route(request)
        return _answer(request, found, keeps=version == folder_version(folder))

    return view


def entry_point(folder: Path, file: str) -> View:
    """A view that sends on to a file in the folder's present version, beside its own address."""

    async def view(request: HttpRequest) -> HttpResponseBase:
        response = HttpResponseRedirect(f"{folder_version(folder)}/{file}")
        response["cache-control"] = ASK_AGAIN
        return response

    return view


def folder_version(folder: Path) -> str:
    """Changes with every file that is served."""
    return _version_at(folder, int(time.monotonic() / VERSION_SECONDS))


@lru_cache(MAX_FOLDERS)
def _version_at(folder: Path, moment: int) -> str:
    state = [(name, (folder / name).stat().st_mtime_ns) for name in files_in(folder)]
    return f"v-{hashlib.sha256(repr(state).encode()).hexdigest()[:16]}"


def find(folder: Path, name: str) -> ServedFile | None:
    """The file of this name, or None where there is nothing to serve."""
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/") or NOT_SERVED & set(parts):
        return None
    path = folder.joinpath(*parts)
    if path.suffix not in CONTENT_TYPES or not path.is_file():
        return None
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(MAX_FILES)
def _read(path: Path, changed_at: int) -> ServedFile:
    body = path.read_bytes()
    return ServedFile(
        content_type=CONTENT_TYPES[path.suffix],
        body=body,
        compressed=gzip.compress(body, mtime=0),
        etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"',
    )


def _answer(request: HttpRequest, found: ServedFile, *, keeps: bool) -> HttpResponseBase:
    response: HttpResponseBase
    if found.etag in parse_etags(request.headers.get("if-none-match", "")):
        response = HttpResponseNotModified()
    elif "gzip" in request.headers.get("accept-encoding", ""):
        response = HttpResponse(found.compressed, content_type=found.content_type)
        response["content-encoding"] = "gzip"
    else:
        response = HttpResponse(found.body, content_type=found.content_type)
    response["etag"] = found.etag
    response["cache-control"] = FOR_EVER if keeps else ASK_AGAIN
    patch_vary_headers(response, ["accept-encoding"])
    return response
