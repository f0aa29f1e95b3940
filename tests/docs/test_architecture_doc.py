"""What `docs/architecture.md` and the pages beside it point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
DOCS = PROJECT / "docs"
ROOMS = "wire triples auth_app presence storage_app realtime instant_project"
OTHERS = "clients templates bench tests docs"
OURS = f"(?:{'|'.join([*ROOMS.split(), *OTHERS.split()])})"
MENTIONED_PATH = re.compile(rf"`({OURS}/[\w/.-]*)`")
LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")

PAGES = sorted(DOCS.glob("*.md"))


def mentioned(pattern: re.Pattern[str], page: Path) -> list[str]:
    return pattern.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", mentioned(MENTIONED_PATH, DOCS / "architecture.md"))
def test_file_of_a_journey_exists(path: str) -> None:
    assert (PROJECT / path).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in mentioned(LINK, page) if not (page.parent / link).exists()] == []


def test_journeys_are_read_completely() -> None:
    """Guards the tests above against a change of how the page writes paths."""
    assert len(mentioned(MENTIONED_PATH, DOCS / "architecture.md")) > 20
