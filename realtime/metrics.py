"""`GET /metrics`: numbers about this process for Prometheus.

What happens is counted by `realtime.measures`; what is, is read from the running parts when
somebody asks. `docs/operations.md` has the list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from realtime import lifecycle
from realtime.lifecycle import Server
from realtime.measures import REGISTRY

NO_STORE: Final = {"Cache-Control": "no-store"}


async def metrics(request: HttpRequest) -> HttpResponse:
    """All of them, in the text format."""
    return HttpResponse(
        generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST, headers=NO_STORE
    )


class RunningParts(Collector):
    """The gauges; none while the process starts or stops."""

    def collect(self) -> Iterable[Metric]:
        """Read them."""
        try:
            server = lifecycle.running()
        except RuntimeError:
            return
        for name, (text, value_of) in GAUGES.items():
            yield GaugeMetricFamily(f"instant_{name}", text, value=value_of(server))


GAUGES: Final[Mapping[str, tuple[str, Callable[[Server], float]]]] = {
    "sessions": ("Connected clients, all transports.", lambda server: len(server.sessions)),
    "sessions_sse": ("Those on event streams.", lambda server: len(server.streamed)),
    "apps": ("Apps that sessions are on.", lambda server: len(list(server.hub.apps))),
    "subscriptions": (
        "Interests of sessions in live queries.",
        lambda server: sum(len(session.subscriptions) for session in server.sessions),
    ),
    "live_queries": (
        "Distinct live queries.",
        lambda server: sum(len(state.queries) for state in server.hub.apps),
    ),
    "stale_queries": (
        "Live queries that wait for a run.",
        lambda server: sum(len(state.dirty) for state in server.hub.apps),
    ),
    "waiting_ops": ("Messages of clients that wait.", lambda server: server.received.depth),
    "unsent_bytes": (
        "What clients have not read.",
        lambda server: sum(session.unsent_bytes for session in server.sessions),
    ),
    "feed_live": ("1 while changes arrive.", lambda server: server.feed.state.is_live),
    "feed_lag_bytes": (
        "Log that was mentioned and not delivered.",
        lambda server: server.feed.state.lag_bytes,
    ),
    "feed_connections": (
        "Connections of the feed so far.",
        lambda server: server.feed.state.connections,
    ),
}
"""Name without prefix → what it is, and how it is read."""

REGISTRY.register(RunningParts())
