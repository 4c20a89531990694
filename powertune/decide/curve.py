"""The posterior of duration and cost at every memory size, as a report shows it."""

import numpy as np

from powertune.decide.adaptive_view import View
from powertune.decide.curve_prior import Floats
from powertune.domain.result import CurvePoint, Interval

CONFIDENCE = 0.95


def summarise(view: View) -> tuple[CurvePoint, ...]:
    """Medians and central intervals of the draws, at every size."""
    durations = [_estimate(column) for column in np.exp(view.draws.log_mean).T]
    costs = [_estimate(column) for column in view.costs.T * 1e6]
    latencies = [None] * len(costs) if view.latencies is None else [_estimate(column) for column in view.latencies.T]
    return tuple(
        CurvePoint(
            memory_mb=memory_mb,
            measured=int(view.own[index]),
            duration_ms=durations[index][0],
            duration_interval=durations[index][1],
            per_million=costs[index][0],
            per_million_interval=costs[index][1],
            latency_ms=latency[0] if latency else None,
            latency_interval=latency[1] if latency else None,
        )
        for index, (memory_mb, latency) in enumerate(zip(view.sizes_mb, latencies, strict=True))
    )


def _estimate(draws: Floats) -> tuple[float, Interval]:
    tail = (1 - CONFIDENCE) / 2
    low, middle, high = (float(value) for value in np.quantile(draws, [tail, 0.5, 1 - tail]))
    return middle, Interval(low=low, high=high, confidence=CONFIDENCE)


def noise(spread: Floats) -> float:
    """The coefficient of variation of single durations, from draws of the spread of their logarithms."""
    return float(np.median(np.sqrt(np.expm1(spread**2))))
