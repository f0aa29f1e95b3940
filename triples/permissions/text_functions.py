"""CEL's string functions, and `matches`; positions count code points (§13.5).

Regular expressions are RE2's: their time grows with the text, whatever the pattern.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import re2

from triples.permissions.failures import EvaluationFailed, no_overload

MAX_TEXT: Final = 1_000_000  # characters a function may make; entities are far smaller
MAX_PATTERN: Final = 2_000
_MAX_PATTERNS: Final = 1_000
_RE2_BYTES: Final = 1 << 20  # a guess: refuses patterns that would take long to compile

_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_ASCII_UPPER: Final = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}


def contains(text: Any, part: Any) -> bool:
    """Whether `part` stands in the text."""
    _strings("contains", text, part)
    return part in text


def starts_with(text: Any, part: Any) -> bool:
    """Whether the text begins with `part`."""
    _strings("startsWith", text, part)
    return bool(text.startswith(part))


def ends_with(text: Any, part: Any) -> bool:
    """Whether the text ends with `part`."""
    _strings("endsWith", text, part)
    return bool(text.endswith(part))


def matches(text: Any, pattern: Any) -> bool:
    """Whether the pattern matches anywhere in the text."""
    _strings("matches", text, pattern)
    # As bytes: of texts, the library would also find out at which character each match begins.
    return _compiled(pattern).search(text.encode()) is not None


def char_at(text: Any, position: Any) -> str:
    """One character; empty just behind the last."""
    _strings("charAt", text)
    _ints("charAt", position)
    _within("charAt", position, len(text))
    return str(text[position : position + 1])


def index_of(text: Any, part: Any, start: Any = 0) -> int:
    """Where `part` first stands, from `start` on; -1 if nowhere."""
    _strings("indexOf", text, part)
    _ints("indexOf", start)
    if part == "" and start == 0:
        return 0
    _within("indexOf", start, len(text))
    return int(text.find(part, start))


def last_index_of(text: Any, part: Any, *before: Any) -> int:
    """Where `part` last stands, or last begins at a position or before it; -1 if nowhere."""
    _strings("lastIndexOf", text, part)
    if not before:
        return int(text.rfind(part))
    (start,) = before
    _ints("lastIndexOf", start)
    _within("lastIndexOf", start, len(text))
    return int(text.rfind(part, 0, start + len(part)))


def join(parts: Any, separator: Any = "") -> str:
    """The strings of a list in one."""
    if not isinstance(parts, list):
        raise no_overload("join", parts)
    _strings("join", separator, *parts)
    return bounded(separator.join(parts))


def lower_ascii(text: Any) -> str:
    """A to Z become a to z."""
    _strings("lowerAscii", text)
    return str(text.translate(_ASCII_LOWER))


def upper_ascii(text: Any) -> str:
    """The letters a to z become A to Z."""
    _strings("upperAscii", text)
    return str(text.translate(_ASCII_UPPER))


def replace(text: Any, old: Any, new: Any, limit: Any = -1) -> str:
    """The text with `new` for `old`, at most `limit` times; a negative limit is none."""
    _strings("replace", text, old, new)
    _ints("replace", limit)
    found = text.count(old) if limit < 0 else min(text.count(old), limit)
    if len(text) + found * len(new) > MAX_TEXT:
        raise _too_long()
    return str(text.replace(old, new, limit))


def split(text: Any, separator: Any, limit: Any = -1) -> list[str]:
    """The pieces between separators, at most `limit` of them; a negative limit is none."""
    _strings("split", text, separator)
    _ints("split", limit)
    if limit == 0:
        return []
    if separator == "":
        pieces = list(text)
        if 0 < limit < len(pieces):
            pieces[limit - 1 :] = ["".join(pieces[limit - 1 :])]
        return pieces
    return list(text.split(separator, limit - 1 if limit > 0 else -1))


def substring(text: Any, start: Any, *before: Any) -> str:
    """The characters from `start` on, up to before another position if one is given."""
    _strings("substring", text)
    _ints("substring", start)
    if not before:
        _within("substring", start, len(text))
        return str(text[start:])
    (end,) = before
    _ints("substring", end)
    _within("substring", start, len(text))
    _within("substring", end, len(text))
    if start > end:
        raise EvaluationFailed("INDEX_OUT_OF_BOUNDS", f"substring failure: {start} > {end}")
    return str(text[start:end])


def trim(text: Any) -> str:
    """The text without white space at its ends."""
    _strings("trim", text)
    return str(text.strip())


def bounded(text: str) -> str:
    """The text; raises `EvaluationFailed` if it is too long to be made."""
    if len(text) > MAX_TEXT:
        raise _too_long()
    return text


@lru_cache(_MAX_PATTERNS)
def _compiled(pattern: str) -> Any:
    if len(pattern) > MAX_PATTERN:
        message = f"a pattern may have {MAX_PATTERN} characters"
        raise EvaluationFailed("INVALID_ARGUMENT", message)
    options = re2.Options()
    options.max_mem = _RE2_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        message = f"invalid regular expression: {reason}"
        raise EvaluationFailed("INVALID_ARGUMENT", message) from error


def _strings(function: str, *values: Any) -> None:
    for value in values:
        if type(value) is not str:
            raise no_overload(function, *values)


def _ints(function: str, value: Any) -> None:
    if type(value) is not int:
        raise no_overload(function, value)


def _within(function: str, position: int, length: int) -> None:
    if not 0 <= position <= length:
        message = f"{function} failure: Index out of range: {position}"
        raise EvaluationFailed("INDEX_OUT_OF_BOUNDS", message)


def _too_long() -> EvaluationFailed:
    return EvaluationFailed("INVALID_ARGUMENT", f"a string may have {MAX_TEXT} characters")
