"""Messages of the log become one value for each committed transaction and app."""

from __future__ import annotations

from typing import Any

import pytest

from realtime.changes.change import AttrChange, TripleChange, TxChanges
from realtime.changes.wal.assemble import DEFAULT_LIMITS, Assembler, Committed, Limits
from realtime.changes.wal.pgoutput import Decoder, ProtocolError
from tests.unit.realtime.changes import log_messages as log

DUNE = {
    "created_at": 1,
    "app_id": "app",
    "entity_id": "dune",
    "attr_id": "title",
    "ea": "t",
    "eav": "f",
    "av": "f",
    "ave": "f",
    "vae": "f",
    "value": '"Dune"',
}
TYPED = {**DUNE, "ave": "t", "checked_data_type": "string"}
TITLE = {"id": "title", "app_id": "app", "etype": "books", "label": "title"}
APP = {"id": "app", "title": "Library", "status": "active", "attrs_version": 1}


def told(*messages: bytes, limits: Limits = DEFAULT_LIMITS) -> Committed:
    """What a transaction with these row messages becomes."""
    decoder, assembler = Decoder(), Assembler(limits)
    for table in log.COLUMNS:
        assembler.feed(decoder.decode(log.relation(table)))
    assembler.feed(decoder.decode(log.begin()))
    for message in messages:
        assert assembler.feed(decoder.decode(message)) is None
    committed = assembler.feed(decoder.decode(log.commit()))
    assert committed is not None
    return committed


def only_app(*messages: bytes, limits: Limits = DEFAULT_LIMITS) -> TxChanges:
    """The same, for a transaction that touches one app."""
    (changes,) = told(*messages, limits=limits).changes
    return changes


def change(kind: Any, old: bytes | None, new: bytes | None, **differing: Any) -> TripleChange:
    """A change of Dune's title, but for what differs."""
    fields = {"entity_id": "dune", "attr_id": "title", "created_at_changed": False, **differing}
    return TripleChange(kind=kind, old=old, new=new, **fields)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(log.insert("triples", DUNE), [change("insert", None, b'"Dune"')], id="insert"),
        pytest.param(log.delete("triples", DUNE), [change("delete", b'"Dune"', None)], id="delete"),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "value": '"Emma"'}),
            [change("update", b'"Dune"', b'"Emma"')],
            id="new value",
        ),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "created_at": 2}),
            [change("update", b'"Dune"', b'"Dune"', created_at_changed=True)],
            id="new creation time",
        ),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "value": log.UNCHANGED, "created_at": 2}),
            [change("update", b'"Dune"', b'"Dune"', created_at_changed=True)],
            id="TOASTed value beside a new creation time",
        ),
        pytest.param(
            log.update("triples", TYPED, {**TYPED, "sort_key": "\\x01"}),
            [change("update", b'"Dune"', b'"Dune"')],
            id="sort key repaired: ranges now find the row",
        ),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "ave": "t"}),
            [change("update", b'"Dune"', b'"Dune"')],
            id="indexed: partial indexes now find the row",
        ),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "entity_id": "emma"}),
            [
                change("delete", b'"Dune"', None),
                change("insert", None, b'"Dune"', entity_id="emma"),
            ],
            id="moved to another entity",
        ),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "attr_id": "name"}),
            [
                change("delete", b'"Dune"', None),
                change("insert", None, b'"Dune"', attr_id="name"),
            ],
            id="moved to another attr",
        ),
    ],
)
def test_triples_are_told_with_old_and_new_value(
    message: bytes, expected: list[TripleChange]
) -> None:
    assert list(only_app(message).triple_changes) == expected


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(log.update("triples", DUNE, DUNE), id="triple"),
        pytest.param(
            log.update("triples", DUNE, {**DUNE, "value": log.UNCHANGED}), id="TOASTed triple"
        ),
        pytest.param(log.update("attrs", TITLE, TITLE), id="attr"),
        pytest.param(log.update("rules", {"app_id": "app"}, {"app_id": "app"}), id="rules"),
        pytest.param(log.update("apps", APP, {**APP, "attrs_version": 2}), id="attrs_version"),
        pytest.param(log.delete("transactions", {"id": 5, "app_id": "app"}), id="old transaction"),
        pytest.param(log.insert("strangers", {"id": 1}), id="table of somebody else"),
        pytest.param(log.truncate("strangers"), id="table of somebody else, emptied"),
    ],
)
def test_rows_that_say_nothing_new_are_dropped(message: bytes) -> None:
    committed = told(message)
    assert (committed.changes, committed.everything) == ((), False)


def test_transaction_row_gives_the_tx_id() -> None:
    changes = only_app(
        log.insert("transactions", {"id": 10, "app_id": "app"}), log.insert("triples", DUNE)
    )
    assert (changes.tx_id, changes.xid, changes.commit_lsn) == (10, 7, 900)


def test_newest_of_several_tx_ids_counts() -> None:
    rows = [{"id": number, "app_id": "app"} for number in (9, 10)]
    assert only_app(*(log.insert("transactions", row) for row in rows)).tx_id == 10


def test_write_behind_our_back_has_no_tx_id() -> None:
    assert only_app(log.insert("triples", DUNE)).tx_id is None


def test_each_app_of_a_transaction_gets_its_own_changes() -> None:
    first, second = told(
        log.insert("triples", DUNE), log.insert("triples", {**DUNE, "app_id": "other"})
    ).changes
    assert (first.app_id, second.app_id) == ("app", "other")
    assert len(first.triple_changes) == len(second.triple_changes) == 1


def test_triple_moved_to_another_app_changes_both() -> None:
    changes = told(log.update("triples", DUNE, {**DUNE, "app_id": "other"})).changes
    assert [(each.app_id, each.triple_changes[0].kind) for each in changes] == [
        ("app", "delete"),
        ("other", "insert"),
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            log.insert("attrs", TITLE),
            AttrChange("insert", "title", frozenset({"books"})),
            id="new",
        ),
        pytest.param(
            log.delete("attrs", {**TITLE, "reverse_etype": "shelves"}),
            AttrChange("delete", "title", frozenset({"books", "shelves"})),
            id="deleted link",
        ),
        pytest.param(
            log.update("attrs", TITLE, {**TITLE, "etype": "novels"}),
            AttrChange("update", "title", frozenset({"books", "novels"})),
            id="moved to another etype",
        ),
        pytest.param(
            log.update("attrs", TITLE, {**TITLE, "is_indexed": "t"}),
            AttrChange("update", "title", frozenset({"books"})),
            id="indexed",
        ),
        pytest.param(
            log.update(
                "idents",
                {"id": "i", "app_id": "app", "attr_id": "title", "etype": "books"},
                {"id": "i", "app_id": "app", "attr_id": "title", "etype": "novels"},
            ),
            AttrChange("update", "title", frozenset({"books", "novels"})),
            id="name moved",
        ),
        pytest.param(
            log.delete(
                "idents", {"id": "i", "app_id": "app", "attr_id": "title", "etype": "books"}
            ),
            AttrChange("delete", "title", frozenset({"books"})),
            id="name deleted",
        ),
    ],
)
def test_attrs_are_told_with_every_etype_that_names_them(
    message: bytes, expected: AttrChange
) -> None:
    assert only_app(message).attr_changes == (expected,)


@pytest.mark.parametrize(
    ("message", "rules", "app"),
    [
        pytest.param(log.insert("rules", {"app_id": "app", "code": "{}"}), True, False, id="rules"),
        pytest.param(log.delete("rules", {"app_id": "app"}), True, False, id="rules deleted"),
        pytest.param(
            log.update("apps", APP, {**APP, "status": "disabled"}), False, True, id="status"
        ),
        pytest.param(log.delete("apps", APP), False, True, id="app deleted"),
    ],
)
def test_rules_and_the_apps_own_row_are_told(message: bytes, rules: bool, app: bool) -> None:
    changes = only_app(message)
    assert (changes.rules_changed, changes.app_changed) == (rules, app)


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        pytest.param(TYPED, True, id="typed and indexed, without a key"),
        pytest.param({**TYPED, "sort_key": "\\x01"}, False, id="with its key"),
        pytest.param({**TYPED, "ave": "f"}, False, id="not indexed"),
        pytest.param(DUNE, False, id="not typed"),
    ],
)
def test_rows_without_a_needed_sort_key_are_noticed(row: dict[str, object], missing: bool) -> None:
    assert only_app(log.insert("triples", row)).sort_keys_missing is missing


class TestTooMuchToList:
    """The app is declared changed as a whole, and memory is given back."""

    @staticmethod
    def triples(count: int, app: str = "app", **fields: object) -> list[bytes]:
        return [
            log.insert("triples", {**DUNE, "app_id": app, "entity_id": str(n), **fields})
            for n in range(count)
        ]

    def test_as_many_as_allowed_are_listed(self) -> None:
        changes = only_app(*self.triples(3), limits=Limits(triples_per_app=3))
        assert (len(changes.triple_changes), changes.truncated) == (3, False)

    @pytest.mark.parametrize(
        "limits",
        [
            pytest.param(Limits(triples_per_app=3), id="triples of the app"),
            pytest.param(Limits(triples=3), id="triples of the transaction"),
            pytest.param(Limits(value_bytes=len('"Dune"') * 3), id="bytes"),
        ],
    )
    def test_one_more_truncates(self, limits: Limits) -> None:
        changes = only_app(*self.triples(4), limits=limits)
        assert (changes.triple_changes, changes.truncated) == ((), True)

    def test_another_app_of_the_transaction_stays_listed(self) -> None:
        large, small = told(
            *self.triples(4), *self.triples(2, "small"), limits=Limits(triples_per_app=3, triples=3)
        ).changes
        assert (large.truncated, small.truncated) == (True, False)

    def test_what_else_changed_is_still_told(self) -> None:
        changes = only_app(
            *self.triples(4, ave="t", checked_data_type="string"),
            log.insert("attrs", TITLE),
            log.insert("transactions", {"id": 5, "app_id": "app"}),
            limits=Limits(triples_per_app=3),
        )
        assert (changes.truncated, changes.tx_id, changes.sort_keys_missing) == (True, 5, True)
        assert changes.attr_changes

    def test_too_many_attrs_truncate_and_leave_some(self) -> None:
        changes = only_app(
            *(log.insert("attrs", {**TITLE, "id": n}) for n in range(3)),
            limits=Limits(attrs_per_app=2),
        )
        assert (changes.truncated, len(changes.attr_changes)) == (True, 2)

    def test_too_many_apps_are_everything(self) -> None:
        committed = told(
            *(self.triples(1, app)[0] for app in ("a", "b", "c")), limits=Limits(apps=2)
        )
        assert (committed.changes, committed.everything) == ((), True)


@pytest.mark.parametrize("table", ["triples", "attrs", "idents", "apps", "rules", "transactions"])
def test_emptied_table_is_everything(table: str) -> None:
    committed = told(log.insert("triples", DUNE), log.truncate(table))
    assert (committed.changes, committed.everything) == ((), True)


@pytest.mark.parametrize(
    ("message", "truncated", "everything"),
    [
        pytest.param(log.update("triples", None, DUNE), True, False, id="update"),
        pytest.param(log.delete("triples", DUNE, identity=b"K"), None, True, id="delete"),
        pytest.param(log.update("attrs", None, TITLE), None, True, id="attr"),
    ],
)
def test_without_the_old_row_more_is_declared_changed(
    message: bytes, truncated: bool | None, everything: bool
) -> None:
    committed = told(message)
    assert committed.everything is everything
    assert [each.truncated for each in committed.changes] == ([True] if truncated else [])


def test_a_table_altered_meanwhile_is_read_by_its_new_columns() -> None:
    decoder, assembler = Decoder(), Assembler()
    columns = ["extra", *log.TRIPLE_COLUMNS]
    assembler.feed(decoder.decode(log.relation("triples")))
    assembler.feed(decoder.decode(log.begin()))
    assembler.feed(decoder.decode(log.insert("triples", DUNE)))
    assembler.feed(decoder.decode(log.commit()))
    assembler.feed(decoder.decode(log.relation("triples", reversed(log.TRIPLE_COLUMNS))))
    assembler.feed(decoder.decode(log.begin()))
    backwards = dict(
        zip(log.TRIPLE_COLUMNS, reversed([DUNE.get(c) for c in columns[1:]]), strict=False)
    )
    assembler.feed(decoder.decode(log.insert("triples", backwards)))
    committed = assembler.feed(decoder.decode(log.commit()))
    assert committed is not None
    assert committed.changes[0].triple_changes == (change("insert", None, b'"Dune"'),)


@pytest.mark.parametrize("message", [log.insert("triples", DUNE), log.commit()])
def test_rows_outside_of_a_transaction_are_refused(message: bytes) -> None:
    decoder, assembler = Decoder(), Assembler()
    assembler.feed(decoder.decode(log.relation("triples")))
    with pytest.raises(ProtocolError):
        assembler.feed(decoder.decode(message))
