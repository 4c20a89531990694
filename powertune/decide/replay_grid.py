"""The grid as a search: `GridPlanner` asks, and the choice among what was measured is that of a run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from powertune.decide.search import GridPlanner
from powertune.decide.statistics import describe
from powertune.domain.function import FunctionArn
from powertune.domain.request import DEFAULT_INVOCATIONS, TuningRequest
from powertune.domain.result import Distribution
from powertune.domain.sample import Sample
from powertune.domain.search import Objective, StopReason, Strategy, Verdict
from powertune.domain.work import Batch

_NOBODY = FunctionArn(partition="aws", region="us-east-1", account="000000000000", name="recorded")
"""A request needs a function; the grid does not look at it."""

_MS_MB_PER_GB_SECOND = 1000 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    duration: Distribution
    cost: float


class GridSearch:
    """Every size given, the same number of invocations at each; then the best by the means of the warm ones.

    Ties are decided as `powertune.decide.score.recommend` decides them. A latency target counts warm durations
    alone. Nothing is claimed of how sure the recommendation is: a grid does not ask.

    Args:
        sizes_mb: the sizes, at least one.
        objective: what the best means.
        per_gb_second: rate for the costs.
        per_request: fee for each invocation.
        invocations: at each size.
    """

    def __init__(
        self,
        sizes_mb: Sequence[int],
        objective: Objective,
        *,
        per_gb_second: float,
        per_request: float,
        invocations: int = DEFAULT_INVOCATIONS,
    ) -> None:
        request = TuningRequest(function_arn=_NOBODY, memory_sizes_mb=tuple(sizes_mb), invocations=invocations)
        self._planner = GridPlanner(request)
        self._objective = objective
        self._rates = per_gb_second, per_request
        self._told: dict[int, list[Sample]] = {}
        self._complete = False

    def ask(self) -> tuple[Batch, ...]:
        """What the grid still misses."""
        batches = self._planner.ask()
        self._complete = not batches
        return batches

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples."""
        told = list(samples)
        self._planner.tell(told)
        for sample in told:
            if sample.is_warm_measurement:
                self._told.setdefault(sample.memory_mb, []).append(sample)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Take sizes off the list."""
        self._planner.rule_out(memory_sizes_mb)

    def knowledge(self) -> None:
        """Nothing: a grid has no model."""

    def verdict(self) -> Verdict:
        """The best of what was measured."""
        rows = {size: row for size in sorted(self._told) if (row := self._row(size)) is not None}
        notes: tuple[str, ...] = ()
        target = self._objective.latency_target
        if target is not None and rows:
            figures = {size: float(getattr(row.duration, target.statistic)) for size, row in rows.items()}
            kept = {size: rows[size] for size, figure in figures.items() if figure <= target.limit_ms}
            if not kept:
                nearest = min(figures, key=lambda size: (figures[size], size))
                figure = f"the nearest is {nearest} MB with {figures[nearest]:.4g} ms."
                notes = (f"No measured size has its {target.statistic} within {target.limit_ms:g} ms; {figure}",)
                kept = {nearest: rows[nearest]}
            rows = kept
        tied = self._tied(rows)
        return Verdict(
            memory_mb=self._preferred(rows, tied),
            regret_bound=None,
            risk=None,
            stop_reason=StopReason.COMPLETE if self._complete else None,
            equivalent_mb=tuple(tied),
            notes=notes,
        )

    def _row(self, size: int) -> _Row | None:
        samples = self._told[size]
        duration = describe([sample.duration_ms for sample in samples if sample.duration_ms is not None])
        billed = [sample.billed_ms for sample in samples if sample.billed_ms is not None]
        if duration is None or not billed:
            return None
        rate, fee = self._rates
        return _Row(duration=duration, cost=sum(billed) / len(billed) * size / _MS_MB_PER_GB_SECOND * rate + fee)

    def _tied(self, rows: Mapping[int, _Row]) -> list[int]:
        scores = self._scores(rows)
        if not scores:
            return []
        best = min(scores.values())
        return sorted(size for size, score in scores.items() if score <= best * (1 + self._objective.tolerance))

    def _scores(self, rows: Mapping[int, _Row]) -> dict[int, float]:
        if self._objective.strategy is Strategy.COST:
            return {size: row.cost for size, row in rows.items()}
        if self._objective.strategy is Strategy.SPEED:
            return {size: row.duration.mean for size, row in rows.items()}
        weight = self._objective.balanced_weight
        dearest = max((row.cost for row in rows.values()), default=0.0) or 1.0
        slowest = max((row.duration.mean for row in rows.values()), default=0.0) or 1.0
        return {
            size: weight * row.cost / dearest + (1 - weight) * row.duration.mean / slowest for size, row in rows.items()
        }

    def _preferred(self, rows: Mapping[int, _Row], tied: Sequence[int]) -> int | None:
        if not tied:
            return None
        if self._objective.strategy is Strategy.COST:
            return min(tied, key=lambda size: (rows[size].duration.mean, size))
        if self._objective.strategy is Strategy.SPEED:
            return min(tied, key=lambda size: (rows[size].cost, size))
        scores = self._scores(rows)
        return min(tied, key=lambda size: (scores[size], size))


def nearest_sizes(recorded_mb: Sequence[int], wanted_mb: Sequence[int]) -> tuple[int, ...]:
    """For each wanted size the nearest recorded one, the smaller of two as near; ascending, each once."""
    return tuple(sorted({min(recorded_mb, key=lambda size: (abs(size - wanted), size)) for wanted in wanted_mb}))
