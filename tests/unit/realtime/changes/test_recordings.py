"""What PostgreSQL 15 and 18 really wrote: both tell the same story (see `record`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from realtime.changes.change import AttrChange, TripleChange, TxChanges
from realtime.changes.wal.assemble import Assembler
from realtime.changes.wal.pgoutput import Decoder
from tests.unit.realtime.changes.record import APP, ENTITY, LONG, TITLE

RECORDED = Path(__file__).parent / "recorded"


@pytest.fixture(params=["pgoutput_15.json", "pgoutput_18.json"])
def story(request: pytest.FixtureRequest) -> list[TxChanges]:
    """The transactions of one recording."""
    decoder, assembler = Decoder(), Assembler()
    messages = json.loads((RECORDED / request.param).read_text())
    ended = [assembler.feed(decoder.decode(bytes.fromhex(message))) for message in messages]
    return [changes for committed in ended if committed for changes in committed.changes]


def test_every_transaction_is_told_once_in_order(story: list[TxChanges]) -> None:
    assert {changes.app_id for changes in story} == {APP}
    assert [changes.tx_id for changes in story] == [None, 900001, None, None, None, None, None]
    positions = [changes.commit_lsn for changes in story]
    assert positions == sorted(set(positions))


def test_attrs_names_and_triples_of_a_write(story: list[TxChanges]) -> None:
    named = AttrChange("insert", TITLE, frozenset({"books"}))
    assert story[1].attr_changes == (named, named)
    assert story[1].triple_changes == (
        TripleChange("insert", ENTITY, TITLE, None, b'"Dune"', False),
    )


def test_update_and_delete_know_the_old_value(story: list[TxChanges]) -> None:
    assert story[2].triple_changes == (
        TripleChange("update", ENTITY, TITLE, b'"Dune"', b'"Emma"', False),
    )
    assert story[6].triple_changes == (
        TripleChange("delete", ENTITY, TITLE, b'"Emma"', None, False),
    )


def test_toasted_value_is_known_where_the_log_does_not_repeat_it(story: list[TxChanges]) -> None:
    (inserted,), (updated,) = story[3].triple_changes, story[4].triple_changes
    assert inserted.new is not None
    assert len(inserted.new) > 8_000
    assert updated == TripleChange("update", ENTITY, LONG, inserted.new, inserted.new, True)


def test_rules_and_status_are_told(story: list[TxChanges]) -> None:
    assert [(changes.rules_changed, changes.app_changed) for changes in story] == [
        (False, True),
        *[(False, False)] * 4,
        (True, True),
        (False, False),
    ]
