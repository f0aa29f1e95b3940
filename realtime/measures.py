"""What is counted and timed while it happens; `realtime.metrics` shows it.

No label speaks of a tenant, and all values of a label are known beforehand.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY: Final = CollectorRegistry()
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

OP_SECONDS: Final = Histogram(
    "instant_op_seconds",
    "From the arrival of a client's message to its reply, by op.",
    ["op"],
    buckets=SECONDS,
    registry=REGISTRY,
)
ANSWER_SECONDS: Final = Histogram(
    "instant_answer_seconds",
    "Time to answer a live query, first answers and refreshes.",
    buckets=SECONDS,
    registry=REGISTRY,
)
REFRESHES_SENT: Final = Counter(
    "instant_refreshes_sent", "Changed answers handed to sessions.", registry=REGISTRY
)
REFRESHES_SUPPRESSED: Final = Counter(
    "instant_refreshes_suppressed",
    "Answers computed after a change that turned out the same, and were not sent.",
    registry=REGISTRY,
)
CHANGES: Final = Counter(
    "instant_changes",
    "Transactions of apps in use that the feed brought.",
    registry=REGISTRY,
)
GAPS: Final = Counter(
    "instant_gaps",
    "Times when changes may have been missed, and all was asked again.",
    ["of"],
    registry=REGISTRY,
)
