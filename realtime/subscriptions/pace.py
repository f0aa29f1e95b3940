"""How long a busy app's refreshers rest, so that other apps are not slowed down by it.

An app whose changes come faster than its queries are answered never gets to the end of them. Left
alone it would take all that the process has. Its refreshers therefore rest between their runs for
some times as long as the last one took: longer while other apps have queries to answer too.
"""

from __future__ import annotations

from typing import Final

BUSY_SECONDS: Final = 0.25  # a burst of writes is over sooner
BESIDE_SECONDS: Final = 2.0  # how long an app's last run counts as work of its own
RESTS_ALONE: Final = 7  # times the run: four refreshers together run half of the time
RESTS_BESIDE: Final = 31  # an eighth of the time
LONGEST_REST_SECONDS: Final = 3.0  # watchers of slow queries must not wait for minutes


class Pace:
    """Remembers which apps had queries answered lately: the last one, and the last other one."""

    def __init__(self) -> None:
        self._last: tuple[str, float] = ("", float("-inf"))
        self._last_other: tuple[str, float] = ("", float("-inf"))

    def ran(self, app_id: str, now: float) -> None:
        """One of the app's queries is answered at this moment (seconds of any one clock)."""
        if self._last[0] != app_id:
            self._last_other = self._last
        self._last = (app_id, now)

    def rest_seconds(self, app_id: str, began: float, now: float) -> float:
        """How long a refresher of a busy app rests after a run that took from `began` until now."""
        is_beside = any(
            other != app_id and now - at <= BESIDE_SECONDS
            for other, at in (self._last, self._last_other)
        )
        rests = RESTS_BESIDE if is_beside else RESTS_ALONE
        return min(rests * (now - began), LONGEST_REST_SECONDS)
