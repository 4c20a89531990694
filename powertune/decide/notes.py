"""What a reader should know about the samples before trusting their figures."""

from collections.abc import Sequence

from powertune.decide.words import megabytes, milliseconds, percent, plain
from powertune.domain.payload import PayloadUse
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import SizeResult, SizeStatus
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Prior, SearchKind


def measuring_warnings(
    request: TuningRequest, sizes: Sequence[SizeResult], samples: Sequence[Sample]
) -> tuple[str, ...]:
    """Sentences on drift, on cold starts that did not come about, and on a mix of payloads that is not as planned."""
    return (
        *_drifting(sizes),
        *_cold_starts_missing(request, sizes),
        *_all_cold(request, samples),
        *_unsent(request),
        *_other_mix(request, samples),
        *_allowed(samples),
        *_failing(sizes, samples),
    )


def check_warnings(request: TuningRequest, size: SizeResult, samples: Sequence[Sample]) -> tuple[str, ...]:
    """Sentences on drift, on cold starts that did not come about, and on failures, of one version of a check."""
    return (
        *_drifting((size,)),
        *_cold_starts_missing(request, (size,)),
        *_allowed(samples),
        *_failures(samples, ""),
    )


def limit_warnings(request: TuningRequest, samples: Sequence[Sample], spent: Money) -> tuple[str, ...]:
    """That a search went over its limit: what an invocation takes is known only once it was made.

    Args:
        request: with the limits.
        samples: every invocation.
        spent: what they cost.
    """
    limits, said = request.limits, []
    if limits.max_spend is not None and spent.amount > limits.max_spend:
        said.append(
            f"The invocations cost {plain(spent.amount)} {spent.currency}, more than the limit of "
            f"{limits.max_spend:f} {spent.currency}: what one costs is known only once it was made."
        )
    took_ms = sum(sample.latency_ms or 0.0 for sample in samples)
    if limits.max_time_ms is not None and took_ms > limits.max_time_ms:
        said.append(
            f"The invocations took {milliseconds(took_ms)}, more than the limit of "
            f"{milliseconds(limits.max_time_ms)}: what one takes is known only once it was made."
        )
    return tuple(said)


def prior_note(prior: Prior | None) -> tuple[str, ...]:
    """What a search began with: its table shows what it measured itself."""
    if prior is None:
        return ()
    sizes, count = sorted({one.memory_mb for one in prior.samples}), len(prior.samples)
    text = (
        f"The search began with {count} {'measurement' if count == 1 else 'measurements'} of the run {prior.run_id} at "
        f"{megabytes(sizes)}; they are in the model, and not in the table."
    )
    return (text,)


def ephemeral_note(request: TuningRequest, price: Price, extra_mb: int) -> tuple[str, ...]:
    """That the model of a search knows nothing of ephemeral storage, which costs the same at every memory size.

    Args:
        request: with the memory sizes.
        price: the run's prices.
        extra_mb: what of the function's is paid for.
    """
    rate = price.ephemeral_per_gb_second
    if request.search is not SearchKind.ADAPTIVE or extra_mb <= 0 or rate is None:
        return ()
    smallest = min(request.memory_sizes_mb)
    share = float(extra_mb * rate / (smallest * price.per_gb_second))
    text = (
        f"The search's model leaves out what the function's ephemeral storage costs, {percent(share)} on top at "
        f"{megabytes(smallest)} and less at larger sizes; so do its claims of cost and its limit of money. The costs "
        "measured include it."
    )
    return (text,)


def _drifting(sizes: Sequence[SizeResult]) -> tuple[str, ...]:
    drifting = [(size.memory_mb, size.drift) for size in sizes if size.drift is not None]
    if not drifting:
        return ()
    changes = ", ".join(f"{memory_mb} MB: {drift.late_ms / drift.early_ms - 1:+.0%}" for memory_mb, drift in drifting)
    falling = all(drift.late_ms < drift.early_ms for _, drift in drifting)
    why = " as just-in-time compilers and caches make them;" if falling else ""
    text = (
        f"Durations drifted from the first warm invocations to the last ({changes}),{why} more invocations would "
        "show the function in its steady state."
    )
    return (text,)


def _cold_starts_missing(request: TuningRequest, sizes: Sequence[SizeResult]) -> tuple[str, ...]:
    wanted = 0 if request.dry_run else request.cold_starts_wanted
    short = [
        f"{size.memory_mb} MB: {size.cold.samples}" for size in sizes if size.invocations and size.cold.samples < wanted
    ]
    if not short:
        return ()
    return (f"Fewer than the {wanted} cold starts asked for came about ({', '.join(short)}).",)


def _all_cold(request: TuningRequest, samples: Sequence[Sample]) -> tuple[str, ...]:
    if request.only_cold_starts or request.search is SearchKind.ADAPTIVE or request.parallel < request.invocations:
        return ()
    if not any(sample.order >= request.first_batch for sample in samples):
        return ()
    text = (
        f"All {request.invocations} invocations of a memory size were sent at the same time, so each was a cold start. "
        "They were sent once more to the warm environments: the warm figures are of those."
    )
    return (text,)


def _unsent(request: TuningRequest) -> tuple[str, ...]:
    used = len(set(request.turns())) if request.mixes_payloads else len(request.payloads)
    if used == len(request.payloads) or request.payload_use is not PayloadUse.IN_TURN:
        return ()
    text = (
        f"There are {len(request.payloads)} payloads, but only {request.invocations} invocations at each memory size: "
        f"the last {len(request.payloads) - used} were not sent."
    )
    return (text,)


def _other_mix(request: TuningRequest, samples: Sequence[Sample]) -> tuple[str, ...]:
    if not request.mixes_payloads or request.dry_run or request.only_cold_starts:
        return ()
    planned = request.planned_mix()
    lacking = []
    for memory_mb in request.memory_sizes_mb:
        warm = [sample.payload for sample in samples if sample.memory_mb == memory_mb and sample.is_warm_measurement]
        if warm and any(warm.count(payload) < count for payload, count in planned.items()):
            lacking.append(f"{memory_mb} MB")
    if not lacking:
        return ()
    text = (
        f"Not every payload could be measured warm as often as planned at {', '.join(lacking)}: the figures there are "
        "of another mix of payloads than asked for."
    )
    return (text,)


def _allowed(samples: Sequence[Sample]) -> tuple[str, ...]:
    allowed = sum(1 for sample in samples if sample.outcome is Outcome.OK and sample.error_type is not None)
    if not allowed:
        return ()
    return (f"{allowed} of {len(samples)} invocations ended with an allowed exception and count as normal.",)


def _failing(sizes: Sequence[SizeResult], samples: Sequence[Sample]) -> tuple[str, ...]:
    """Failures at sizes that were measured all the same; one that was not says itself why."""
    measured = {size.memory_mb for size in sizes if size.status is SizeStatus.MEASURED}
    where = " at memory sizes at which others succeeded"
    return _failures([one for one in samples if one.memory_mb in measured], where)


def _failures(samples: Sequence[Sample], where: str) -> tuple[str, ...]:
    ran = [one for one in samples if one.outcome is not Outcome.THROTTLED]
    failed = [one for one in ran if one.outcome is not Outcome.OK]
    if not failed:
        return ()
    kind = next((f" ({one.error_type})" for one in failed if one.error_type), "")
    text = (
        f"{len(failed)} of {len(ran)} invocations failed{where}{kind}: they are in no statistic, and in what the run "
        "cost."
    )
    return (text,)
