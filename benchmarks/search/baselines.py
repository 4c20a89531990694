"""The methods that powertune is measured beside, as planners of the same replay.

`PeerGrid` is aws-lambda-power-tuning as it comes: its default sizes, ten calls each, means without a fifth at each
end, its own choice. `Parrotfish` is written from the description of its method and its settings
(https://github.com/ubc-cirrus-lab/parrotfish, "Parrotfish: Parametric Regression for Optimizing Serverless Functions",
SoCC 2023). Neither has every objective; what stands in is said where it does.
"""

import math
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import optimize

from powertune.decide.peer_formulas import PeerRow, base_price, choose, price, trimmed_mean
from powertune.decide.replay_grid import nearest_sizes
from powertune.domain.function import Architecture
from powertune.domain.sample import Sample
from powertune.domain.search import Objective, StopReason, Strategy, Verdict
from powertune.domain.work import Batch

PEER_SIZES_MB = (128, 256, 512, 1024, 1536, 3008)
PEER_CALLS = 10
PEER_TRIM = 0.2

Steps = Generator[Batch, list[Sample], int]


class _Scripted:
    """A planner whose course is written as one generator: it yields a batch, gets its samples, and returns a size."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._told: list[Sample] | None = None
        self._chosen: int | None = None

    def ask(self) -> tuple[Batch, ...]:
        try:
            return (next(self._steps) if self._told is None else self._steps.send(self._told),)
        except StopIteration as end:
            self._chosen = end.value
            return ()

    def tell(self, samples: Iterable[Sample]) -> None:
        self._told = list(samples)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        raise NotImplementedError

    def verdict(self) -> Verdict:
        return Verdict(memory_mb=self._chosen, regret_bound=None, risk=None, stop_reason=StopReason.COMPLETE)


class PeerGrid(_Scripted):
    """aws-lambda-power-tuning. It has no latency target: the cheapest of its rows that keep it is taken, or else
    the fastest.
    """  # noqa: D205

    def __init__(self, sizes_mb: Sequence[int], objective: Objective, *, six: bool = False) -> None:
        sizes = six_sizes(sizes_mb) if six else nearest_sizes(sizes_mb, PEER_SIZES_MB)
        super().__init__(_peer_steps(sizes, objective))


def six_sizes(sizes_mb: Sequence[int]) -> tuple[int, ...]:
    """For each of the peer's sizes the nearest recorded one that is not taken yet."""
    left = sorted(sizes_mb)
    taken = []
    for wanted in PEER_SIZES_MB[: len(left)]:
        taken.append(min(left, key=lambda size: (abs(size - wanted), size)))
        left.remove(taken[-1])
    return tuple(sorted(taken))


def _peer_steps(sizes_mb: Sequence[int], objective: Objective) -> Steps:
    base = base_price("us-east-1", Architecture.X86_64)
    rows = []
    for size in sizes_mb:
        samples = yield Batch(memory_mb=size, count=PEER_CALLS)
        durations = [sample.latency_ms or 0.0 for sample in samples]
        billed = [float(sample.billed_ms or 0) for sample in samples]
        rows.append(
            PeerRow(
                memory_mb=size,
                average_duration_ms=trimmed_mean(durations, PEER_TRIM),
                average_price=price(trimmed_mean(billed, PEER_TRIM), base, size),
            )
        )
    target = objective.latency_target
    strategy = objective.strategy
    if target is not None:
        kept = [row for row in rows if row.average_duration_ms <= target.limit_ms]
        rows, strategy = (kept, strategy) if kept else (rows, Strategy.SPEED)
    chosen = choose(rows, strategy, objective.balanced_weight)
    return rows[0].memory_mb if chosen is None else chosen


class Parrotfish(_Scripted):
    """Parrotfish with its default settings.

    Three sizes first: the smallest, the one at a third of the list, the largest. Four invocations at each; while
    their coefficient of variation is above 5 %, up to eight more, each of which takes the place of the one whose
    removal makes it smallest. Then memory * (a + b * exp(-memory / c)) is fitted to the costs by least squares, and
    the next size is the one not yet sampled with the smallest fitted cost times knowledge. Knowledge is 1 and, for
    every sampled size, a bell of 200 MB around it. It stops when knowledge at the fitted best is above 3, or with more
    than 20 kept invocations, and takes the fitted best, sampled or not. A latency target is its threshold on the
    fitted duration. It has no strategy for speed: the size with the smallest fitted duration stands in, which is always
    the largest. Cold starts are kept out of its fit, in its favour.
    """

    SAMPLES = 4
    MOST_MORE = 8
    STEADY_CV = 0.05
    MOST_KEPT = 20
    KNOWN = 3.0
    BELL_MB = 200.0

    def __init__(self, sizes_mb: Sequence[int], objective: Objective) -> None:
        super().__init__(self._search(tuple(sizes_mb), objective))

    def _search(self, sizes: tuple[int, ...], objective: Objective) -> Generator[Batch, list[Sample], int]:
        kept: dict[int, list[float]] = {}
        for size in dict.fromkeys((sizes[0], sizes[min(math.ceil(len(sizes) / 3), len(sizes) - 1)], sizes[-1])):
            kept[size] = yield from self._sample(size)
        space = np.asarray(sizes, dtype=float)
        while True:
            durations = self._fit(kept, space)
            costs = durations * space
            knowledge = np.ones(len(sizes))
            for size in kept:
                knowledge += np.exp(-0.5 * ((space - size) / self.BELL_MB) ** 2)
            left = [index for index, size in enumerate(sizes) if size not in kept]
            done = sum(map(len, kept.values())) > self.MOST_KEPT or knowledge[int(np.argmin(costs))] > self.KNOWN
            if done or not left:
                return sizes[self._best(durations, costs, objective)]
            size = sizes[min(left, key=lambda index: float(costs[index] * knowledge[index]))]
            kept[size] = yield from self._sample(size)

    def _sample(self, size: int) -> Generator[Batch, list[Sample], list[float]]:
        values: list[float] = []
        while len(values) < self.SAMPLES:
            samples = yield Batch(memory_mb=size, count=self.SAMPLES - len(values))
            values += [float(sample.billed_ms or 0) for sample in samples if not sample.cold]
        for _ in range(self.MOST_MORE):
            if _cv(values) <= self.STEADY_CV:
                break
            (sample,) = yield Batch(memory_mb=size, count=1)
            new = float(sample.billed_ms or 0)
            tries = [values, *([*values[:index], new, *values[index + 1 :]] for index in range(len(values)))]
            values = min(tries, key=_cv)
        return values

    @staticmethod
    def _fit(kept: Mapping[int, list[float]], space: Any) -> Any:
        memory = np.asarray([size for size, values in kept.items() for _ in values], dtype=float)
        duration = np.asarray([value for values in kept.values() for value in values], dtype=float)
        start = max(duration[0] / 10, 1e-3)

        def cost(x: Any, a: float, b: float, c: float) -> Any:
            return x * (a + b * np.exp(-x / c))

        try:
            (a, b, c), _ = optimize.curve_fit(
                cost, memory, memory * duration, p0=[start] * 3, bounds=([0, 0, 1e-9], np.inf), max_nfev=2000
            )
        except RuntimeError:
            a, b, c = float(duration.mean()), 0.0, 1.0  # the fit did not settle: no difference is known
        return a + b * np.exp(-space / c)

    @staticmethod
    def _best(durations: Any, costs: Any, objective: Objective) -> int:
        if objective.strategy is Strategy.SPEED:
            return int(np.argmin(durations))
        target = objective.latency_target
        kept = np.flatnonzero(durations <= target.limit_ms) if target is not None else np.arange(len(costs))
        among = kept if len(kept) else np.arange(len(costs))
        return int(among[np.argmin(costs[among])])


def _cv(values: Sequence[float]) -> float:
    mean = float(np.mean(values))
    return float(np.std(values, ddof=1)) / mean if mean else 0.0
