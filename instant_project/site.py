"""The pages people see: `/` shows what this is, `/recipes/` small programs that run on it.

A recipe is one file in `templates/recipes`, served as it is. The pages show recipes in frames, with
the program that the file holds beneath them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from instant_project.env import PROJECT_DIR
from instant_project.folder_files import View, files_in, folder_files, folder_version

SDK: Final = PROJECT_DIR / "clients" / "browser"
ASSETS: Final = PROJECT_DIR / "templates" / "assets"
RECIPES: Final = PROJECT_DIR / "templates" / "recipes"

_TITLE: Final = re.compile(r"<title>(.*?)</title>")
_SUMMARY: Final = re.compile(r'<meta name="description" content="(.*?)">')
_PROGRAM: Final = re.compile(r'<script type="module">\n(.*?)</script>', re.DOTALL)
_INDENT: Final = re.compile(r"^  ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A small program: its file's name, what it is called, says of itself, and its code."""

    name: str
    title: str
    summary: str
    program: str


def read_recipe(path: Path) -> Recipe:
    """A recipe out of its file; raises `ValueError` where a part of it is missing."""
    text = path.read_text(encoding="utf-8")
    parts = [pattern.search(text) for pattern in (_TITLE, _SUMMARY, _PROGRAM)]
    found = [part.group(1) for part in parts if part]
    if len(found) < len(parts):
        raise ValueError(f"{path} needs a title, a description and a module")
    title, summary, program = found
    return Recipe(path.name, title, summary, _INDENT.sub("", program).strip())


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by the stem of their file, in order of that name."""
    return {path.stem: read_recipe(path) for path in sorted(RECIPES.glob("*.html"))}


def _modules() -> list[str]:
    """The addresses of all modules of the client, so that a page fetches them side by side."""
    version = folder_version(SDK)
    return [f"/sdk/{version}/{name}" for name in files_in(SDK) if name.endswith(".js")]


async def home(request: HttpRequest) -> HttpResponse:
    """`GET /`."""
    shown = [recipes()[name] for name in ("todos", "cursors")]
    return render(request, "home.html", {"demos": shown, "modules": _modules()})


async def recipe_list(request: HttpRequest) -> HttpResponse:
    """`GET /recipes/`."""
    context = {"recipes": list(recipes().values()), "modules": _modules()}
    return render(request, "recipes.html", context)


def recipe_files() -> View:
    """Recipes as they are; pages of this server may frame them."""
    serve = folder_files(RECIPES)

    @xframe_options_sameorigin
    async def view(request: HttpRequest, file: str) -> HttpResponseBase:
        return await serve(request, file)

    return view
