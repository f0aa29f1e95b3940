"""What several sessions may rely on: own writes are seen, and everybody sees one order."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.realtime.peer import Peer
from tests.realtime.steps import Namespace, new_id

COUNTERS: dict[str, Any] = {"counters": {}}
ROUNDS = 25


def _counter(author: Peer, **values: Any) -> tuple[Namespace, str]:
    """One entity with some values, stored."""
    counters, entity = Namespace.of("counters", *values), new_id()
    done = author.transact(*counters.add_attrs(), *counters.put(entity, **values))
    assert done["op"] == "transact-ok"
    return counters, entity


def test_acknowledged_write_is_in_every_answer_asked_for_afterwards(
    ann: Peer, join: Callable[[], Peer]
) -> None:
    """In the answer of its author and in that of a session that has just come (law 4)."""
    counters, entity = _counter(ann, n=-1)
    other = join()
    for n in range(ROUNDS):
        tx_id = ann.transact(*counters.put(entity, n=n))["tx-id"]
        for peer in (ann, other):
            answer = peer.ask("add-query", q=COUNTERS)
            peer.ask("remove-query", q=COUNTERS)
            assert counters.rows(answer["result"])[entity]["n"] == n
            assert answer["processed-tx-id"] >= tx_id


def test_another_subscriber_of_the_same_question_gets_the_newest_answer(
    ann: Peer, bob: Peer, join: Callable[[], Peer]
) -> None:
    """Equal questions share one answer; a newcomer must not get one from before its question."""
    counters, entity = _counter(ann, n=-1)
    bob.ask("add-query", q=COUNTERS)
    newcomers = [join() for _ in range(ROUNDS)]
    for n, newcomer in enumerate(newcomers):
        ann.transact(*counters.put(entity, n=n))

        answer = newcomer.ask("add-query", q=COUNTERS)

        assert counters.rows(answer["result"])[entity]["n"] == n


def test_writes_of_two_sessions_get_tx_ids_in_the_order_they_were_made(
    ann: Peer, bob: Peer
) -> None:
    counters, entity = _counter(ann, n=-1)
    tx_ids = [
        author.transact(*counters.put(entity, n=n))["tx-id"]
        for n in range(ROUNDS)
        for author in (ann, bob)
    ]

    assert all(earlier < later for earlier, later in pairwise(tx_ids))


def test_two_watchers_see_the_same_states_in_the_same_order(
    ann: Peer, bob: Peer, join: Callable[[], Peer]
) -> None:
    """Answers may skip states; what they show never goes back and never differs between two."""
    counters, entity = _counter(ann, mine=-1, theirs=-1)
    watchers = [join(), join()]
    for watcher in watchers:
        watcher.ask("add-query", q=COUNTERS)

    for n in range(ROUNDS):
        ann.say("transact", tx_steps=counters.put(entity, mine=n))
        bob.say("transact", tx_steps=counters.put(entity, theirs=n))

    seen = [_states(watcher, counters, entity) for watcher in watchers]
    merged = sorted({state for states in seen for state in states})
    assert all(states == sorted(states) for states in seen)
    assert all(first[1] <= second[1] for first, second in pairwise(merged))


def _states(watcher: Peer, counters: Namespace, entity: str) -> list[tuple[int, int]]:
    """Both numbers in every refresh, up to the last writes."""
    states: list[tuple[int, int]] = []
    while states[-1:] != [(ROUNDS - 1, ROUNDS - 1)]:
        for computation in watcher.hear("refresh-ok")["computations"]:
            row = counters.rows(computation["instaql-result"])[entity]
            states.append((row["mine"], row["theirs"]))
    return states
