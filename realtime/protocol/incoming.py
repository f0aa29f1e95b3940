"""From a frame's text to a message with an op (spec: realtime.md §2.1).

Decides only what can be decided from the text: is it JSON, is it an object, does it name an op.
What the op's fields must be is the handlers' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wire import json
from wire.errors import InstantError, ParamMalformed, ParamMissing, ValidationFailed

MAX_DEPTH = 240  # what orders JSON for comparison ends at 254 levels
_UNSTORABLE = "The message holds text that cannot be stored, such as half of an emoji."
MAX_ECHOED_BYTES = 64 * 1024  # an error must not send a 30 MB frame back to its author
MAX_READ_TWICE = 1024 * 1024  # Python's own parser takes its time

_TOO_MANY = f"The message holds more than {json.MAX_CONTAINERS:,} lists and objects."


@dataclass(frozen=True, slots=True)
class Message:
    """One client message; `fields` is the whole parsed object."""

    op: str
    event_id: Any
    fields: dict[str, Any]


class UnreadableFrame(Exception):
    """The frame is no message; carries what can be told to the client."""

    def __init__(self, error: InstantError, fields: dict[str, Any]) -> None:
        super().__init__(error.message)
        self.error = error
        self.fields = fields


def read_message(text: str | bytes) -> Message:
    """Parse one frame; raises `UnreadableFrame`."""
    containers = json.containers(text)
    if containers > json.MAX_CONTAINERS:
        raise UnreadableFrame(ValidationFailed.one("message", None, _TOO_MANY), {})
    try:
        fields = json.loads(text)
    except json.JsonError as error:
        raise _unparsable(text) from error
    if containers > MAX_DEPTH and _is_too_deep(fields):
        raise _too_deep(text, fields)
    if not isinstance(fields, dict):
        raise UnreadableFrame(ParamMalformed(["message"]), {})
    op = fields.get("op")
    if op is None:
        raise UnreadableFrame(ParamMissing(["op"]), fields)
    if not isinstance(op, str):
        raise UnreadableFrame(ParamMalformed(["op"]), fields)
    return Message(op, fields.get("client-event-id"), fields)


def echo(fields: dict[str, Any]) -> dict[str, Any]:
    """The original event for an error reply: whole, unless its bulky parts are too big.

    The query always returns as it came, since clients find the subscription by it; tokens do
    not return at all.
    """
    kept = {
        key: value for key, value in fields.items() if key not in ("refresh-token", "__admin-token")
    }
    return without_bulk(kept, ("tx-steps", "chunks"))


def without_bulk(fields: dict[str, Any], bulky: tuple[str, ...]) -> dict[str, Any]:
    """The fields without the bulky ones, if all of them together are too big to be sent back."""
    if len(json.dumps(fields)) <= MAX_ECHOED_BYTES:
        return fields
    return {key: value for key, value in fields.items() if key not in bulky}


def _is_too_deep(fields: Any) -> bool:
    level = [fields]
    for _ in range(MAX_DEPTH):
        level = [item for each in level for item in _items(each) if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _items(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _too_deep(text: str | bytes, fields: Any) -> UnreadableFrame:
    """JSON that is deeper than can be compared is refused as a whole.

    Subscribers of a query hear of it, as the query comes back: unless it is large, since encoding
    what is deep takes its time, or too deep for every parser, when its depths are lost.
    """
    op = fields.get("op") if isinstance(fields, dict) else None
    data_type = op if isinstance(op, str) else "message"
    message = f"The message is nested deeper than {MAX_DEPTH} levels."
    told: list[tuple[str, type]] = [("op", str), ("client-event-id", str)]
    if len(text) <= MAX_ECHOED_BYTES:
        told.append(("q", dict))
    named = {
        key: fields[key]
        for key, kind in told
        if isinstance(fields, dict) and isinstance(fields.get(key), kind)
    }
    return UnreadableFrame(ValidationFailed.one(data_type, None, message), named)


def _unparsable(text: str | bytes) -> UnreadableFrame:
    """Name the op and event of a frame that is JSON but too deep, or cannot be stored.

    The client is told which of its messages was refused; a query comes back as it was sent, or its
    subscribers would never hear of it.
    """
    malformed = UnreadableFrame(ParamMalformed(["message"]), {})
    if len(text) > MAX_READ_TWICE:
        return malformed
    try:
        fields = json.loads_any(text)
    except ValueError:
        return malformed
    if _is_too_deep(fields):
        return _too_deep(text, fields)
    if not isinstance(fields, dict):
        return malformed
    named: dict[str, Any] = {
        key: fields[key]
        for key in ("op", "client-event-id")
        if isinstance(fields.get(key), str) and fields[key].isprintable()
    }
    if "q" in fields:
        named["q"] = json.raw(json.dumps_any(fields["q"]))
    data_type = "tx-steps" if named.get("op") == "transact" else str(named.get("op", "message"))
    return UnreadableFrame(ValidationFailed.one(data_type, None, _UNSTORABLE), named)
