"""The edits that turn one view of a room into another (realtime.md §7.3).

Clients keep `{session: {"data": …}}` and apply edits `[path, op, value?]` in order. Two of their
habits decide what may be sent: an edit with an empty path is ignored, and `-` also removes every
container that became empty, up to the whole peer. So a peer's data is emptied by replacing it, and
what is new in it comes before what is gone. Values are never looked into below the top level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from presence.room import Entry
from wire import json

Edit: TypeAlias = list[Any]


def edits_between(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[Edit]:
    """What to tell somebody who saw `before`, so that they see `after`; may be empty."""
    edits: list[Edit] = [[[peer_id], "-"] for peer_id in before if peer_id not in after]
    for peer_id, entry in after.items():
        former = before.get(peer_id)
        if former is None:
            edits.append([[peer_id], "+", entry.shown_to_peers()])
        elif former.data_json != entry.data_json:
            edits.extend(_edits_of_data(peer_id, former.data, entry.data))
    return edits


def _edits_of_data(peer_id: str, former: Any, data: Any) -> Iterator[Edit]:
    if not isinstance(data, dict) or not isinstance(former, dict) or not data:
        yield [[peer_id, "data"], "r", data]
        return
    for key, value in data.items():
        if key not in former:
            yield [[peer_id, "data", key], "+", value]
        elif json.dumps(former[key]) != json.dumps(value):
            yield [[peer_id, "data", key], "r", value]
    for key in former:
        if key not in data:
            yield [[peer_id, "data", key], "-"]
