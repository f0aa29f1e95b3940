"""Could a changed value satisfy a condition? When unsure, yes (instaql.md §5.1, §5.4 G6)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from triples.instaql.reads import Anything, Compares, Differs, Equals, Matcher, Resembles
from triples.values.sort_key import sort_key
from wire import json

_COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def may_match(matcher: Matcher, value: bytes) -> bool:
    """Whether a triple with this value (canonical JSON) could satisfy the condition."""
    match matcher:
        case Anything():
            return True
        case Equals(values):
            return value in values
        case Differs(unwanted):
            return value != unwanted
        case Compares():
            return _compares(matcher, value)
        case Resembles():
            return _resembles(matcher, value)


def _compares(matcher: Compares, value: bytes) -> bool:
    if value == b"null":
        return False
    try:
        changed = sort_key(json.loads(value), matcher.checked_type)
        wanted = sort_key(matcher.value, matcher.checked_type)
    except (ValueError, TypeError):
        return True  # written behind our back with another type: let the query decide
    return _COMPARISONS[matcher.operator](changed, wanted)


def _resembles(matcher: Resembles, value: bytes) -> bool:
    text = json.loads(value)
    if not isinstance(text, str):
        return False
    return _like(matcher.pattern, matcher.ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _like(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """`%` is any run and `_` one character, newlines included; the rest is literal."""
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(char) or re.escape(char) for char in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
