"""Whether the figures of a result agree with each other, as those of every run do.

A result is a text that anybody can edit; a figure that contradicts the others was not measured. Only what has held for
the results of every powertune is asked here: a rule that one of them broke would make a run unreadable that was paid
for. Floats may differ by what their last digits make.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta

from powertune.domain.checked_numbers import wrong_check
from powertune.domain.price import Money
from powertune.domain.result import (
    ArchitectureRun,
    Distribution,
    SizeCost,
    SizeResult,
    Statistics,
    TuningResult,
)
from powertune.domain.result_answers import Part, wrong_answer, wrong_comparison
from powertune.domain.result_numbers import (
    MILLION,
    MOST,
    MOST_MS,
    impossible_numbers,
    same,
    shown,
    slack_of,
    wrong_interval,
)
from powertune.domain.sample import Sample

_CLOCKS = timedelta(hours=1)
"""A clock may have been set right during a run."""
_FIGURES = tuple(field.name for field in fields(Statistics) if field.name != "samples")


def contradictions(result: TuningResult, *, samples: bool = True) -> Iterator[str]:
    """What is wrong with the figures of a result, each with its place, such as ``$.memory_sizes[2].cost``.

    Without ``samples`` they were not read, so that nothing is asked of them.
    """
    wrong = list(impossible_numbers(result, "$"))
    if wrong:  # which would be said again of all that follows from them
        yield from wrong
        return
    yield from _times(result)
    yield from _currencies(result)
    for part in _parts(result):
        yield from _sizes(part)
        yield from wrong_answer(part, result)
        yield from _search(part)
        yield from _spend(part)
        if samples:
            yield from _samples(part)
    yield from wrong_comparison(result)
    yield from wrong_check(result)
    if result.check is not None and result.check.reference is not None:
        yield from _size(result.check.reference.size, "$.check.reference.size")


def _parts(result: TuningResult) -> Iterator[Part]:
    own = result.function.own_architecture or result.function.architecture
    if result.comparison is not None:
        own = result.comparison.own
    yield _part("$", result, is_own=result.function.architecture is own)
    for index, run in enumerate(result.architectures):
        yield _part(f"$.architectures[{index}]", run, is_own=run.architecture is own)


def _part(place: str, run: TuningResult | ArchitectureRun, *, is_own: bool) -> Part:
    return Part(
        place=place,
        sizes=run.memory_sizes,
        best=run.recommendation,
        search=run.search,
        spend=run.spend,
        samples=run.samples,
        is_own=is_own,
    )


def _times(result: TuningResult) -> Iterator[str]:
    begun, ended = _moment(result.started_at), _moment(result.finished_at)
    if begun is not None and ended is not None and ended < begun - _CLOCKS:
        yield f"$.finished_at: {shown(result.finished_at)} is before the run began, {shown(result.started_at)}"


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _currencies(result: TuningResult) -> Iterator[str]:
    currency = result.price.currency
    for place, money in _amounts(result):
        if money.currency != currency:
            yield f"{place}: in {shown(money.currency)}, and the run's price in {shown(currency)}"
    for index, run in enumerate(result.architectures):
        if run.price is not None and run.price.currency != currency:
            yield (
                f"$.architectures[{index}].price.currency: {shown(run.price.currency)}, and the run's price is in "
                f"{shown(currency)}"
            )


def _amounts(result: TuningResult) -> Iterator[tuple[str, Money]]:
    for part in _parts(result):
        for index, size in enumerate(part.sizes):
            for name, cost in (("cost", size.cost), ("cold_cost", size.cold_cost)):
                if cost is not None:
                    yield f"{part.place}.memory_sizes[{index}].{name}.per_invocation.currency", cost.per_invocation
                    yield f"{part.place}.memory_sizes[{index}].{name}.per_million.currency", cost.per_million
        if part.best is not None:
            yield f"{part.place}.recommendation.expected_cost.currency", part.best.expected_cost
            yield f"{part.place}.recommendation.expected_cost_per_million.currency", part.best.expected_cost_per_million
        if part.spend is not None:
            for name in ("lambda_cost", "workflow_cost", "total_cost"):
                yield f"{part.place}.spend.{name}.currency", getattr(part.spend, name)
            for index, line in enumerate(part.spend.lines):
                if line.cost is not None:
                    yield f"{part.place}.spend.lines[{index}].cost.currency", line.cost


def _sizes(part: Part) -> Iterator[str]:
    seen: set[int] = set()
    for index, size in enumerate(part.sizes):
        place = f"{part.place}.memory_sizes[{index}]"
        if size.memory_mb in seen:
            yield f"{place}.memory_mb: {size.memory_mb} MB is there twice"
        seen.add(size.memory_mb)
        yield from _size(size, place)


def _size(size: SizeResult, place: str) -> Iterator[str]:
    yield from _counts(size, place)
    for name, statistics in (("warm", size.warm), ("cold", size.cold)):
        for figure in _FIGURES:
            found: Distribution | None = getattr(statistics, figure)
            if found is not None:
                yield from _distribution(found, statistics.samples, f"{place}.{name}.{figure}")
    for name, cost in (("cost", size.cost), ("cold_cost", size.cold_cost)):
        if cost is not None:
            yield from _cost(cost, f"{place}.{name}")


def _counts(size: SizeResult, place: str) -> Iterator[str]:
    if size.cold_starts > size.invocations:
        yield f"{place}.cold_starts: {size.cold_starts} of {size.invocations} invocations"
    if size.exhausted > size.errors:
        yield f"{place}.exhausted: {size.exhausted} of {size.errors} errors"
    used = size.warm.samples + size.cold.samples + size.errors
    if used > size.invocations:
        yield (
            f"{place}.invocations: {size.invocations}, but {size.warm.samples} warm ones, {size.cold.samples} cold "
            f"starts and {size.errors} errors are {used}"
        )


def _distribution(found: Distribution, samples: int, place: str) -> Iterator[str]:
    if not 1 <= found.count <= samples:
        yield f"{place}.count: {found.count} of {samples} samples"
    before, name = found.minimum, "minimum"
    for quantile in ("p50", "p90", "p95", "p99", "maximum"):
        value: float = getattr(found, quantile)
        if value < before - slack_of(before, found.maximum):
            yield f"{place}.{quantile}: {value:g} is less than the {name}, {before:g}"
        before, name = value, quantile
    slack = slack_of(found.minimum, found.maximum)
    if not found.minimum - slack <= found.mean <= found.maximum + slack:
        yield f"{place}.mean: {found.mean:g} does not lie between {found.minimum:g} and {found.maximum:g}"
    yield from wrong_interval(found.mean_interval, found.mean, f"{place}.mean_interval")


def _cost(cost: SizeCost, place: str) -> Iterator[str]:
    per_million = float(cost.per_million.amount)
    if not same(per_million, float(cost.per_invocation.amount) * MILLION):
        yield (
            f"{place}.per_million: {shown(cost.per_million.amount)} is not a million times the "
            f"{shown(cost.per_invocation.amount)} of one invocation"
        )
    yield from wrong_interval(cost.per_million_interval, per_million, f"{place}.per_million_interval")


def _search(part: Part) -> Iterator[str]:
    search = part.search
    if search is None:
        return
    place = f"{part.place}.search"
    measured = part.measured
    for index, memory_mb in enumerate(search.pareto_mb):
        if memory_mb not in measured:
            yield f"{place}.pareto_mb[{index}]: {memory_mb} MB was not measured"
    before = 0
    for index, point in enumerate(search.curve):
        if point.memory_mb <= before:
            yield f"{place}.curve[{index}].memory_mb: {point.memory_mb} MB comes after {before} MB"
        before = point.memory_mb
        for name in ("duration_interval", "per_million_interval", "latency_interval"):
            yield from wrong_interval(getattr(point, name), None, f"{place}.curve[{index}].{name}")


def _spend(part: Part) -> Iterator[str]:
    spend = part.spend
    if spend is None:
        return
    total, parts = float(spend.total_cost.amount), float(spend.lambda_cost.amount + spend.workflow_cost.amount)
    if not same(total, parts):
        yield f"{part.place}.spend.total_cost: {total:g}, but its parts make {parts:g}"


def _samples(part: Part) -> Iterator[str]:
    place = f"{part.place}.samples"
    made = Counter(sample.memory_mb for sample in part.samples)
    by_size = part.by_size
    for memory_mb in made:
        if memory_mb not in by_size:
            yield f"{place}: there are samples of {memory_mb} MB, and no such memory size"
    for index, size in enumerate(part.sizes):
        if size.invocations and not made[size.memory_mb]:
            yield (
                f"{part.place}.memory_sizes[{index}].invocations: {size.invocations}, but there is no sample of "
                f"{size.memory_mb} MB"
            )
    first = _odd_sample(part.samples)
    if first is not None:
        yield f"{place}[{first}]: a figure in it is not one that an invocation has"


def _odd_sample(samples: Sequence[Sample]) -> int | None:
    """The first sample with a figure that none can have. There may be a million, so all are looked at in one go."""
    return next(
        (
            index
            for index, one in enumerate(samples)
            if not (
                (one.duration_ms is None or 0 <= one.duration_ms <= MOST_MS)
                and (one.billed_ms is None or 0 <= one.billed_ms <= MOST_MS)
                and (one.sent_at_ms is None or 0 <= one.sent_at_ms <= MOST)
                and (one.init_ms is None or 0 <= one.init_ms <= MOST_MS)
                and (one.restore_ms is None or 0 <= one.restore_ms <= MOST_MS)
                and (one.max_memory_used_mb is None or 0 <= one.max_memory_used_mb <= MOST)
                and 0 <= one.order <= MOST
                and 0 <= one.payload <= MOST
            )
        ),
        None,
    )
