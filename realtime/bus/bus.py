"""What a bus promises: changes reach the process that holds their app, or word that some did not.

One end, the `Publisher`, is given what the change feed reads; the other, the `Listener`, lives in
each server process. Between the return of `join(app)` and `leave(app)`:

- every change of the app that was given to a publisher is received, in commit order; one may come
  twice, after a publisher was replaced;
- where that cannot be kept, a gap is received instead: of the app, or of all apps. Every change
  given to a publisher before is then in the database, so whoever answers its live queries again
  after a gap misses nothing;
- changes of apps that were not joined are not received.

A change may be received a moment before new snapshots show it, and one given to the publisher just
before `join` may not be visible yet when it returns: `realtime.visibility` has the means.

`realtime.bus.in_process` is the form inside one process, `realtime.bus.redis_*` the one between
several. The same tests run over both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from realtime.changes.change import TxChanges


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a listener calls; each is quick, and none waits.

    `on_app_gap` says that changes of one app were missed, `on_gap` that those of any may be.
    """

    deliver: Callable[[TxChanges], None]
    on_app_gap: Callable[[str], None]
    on_gap: Callable[[], None]


NOBODY: Final = Receiver(lambda changes: None, lambda app_id: None, lambda: None)


class Publisher(Protocol):
    """The end of the change feed."""

    async def publish(self, changes: TxChanges) -> None:
        """Take one transaction's changes of one app; they may wait for `flush`."""
        ...

    async def flush(self) -> None:
        """Return once everything taken was handed on; raises what kept it from that."""
        ...

    async def announce_gap(self) -> None:
        """Changes of any app may have been missed; raises if that could not be said."""
        ...


class Listener(Protocol):
    """The end of a server process."""

    def attach(self, receiver: Receiver) -> None:
        """Call this receiver from now on; done once, before anything is published."""
        ...

    async def join(self, app_id: str) -> None:
        """Receive the app's changes from here on."""
        ...

    def leave(self, app_id: str) -> None:
        """Receive them no more."""
        ...
