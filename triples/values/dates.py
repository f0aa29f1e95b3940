"""Reading dates: every form that a typed `date` value may take (instaql.md §2.3).

A date stays stored as it was written; this is how it is understood, as microseconds since the
Unix epoch in UTC. Text without a zone is UTC. The forms are those PostgreSQL reads as
`timestamptz` with `DateStyle = ISO, MDY`; parsing happens here so that order, comparisons and
topic matching share one reading without asking the database.
"""

from __future__ import annotations

import re
import time
from datetime import date
from typing import Any, Final, Literal

from triples.values.zones import MINUTES_EAST
from wire import json

INFINITY: Final = 2**63 - 1
MINUS_INFINITY: Final = -(2**63)
EARLIEST: Final = -210_866_803_200_000_000  # 24 November 4714 BC, where PostgreSQL begins
LATEST: Final = 2**63 - 2  # year 294247, just before PostgreSQL ends

_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_DAYS_IN_400_YEARS: Final = 146_097
_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_RELATIVE_DAYS: Final = {"today": 0, "tomorrow": 1, "yesterday": -1}
_FIXED_WORDS: Final = {
    "epoch": 0,
    "infinity": INFINITY,
    "+infinity": INFINITY,
    "-infinity": MINUS_INFINITY,
}

_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d{0,9}))?)?"
    r"(?:\s*(?P<half>am|pm))?"
    r"(?:\s*(?P<zone>[a-z]+(?=\s|$|\()|(?:gmt|utc)[+-]\d{2}:?\d{2}"
    r"|[+-]\d{1,2}(?::?\d{2}){0,2}))?"
    r"(?:\s*\([^()]*\))?"  # JavaScript's toString adds the zone's name in brackets
)
_MONTH_NAME = r"(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+)?"
_FORMS: Final = tuple(
    re.compile(rf"{form}(?:{between}{_TIME})?\Z", re.ASCII | re.IGNORECASE)
    for form, between in (
        (r"(?P<year>[+-]?\d{4,6})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", r"(?:t|\s+)"),
        (r"(?P<year>\d{4,6})/(?P<month>\d{1,2})/(?P<day>\d{1,2})", r"\s+"),
        (r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", r"(?:t|\s+)"),
        (r"(?P<month>\d{1,2})(?P<mark>[/-])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4,6})", r",?\s+"),
        (rf"{_WEEKDAY}(?P<day>\d{{1,2}})[\s-]+{_MONTH_NAME}[\s,-]+(?P<year>\d{{4,6}})", r",?\s+"),
        (rf"{_WEEKDAY}{_MONTH_NAME}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4,6}})", r",?\s+"),
    )
)
_OFFSET = re.compile(
    r"(?:gmt|utc)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?::?(?P<seconds>\d{2}))?\Z",
    re.ASCII | re.IGNORECASE,
)


class DateUnreadable(ValueError):
    """The value is no date; `expected` is what the error hint of a query says."""

    expected: Literal["timestamp?", "date-string?"] = "date-string?"


class TimestampUnreadable(DateUnreadable):
    """A number of milliseconds that lies outside the range of dates."""

    expected = "timestamp?"


def parse_date(value: Any, *, operand: bool = False, now_micros: int | None = None) -> int:
    """Microseconds since the epoch of a number of milliseconds or of a date's text.

    With `operand` (a query's constant) the relative words are refused; otherwise they are taken
    at `now_micros`, by default now. Raises `DateUnreadable`.
    """
    match value:
        case bool():
            raise DateUnreadable("a boolean is not a date")
        case int() | float():
            return _from_milliseconds(value)
        case str():
            return _from_text(_unwrapped(value), operand, now_micros)
        case _:
            raise DateUnreadable("a date is a number of milliseconds or a text")


def _from_milliseconds(milliseconds: float) -> int:
    if not EARLIEST <= milliseconds * 1000 <= LATEST:
        raise TimestampUnreadable("the timestamp is out of range")
    return min(round(milliseconds * 1000), LATEST)


def _unwrapped(text: str) -> str:
    """The text without white space around it, and without the quotes of JSON inside a string."""
    text = text.strip()
    if len(text) < 2 or not (text[0] == text[-1] == '"'):
        return text
    try:
        inner = json.loads(text)
    except json.JsonError:
        return text
    return inner.strip() if isinstance(inner, str) else text


def _from_text(text: str, operand: bool, now_micros: int | None) -> int:
    word = text.lower()
    if word in _FIXED_WORDS:
        return _FIXED_WORDS[word]
    if word == "now" or word in _RELATIVE_DAYS:
        if operand:
            raise DateUnreadable("relative dates cannot be compared with")
        now = time.time_ns() // 1000 if now_micros is None else now_micros
        return now if word == "now" else now // _DAY * _DAY + _RELATIVE_DAYS[word] * _DAY
    for form in _FORMS:
        if found := form.match(text):
            return _within_range(_day_of(found) * _DAY + _time_of(found))
    raise DateUnreadable("not a date in any known form")


def _day_of(found: re.Match[str]) -> int:
    """Days since the epoch of a match's year, month and day."""
    parts = found.groupdict()
    year = int(parts["year"])
    month = _MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["month"])
    # The calendar repeats after 400 years, so `datetime` can count days of any year.
    cycles, year_of_cycle = divmod(year, 400)
    try:
        ordinal = date(year_of_cycle + 400, month, int(parts["day"])).toordinal()
    except ValueError as error:
        raise DateUnreadable("no such day") from error
    return ordinal - date(1970, 1, 1).toordinal() + (cycles - 1) * _DAYS_IN_400_YEARS


def _time_of(found: re.Match[str]) -> int:
    """Microseconds since the day's start in UTC; 0 when the match has no time."""
    if found["hour"] is None:
        return 0
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    fraction = round(float(f"0.{found['fraction'] or 0}") * _SECOND)
    if half := found["half"]:
        if not 1 <= hour <= 12:
            raise DateUnreadable("no such hour")
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    ends_day = (hour, minute, second, fraction) == (24, 0, 0, 0)
    if not ends_day and (hour > 23 or minute > 59 or second > 60):
        raise DateUnreadable("no such time")
    return ((hour * 60 + minute) * 60 + second - _offset_of(found["zone"])) * _SECOND + fraction


def _offset_of(zone: str | None) -> int:
    """Seconds east of UTC."""
    if zone is None:
        return 0
    if offset := _OFFSET.match(zone):
        hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
        seconds = int(offset["seconds"] or 0)
        if hours > 15 or minutes > 59 or seconds > 59:
            raise DateUnreadable("no such offset")
        east = (hours * 60 + minutes) * 60 + seconds
        return east if offset["sign"] == "+" else -east
    if (minutes_east := MINUTES_EAST.get(zone.upper())) is None:
        raise DateUnreadable("no such zone")
    return minutes_east * 60


def _within_range(micros: int) -> int:
    if not EARLIEST <= micros <= LATEST:
        raise DateUnreadable("the date is out of range")
    return micros
