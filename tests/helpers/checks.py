"""Results of checks, made from drawn durations so that every figure in them adds up: for what shows or keeps checks.

The comparison itself is a plain one (a normal interval), so that these results depend on nothing but the words of
`powertune.domain`; only what `powertune.decide` says of a real check is right in its statistics.
"""

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from powertune.decide.summary import size_result
from powertune.domain.baselines import entry_of
from powertune.domain.check import (
    DECIDING,
    CheckedVersion,
    CheckRequest,
    CheckSample,
    CheckSettings,
    Metric,
    Verdict,
    check_samples,
)
from powertune.domain.function import Architecture, FunctionArn, LogFormat
from powertune.domain.payload import Payload
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import (
    ChangePoint,
    CheckReport,
    Environment,
    FunctionFacts,
    MetricResult,
    Optimum,
    ReferenceSide,
    Spend,
    SpendLine,
    Trend,
    TuningResult,
)
from powertune.domain.result.checked import overall
from powertune.domain.sample import Outcome, Sample, Source
from powertune.pricing import bill

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders"
PRICE = Price(
    region="eu-central-1",
    architecture=Architecture.ARM64,
    currency="USD",
    per_gb_second=Decimal("0.0000133334"),
    per_request=Decimal("0.0000002"),
    ephemeral_per_gb_second=Decimal("0.0000000367"),
    per_state_transition=Decimal("0.000025"),
    as_of="2026-11-23",
    source="AWS Lambda pricing as published for each region",
)
YUAN = replace(PRICE, region="cn-north-1", currency="CNY", per_gb_second=Decimal("0.0001152"))
STAGING = CheckedVersion(
    arn=ARN,
    name="orders",
    region="eu-central-1",
    qualifier="staging",
    version="8",
    code_sha256="q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=",
    architecture=Architecture.ARM64,
    runtime="python3.13",
    memory_mb=512,
    timeout_s=30,
    ephemeral_mb=512,
    runtime_version="arn:aws:lambda:eu-central-1::runtime:0cdc",
)
LIVE = replace(STAGING, qualifier="live", version="7", code_sha256="mB9w1t3n0Qw7m5d2k8s6h4f2g0a9z8y7x6w5v4u3t2s=")
SETTINGS = CheckSettings()
AWS = Environment(kind="aws")
NEEDED = {Metric.DURATION_P95: 166, Metric.DURATION_P99: 846, Metric.INIT: 8, Metric.MEMORY_USED: 8}
"""Values on each side from which on these are compared here, as with the usual settings of a check."""
ENVIRONMENTS = 20
_Z = {0.99: 2.576, 0.95: 1.96}


def draw(
    version: CheckedVersion,
    count: int = 50,
    *,
    mean_ms: float = 120.0,
    noise: float = 0.04,
    cold: int = ENVIRONMENTS,
    failing: int = 0,
    used_mb: int = 141,
    seed: int = 1,
) -> tuple[Sample, ...]:
    """Invocations of a version: cold ones first, then ``count`` warm ones, then those that fail."""
    chance = random.Random(seed)
    made = []
    for order in range(cold + count + failing):
        is_cold, fails = order < cold, order >= cold + count
        duration = round(mean_ms * chance.lognormvariate(0, noise), 2)
        init = round(240 * chance.lognormvariate(0, 0.05), 2) if is_cold else None
        made.append(
            Sample(
                memory_mb=version.memory_mb,
                version=version.version or "1",
                order=order,
                request_id=f"request-{version.version}-{order}",
                trace_id=None,
                outcome=Outcome.ERROR if fails else Outcome.OK,
                sent_at_ms=1_795_520_042_000 + 500 * order,
                cold=is_cold,
                duration_ms=duration,
                billed_ms=int(duration + (init or 0)) + 1,
                init_ms=init,
                max_memory_used_mb=used_mb,
                log_stream=f"2026/11/24/[{version.version}]stream{order % ENVIRONMENTS}",
                error_type="ValueError" if fails else None,
                error_message="no such order" if fails else None,
                sources=(Source.TAIL, Source.INSIGHTS),
            )
        )
    return tuple(made)


def check(
    subject: CheckedVersion = STAGING,
    reference: CheckedVersion | None = LIVE,
    *,
    samples: Sequence[Sample] | None = None,
    reference_samples: Sequence[Sample] | None = None,
    settings: CheckSettings = SETTINGS,
    price: Price = PRICE,
    interleaved: bool = True,
    baseline_id: str | None = None,
    run_id: str = "20261124-113402-7f3a",
    at: str = "2026-11-24T11:37:14+00:00",
    notes: Sequence[str] = (),
    ended_by: str | None = None,
    looks: int = 4,
    environment: Environment = AWS,
    **changes: Any,
) -> TuningResult:
    """A finished check; ``changes`` are fields of its report.

    Args:
        subject: what was checked.
        reference: what it was compared with; None for a check without a reference.
        samples: of the subject.
        reference_samples: of the reference.
        settings: by which measure.
        price: of both.
        interleaved: both were measured in this run.
        baseline_id: run that measured the reference, where it was not this one.
        run_id: of the check.
        at: when it ended.
        notes: of the report.
        ended_by: the limit that ended it.
        looks: how many looks were planned.
        environment: where it ran.
        changes: fields of the report.
    """
    of = draw(subject) if samples is None else tuple(samples)
    before = () if reference is None else draw(reference, seed=2)
    before = before if reference_samples is None else tuple(reference_samples)
    side = None if reference is None else _side(reference, before, price, baseline_id)
    found = () if side is None else _metrics(side.samples, check_samples(of), subject, side.function, settings, price)
    report = CheckReport(
        verdict=None if side is None else overall(found),
        settings=settings,
        subject=subject,
        reference=side,
        interleaved=interleaved and side is not None and baseline_id is None,
        metrics=found,
        looks=looks,
        ended_by=ended_by,
        notes=tuple(notes),
    )
    paid = [*of, *(before if baseline_id is None else ())]
    request = CheckRequest(
        settings=settings,
        qualifier=subject.qualifier,
        against=reference.qualifier if reference is not None and baseline_id is None else None,
    )
    sizes = {subject.memory_mb} | ({reference.memory_mb} if reference is not None and baseline_id is None else set())
    return TuningResult(
        run_id=run_id,
        powertune_version="0.1.0",
        started_at=at.replace(":37:", ":34:"),
        finished_at=at,
        function=FunctionFacts(
            arn=subject.arn,
            name=subject.name,
            region=subject.region,
            architecture=subject.architecture,
            runtime=subject.runtime,
            original_memory_mb=subject.memory_mb,
            timeout_s=subject.timeout_s,
            code_sha256=subject.code_sha256,
            ephemeral_mb=subject.ephemeral_mb,
            log_format=LogFormat.TEXT,
        ),
        request=TuningRequest(
            function_arn=FunctionArn.parse(ARN),
            memory_sizes_mb=tuple(sizes),
            payloads=(Payload.of('{"order": 4711}'),),
            parallel=ENVIRONMENTS,
            check=request,
            seed=4711,
        ).without_payload_texts(),
        environment=environment,
        price=price,
        memory_sizes=() if not of else (size_result(subject.memory_mb, of, _cost_of(price)),),
        recommendation=None,
        spend=_spend(paid, price),
        warnings=(),
        restored=True,
        samples=of,
        check=replace(report, **changes),
    )


def worse(**given: Any) -> TuningResult:
    """A fifth slower and dearer."""
    return check(samples=draw(STAGING, mean_ms=145.0), **given)


def same(**given: Any) -> TuningResult:
    """As fast as before."""
    return check(samples=draw(STAGING, mean_ms=120.4), **given)


def better(**given: Any) -> TuningResult:
    """A quarter faster, with so few cold starts that they leave open whether it starts faster."""
    return check(samples=draw(STAGING, mean_ms=90.0, cold=8), reference_samples=draw(LIVE, cold=8, seed=2), **given)


def undecided(**given: Any) -> TuningResult:
    """So noisy that its limit ended it."""
    shown: dict[str, Any] = {"ended_by": "the limit of 400 invocations of each version"}
    return check(
        samples=draw(STAGING, 400, mean_ms=126.0, noise=0.45, seed=3),
        reference_samples=draw(LIVE, 400, noise=0.45, seed=2),
        **{**shown, **given},
    )


def first(**given: Any) -> TuningResult:
    """Nothing to compare with yet: what was measured was kept as the baseline."""
    kept = "powertune-baselines/baselines/123456789012/eu-central-1/orders@staging.json"
    return check(reference=None, **{"kept_at": kept, **given})


def one_version(**given: Any) -> TuningResult:
    """Both sides are the same version: nothing was invoked."""
    note = "orders:staging and orders:live are the same version, 7: nothing was invoked, and nothing can differ."
    made = check(
        replace(LIVE, qualifier="staging"),
        None,
        samples=(),
        notes=(note,),
        looks=0,
        **{"verdict": Verdict.SAME, **given},
    )
    return replace(made, memory_sizes=())


def offline(**given: Any) -> TuningResult:
    """Two kept results, the earlier one the baseline: nothing was invoked for the comparison."""
    shown: dict[str, Any] = {
        "interleaved": False,
        "baseline_id": "20261101-020000-11aa",
        "looks": 1,
        "notes": ("The code is the same on both sides.", "The runtime's patch level differs."),
    }
    unnamed = replace(LIVE, qualifier=None, version=None)
    before = draw(replace(LIVE, version="1"), seed=2)
    return check(replace(STAGING, version="8"), unnamed, reference_samples=before, **{**shown, **given})


def few(**given: Any) -> TuningResult:
    """Hardly any samples: most metrics cannot be compared."""
    shown: dict[str, Any] = {"ended_by": "the spend limit of $0.0001", "looks": 1}
    return check(
        samples=draw(STAGING, 3, cold=1), reference_samples=draw(LIVE, 2, cold=1, seed=2), **{**shown, **given}
    )


def failing(**given: Any) -> TuningResult:
    """As fast as before, but a part of the invocations fails."""
    return check(samples=draw(STAGING, mean_ms=120.4, failing=20), **given)


def failing_throughout(**given: Any) -> TuningResult:
    """Every invocation fails, and there were few: worse than what works, with next to nothing to compare."""
    return check(**{"samples": draw(STAGING, 0, cold=0, failing=5), "verdict": Verdict.WORSE, **given})


def in_yuan(**given: Any) -> TuningResult:
    """Worse, at prices in CNY."""
    return worse(**{"price": YUAN, **given})


def whole(**given: Any) -> TuningResult:
    """A check that has all that one can have: notes, an optimum, and a trend of twelve checks with a change."""
    notes = ("The memory sizes differ: 512 MB and 1,024 MB before.",)
    made = worse(**{"notes": notes, "optimum": optimum(), **given})
    assert made.check is not None
    return replace(made, check=replace(made.check, trend=trend(made)))


def optimum(*, moved: bool = True) -> Optimum:
    """768 MB would be cheaper than 512 MB now."""
    return Optimum(
        run_id="20261124-114000-9b1c",
        from_memory_mb=512,
        to_memory_mb=768 if moved else 512,
        moved=moved,
        cost_change=-0.11 if moved else 0.0,
        duration_change=-0.3 if moved else 0.0,
        expected_cost_per_million=Money(amount=Decimal("0.857"), currency="USD"),
    )


def trend(last: TuningResult, *, changed: bool = True) -> Trend:
    """Eleven nightly checks before this one; since the seventh the mean duration is another."""
    assert last.check is not None
    verdicts = (None, *[Verdict.SAME] * 5, Verdict.WORSE, Verdict.SAME, Verdict.UNDECIDED, Verdict.SAME, Verdict.BETTER)
    last_entry = entry_of(last)
    entries = []
    for night, verdict in enumerate(verdicts):
        mean = 120.0 + night / 4 + (17.0 if changed and night >= 6 else 0.0)
        entries.append(
            replace(
                last_entry,
                run_id=f"202611{night + 12:02d}-020000-{night:04x}",
                at=f"2026-11-{night + 12:02d}T02:03:00+00:00",
                verdict=verdict,
                version=str(night // 3 + 3),
                duration_mean_ms=mean,
                duration_p50_ms=mean - 1,
                duration_p95_ms=mean + 20,
                cost_per_million=1.0 + mean / 1000,
            )
        )
    change = ChangePoint(
        metric=Metric.DURATION_MEAN,
        run_id=entries[6].run_id,
        at=entries[6].at,
        before=120.625,
        after=139.0,
        change=139.0 / 120.625 - 1,
        p_value=0.002,
    )
    return Trend(entries=(*entries, last_entry), changes=(change,) if changed else ())


MADE: dict[str, Callable[..., TuningResult]] = {
    "worse": worse,
    "same": same,
    "better": better,
    "undecided": undecided,
    "first": first,
    "one version": one_version,
    "offline": offline,
    "few": few,
    "failing": failing,
    "failing throughout": failing_throughout,
    "in yuan": in_yuan,
    "whole": whole,
}
"""Every kind of check, by name."""


def _cost_of(price: Price) -> Callable[[int, int], Money]:
    return lambda billed_ms, memory_mb: bill.invocation_cost(billed_ms, memory_mb, price)


def _side(function: CheckedVersion, samples: Sequence[Sample], price: Price, baseline_id: str | None) -> ReferenceSide:
    return ReferenceSide(
        function=function,
        size=size_result(function.memory_mb, samples, _cost_of(price)),
        measured_at="2026-11-24T11:37:14+00:00" if baseline_id is None else "2026-11-01T02:03:00+00:00",
        run_id=baseline_id,
        samples=check_samples(samples),
    )


def _spend(samples: Sequence[Sample], price: Price) -> Spend:
    costs = [bill.invocation_cost(one.billed_ms or 0, one.memory_mb, price) for one in samples]
    own, rest = bill.total(costs, price.currency), Money(amount=Decimal(0), currency=price.currency)
    return Spend(
        invocations=len(samples),
        gb_seconds=float(sum(bill.gb_seconds(one.billed_ms or 0, one.memory_mb) for one in samples)),
        lambda_cost=own,
        workflow_cost=rest,
        total_cost=own,
        state_transitions=0,
        lines=(SpendLine(what="invocations of the function", quantity=len(samples), unit="invocations", cost=own),),
    )


def _metrics(
    before: Sequence[CheckSample],
    after: Sequence[CheckSample],
    subject: CheckedVersion,
    reference: CheckedVersion,
    settings: CheckSettings,
    price: Price,
) -> tuple[MetricResult, ...]:
    found = []
    for metric in (one for one in Metric if one in settings.metrics):
        old, new = _values(metric, before, reference.memory_mb, price), _values(metric, after, subject.memory_mb, price)
        found.append(_metric(metric, old, new, settings))
    return tuple(found)


def _values(metric: Metric, samples: Sequence[CheckSample], memory_mb: int, price: Price) -> list[float]:
    warm = [one for one in samples if one.is_warm]
    if metric is Metric.ERRORS:
        return [float(not one.ok) for one in samples]
    if metric is Metric.INIT:
        return [one.init_ms for one in samples if one.init_ms is not None]
    if metric is Metric.MEMORY_USED:
        most: dict[str | None, int] = {}
        for one in samples:
            most[one.environment] = max(most.get(one.environment, 0), one.max_memory_used_mb or 0)
        return [float(used) for used in most.values()]
    if metric is Metric.COST:
        return [float(bill.invocation_cost(one.billed_ms or 0, memory_mb, price).amount) * 1e6 for one in warm]
    return [one.duration_ms for one in warm if one.duration_ms is not None]


_QUANTILES = {Metric.DURATION_P50: 50, Metric.DURATION_P95: 95, Metric.DURATION_P99: 99}


def _figure(metric: Metric, values: Sequence[float]) -> float | None:
    if not values:
        return None
    if metric in _QUANTILES and len(values) > 1:
        return statistics.quantiles(values, n=100, method="inclusive")[_QUANTILES[metric] - 1]
    return statistics.fmean(values)


def _metric(metric: Metric, old: list[float], new: list[float], settings: CheckSettings) -> MetricResult:
    of_errors = metric is Metric.ERRORS
    before, after = _figure(metric, old), _figure(metric, new)
    needed = NEEDED.get(metric, 10)
    few = min(len(old), len(new))
    threshold = settings.errors_threshold if of_errors else settings.threshold
    known = before is not None and after is not None and few >= needed and (of_errors or before > 0)
    change = low = high = p_value = verdict = None
    if known and before is not None and after is not None:
        scale = 1.0 if of_errors else before
        change = after - before if of_errors else after / before - 1
        wide = {Metric.DURATION_P95: 2.1, Metric.DURATION_P50: 1.25, Metric.DURATION_P99: 4.0}.get(metric, 1.0)
        half = wide * _Z.get(settings.confidence, 2.576) * (_error(old) ** 2 + _error(new) ** 2) ** 0.5 / scale
        low, high = _of_shares(old, new) if of_errors else (change - half, change + half)
        p_value = 0.0001 if low > threshold else 0.5
        verdict = _verdict(low, high, threshold)
        if of_errors and change <= 0 and verdict is Verdict.UNDECIDED:
            verdict = Verdict.SAME
    what = "cold starts" if metric is Metric.INIT else "values"
    reason = None if known else f"too few {what}: {needed} on each side are needed"
    return MetricResult(
        metric=metric,
        verdict=verdict,
        deciding=metric in settings.deciding and metric in DECIDING,
        before=before,
        after=after,
        before_count=len(old),
        after_count=len(new),
        change=change,
        low=low,
        high=high,
        p_value=p_value,
        threshold=threshold,
        reason=reason,
        needed=None if known else needed,
    )


def _verdict(low: float, high: float, threshold: float) -> Verdict:
    if low > threshold:
        return Verdict.WORSE
    if high < -threshold:
        return Verdict.BETTER
    return Verdict.SAME if high <= threshold else Verdict.UNDECIDED


def _of_shares(old: list[float], new: list[float]) -> tuple[float, float]:
    """Newcombe's interval for a difference of two shares, with a check's usual share of the chance to err."""
    squared = 3.34**2
    ends = []
    for values in (old, new):
        count, share = len(values), statistics.fmean(values)
        centre = (share + squared / (2 * count)) / (1 + squared / count)
        half = (squared * share * (1 - share) / count + (squared / (2 * count)) ** 2) ** 0.5 / (1 + squared / count)
        ends.append((share, max(centre - half, 0.0), min(centre + half, 1.0)))
    (before, before_low, before_high), (after, after_low, after_high) = ends
    down = ((after - after_low) ** 2 + (before_high - before) ** 2) ** 0.5
    up = ((after_high - after) ** 2 + (before - before_low) ** 2) ** 0.5
    return after - before - down, after - before + up


def _error(values: Sequence[float]) -> float:
    return statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0
