"""How much worse than the best each memory size is, under each curve that is still plausible."""

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from powertune.decide.curve_prior import Floats
from powertune.decide.posterior import Draws
from powertune.domain.search import LatencyStatistic, Objective, Strategy

Flags = NDArray[np.bool_]

QUANTILES = {
    LatencyStatistic.P50: 0.5,
    LatencyStatistic.P90: 0.9,
    LatencyStatistic.P95: 0.95,
    LatencyStatistic.P99: 0.99,
}
MISSED = 0.3
"""What missing a latency target counts, besides the share by which it is missed."""
CHEAPER = 0.015
"""What a duration half as long is worth where the cost counts, as a share of the cost."""
FASTER = 0.01
"""What half the cost is worth where the duration counts, as a share of the duration."""
_TABLE_FROM, _TABLE_TO, _TABLE_POINTS = math.log(0.005), math.log(60.0), 1200


class Judge:
    """Turns drawn durations into losses: 0 for the best memory size of a draw, 0.05 for one that is 5 % worse."""

    def __init__(
        self, sizes_mb: Sequence[int], objective: Objective, *, per_gb_second: float, per_request: float
    ) -> None:
        self._memory_gb = np.asarray(sizes_mb, dtype=float) / 1024
        self._objective = objective
        self._per_gb_ms = per_gb_second / 1000
        self._per_request = per_request

    def costs(self, draws: Draws) -> Floats:
        """Mean cost of an invocation: billed ms are the duration rounded up, one at least."""
        return np.asarray(
            self._memory_gb * billed_ms(draws.log_mean, draws.spread) * self._per_gb_ms + self._per_request
        )

    def latencies(self, draws: Draws, cold_extra_ms: Mapping[int, float] | None = None) -> Floats:
        """The statistic that the latency target names, in ms."""
        target = self._objective.latency_target
        assert target is not None
        mean = np.exp(draws.log_mean)
        share = target.cold_share if cold_extra_ms else 0.0
        extra = _nearest(cold_extra_ms or {}, self._memory_gb.size)
        if target.statistic is LatencyStatistic.MEAN:
            return np.asarray(mean + share * extra)
        # Cold starts are taken to be slower than anything warm. At exactly their share the quantile lies between the
        # two, and is taken to be a cold start: the slowest of all warm ones would be infinitely slow.
        rank = QUANTILES[target.statistic]
        if rank >= 1 - share:
            return np.asarray(mean + extra)
        spread = draws.spread[:, None]
        return np.asarray(np.exp(draws.log_mean - spread**2 / 2 + float(special.ndtri(rank / (1 - share))) * spread))

    def losses(
        self, draws: Draws, costs: Floats, allowed: Flags, cold_extra_ms: Mapping[int, float] | None = None
    ) -> Floats:
        """A row for each draw, a column for each size; infinite where not ``allowed``.

        ``costs`` are what `costs` gives of the same draws.
        """
        objective = self._objective
        if objective.latency_target is not None:
            found = self._under_target(costs, self.latencies(draws, cold_extra_ms), allowed)
        elif objective.strategy is Strategy.COST:
            found = _over_best(costs, allowed)
        elif objective.strategy is Strategy.SPEED:
            found = _over_best(np.exp(draws.log_mean), allowed)
        else:
            durations = np.exp(draws.log_mean)
            weight = objective.balanced_weight
            # Each figure as a share of its largest, as decide/score.py has it.
            dearest = costs[:, allowed].max(axis=1, keepdims=True)
            slowest = durations[:, allowed].max(axis=1, keepdims=True)
            found = _over_best(weight * costs / dearest + (1 - weight) * durations / slowest, allowed)
        return np.where(allowed[None, :], found, np.inf)

    def preferences(self, draws: Draws, costs: Floats) -> Floats:
        """What the other figure counts where sizes are nearly as good: a row for each draw, a column for each size.

        Each halving is worth `CHEAPER` or `FASTER`. A balance holds both already.
        """
        objective = self._objective
        if objective.latency_target is not None or objective.strategy is Strategy.COST:
            return np.asarray(draws.log_mean / math.log(2) * CHEAPER)
        if objective.strategy is Strategy.SPEED:
            return np.asarray(np.log2(np.maximum(costs, 1e-15)) * FASTER)
        return np.zeros_like(costs)

    def _under_target(self, costs: Floats, latencies: Floats, allowed: Flags) -> Floats:
        assert self._objective.latency_target is not None
        excess = latencies / self._objective.latency_target.limit_ms - 1
        meets = (excess <= 0) & allowed[None, :]
        any_meets = meets.any(axis=1, keepdims=True)
        cheapest = np.where(meets, costs, np.inf).min(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            over = costs / np.where(any_meets, cheapest, 1.0) - 1
        kept = np.where(meets, over, MISSED + excess)
        return np.asarray(np.where(any_meets, kept, _over_best(latencies, allowed)))


def _over_best(scores: Floats, allowed: Flags) -> Floats:
    best = scores[:, allowed].min(axis=1, keepdims=True)
    return np.asarray(scores / best - 1)


def _nearest(known: Mapping[int, float], count: int) -> Floats:
    """A value for each index: that of the nearest index that is known; 0 where none is."""
    if not known:
        return np.zeros(count)
    at = sorted(known)
    return np.array([known[min(at, key=lambda index: abs(index - wanted))] for wanted in range(count)])


def billed_ms(log_mean: Floats, spread: Floats) -> Floats:
    """Mean of log-normal durations, each rounded up to a whole ms and one at least.

    Above 60 ms rounding adds half a millisecond; below, the sum of P(duration > k) over whole k says it.
    """
    billed = np.exp(log_mean) + 0.5
    if float(log_mean.min()) > _TABLE_TO:
        return np.asarray(billed)
    for value in np.unique(spread):
        rows = np.flatnonzero(spread == value)
        grid, table = _rounded(float(value))
        small = log_mean[rows] < _TABLE_TO
        billed[rows] = np.where(small, np.interp(log_mean[rows], grid, table), billed[rows])
    return np.asarray(billed)


@functools.lru_cache(maxsize=32)
def _rounded(spread: float) -> tuple[Floats, Floats]:
    """Logarithms of mean durations, and the mean of such durations rounded up."""
    grid = np.linspace(_TABLE_FROM, _TABLE_TO, _TABLE_POINTS)
    whole = np.log(np.arange(1, 400))
    beyond = special.ndtr((grid[:, None] - spread**2 / 2 - whole[None, :]) / spread)
    return grid, np.maximum(1 + beyond.sum(axis=1), np.exp(grid))
