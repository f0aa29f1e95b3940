"""What travels between processes, as JSON: changes, each with its place, and signs of life.

A sequence belongs to one publisher and one app and grows by one. `Sequence` is the receiving side
of it: it tells a change that follows from one before which others are missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from realtime.changes.change import AttrChange, TripleChange, TxChanges
from wire import json

MAX_BYTES: Final = 1024 * 1024  # Redis cuts off subscribers who are tens of megabytes behind


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its app's sequence a change stands; `publisher` is new with every process."""

    publisher: str
    number: int


class Sequence:
    """Whether what arrives of one app is complete."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: Place | None = None

    def take(self, place: Place) -> bool:
        """Note the newest change; whether none before it is missing.

        The first one after joining may have any number. Another publisher begins at one, and begins
        with whatever the one before may not have handed on.
        """
        last, self._last = self._last, place
        if last is None:
            return True
        if last.publisher != place.publisher:
            return place.number == 1
        return place.number == last.number + 1


@dataclass(frozen=True, slots=True)
class Beat:
    """The publisher lives: positions of the log in bytes, and what is wrong, if anything is."""

    publisher: str
    is_live: bool
    delivered_lsn: int
    seen_lsn: int
    connections: int
    failure: str | None


def encode_changes(changes: TxChanges, place: Place) -> bytes:
    """The message of one change; one too large says only that the app's triples changed."""
    triples = [] if changes.truncated else list(map(_triple, changes.triple_changes))
    message = _encoded(changes, place, triples, truncated=changes.truncated)
    if len(message) > MAX_BYTES:
        message = _encoded(changes, place, [], truncated=True)
    return message


def decode_changes(message: bytes) -> tuple[TxChanges, Place]:
    """The other way round."""
    fields: dict[str, Any] = json.loads(message)
    triples, attrs = fields.pop("triples"), fields.pop("attrs")
    place = Place(fields.pop("publisher"), fields.pop("number"))
    changes = TxChanges(
        **fields,
        triple_changes=tuple(
            TripleChange(kind, entity_id, attr_id, _bytes(old), _bytes(new), created_at_changed)
            for kind, entity_id, attr_id, old, new, created_at_changed in triples
        ),
        attr_changes=tuple(
            AttrChange(kind, attr_id, frozenset(etypes)) for kind, attr_id, etypes in attrs
        ),
    )
    return changes, place


def encode_beat(beat: Beat) -> bytes:
    """The message of a sign of life."""
    return json.dumps(
        {
            "publisher": beat.publisher,
            "is_live": beat.is_live,
            "delivered_lsn": beat.delivered_lsn,
            "seen_lsn": beat.seen_lsn,
            "connections": beat.connections,
            "failure": beat.failure,
        }
    )


def decode_beat(message: bytes) -> Beat:
    """The other way round."""
    return Beat(**json.loads(message))


def _encoded(changes: TxChanges, place: Place, triples: list[Any], *, truncated: bool) -> bytes:
    return json.dumps(
        {
            "publisher": place.publisher,
            "number": place.number,
            "app_id": changes.app_id,
            "tx_id": changes.tx_id,
            "xid": changes.xid,
            "commit_lsn": changes.commit_lsn,
            "commit_time": changes.commit_time,
            "triples": triples,
            "attrs": [
                (change.kind, change.attr_id, sorted(change.etypes))
                for change in changes.attr_changes
            ],
            "rules_changed": changes.rules_changed,
            "app_changed": changes.app_changed,
            "truncated": truncated,
            "sort_keys_missing": changes.sort_keys_missing,
        }
    )


def _triple(change: TripleChange) -> tuple[Any, ...]:
    return (
        change.kind,
        change.entity_id,
        change.attr_id,
        _text(change.old),
        _text(change.new),
        change.created_at_changed,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else value.encode()
