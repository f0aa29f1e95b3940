"""Percentiles of measured milliseconds, and tables of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Percentiles:
    """What a series of measurements says; all in milliseconds."""

    p50: float
    p95: float
    p99: float
    count: int

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Self:
        """Nearest-rank percentiles; raises `ValueError` for an empty series."""
        if not milliseconds:
            raise ValueError("nothing was measured")
        ordered = sorted(milliseconds)

        def rank(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

        return cls(rank(0.50), rank(0.95), rank(0.99), len(ordered))


def print_table(rows: Sequence[tuple[str, Percentiles]], floor: Percentiles | None) -> None:
    """One line a series; with a floor, also how many times its p50 each series takes."""
    print(f"{'':44} {'p50':>8} {'p95':>8} {'p99':>8} {'n':>6}  {'× floor':>7}")
    for name, series in rows:
        times = f"{series.p50 / floor.p50:7.2f}" if floor else ""
        print(
            f"{name:44} {series.p50:8.2f} {series.p95:8.2f} {series.p99:8.2f}"
            f" {series.count:6}  {times}"
        )
