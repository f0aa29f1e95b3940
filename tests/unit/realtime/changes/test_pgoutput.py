"""Log messages become values, whatever PostgreSQL version wrote them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.changes.wal.pgoutput import (
    UNSHIPPED,
    Begin,
    Commit,
    Decoder,
    Delete,
    Ignored,
    Insert,
    ProtocolError,
    Truncate,
    Update,
)
from tests.unit.realtime.changes import log_messages as log

BEFORE = {"id": 1, "app_id": "a", "created_at": "then"}
AFTER = {"id": 1, "app_id": "a", "created_at": None}
BEFORE_ROW = (b"1", b"a", b"then")
AFTER_ROW = (b"1", b"a", None)


@pytest.fixture
def decoder() -> Decoder:
    decoder = Decoder()
    decoder.decode(log.relation("transactions"))
    return decoder


def test_begin_tells_transaction_and_time(decoder: Decoder) -> None:
    assert decoder.decode(log.begin(4_294_967_295, 1_500_000)) == Begin(
        xid=4_294_967_295, commit_time=946_684_801.5
    )


def test_commit_tells_its_position_and_the_one_to_acknowledge(decoder: Decoder) -> None:
    assert decoder.decode(log.commit(2**40)) == Commit(2**40, 2**40 + 48)


def test_rows_come_with_their_table(decoder: Decoder) -> None:
    message = decoder.decode(log.insert("transactions", BEFORE))
    assert isinstance(message, Insert)
    assert (message.relation.table, message.new) == ("transactions", BEFORE_ROW)


@pytest.mark.parametrize(
    ("message", "old", "new"),
    [
        pytest.param(
            log.update("transactions", BEFORE, AFTER), BEFORE_ROW, AFTER_ROW, id="full identity"
        ),
        pytest.param(
            log.update("transactions", None, AFTER), None, AFTER_ROW, id="no old row in the log"
        ),
        pytest.param(
            log.update("transactions", BEFORE, AFTER, identity=b"K"),
            None,
            AFTER_ROW,
            id="only the old key in the log",
        ),
        pytest.param(
            log.update("transactions", BEFORE, {**BEFORE, "created_at": log.UNCHANGED}),
            BEFORE_ROW,
            BEFORE_ROW,
            id="TOASTed value is taken from the old row",
        ),
        pytest.param(
            log.update("transactions", None, {**BEFORE, "created_at": log.UNCHANGED}),
            None,
            (b"1", b"a", UNSHIPPED),
            id="TOASTed value without an old row",
        ),
    ],
)
def test_update_has_old_and_new_row(
    decoder: Decoder, message: bytes, old: object, new: object
) -> None:
    decoded = decoder.decode(message)
    assert isinstance(decoded, Update)
    assert (decoded.old, decoded.new) == (old, new)


@pytest.mark.parametrize(("identity", "old"), [(b"O", BEFORE_ROW), (b"K", None)])
def test_delete_has_the_old_row_if_the_log_has_it(
    decoder: Decoder, identity: bytes, old: object
) -> None:
    decoded = decoder.decode(log.delete("transactions", BEFORE, identity=identity))
    assert isinstance(decoded, Delete)
    assert decoded.old == old


def test_truncate_names_its_tables(decoder: Decoder) -> None:
    decoder.decode(log.relation("rules"))
    decoded = decoder.decode(log.truncate("rules", "transactions"))
    assert isinstance(decoded, Truncate)
    assert [relation.table for relation in decoded.relations] == ["rules", "transactions"]


@pytest.mark.parametrize("tag", ["Y", "O", "M"])
def test_messages_without_rows_are_ignored(decoder: Decoder, tag: str) -> None:
    assert decoder.decode(tag.encode() + b"anything") == Ignored(tag)


def test_columns_are_found_by_name_wherever_they_stand(decoder: Decoder) -> None:
    decoder.decode(log.relation("transactions", ["created_at", "extra", "id"]))
    message = decoder.decode(log.insert("transactions", BEFORE))
    assert isinstance(message, Insert)
    assert message.relation.pick("id", "created_at")(message.new) == (b"then", b"1")


def test_a_publication_without_a_needed_column_is_refused(decoder: Decoder) -> None:
    message = decoder.decode(log.insert("transactions", BEFORE))
    assert isinstance(message, Insert)
    with pytest.raises(ProtocolError, match=r"transactions\.value"):
        message.relation.pick("id", "value")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"S" + bytes(8), id="streaming was not asked for"),
        pytest.param(log.insert("rules", {}), id="table never described"),
        pytest.param(log.begin()[:-1], id="begin cut short"),
        pytest.param(log.insert("transactions", BEFORE)[:-1], id="row cut short"),
        pytest.param(log.relation("rules")[:20], id="name cut short"),
    ],
)
def test_what_cannot_be_understood_is_refused(decoder: Decoder, message: bytes) -> None:
    with pytest.raises(ProtocolError):
        decoder.decode(message)


values = st.one_of(st.none(), st.text().filter(lambda text: "\0" not in text))


@given(old=st.tuples(values, values, values), new=st.tuples(values, values, values))
def test_any_values_survive(old: tuple[str | None, ...], new: tuple[str | None, ...]) -> None:
    decoder = Decoder()
    decoder.decode(log.relation("transactions"))
    names = log.COLUMNS["transactions"]
    message = log.update(
        "transactions", dict(zip(names, old, strict=True)), dict(zip(names, new, strict=True))
    )
    decoded = decoder.decode(message)
    assert isinstance(decoded, Update)
    assert (decoded.old, decoded.new) == (_encoded(old), _encoded(new))


def _encoded(row: tuple[str | None, ...]) -> tuple[bytes | None, ...]:
    return tuple(None if value is None else value.encode() for value in row)
