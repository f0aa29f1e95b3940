"""A matcher may say yes too often, never no when the value satisfies the condition."""

from __future__ import annotations

import pytest

from realtime.topics.matchers import may_match
from triples.instaql.reads import Anything, Compares, Differs, Equals, Matcher, Resembles


@pytest.mark.parametrize(
    ("matcher", "value", "matches"),
    [
        pytest.param(Anything(), b"null", True, id="anything takes null"),
        pytest.param(Equals(frozenset((b"1", b'"a"'))), b"1", True, id="one of"),
        pytest.param(Equals(frozenset((b"1",))), b'"1"', False, id="text is no number"),
        pytest.param(Differs(b'"a"'), b'"a"', False, id="the same"),
        pytest.param(Differs(b'"a"'), b"null", True, id="another"),
        pytest.param(Compares("$gt", 5, "number"), b"6", True, id="above"),
        pytest.param(Compares("$gt", 5, "number"), b"5", False, id="not above"),
        pytest.param(Compares("$gte", 5, "number"), b"5", True, id="at least"),
        pytest.param(Compares("$lt", 5, "number"), b"-7.5", True, id="below"),
        pytest.param(Compares("$lte", 5, "number"), b"null", False, id="null is never compared"),
        pytest.param(Compares("$lt", "b", "string"), b'"A"', True, id="en-US order, not bytes"),
        pytest.param(Compares("$lt", "a", "string"), b'"B"', False, id="B comes after a"),
        pytest.param(
            Compares("$gt", "2024-01-01", "date"), b'"2024-01-02T00:00:00Z"', True, id="later"
        ),
        pytest.param(
            Compares("$gt", "2024-01-02", "date"), b"1704067200000", False, id="earlier, in ms"
        ),
        pytest.param(Compares("$gt", 5, "number"), b'"many"', True, id="wrong type: unsure is yes"),
        pytest.param(Resembles("mil%", False), b'"milk"', True, id="like"),
        pytest.param(Resembles("mil%", False), b'"Milk"', False, id="like minds case"),
        pytest.param(Resembles("mil%", True), b'"MILK"', True, id="ilike does not"),
        pytest.param(Resembles("m_lk", False), b'"m\\nlk"', True, id="any character is any"),
        pytest.param(Resembles("50.%", False), b'"50x"', False, id="a dot is a dot"),
        pytest.param(Resembles("%", False), b"7", False, id="a number is like nothing"),
    ],
)
def test_value_may_satisfy_condition(matcher: Matcher, value: bytes, matches: bool) -> None:
    assert may_match(matcher, value) is matches
