"""The posterior of duration and cost at every memory size, as a report shows it."""

from collections.abc import Sequence

import numpy as np

from powertune.decide.curve_prior import Floats
from powertune.domain.result import CurvePoint, Interval

CONFIDENCE = 0.95


def summarise(
    sizes_mb: Sequence[int], measured: Sequence[int], durations_ms: Floats, costs: Floats
) -> tuple[CurvePoint, ...]:
    """Medians and central intervals of draws: a row for each draw, a column for each size.

    Costs are of one invocation.
    """
    tail = (1 - CONFIDENCE) / 2
    at = [tail, 0.5, 1 - tail]
    time_low, time, time_high = np.quantile(durations_ms, at, axis=0)
    cost_low, cost, cost_high = np.quantile(costs * 1e6, at, axis=0)
    return tuple(
        CurvePoint(
            memory_mb=memory_mb,
            measured=measured[index],
            duration_ms=float(time[index]),
            duration_interval=_interval(time_low[index], time_high[index]),
            per_million=float(cost[index]),
            per_million_interval=_interval(cost_low[index], cost_high[index]),
        )
        for index, memory_mb in enumerate(sizes_mb)
    )


def noise(spread: Floats) -> float:
    """The coefficient of variation of single durations, from draws of the spread of their logarithms."""
    return float(np.median(np.sqrt(np.expm1(spread**2))))


def _interval(low: float, high: float) -> Interval:
    return Interval(low=float(low), high=float(high), confidence=CONFIDENCE)
