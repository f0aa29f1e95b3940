"""What rules know of one query before any row is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from triples.permissions.asker import Asker
from wire.clock import now_ms


@dataclass(frozen=True, slots=True)
class Asking:
    """One asking of a query: by whom, with which `ruleParams`, and when (`request.time`)."""

    asker: Asker
    rule_params: Mapping[str, Any] = field(default_factory=dict)
    time_ms: int = field(default_factory=now_ms)
