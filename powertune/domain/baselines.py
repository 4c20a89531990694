"""What of a result becomes a baseline, and what of a check its entry in the history of checks."""

from collections import defaultdict

from powertune.domain.check import (
    INVOCATIONS,
    Baseline,
    BaselinePayload,
    BaselineSize,
    CheckedVersion,
    check_samples,
)
from powertune.domain.result import CheckEntry, SizeResult, TuningResult
from powertune.domain.sample import Sample
from powertune.errors import BaselineNotKept, FailsTooOften, UsageError

_MOST_FAILED = 10
"""Percent of the invocations of a first measurement that may fail: what fails more often is broken, and a baseline of
it would let every later check pass that fails as often."""


def baseline_of(result: TuningResult) -> Baseline:
    """The baseline that a finished run makes: of a check what it checked, of a tuning every memory size.

    Raises:
        UsageError: no memory size of it has a warm measurement, or it was a dry run.
    """
    if result.request.dry_run:
        raise UsageError(
            f"The run {result.run_id} was a dry run, and measured too little for a baseline.",
            next_step="Measure: powertune check --function-arn ARN",
        )
    by_size: dict[int, list[Sample]] = defaultdict(list)
    for sample in result.samples:
        by_size[sample.memory_mb].append(sample)
    sizes = tuple(
        BaselineSize(memory_mb=memory_mb, samples=check_samples(by_size[memory_mb]))
        for memory_mb in sorted(by_size)
        if any(sample.is_warm_measurement for sample in by_size[memory_mb])
    )
    if not sizes:
        raise UsageError(
            f"The run {result.run_id} has no warm measurement, so it cannot be a baseline.",
            next_step="Measure again: powertune check --function-arn ARN",
        )
    payloads = sorted(result.request.payloads, key=lambda payload: payload.sha256)
    return Baseline(
        run_id=result.run_id,
        powertune_version=result.powertune_version,
        measured_at=result.finished_at,
        function=checked_version(result),
        environment=result.environment.kind,
        cpu_method=result.environment.cpu_method,
        pre_processor_arn=result.request.pre_processor_arn,
        post_processor_arn=result.request.post_processor_arn,
        allowed_exceptions=tuple(sorted(result.request.allowed_exceptions)),
        payloads=tuple(BaselinePayload(sha256=payload.sha256, weight=payload.weight) for payload in payloads),
        price=result.price,
        sizes=sizes,
    )


def unfit_as_first(result: TuningResult) -> BaselineNotKept | FailsTooOften | None:
    """Why a first measurement does not become the baseline unasked: it would mislead later checks. None where it may.

    It failed so often that they would compare with a function that is broken, or has so few warm invocations that they
    would all be undecided.
    """
    ran = check_samples(result.samples)
    failed = sum(not sample.ok for sample in ran)
    if failed * 100 > len(ran) * _MOST_FAILED:
        return FailsTooOften(
            f"{checked_version(result).called} failed at {failed} of {len(ran)} invocations, and with more than "
            f"{_MOST_FAILED} % it makes no baseline.",
            next_step="Mend it. Where an error is a normal answer, name its type with --allow-exception; where all of "
            "it is as it should be, set it yourself with powertune baseline set.",
        )
    warm = sum(size.warm.samples for size in result.memory_sizes)
    if warm < INVOCATIONS[0]:
        return BaselineNotKept(
            f"it has {warm} warm invocations, and {INVOCATIONS[0]} are the fewest to compare with.",
            next_step="The next check has none either, unless it may measure more.",
        )
    return None


def checked_version(result: TuningResult) -> CheckedVersion:
    """The version that a result is of: that of a check, or the function as a tuning found it."""
    if result.check is not None:
        return result.check.subject
    function = result.function
    return CheckedVersion(
        arn=function.arn,
        name=function.name,
        region=function.region,
        qualifier=None,
        version=None,
        code_sha256=function.code_sha256,
        architecture=function.architecture,
        runtime=function.runtime,
        memory_mb=function.original_memory_mb,
        timeout_s=function.timeout_s,
        ephemeral_mb=function.ephemeral_mb,
    )


def entry_of(result: TuningResult) -> CheckEntry:
    """A check in brief.

    Raises:
        ValueError: the result is not that of a check.
    """
    check = result.check
    if check is None:
        raise ValueError(f"the run {result.run_id} is no check")
    size = next((one for one in result.memory_sizes if one.memory_mb == check.subject.memory_mb), None)
    duration = None if size is None else size.warm.duration_ms
    init = None if size is None else size.cold.init_ms
    return CheckEntry(
        run_id=result.run_id,
        at=result.finished_at,
        verdict=check.verdict,
        version=check.subject.version,
        code_sha256=check.subject.code_sha256,
        memory_mb=check.subject.memory_mb,
        samples=0 if size is None else size.warm.samples,
        duration_mean_ms=None if duration is None else duration.mean,
        duration_p50_ms=None if duration is None else duration.p50,
        duration_p95_ms=None if duration is None else duration.p95,
        cost_per_million=_per_million(size),
        currency=result.price.currency,
        init_ms=None if init is None else init.mean,
        max_memory_used_mb=None if size is None else size.max_memory_used_mb,
    )


def _per_million(size: SizeResult | None) -> float | None:
    return None if size is None or size.cost is None else float(size.cost.per_million.amount)
