"""One write as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triples.permissions.rules import Rules
from triples.transact.author import Author
from triples.transact.steps import Step


@dataclass(frozen=True, slots=True)
class Trial:
    """A write that is made to see what the rules say of it.

    - `rules`: to be asked instead of the app's own; None for these.
    - `commits`: whether the write stays if every rule allows it.
    """

    rules: Rules | None = None
    commits: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Steps for an app by an author; `event_hashes` are remembered as answered with them.

    `stands_for_others` says that some of the events are of earlier writes, which this one does
    as well.
    """

    app_id: str
    author: Author
    steps: Sequence[Step]
    event_hashes: list[str]
    stands_for_others: bool = False
    trial: Trial | None = None
