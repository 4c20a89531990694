"""What aws-lambda-power-tuning would have said of a run's samples, and which part of the difference has which cause.

Its figure is turned into powertune's one step at a time, in the order of `Cause`; what a step changes is the share
of its cause. The shares of a figure therefore add up to the whole difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from powertune.decide.peer_chain import UNITS_PER_GB_SECOND, Chain, Part, parts
from powertune.decide.peer_formulas import PeerRow, base_price, choose, discarded, price
from powertune.domain.function import LogFormat
from powertune.domain.price import Money
from powertune.domain.result import SizeResult, SizeStatus, TuningResult
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Strategy
from powertune.errors import UsageError

DEFAULT_DISCARD = 0.2
_NEVER_READ = frozenset({Outcome.THROTTLED, Outcome.LOST})  # it sends such a call again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One sample as it reads it. ``averaged`` says whether the duration and the bill survive the trimming."""

    order: int
    duration_ms: float
    billed_ms: float
    price: Money
    duration_averaged: bool
    billed_averaged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSize:
    """One memory size, its figures beside powertune's.

    ``failure`` says why it has none here. ``duration_parts`` and ``cost_parts`` are empty where either side has
    no figure. ``trimmed`` counts the values that it drops at each end.
    """

    memory_mb: int
    samples: int
    cold: int
    missing: int
    trimmed: int
    failure: str | None
    duration_ms: float | None
    cost: Money | None
    our_duration_ms: float | None
    our_cost: Money | None
    duration_parts: tuple[Part, ...]
    cost_parts: tuple[Part, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerNumbers:
    """A whole run in its eyes.

    Attributes:
        strategy: what it optimises.
        discard_top_bottom: the share that it drops at each end.
        per_gb_second: its price, for comparison with the list price.
        list_per_gb_second: powertune's.
        memory_mb: the size that it would have chosen; None where it would have given no answer.
        our_memory_mb: the size that powertune recommends.
        failure: why it would have given no answer.
        sizes: the memory sizes, ascending.
    """

    strategy: Strategy
    discard_top_bottom: float
    per_gb_second: Money
    list_per_gb_second: Money
    memory_mb: int | None
    our_memory_mb: int | None
    failure: str | None
    sizes: tuple[PeerSize, ...]


def peer_numbers(result: TuningResult) -> PeerNumbers:
    """What it would have said of the same samples.

    Raises:
        UsageError: the result is in a currency that it has no prices in.
    """
    base = base_price(result.function.region, result.function.architecture)
    currency = "CNY" if result.function.region.startswith("cn-") else "USD"
    if result.price.currency != currency:
        raise UsageError(
            f"The result's costs are in {result.price.currency}, and aws-lambda-power-tuning's are in {currency}.",
            next_step="Measure with prices in that currency to compare the two.",
        )
    sizes = tuple(_size(result, size, base) for size in result.memory_sizes)
    failure = _json_failure(result) or _failure(sizes)
    return PeerNumbers(
        strategy=result.request.strategy,
        discard_top_bottom=_discard(result),
        per_gb_second=Money(amount=(Decimal(repr(base)) * UNITS_PER_GB_SECOND).normalize(), currency=currency),
        list_per_gb_second=Money(amount=result.price.per_gb_second, currency=currency),
        memory_mb=None if failure else _chosen(result, sizes),
        our_memory_mb=result.recommendation.memory_mb if result.recommendation else None,
        failure=failure,
        sizes=sizes,
    )


def _discard(result: TuningResult) -> float:
    if result.request.only_cold_starts:
        return 0.0
    peer = result.request.peer
    return DEFAULT_DISCARD if peer is None else peer.discard_top_bottom


def _json_failure(result: TuningResult) -> str | None:
    if result.function.log_format is not LogFormat.JSON:
        return None
    return "the function logs as JSON, and its reader of JSON records ends with an error on every one"


def _failure(sizes: Sequence[PeerSize]) -> str | None:
    failing = [size for size in sizes if size.failure is not None]
    return f"{failing[0].memory_mb} MB: {failing[0].failure}" if failing else None


def _chosen(result: TuningResult, sizes: Sequence[PeerSize]) -> int | None:
    by_size = {size.memory_mb: size for size in sizes}
    peer = result.request.peer
    order = peer.power_values_mb if peer is not None else tuple(by_size)
    rows = [
        PeerRow(memory_mb=mb, average_duration_ms=size.duration_ms, average_price=float(size.cost.amount))
        for mb in order
        if (size := by_size.get(mb)) is not None and size.duration_ms is not None and size.cost is not None
    ]
    return choose(rows, result.request.strategy, result.request.balanced_weight)


def _size(result: TuningResult, size: SizeResult, base: float) -> PeerSize:
    samples = sorted((s for s in result.samples if s.memory_mb == size.memory_mb), key=lambda sample: sample.order)
    read = [sample for sample in samples if sample.outcome not in _NEVER_READ]
    cold, currency = result.request.only_cold_starts, result.price.currency
    duration, cost = size.compared_duration(cold=cold), size.compared_cost(cold=cold)
    failure = _json_failure(result) or _size_failure(size, read)
    speaks = failure is None and bool(read)
    chain = Chain(result, size.memory_mb, read, base, _discard(result))
    durations, costs = chain.durations(), chain.costs()
    return PeerSize(
        memory_mb=size.memory_mb,
        samples=len(read),
        cold=sum(1 for sample in read if sample.cold),
        missing=sum(1 for sample in read if not chain.is_seen(sample)),
        trimmed=discarded(len(read), _discard(result)),
        failure=failure,
        duration_ms=durations[0][1] if speaks else None,
        cost=_money(costs[0][1], currency) if speaks else None,
        our_duration_ms=duration.mean if duration else None,
        our_cost=cost.per_invocation if cost else None,
        duration_parts=parts(durations, duration.mean) if speaks and duration else (),
        cost_parts=parts(costs, float(cost.per_invocation.amount)) if speaks and cost else (),
        readings=_readings(chain, read, base, currency) if speaks else (),
    )


def _size_failure(size: SizeResult, read: Sequence[Sample]) -> str | None:
    failed = sum(1 for sample in read if sample.outcome is not Outcome.OK)
    if failed:
        return f"{failed} of {len(read)} invocations failed, and one is enough to end its run"
    if size.status is SizeStatus.FAILED and not read:
        return f"the size could not be measured ({size.reason})"
    return None


def _readings(chain: Chain, read: Sequence[Sample], base: float, currency: str) -> tuple[Reading, ...]:
    durations = [chain.duration_ms(sample) for sample in read]
    bills = [chain.billed_ms(sample) for sample in read]
    kept_durations, kept_bills = chain.averaged(durations), chain.averaged(bills)
    return tuple(
        Reading(
            order=sample.order,
            duration_ms=durations[index],
            billed_ms=bills[index],
            price=_money(price(bills[index], base, sample.memory_mb), currency),
            duration_averaged=index in kept_durations,
            billed_averaged=index in kept_bills,
        )
        for index, sample in enumerate(read)
    )


def _money(amount: float, currency: str) -> Money:
    return Money(amount=Decimal(repr(amount)), currency=currency)
