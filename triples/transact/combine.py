"""Which queued writes of one session are one write (realtime.md §6.5).

Dragging and typing send the same few single values again and again. Of writes that set the same
values of the same entities, the last one alone leaves the database as all of them would. Pure; the
queue decides when to ask, and answers every event with the shared tx id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from wire import json

STEP_LENGTH: Final = 5  # with options, as clients send it
CREATES: Final = {"mode": "create"}


def can_stand_for(later: Any, earlier: Any, has_cardinality_one: Callable[[str], bool]) -> bool:
    """Whether running only the later `tx-steps` does what running both, in order, would do.

    So it is where both have as many steps, and each pair sets the same attr, of cardinality one,
    of the same entity, named by its id, with the same options. Not where they create it: the later
    one would be refused. `has_cardinality_one` is asked with attr ids as the client sent them; for
    unknown attrs it says no.
    """
    if not isinstance(later, list) or not isinstance(earlier, list) or not later:
        return False
    return len(later) == len(earlier) and all(
        _sets_the_same(new, old, has_cardinality_one)
        for new, old in zip(later, earlier, strict=True)
    )


def _sets_the_same(new: Any, old: Any, has_cardinality_one: Callable[[str], bool]) -> bool:
    if not (_is_set(new) and _is_set(old)):
        return False
    if json.canonical([new[1], new[2], new[4]]) != json.canonical([old[1], old[2], old[4]]):
        return False
    return has_cardinality_one(new[2])


def _is_set(step: Any) -> bool:
    return (
        isinstance(step, list)
        and len(step) == STEP_LENGTH
        and step[0] == "add-triple"
        and isinstance(step[1], str)
        and isinstance(step[2], str)
        and step[4] != CREATES
    )
