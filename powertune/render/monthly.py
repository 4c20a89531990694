"""What a month costs, and what the recommended memory size saves in one, at the function's own traffic. Pure.

A month is the compared mean cost of an invocation times the invocations of 30 days: as if each were a warm one of the
run's payload, at the run's prices, without free tier, volume tiers and provisioned concurrency.

A search measures most memory sizes once or twice. The mean of so few may be far off, so what people read of a size
without an interval of its own is what the search's model says, with the model's interval, and is called "about".
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from math import hypot

from powertune.domain.price import Money
from powertune.domain.result import Change, Interval, SizeCost, SizeResult, TuningResult
from powertune.domain.traffic import TrafficSource
from powertune.render import figures, means
from powertune.render.compared import WARM, compared_by
from powertune.render.model import points

_MILLION = 1_000_000
_DIGITS = 60
_CENT = Decimal("0.01")
_WIDE = 0.25
"""An interval that reaches further than this share of its mean is said as a range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """What going from one memory size to the other saves in a month.

    ``amount`` is exact, and negative where the other size costs more. ``interval`` is that of the amount, in its unit,
    as wide as the measured costs make it; the traffic is taken as it is. ``within_noise`` is the change's own: chance
    may have made the difference, and then no saving is to be claimed.
    """

    from_memory_mb: int
    to_memory_mb: int
    amount: Money
    interval: Interval | None
    within_noise: bool
    modelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Month:
    """What a month costs at a memory size: by its own mean, or by the search's model."""

    amount: Money
    interval: Interval | None
    modelled: bool

    @property
    def words(self) -> str:
        return f"{_about(modelled=self.modelled)}{figures.monthly(self.amount, self.interval)}"


def saving(result: TuningResult) -> Saving | None:
    """What the recommended memory size saves in a month in place of the present one.

    None where the traffic is not known, where the present size is the recommended one or was not measured on the
    function's own instruction set, and where something else than warm invocations was compared.
    """
    change = _change(result)
    if change is None or result.function.own_architecture is not None:
        return None
    ends = change.from_memory_mb, change.to_memory_mb
    was, will_be = (_month(result, memory_mb) for memory_mb in ends)
    if was is not None and will_be is not None and was.modelled != will_be.modelled:
        # The model's difference is that of one curve; a mean beside a model's figure would be neither.
        was, will_be = (_modelled_month(result, memory_mb) for memory_mb in ends)
    if was is None or will_be is None or was.amount.currency != will_be.amount.currency:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        amount = Money(amount=was.amount.amount - will_be.amount.amount, currency=was.amount.currency)
    return Saving(
        from_memory_mb=change.from_memory_mb,
        to_memory_mb=change.to_memory_mb,
        amount=amount,
        interval=_around(float(amount.amount), was.interval, will_be.interval),
        within_noise=change.cost_within_noise,
        modelled=was.modelled,
    )


def saving_words(result: TuningResult) -> str:
    """``saves $41 a month at your traffic``, or ``costs $12 to $19 a month more at your traffic``.

    A range where the interval is wide, ``up to`` where it reaches nothing. Empty where nothing is known or claimed:
    within the noise, below a cent, or where the change reads as none.
    """
    found = saving(result)
    if found is None or found.within_noise or abs(found.amount.amount) < _CENT or _reads_as_none(result):
        return ""
    text = _how_much(found)
    said = f"saves {text} a month" if found.amount.amount > 0 else f"costs {text} a month more"
    return f"{said} at {whose_traffic(result)}"


def _how_much(found: Saving) -> str:
    mean, currency = abs(float(found.amount.amount)), found.amount.currency
    half = 0.0 if found.interval is None else (found.interval.high - found.interval.low) / 2
    if half <= _WIDE * mean:
        size = Money(amount=abs(found.amount.amount), currency=currency)
        return f"{_about(modelled=found.modelled)}{figures.monthly(size, found.interval)}"
    low, high = (
        figures.monthly(Money(amount=Decimal(repr(end)), currency=currency), Interval(low=end - half, high=end + half))
        for end in (mean - half, mean + half)
    )
    return f"up to {high}" if mean - half < _CENT else f"{low} to {high}"


def whose_traffic(result: TuningResult) -> str:
    """``your traffic``, or ``the traffic given``."""
    given = result.traffic is not None and result.traffic.source is TrafficSource.GIVEN
    return "the traffic given" if given else "your traffic"


def traffic_words(result: TuningResult) -> str:
    """``1,200,000 invocations a month, from the last 14 days``; empty where it is not known."""
    traffic = result.traffic
    if traffic is None:
        return ""
    if traffic.source is TrafficSource.GIVEN:
        return f"{figures.plural(traffic.invocations, 'invocation')} a month, as given"
    days = figures.plural(traffic.days or 0, "day")
    if not traffic.invocations:
        return f"none in the last {days}"
    return f"{figures.plural(traffic.invocations, 'invocation')} a month, from the last {days}"


def monthly_cost(result: TuningResult, size: SizeResult) -> Money | None:
    """What a month costs at a memory size, exactly; None where that, or the traffic, is not known."""
    cost = compared_by(result).cost(size)
    return None if cost is None else _of(result, cost)


def cost_words(result: TuningResult, size: SizeResult) -> str:
    """A month in figures, to the digits that its interval allows: ``$79``, ``about $8,000``; a dash where not known."""
    month = _month(result, size.memory_mb)
    return figures.UNKNOWN if month is None else month.words


def month_sentence(result: TuningResult) -> str:
    """What a month costs at the recommended size, and at the present one where the two are told apart.

    Empty where no month can be counted.
    """
    best, text, before = result.recommendation, best_words(result), present_words(result)
    if best is None or not text:
        return ""
    said = f"{text} a month at {figures.memory(best.memory_mb)}"
    if before not in ("", text):
        said += f", {before} at {figures.memory(result.function.original_memory_mb)}"
    return f"At {traffic_words(result)}: {said}; counted as warm ones, without the free tier."


def best_words(result: TuningResult) -> str:
    """What a month costs at the recommended memory size; empty where that is not known, or below a cent."""
    size = means.recommended(result)
    cost = None if size is None else monthly_cost(result, size)
    return "" if size is None or cost is None or cost.amount < _CENT else cost_words(result, size)


def present_words(result: TuningResult) -> str:
    """What a month costs at the present memory size; empty where the recommended one is not surely told apart."""
    present = means.size_at(result.memory_sizes, result.function.original_memory_mb)
    return cost_words(result, present) if present is not None and saving_words(result) else ""


def _change(result: TuningResult) -> Change | None:
    change = result.recommendation.change if result.recommendation is not None else None
    return None if change is None or change.from_memory_mb == change.to_memory_mb else change


def _reads_as_none(result: TuningResult) -> bool:
    """Whether the change of cost is so small that the answer calls it none."""
    change = _change(result)
    return change is None or figures.difference(change.cost) == "same"


def _month(result: TuningResult, memory_mb: int) -> _Month | None:
    size = means.size_at(result.memory_sizes, memory_mb)
    cost = None if size is None else compared_by(result).cost(size)
    amount = None if cost is None else _of(result, cost)
    if cost is None or amount is None or result.traffic is None:
        return None
    if cost.per_million_interval is None and (month := _modelled_month(result, memory_mb)) is not None:
        return month
    interval = _scaled(cost.per_million_interval, result.traffic.invocations)
    return _Month(amount=amount, interval=interval, modelled=False)


def _modelled_month(result: TuningResult, memory_mb: int) -> _Month | None:
    point = next((point for point in points(result) if point.memory_mb == memory_mb), None)
    if point is None or result.traffic is None:
        return None
    invocations = result.traffic.invocations
    amount = Decimal(repr(point.per_million)) * invocations / _MILLION
    return _Month(
        amount=Money(amount=amount, currency=result.price.currency),
        interval=_scaled(point.per_million_interval, invocations),
        modelled=True,
    )


def _about(*, modelled: bool) -> str:
    return "about " if modelled else ""


def _of(result: TuningResult, cost: SizeCost) -> Money | None:
    """The month of a mean cost; only a warm invocation's, since nothing says how many are cold."""
    if result.traffic is None or compared_by(result) is not WARM:
        return None
    with localcontext() as context:
        context.prec = _DIGITS
        amount = cost.per_invocation.amount * result.traffic.invocations
    return Money(amount=amount, currency=cost.per_invocation.currency)


def _scaled(interval: Interval | None, invocations: int) -> Interval | None:
    """The interval of a cost per million as that of a month."""
    if interval is None:
        return None
    share = invocations / _MILLION
    return Interval(low=interval.low * share, high=interval.high * share, confidence=interval.confidence)


def _around(mean: float, *intervals: Interval | None) -> Interval | None:
    """The interval of the difference of two amounts that were measured apart."""
    known = [one for one in intervals if one is not None]
    if len(known) < len(intervals):
        return None
    half = hypot(*((one.high - one.low) / 2 for one in known))
    return Interval(low=mean - half, high=mean + half)
