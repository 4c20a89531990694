"""What is true of a recording: the means of all that was recorded at each memory size, warm."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from powertune.decide.replay import Recording
from powertune.domain.search import LatencyStatistic, LatencyTarget, Objective, Strategy

TARGET_OF_FASTEST = 1.5
GOALS = ("cost", "speed", "latency")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Mean cost per invocation and mean duration by memory size."""

    cost: Mapping[int, float]
    duration_ms: Mapping[int, float]

    def objective(self, goal: str) -> Objective:
        """One of `GOALS` as what the planners are asked."""
        if goal == "speed":
            return Objective(strategy=Strategy.SPEED)
        return Objective(latency_target=self.target if goal == "latency" else None)

    @property
    def target(self) -> LatencyTarget:
        """A mean of at most one and a half times that of the fastest size."""
        limit_ms = TARGET_OF_FASTEST * min(self.duration_ms.values())
        return LatencyTarget(statistic=LatencyStatistic.MEAN, limit_ms=limit_ms)

    def misses(self, goal: str, memory_mb: int) -> bool:
        """Whether a size does not keep the latency target."""
        return goal == "latency" and self.duration_ms[memory_mb] > self.target.limit_ms

    def regret(self, goal: str, memory_mb: int) -> float:
        """The share by which a size is worse than the best; for latency, than the cheapest that keeps the target."""
        if goal == "speed":
            return self.duration_ms[memory_mb] / min(self.duration_ms.values()) - 1
        best = min(cost for size, cost in self.cost.items() if not self.misses(goal, size))
        return self.cost[memory_mb] / best - 1


def truth_of(recording: Recording, per_gb_second: float, per_request: float) -> Truth:
    """The truth at these rates. A duration of 0 counts as a microsecond, so that shares of it exist."""
    cost, duration = {}, {}
    for size, samples in recording.warm.items():
        billed = fmean(sample.billed_ms or 0 for sample in samples)
        cost[size] = billed * size / 1_024_000 * per_gb_second + per_request
        duration[size] = max(fmean(sample.duration_ms or 0.0 for sample in samples), 1e-3)
    return Truth(cost=cost, duration_ms=duration)
