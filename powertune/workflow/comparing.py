"""Puts a check together: what was measured, what it costs, and what decides."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from powertune.domain.baselines import checked_version
from powertune.domain.check import (
    Baseline,
    CheckedVersion,
    CheckSample,
    CheckSettings,
    CheckSides,
    Verdict,
    check_samples,
)
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import CheckReport, MetricResult, ReferenceSide, SizeResult, TuningResult
from powertune.domain.result.checked import overall
from powertune.domain.sample import Outcome, Sample
from powertune.errors import UsageError
from powertune.pricing.bill import invocation_cost

if TYPE_CHECKING:
    from powertune.decide.check import Measured
    from powertune.decide.check_planner import CheckPlanner

CostOf = Callable[[int, int], Money]


def planner_of_check(
    sides: CheckSides,
    request: TuningRequest,
    price: Price,
    reference_price: Price | None = None,
    *,
    confirmed: bool = True,
) -> "CheckPlanner":
    """The planner of a check, told nothing yet.

    Args:
        sides: the versions that are measured.
        request: with ``check``; its baseline is compared with where no reference is measured.
        price: of the version to check.
        reference_price: of the other one, where it is measured; None for the same.
        confirmed: the logs were asked about all that it will be told.

    Raises:
        UsageError: the baseline has no measurement to compare with.
    """
    from powertune.decide.check_planner import CheckPlanner

    baseline = None
    kept = None if request.check is None else request.check.baseline
    if sides.reference is None and kept is not None:
        known = reference_of(kept, sides.subject.memory_mb)
        baseline = _measured(known.samples, known.function, kept.price)
    other = reference_price or price
    return CheckPlanner(
        sides,
        request,
        baseline=baseline,
        cost_of=cost_of(price, sides.subject.ephemeral_mb),
        currency=price.currency,
        reference_cost_of=None if sides.reference is None else cost_of(other, sides.reference.ephemeral_mb),
        reference_currency=other.currency,
        confirmed=confirmed,
    )


def cost_of(price: Price, ephemeral_mb: int) -> CostOf:
    """What an invocation costs, by its billed milliseconds and memory size."""

    def cost(billed_ms: int, memory_mb: int) -> Money:
        return invocation_cost(billed_ms, memory_mb, price, ephemeral_mb=ephemeral_mb)

    return cost


def reference_of(baseline: Baseline, memory_mb: int) -> ReferenceSide:
    """What of a baseline is compared with: its measurements at a memory size, else at its own.

    Raises:
        UsageError: it has neither.
    """
    size = baseline.size_at(memory_mb) or baseline.size_at(baseline.function.memory_mb)
    if size is None:
        there = ", ".join(f"{one.memory_mb:,} MB" for one in baseline.sizes)
        raise UsageError(
            f"The baseline of the run {baseline.run_id} has no measurement at {memory_mb:,} MB, nor at its function's "
            f"{baseline.function.memory_mb:,} MB; it has {there or 'none at all'}.",
            next_step="Set another baseline: powertune baseline set --help",
        )
    function = replace(baseline.function, memory_mb=size.memory_mb)
    samples = tuple(_sample(one, size.memory_mb, order) for order, one in enumerate(size.samples))
    return ReferenceSide(
        function=function,
        size=_size(function, samples, baseline.price),
        measured_at=baseline.measured_at,
        run_id=baseline.run_id,
        samples=size.samples,
    )


def reference_measured(
    version: CheckedVersion, samples: Sequence[Sample], price: Price, measured_at: str
) -> ReferenceSide:
    """What is compared with, where it was measured in the same run."""
    return ReferenceSide(
        function=version,
        size=_size(version, samples, price),
        measured_at=measured_at,
        run_id=None,
        samples=check_samples(samples),
    )


def report_of(
    subject: CheckedVersion,
    samples: Sequence[Sample],
    reference: ReferenceSide | None,
    *,
    settings: CheckSettings,
    price: Price,
    reference_price: Price,
    interleaved: bool,
    looks: int,
    seed: int,
    ended_by: str | None = None,
    notes: tuple[str, ...] = (),
    is_one_version: bool = False,
) -> CheckReport:
    """What a check found.

    Args:
        subject: what was checked.
        samples: of it.
        reference: what it is compared with; None where there is nothing.
        settings: by which measure.
        price: of what was checked.
        reference_price: of what it is compared with.
        interleaved: both were measured in this run.
        looks: how many looks at the figures were planned.
        seed: of the permutation tests.
        ended_by: the limit that ended the measuring, in words.
        notes: what a reader should know besides what differs between both.
        is_one_version: both sides are the same version, so that nothing was measured.
    """
    from powertune.decide.check import compared
    from powertune.decide.likeness import notes as differences

    verdict = Verdict.SAME if is_one_version else None
    metrics: tuple[MetricResult, ...] = ()
    if reference is not None:
        metrics = compared(
            _measured(reference.samples, reference.function, reference_price),
            _measured(check_samples(samples), subject, price),
            settings,
            looks=looks,
            seed=seed,
        )
        verdict = overall(metrics)
        notes = (*notes, *_luck_note(verdict, reference, samples))
        notes = (*differences(reference.function, subject), *notes)
    return CheckReport(
        verdict=verdict,
        settings=settings,
        subject=subject,
        reference=reference,
        interleaved=interleaved,
        metrics=metrics,
        looks=looks,
        ended_by=ended_by,
        notes=notes,
    )


def _luck_note(verdict: Verdict, reference: ReferenceSide, samples: Sequence[Sample]) -> tuple[str, ...]:
    """What to do where the luck of a few environments is what leaves a check undecided."""
    from powertune.decide.environments import spread_of, warm_durations

    if verdict is not Verdict.UNDECIDED:
        return ()
    spreads = [spread_of(side) for side in map(warm_durations, (reference.samples, check_samples(samples)))]
    if not any(spread.lucky for spread in spreads):
        return ()
    counts = " and ".join(str(spread.environments) for spread in spreads)
    note = (
        f"Execution environments differ from each other, and there were {counts} of them: more tell more, by a larger "
        "--parallel, and further invocations in the same ones hardly."
    )
    return (note,)


def check_result(
    subject: TuningResult, baseline: Baseline, settings: CheckSettings, *, allow_unlike: bool = False
) -> TuningResult:
    """A finished run compared with a baseline: nothing is measured.

    The result has what was checked as its only memory size: the function's own, or where that was not measured the
    recommended one.

    Raises:
        UsageError: they cannot be compared, or are not of the same kind and ``allow_unlike`` is not set.
    """
    from powertune.decide.likeness import refusals

    memory_mb = _checked_memory(subject)
    function = replace(checked_version(subject), memory_mb=memory_mb)
    unlike = refusals(baseline, function, subject.request, subject.environment)
    if unlike and not allow_unlike:
        raise UsageError(
            " ".join(unlike), next_step="Give a baseline of the same kind, or compare all the same: --compare-unlike"
        )
    samples = tuple(one for one in subject.samples if one.memory_mb == memory_mb)
    report = report_of(
        function,
        samples,
        reference_of(baseline, memory_mb),
        settings=settings,
        price=subject.price,
        reference_price=baseline.price,
        interleaved=False,
        # Where invocations were added until a look was content, the comparison has to allow for those looks too.
        looks=1 if subject.check is None else subject.check.looks,
        seed=subject.request.seed,
        notes=unlike,
    )
    return replace(
        subject,
        check=report,
        samples=samples,
        memory_sizes=tuple(one for one in subject.memory_sizes if one.memory_mb == memory_mb),
        recommendation=None,
        search=None,
        comparison=None,
        architectures=(),
        applied=None,
        canary=None,
    )


def _checked_memory(result: TuningResult) -> int:
    measured = {one.memory_mb for one in result.samples if one.is_warm_measurement}
    best: tuple[int, ...] = () if result.recommendation is None else (result.recommendation.memory_mb,)
    own: int = checked_version(result).memory_mb
    for memory_mb in (own, *best):
        if memory_mb in measured:
            return memory_mb
    raise UsageError(
        f"The run {result.run_id} has no warm measurement at the function's {own:,} MB, so there is nothing to check.",
        next_step="Measure it: powertune check --function-arn ARN",
    )


def _measured(samples: Sequence[CheckSample], function: CheckedVersion, price: Price) -> "Measured":
    from powertune.decide.check import Measured

    return Measured(
        samples=samples,
        memory_mb=function.memory_mb,
        cost_of=cost_of(price, function.ephemeral_mb),
        currency=price.currency,
    )


def _size(function: CheckedVersion, samples: Sequence[Sample], price: Price) -> SizeResult:
    from powertune.decide.summary import size_result

    return size_result(function.memory_mb, samples, cost_of(price, function.ephemeral_mb))


def _sample(one: CheckSample, memory_mb: int, order: int) -> Sample:
    return Sample(
        memory_mb=memory_mb,
        version="",
        order=order,
        request_id=None,
        trace_id=None,
        outcome=Outcome.OK if one.ok else Outcome.ERROR,
        cold=one.cold,
        duration_ms=one.duration_ms,
        billed_ms=one.billed_ms,
        init_ms=one.init_ms,
        max_memory_used_mb=one.max_memory_used_mb,
        log_stream=one.environment,
    )
