"""JSON in and out of the process, with one canonical form for comparing values.

Parsing is strict: NaN, Infinity and lone surrogates are refused with `JsonError`, since neither
UTF-8 nor `jsonb` can hold them. Already encoded JSON travels inside larger documents as `raw`.
"""

from __future__ import annotations

import json as stdlib_json
import math
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any, Final

import orjson

JsonError = orjson.JSONDecodeError
"""The text is not JSON that can be stored."""


def loads(text: str | bytes) -> Any:
    """Parse one JSON value; raises `JsonError`."""
    return orjson.loads(text)


MAX_CONTAINERS: Final = 500_000
"""How many lists and objects a client may send at once: each costs a microsecond, and memory, in
every step that looks at it."""


def containers(text: str | bytes) -> int:
    """How many lists and objects the text can hold; those in strings are counted as well."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


KEPT_LEVELS: Final = 400
"""How deep `loads_any` looks: deeper than a message may be, and within all parsers' limits."""


def loads_any(text: str | bytes) -> Any:
    """Parse JSON, that which cannot be stored too; raises `ValueError` if it is none.

    JavaScript cuts texts between the halves of an emoji, and sends the half as an escape. Whoever
    tells a client which of its messages cannot be stored needs them parsed. Null stands for what is
    below `KEPT_LEVELS`, so that whatever comes next can take the value.
    """
    may_be_deep = containers(text) > KEPT_LEVELS
    try:
        value = loads(text)
        if not may_be_deep or _is_encoded_quickly(value):
            return value
    except JsonError:
        pass
    if may_be_deep:
        text = _without_depths(text if isinstance(text, str) else text.decode())
    return stdlib_json.loads(text, parse_float=_finite, parse_constant=_finite)


def _is_encoded_quickly(value: Any) -> bool:
    """Whether a value that was parsed has no more levels than the encoder takes: 254."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


_TO_BRACKET: Final = re.compile(r'(?:[^][{}"]++|"(?:[^"\\]++|\\.)*+")*+[][{}]', re.DOTALL)


def _without_depths(text: str) -> str:
    """The text with null in the place of what is nested too deep, which is not looked at."""
    kept: list[str] = []
    depth = kept_from = at = 0
    while (bracket := _TO_BRACKET.match(text, at)) is not None:
        at = bracket.end()
        if text[at - 1] in "[{":
            depth += 1
            if depth == KEPT_LEVELS + 1:
                kept.append(text[kept_from : at - 1])
        else:
            depth -= 1
            if depth == KEPT_LEVELS:
                kept.append("null")
                kept_from = at
        if depth <= 0:
            break
    if depth > KEPT_LEVELS:
        raise ValueError("cut short within its depths")
    return "".join([*kept, text[kept_from:]])


def dumps_any(value: Any) -> bytes:
    """Encode what `loads_any` returned: halves of characters become escapes again."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return stdlib_json.dumps(value).encode()


def _finite(number: str) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number} is no JSON")
    return value


_TOO_DEEP: Final = "Recursion limit reached"


def dumps(value: Any) -> bytes:
    """Encode a value, however deep; `raw` pieces inside it are spliced in untouched."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        if str(error) != _TOO_DEEP:
            raise
        return _dumps_deep(value)


def _dumps_deep(value: Any) -> bytes:
    """The same without a limit, in plain steps: trees of deep queries are twice as deep as they."""
    parts: list[bytes] = []
    pending: list[Any] = [value]  # what is `bytes` is JSON already
    while pending:
        match pending.pop():
            case bytes(text):
                parts.append(text)
            case dict(items):
                pairs = ([orjson.dumps(str(key)), b":", item] for key, item in items.items())
                pending += reversed([b"{", *_with_commas(pairs), b"}"])
            case list(items) | tuple(items):
                pending += reversed([b"[", *_with_commas([item] for item in items), b"]"])
            case item:
                parts.append(orjson.dumps(item))
    return b"".join(parts)


def _with_commas(pieces: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable([b",", *piece] for piece in pieces))[1:]


def raw(encoded: bytes | str) -> orjson.Fragment:
    """JSON text to be placed into a larger document without decoding it."""
    return orjson.Fragment(encoded)


def exact(value: Any) -> bytes:
    """The value's text with sorted keys; unlike `canonical`, 1 and 1.0 differ, as in `jsonb`."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical(value: Any) -> bytes:
    """One spelling per JSON value: sorted keys, and whole numbers without a fraction.

    Two values are equal for JavaScript exactly when their canonical bytes are equal, so the
    bytes serve as identity of queries (realtime.md §5.1) and of values in topics.
    """
    return orjson.dumps(_whole_numbers(value), option=orjson.OPT_SORT_KEYS)


def _whole_numbers(value: Any) -> Any:
    match value:
        case float() if value.is_integer():
            return int(value) if abs(value) < 2**63 else value
        case dict():
            return {key: _whole_numbers(item) for key, item in value.items()}
        case list():
            return [_whole_numbers(item) for item in value]
        case _:
            return value
