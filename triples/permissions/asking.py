"""What rules know of one query before any row is looked at."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from triples.permissions.asker import Asker


@dataclass(frozen=True, slots=True)
class Asking:
    """One asking of a query: by whom, with which `ruleParams`, and when.

    `time_ns` is `request.time`, in nanoseconds since the epoch.
    """

    asker: Asker
    rule_params: Mapping[str, Any] = field(default_factory=dict)
    time_ns: int = field(default_factory=time.time_ns)
