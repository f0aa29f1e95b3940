"""What a transaction touched, in the form topics are matched with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from realtime.changes.change import AttrChange, TripleChange, TxChanges
from realtime.topics.touched import EVERYTHING, link_target, touched_by
from wire import json

NOTHING = TxChanges(
    app_id="app",
    tx_id=7,
    xid=1,
    commit_lsn=1,
    commit_time=0.0,
    triple_changes=(),
    attr_changes=(),
    rules_changed=False,
    app_changed=False,
    truncated=False,
)


def test_values_of_before_and_after_both_count() -> None:
    change = TripleChange("update", "e", "a", b'{"b": 1, "a": 2.0}', b"3", False)

    [triple] = touched_by(replace(NOTHING, triple_changes=(change,))).triples

    assert set(triple.values) == {b'{"a":2,"b":1}', b"3"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"plain"', id="plain"),
        pytest.param('""', id="empty"),
        pytest.param('"zoë 🎈 \x7f\u2028"', id="beyond ASCII"),
        pytest.param(r'"a \"quote\" and a \\ and \u0001"', id="escaped"),
        pytest.param("-0.5", id="number"),
        pytest.param("true", id="boolean"),
        pytest.param("null", id="null"),
        pytest.param("0", id="zero"),
        pytest.param("-0", id="minus zero"),
        pytest.param("1.50", id="number with a zero behind"),
        pytest.param("999999999999999", id="whole number"),
        pytest.param("9007199254740993", id="whole number that no float holds"),
        pytest.param("123456789012345678901234567890", id="very long number"),
        pytest.param('["a", {"b": 1.0}]', id="list"),
    ],
)
def test_values_are_spelled_as_topics_spell_them(text: str) -> None:
    change = TripleChange("insert", "e", "a", None, text.encode(), False)

    [triple] = touched_by(replace(NOTHING, triple_changes=(change,))).triples

    assert triple.values == (json.canonical(json.loads(text)),)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(replace(NOTHING, truncated=True), id="too much to list"),
        pytest.param(replace(NOTHING, rules_changed=True), id="rules"),
    ],
)
def test_everything_is_touched_by(changes: TxChanges) -> None:
    assert touched_by(changes) is EVERYTHING


def test_attr_changes_carry_the_etypes_that_name_them() -> None:
    change = AttrChange("update", "a", frozenset(("todos", "users")))

    touched = touched_by(replace(NOTHING, attr_changes=(change,)))

    assert touched.attr_ids == frozenset(("a",))
    assert touched.etypes == frozenset(("todos", "users"))


@pytest.mark.parametrize(
    ("value", "target"),
    [
        pytest.param(
            b'"00000000-0000-4000-8000-000000000001"',
            "00000000-0000-4000-8000-000000000001",
            id="an id",
        ),
        pytest.param(b'"short"', None, id="other text"),
        pytest.param(b"12345678901234567890123456789012345678", None, id="a long number"),
    ],
)
def test_link_target(value: bytes, target: str | None) -> None:
    assert link_target(value) == target


def test_attrs_that_changed_are_known_also_where_everything_was_touched() -> None:
    change = AttrChange("update", "a", frozenset({"todos"}))
    touched = touched_by(replace(NOTHING, rules_changed=True, attr_changes=(change,)))
    assert (touched.everything, touched.attr_ids) == (True, frozenset({"a"}))
