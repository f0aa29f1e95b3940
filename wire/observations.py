"""Facts worth observing, listed once: code reports a fact, this file decides how it is shown.

Values go into fields, never into a sentence, and no field ever holds a secret or a client's
value. Each fact names the logger's level; its fields travel as `extra`, so a structured log
handler or a metrics reader sees them under their names.
"""

from __future__ import annotations

import dataclasses
import logging
import traceback
from dataclasses import dataclass
from typing import ClassVar

_LOGGER = logging.getLogger("instant")


@dataclass(frozen=True, slots=True)
class Observation:
    """A fact that happened; subclasses say which."""

    level: ClassVar[int] = logging.INFO


@dataclass(frozen=True, slots=True)
class HttpRequestFailed(Observation):
    """An HTTP handler raised what no client can have caused; `where` has its frames."""

    level = logging.ERROR

    method: str
    path: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class SocketOpFailed(Observation):
    """The handler of a socket's op raised what no client can have caused."""

    level = logging.ERROR

    op: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class HubTaskFailed(Observation):
    """Bringing attrs or a status to sessions failed; the next change tries again."""

    level = logging.ERROR

    error: str
    where: str


@dataclass(frozen=True, slots=True)
class LiveQueryFailed(Observation):
    """Answering a live query raised what no client can have caused."""

    level = logging.ERROR

    app_id: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class BusGap(Observation):
    """Changes of an app did not arrive through Redis; its live queries are answered again."""

    level = logging.WARNING

    app_id: str


@dataclass(frozen=True, slots=True)
class SortKeysFilled(Observation):
    """Rows written behind the server's back got their sort keys."""

    filled: int
    not_of_type: int


@dataclass(frozen=True, slots=True)
class IndexingBatchFailed(Observation):
    """A batch of a background job was rolled back; `where` has the frames of its error."""

    level = logging.ERROR

    error: str
    where: str


@dataclass(frozen=True, slots=True)
class EmailRefused(Observation):
    """A mail could not be sent; who it was for and what it said stays out of the log."""

    level = logging.ERROR

    error: str


@dataclass(frozen=True, slots=True)
class ChoreDone(Observation):
    """Something was tidied up in the background; `amount` is in whatever the chore counts."""

    chore: str
    amount: int


@dataclass(frozen=True, slots=True)
class ChoreFailed(Observation):
    """A chore was given up, until its next turn; `where` has the frames of its error."""

    level = logging.ERROR

    chore: str
    error: str
    where: str


@dataclass(frozen=True, slots=True)
class RoomsOffline(Observation):
    """Redis cannot be reached: sessions of other processes are not seen in rooms until it is."""

    level = logging.ERROR

    error: str


@dataclass(frozen=True, slots=True)
class RoomsFailed(Observation):
    """Sharing rooms was interrupted by an error that is no fault of Redis, and began again."""

    level = logging.ERROR

    error: str
    where: str


@dataclass(frozen=True, slots=True)
class RoomsOnline(Observation):
    """Redis is reached again, and rooms are shared with other processes."""


def report(fact: Observation) -> None:
    """Show a fact to whoever watches."""
    fields = {name.name: getattr(fact, name.name) for name in dataclasses.fields(fact)}
    text = " ".join(f"{name}={value}" for name, value in fields.items())
    _LOGGER.log(fact.level, "%s %s", type(fact).__name__, text, extra={"fact": fields})


def frames_of(error: BaseException) -> str:
    """Where an exception came from, without its message, which may quote stored values."""
    return "".join(traceback.format_tb(error.__traceback__))
