"""What is done with updates of other processes: in order, none twice, none missed."""

from __future__ import annotations

import pytest

from presence.redis_layout import Spoken, Swept, Update, decode_message, encode_message
from presence.shared_room import MOST_WAITING, SharedRoom, Verdict
from tests.unit.presence.entries import entry


def knowing(**numbers: int) -> SharedRoom:
    return SharedRoom(numbers=dict(numbers))


@pytest.mark.parametrize(
    ("room", "update", "verdict", "numbers"),
    [
        pytest.param(knowing(), Update("p", 7, 0), Verdict.TAKE, {"p": 7}, id="first"),
        pytest.param(knowing(p=7), Update("p", 9, 7), Verdict.TAKE, {"p": 9}, id="next"),
        pytest.param(knowing(p=7), Update("p", 7, 3), Verdict.IGNORE, {"p": 7}, id="again"),
        pytest.param(knowing(p=7), Update("p", 5, 3), Verdict.IGNORE, {"p": 7}, id="older"),
        pytest.param(knowing(p=7), Update("p", 9, 8), Verdict.READ_AGAIN, {"p": 7}, id="hole"),
        pytest.param(knowing(), Update("p", 9, 8), Verdict.READ_AGAIN, {}, id="unknown before"),
        pytest.param(
            knowing(p=7), Update("p", 9, 0), Verdict.READ_AGAIN, {"p": 7}, id="farewell missed"
        ),
        pytest.param(
            knowing(p=7, q=1),
            Update("p", 9, 0, is_farewell=True),
            Verdict.TAKE,
            {"q": 1},
            id="farewell",
        ),
        pytest.param(
            knowing(p=9),
            Update("p", 8, 0, is_farewell=True),
            Verdict.IGNORE,
            {"p": 9},
            id="farewell before it came back",
        ),
    ],
)
def test_update_is_judged_by_its_place_in_the_chain(
    room: SharedRoom, update: Update, verdict: Verdict, numbers: dict[str, int]
) -> None:
    assert (room.judge(update), room.numbers) == (verdict, numbers)


def test_updates_wait_while_the_room_is_read() -> None:
    room, update = knowing(p=1), Update("p", 9, 8)
    room.begin_reading()
    assert room.wait(update)

    assert room.finish_reading({"p": 8}) == [update]
    assert room.judge(update) is Verdict.TAKE


def test_too_many_waiting_updates_ask_for_another_reading() -> None:
    room = knowing()
    room.begin_reading()

    fit = [room.wait(Swept("p")) for _ in range(MOST_WAITING + 1)]

    assert fit == [True] * MOST_WAITING + [False]


@pytest.mark.parametrize(
    "message",
    [
        Update("p", 9, 8, (entry("a", {"x": 1}, {"id": "u", "email": None}),), ("b",)),
        Update("p", 9, 0, is_farewell=True),
        Spoken("p", "a", '{"op":"server-broadcast"}'),
        Swept("p"),
    ],
    ids=["update", "farewell", "spoken", "swept"],
)
def test_message_survives_the_channel(message: Update | Spoken | Swept) -> None:
    decoded = decode_message(encode_message(message))

    if isinstance(message, Update) and isinstance(decoded, Update):
        assert [each.data for each in decoded.placed] == [each.data for each in message.placed]
        assert [each.user for each in decoded.placed] == [each.user for each in message.placed]
        assert decoded.number == message.number
        assert decoded.is_farewell is message.is_farewell
        assert decoded.removed == message.removed
    else:
        assert decoded == message


def test_message_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        decode_message(b'{"kind":"other"}')
