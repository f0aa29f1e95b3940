"""Dates in every form that the specification lists (instaql.md §2.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from triples.values.dates import (
    INFINITY,
    MINUS_INFINITY,
    DateUnreadable,
    TimestampUnreadable,
    parse_date,
)

NOON = int(datetime(2025, 3, 2, 12, tzinfo=UTC).timestamp()) * 1_000_000


def micros(instant: str) -> int:
    """Microseconds since the epoch of an ISO instant, by another parser than the one tested."""
    span = datetime.fromisoformat(instant).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return span // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        pytest.param(1642234800000, "2022-01-15T08:20", id="milliseconds"),
        pytest.param(-1, "1969-12-31T23:59:59.999", id="negative milliseconds"),
        pytest.param(0.5, "1970-01-01T00:00:00.000500", id="fraction of a millisecond"),
        pytest.param("2025-01-01T00:00:00Z", "2025-01-01", id="iso zoned"),
        pytest.param("2025-01-02T00:00:00-08", "2025-01-02T08:00", id="hour-only offset"),
        pytest.param("2025-01-02T00:00:00-08:30", "2025-01-02T08:30", id="iso offset"),
        pytest.param("2025-01-02T03:04:05", "2025-01-02T03:04:05", id="iso local"),
        pytest.param("2025-01-01", "2025-01-01", id="iso date"),
        pytest.param("2025-9-29T23:59:59.999Z", "2025-09-29T23:59:59.999", id="one-digit month"),
        pytest.param("2026-04-28T4:07:00.000Z", "2026-04-28T04:07", id="one-digit hour"),
        pytest.param("2026-04-28T04:07:7.000Z", "2026-04-28T04:07:07", id="one-digit second"),
        pytest.param("2025-1-2 00:00:00", "2025-01-02", id="one-digit month and day"),
        pytest.param("2025-01-15 20:53:08", "2025-01-15T20:53:08", id="space, no fraction"),
        pytest.param(
            "2025-01-15 20:53:08.892865", "2025-01-15T20:53:08.892865", id="space, micros"
        ),
        pytest.param(
            "2025-01-15 20:53:08.892865499", "2025-01-15T20:53:08.892865", id="space, nanos"
        ),
        pytest.param(
            "2024-12-30 20:19:41.892865+00", "2024-12-30T20:19:41.892865", id="short offset"
        ),
        pytest.param("2025-03-01T16:08:53+0000", "2025-03-01T16:08:53", id="compact zero offset"),
        pytest.param(
            "2025-06-12T10:56:31.924+0530", "2025-06-12T05:26:31.924", id="compact offset"
        ),
        pytest.param("2025-06-05T17:00:00EST", "2025-06-05T22:00", id="EST"),
        pytest.param("2025-06-05T17:00:00PDT", "2025-06-06T00:00", id="PDT"),
        pytest.param("2025-06-05T17:00:00CETDST", "2025-06-05T15:00", id="CETDST"),
        pytest.param("2025-06-05T17:00:00CET", "2025-06-05T16:00", id="CET"),
        pytest.param("2025-12-31 21:11", "2025-12-31T21:11", id="no seconds"),
        pytest.param("8/4/2025, 11:02:31 PM", "2025-08-04T23:02:31", id="US with time"),
        pytest.param("8/4/2025, 12:02:31 AM", "2025-08-04T00:02:31", id="US past midnight"),
        pytest.param("3/12/4444", "4444-03-12", id="US month first"),
        pytest.param("04-17-2025", "2025-04-17", id="US dashed"),
        pytest.param("Sat, 05 Apr 2025 18:00:31 GMT", "2025-04-05T18:00:31", id="rfc 1123"),
        pytest.param("Wed Jul 09 2025", "2025-07-09", id="js date string"),
        pytest.param("Mon Feb 24 2025 22:37:27 GMT+0000", "2025-02-24T22:37:27", id="js string"),
        pytest.param(
            "Mon Feb 24 2025 22:37:27 GMT-0800 (Pacific Standard Time)",
            "2025-02-25T06:37:27",
            id="js string with the zone's name",
        ),
        pytest.param('"2025-01-15 20:53:08"', "2025-01-15T20:53:08", id="quoted"),
        pytest.param("\t2025-03-02T16:08:53Z", "2025-03-02T16:08:53", id="padded"),
        pytest.param("2024-12-31T24:00:00Z", "2025-01-01", id="end of day"),
        pytest.param("1969-12-31T23:59:59Z", "1969-12-31T23:59:59", id="before the epoch"),
        pytest.param("epoch", "1970-01-01", id="epoch"),
    ],
)
def test_date_is_read_as_an_instant(value: Any, instant: str) -> None:
    assert parse_date(value) == micros(instant)


def test_long_year_is_read() -> None:
    days_after_2026 = (72026 - 2026) // 400 * 146_097
    assert parse_date("72026-07-01") == micros("2026-07-01") + days_after_2026 * 86_400_000_000


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("infinity", INFINITY, id="infinity"),
        pytest.param("-infinity", MINUS_INFINITY, id="minus infinity"),
    ],
)
def test_infinities_lie_beyond_every_date(word: str, expected: int) -> None:
    assert parse_date(word, operand=True) == expected


@pytest.mark.parametrize(
    ("word", "instant"),
    [
        pytest.param("now", "2025-03-02T12:00", id="now"),
        pytest.param("today", "2025-03-02", id="today"),
        pytest.param("Tomorrow", "2025-03-03", id="tomorrow"),
        pytest.param("yesterday", "2025-03-01", id="yesterday"),
    ],
)
def test_relative_word_is_a_stored_value_but_no_operand(word: str, instant: str) -> None:
    assert parse_date(word, now_micros=NOON) == micros(instant)
    with pytest.raises(DateUnreadable) as refused:
        parse_date(word, operand=True)
    assert refused.value.expected == "date-string?"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("2025-01-0", id="day zero"),
        pytest.param("2025-02-29", id="no leap year"),
        pytest.param("2025-13-01", id="month 13"),
        pytest.param("2025-01-01T25:00", id="hour 25"),
        pytest.param("2025-01-01 13:00 PM", id="13 PM"),
        pytest.param("2025-01-01T10:00:00XYZ", id="unknown zone"),
        pytest.param("2025-01-01T10:00:00GMT+5", id="POSIX zone, whose sign means the opposite"),
        pytest.param("٢٠٢٥-01-01", id="digits of another script"),
        pytest.param("", id="empty"),
        pytest.param("soon", id="a word"),
        pytest.param("1735689600000", id="milliseconds as text"),
        pytest.param("999999-01-01", id="beyond the range"),
        pytest.param(True, id="boolean"),
        pytest.param(None, id="null"),
        pytest.param({}, id="object"),
    ],
)
def test_what_is_no_date_is_refused(value: Any) -> None:
    with pytest.raises(DateUnreadable):
        parse_date(value)


@pytest.mark.parametrize("number", [10**17, -(10**17), 1e300, 10**400])
def test_number_out_of_range_expects_a_timestamp(number: float) -> None:
    with pytest.raises(TimestampUnreadable) as refused:
        parse_date(number)
    assert refused.value.expected == "timestamp?"
