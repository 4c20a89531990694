"""The posterior of duration and cost at every memory size, as a report shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from powertune.decide.curve_prior import Floats
from powertune.domain.result import Interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What is known of one memory size: its mean warm duration in ms and its mean cost of an invocation.

    ``measured`` is how many measurements it has of its own; where it is 0, the figures are the model's alone.
    """

    memory_mb: int
    measured: int
    duration_ms: float
    duration_interval: Interval
    cost: float
    cost_interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """All memory sizes, ascending, and the noise: the coefficient of variation of single durations."""

    points: tuple[CurvePoint, ...]
    noise: float


def summarise(
    sizes_mb: Sequence[int], measured: Sequence[int], durations_ms: Floats, costs: Floats, spread: Floats
) -> Curve:
    """Medians and central intervals of draws: a row for each draw, a column for each size."""
    tail = (1 - CONFIDENCE) / 2
    at = [tail, 0.5, 1 - tail]
    time_low, time, time_high = np.quantile(durations_ms, at, axis=0)
    cost_low, cost, cost_high = np.quantile(costs, at, axis=0)
    points = tuple(
        CurvePoint(
            memory_mb=memory_mb,
            measured=measured[index],
            duration_ms=float(time[index]),
            duration_interval=_interval(time_low[index], time_high[index]),
            cost=float(cost[index]),
            cost_interval=_interval(cost_low[index], cost_high[index]),
        )
        for index, memory_mb in enumerate(sizes_mb)
    )
    return Curve(points=points, noise=float(np.median(np.sqrt(np.expm1(spread**2)))))


def _interval(low: float, high: float) -> Interval:
    return Interval(low=float(low), high=float(high), confidence=CONFIDENCE)
