"""The grid as a search: `GridPlanner` asks, and the choice among what was measured is that of a run."""

from collections.abc import Iterable, Sequence

from powertune.decide.choice import Candidate, choose, target_figure
from powertune.decide.reasons import why_chosen
from powertune.decide.search import GridPlanner
from powertune.domain.function import FunctionArn
from powertune.domain.request import DEFAULT_INVOCATIONS, TuningRequest
from powertune.domain.sample import Sample
from powertune.domain.search import Objective, StopReason, Verdict
from powertune.domain.work import Batch

_NOBODY = FunctionArn(partition="aws", region="us-east-1", account="000000000000", name="recorded")
"""A request needs a function; the grid does not look at it."""

_MS_MB_PER_GB_SECOND = 1000 * 1024


class GridSearch:
    """Every size given, the same number of invocations at each; then the best by the means of the warm ones.

    The best is that of `powertune.decide.choice.choose`, as in a run. Nothing is claimed of how sure the
    recommendation is: a grid does not ask.

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
        self._warm: dict[int, list[Sample]] = {}
        self._cold_ms: dict[int, list[float]] = {}
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
                self._warm.setdefault(sample.memory_mb, []).append(sample)
            elif sample.is_cold_measurement and (wait := sample.latency_ms) is not None:
                self._cold_ms.setdefault(sample.memory_mb, []).append(wait)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Take sizes off the list."""
        self._planner.rule_out(memory_sizes_mb)

    def verdict(self) -> Verdict:
        """The best of what was measured."""
        candidates = [one for size in sorted(self._warm) if (one := self._candidate(size)) is not None]
        choice, target = choose(candidates, self._objective), self._objective.latency_target
        missed = choice is not None and target is not None and choice.nearest_ms is not None
        return Verdict(
            memory_mb=choice.memory_mb if choice else None,
            regret_bound=None,
            risk=None,
            stop_reason=StopReason.COMPLETE if self._complete else None,
            equivalent_mb=choice.equivalent_mb if choice else (),
            notes=why_chosen(choice, self._objective) if choice is not None and missed else (),
        )

    def _candidate(self, size: int) -> Candidate | None:
        samples, target = self._warm[size], self._objective.latency_target
        durations = [sample.duration_ms for sample in samples if sample.duration_ms is not None]
        billed = [sample.billed_ms for sample in samples if sample.billed_ms is not None]
        if not durations or not billed:
            return None
        rate, fee = self._rates
        return Candidate(
            memory_mb=size,
            duration_ms=sum(durations) / len(durations),
            cost=sum(billed) / len(billed) * size / _MS_MB_PER_GB_SECOND * rate + fee,
            latency_ms=None if target is None else target_figure(durations, self._cold_ms.get(size, ()), target),
        )


def nearest_sizes(recorded_mb: Sequence[int], wanted_mb: Sequence[int]) -> tuple[int, ...]:
    """For each wanted size the nearest recorded one, the smaller of two as near; ascending, each once."""
    return tuple(sorted({min(recorded_mb, key=lambda size: (abs(size - wanted), size)) for wanted in wanted_mb}))
