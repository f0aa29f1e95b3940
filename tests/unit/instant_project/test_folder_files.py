"""Files of a folder over HTTP: what is served, what never is, and how it is cached."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from instant_project.folder_files import (
    ASK_AGAIN,
    FOR_EVER,
    entry_point,
    files_in,
    folder_files,
    folder_version,
)
from instant_project.site import ASSETS, RECIPES, SDK, read_recipe, recipes

Get = Callable[..., Any]


@pytest.fixture
def get(tmp_path: Path) -> Get:
    """Ask for a file of a small folder."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "a.js").write_text("export const a = 1;\n")
    (tmp_path / "inner" / "b.css").write_text("b {}")
    (tmp_path / "tests" / "c.js").write_text("secret")
    (tmp_path / "d.json").write_text("{}")
    view = folder_files(tmp_path)

    def ask(file: str, method: str = "get", **headers: str) -> Any:
        request = getattr(RequestFactory(), method)("/", headers=headers)
        return asyncio.run(view(request, file=file))

    return ask


@pytest.mark.parametrize(
    ("file", "content_type"),
    [
        pytest.param("a.js", "text/javascript; charset=utf-8", id="a module"),
        pytest.param("inner/b.css", "text/css; charset=utf-8", id="in a folder"),
    ],
)
def test_files_are_served_with_their_type(get: Get, file: str, content_type: str) -> None:
    response = get(file)
    assert (response.status_code, response["content-type"]) == (200, content_type)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param("nowhere.js", id="not there"),
        pytest.param("d.json", id="another suffix"),
        pytest.param("tests/c.js", id="tests"),
        pytest.param("../a.js", id="upwards"),
        pytest.param("inner/../../x.js", id="upwards from within"),
        pytest.param("/etc/passwd.js", id="absolute"),
        pytest.param("inner", id="a folder"),
        pytest.param("", id="nothing"),
    ],
)
def test_nothing_else_is_served(get: Get, file: str) -> None:
    assert get(file).status_code == 404


def test_other_methods_are_no_routes(get: Get) -> None:
    assert get("a.js", "post").status_code == 404


def test_a_known_file_is_not_sent_again(get: Get) -> None:
    etag = get("a.js")["etag"]
    again = get("a.js", **{"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_changed_file_is_read_again(get: Get, tmp_path: Path) -> None:
    before = get("a.js")["etag"]
    (tmp_path / "a.js").write_text("export const a = 2;\n")
    assert get("a.js")["etag"] != before


def test_a_file_of_the_present_version_is_kept_for_ever(get: Get, tmp_path: Path) -> None:
    version = folder_version(tmp_path)
    assert get(f"{version}/inner/b.css")["cache-control"] == FOR_EVER
    assert get("inner/b.css")["cache-control"] == ASK_AGAIN
    assert get("v-0000000000000000/a.js")["cache-control"] == ASK_AGAIN
    assert get(f"{version}/tests/c.js").status_code == 404


def test_the_entry_point_leads_to_the_present_version(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("")
    request = RequestFactory().get("/sdk/a.js")
    response: Any = asyncio.run(entry_point(tmp_path, "a.js")(request))
    assert response.status_code == 302
    assert response["location"] == f"{folder_version(tmp_path)}/a.js"


def test_files_are_compressed_for_those_who_can_read_that(get: Get) -> None:
    response = get("a.js", **{"accept-encoding": "br, gzip"})
    assert response["content-encoding"] == "gzip"
    assert gzip.decompress(response.content) == get("a.js").content


def test_every_recipe_can_be_read() -> None:
    assert {"todos", "cursors", "feed", "sign-in"} <= set(recipes())


def test_a_recipe_without_a_program_says_what_it_misses(tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_text("<title>Empty</title>")
    with pytest.raises(ValueError, match="needs a title, a description and a module"):
        read_recipe(path)


def test_what_pages_need_is_there() -> None:
    assert "instant.js" in set(files_in(SDK))
    assert {"site.css", "home.js", "backend.js", "line.js"} <= set(files_in(ASSETS))
    assert not any(name.startswith("tests/") for name in files_in(SDK))
    assert list(files_in(RECIPES))
