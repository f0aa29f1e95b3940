"""Moments and lengths of time in rules: reading, showing and taking them apart (§13.5).

`timestamp()` reads what date attrs hold, numbers as milliseconds. Months, days of the month and
days of the year count from 0, `getDate` from 1, and a week begins on Sunday.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from triples.permissions.failures import EvaluationFailed, no_overload
from triples.permissions.values import NANOS, Duration, Timestamp
from triples.values.dates import DateUnreadable, parse_date

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = 1_000_000
_UNITS: Final = {
    "h": 3600 * NANOS,
    "m": 60 * NANOS,
    "s": NANOS,
    "ms": 1_000_000,
    "us": 1_000,
    "µs": 1_000,
    "ns": 1,
}
_MAX_DURATION: Final = 315_576_000_000 * NANOS  # ten thousand years
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)")
_DURATION: Final = re.compile(rf"([+-]?)((?:{_PART.pattern})+|0)\Z")
_OFFSET: Final = re.compile(r"([+-]?)(\d{1,2}):(\d{2})\Z")
_MAX_DURATION_TEXT: Final = 200


def timestamp(value: Any) -> Timestamp:
    """A moment from a date's text, or from milliseconds since the epoch."""
    if type(value) not in (str, int):
        raise no_overload("timestamp", value)
    try:
        return Timestamp(parse_date(value) * 1000)
    except DateUnreadable as error:
        raise EvaluationFailed("BAD_FORMAT", f"Unable to parse {value!r} as a date") from error


def duration(value: Any) -> Duration:
    """A length of time from text like `1h30m`."""
    if type(value) is Duration:
        return value
    if type(value) is not str:
        raise no_overload("duration", value)
    found = _DURATION.match(value) if len(value) <= _MAX_DURATION_TEXT else None
    if found is None:
        raise EvaluationFailed("BAD_FORMAT", f"invalid duration format: {value[:40]!r}")
    nanos = sum(_nanos(number, unit) for number, unit in _PART.findall(found[2]))
    if nanos > _MAX_DURATION:
        raise EvaluationFailed("NUMERIC_OVERFLOW", "duration out of range")
    return Duration(-nanos if found[1] == "-" else nanos)


def _nanos(number: str, unit: str) -> int:
    whole, _, fraction = number.partition(".")
    nanos = int(whole or 0) * _UNITS[unit]
    return nanos + (int(fraction) * _UNITS[unit] // 10 ** len(fraction) if fraction else 0)


def epoch_milliseconds(value: Any) -> int:
    """`ts.getTime()`."""
    if type(value) is not Timestamp:
        raise no_overload("getTime", value)
    return value.nanos // _MILLISECOND


def epoch_seconds(value: Timestamp) -> int:
    """`int(ts)`."""
    return value.nanos // NANOS


def timestamp_text(value: Timestamp) -> str:
    """`string(ts)`, as RFC 3339."""
    moment = _at(value, UTC)
    fraction = f"{value.nanos % NANOS:09d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + (f".{fraction}" if fraction else "") + "Z"


def duration_text(value: Duration) -> str:
    """`string(duration)`, in seconds."""
    seconds, nanos = divmod(abs(value.nanos), NANOS)
    fraction = f"{nanos:09d}".rstrip("0")
    sign = "-" if value.nanos < 0 else ""
    return f"{sign}{seconds}" + (f".{fraction}" if fraction else "") + "s"


def _of_timestamp(name: str, part: Callable[[datetime], int]) -> Callable[..., int]:
    def taken(value: Any, zone: Any = "UTC") -> int:
        if type(value) is not Timestamp or type(zone) is not str:
            raise no_overload(name, value, zone)
        return part(_at(value, _zone(zone)))

    return taken


def _of_either(
    name: str, part: Callable[[datetime], int], of_duration: Callable[[int], int]
) -> Callable[..., int]:
    of_timestamp = _of_timestamp(name, part)

    def taken(value: Any, *zone: Any) -> int:
        if type(value) is Duration and not zone:
            return of_duration(value.nanos)
        return of_timestamp(value, *zone)

    return taken


def _whole(unit: int) -> Callable[[int], int]:
    """How often a unit fits into nanoseconds, counted towards zero."""
    return lambda nanos: nanos // unit if nanos >= 0 else -(-nanos // unit)


def _milliseconds_of(nanos: int) -> int:
    within = abs(nanos) % NANOS // _MILLISECOND
    return within if nanos >= 0 else -within


GETTERS: Final[dict[str, Callable[..., int]]] = {
    "getFullYear": _of_timestamp("getFullYear", lambda at: at.year),
    "getMonth": _of_timestamp("getMonth", lambda at: at.month - 1),
    "getDate": _of_timestamp("getDate", lambda at: at.day),
    "getDayOfMonth": _of_timestamp("getDayOfMonth", lambda at: at.day - 1),
    "getDayOfWeek": _of_timestamp("getDayOfWeek", lambda at: at.isoweekday() % 7),
    "getDayOfYear": _of_timestamp("getDayOfYear", lambda at: at.timetuple().tm_yday - 1),
    "getHours": _of_either("getHours", lambda at: at.hour, _whole(3600 * NANOS)),
    "getMinutes": _of_either("getMinutes", lambda at: at.minute, _whole(60 * NANOS)),
    "getSeconds": _of_either("getSeconds", lambda at: at.second, _whole(NANOS)),
    "getMilliseconds": _of_either(
        "getMilliseconds", lambda at: at.microsecond // 1000, _milliseconds_of
    ),
}
"""The parts of moments and lengths of time, by the function that takes them."""


def _at(value: Timestamp, zone: tzinfo) -> datetime:
    try:
        return (_EPOCH + timedelta(microseconds=value.nanos // 1000)).astimezone(zone)
    except OverflowError as error:
        raise EvaluationFailed("NUMERIC_OVERFLOW", "timestamp out of range") from error


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    if found := _OFFSET.match(name):
        east = timedelta(hours=int(found[2]), minutes=int(found[3]))
        if east < timedelta(hours=24):
            return timezone(-east if found[1] == "-" else east)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise EvaluationFailed("BAD_FORMAT", f"unknown time zone {name[:40]!r}") from error


def now() -> Timestamp:
    """The present moment, for `request.time`."""
    return Timestamp(time.time_ns())
