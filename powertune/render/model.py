"""The model of a search as lines of a chart, and in words."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.price import Money
from powertune.domain.result import CurvePoint, Interval, TuningResult
from powertune.render import figures
from powertune.render.compared import WARM, compared_by

_SAID = 6
"""Sizes without a measurement that are said in words: of a hundred nobody would hear them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modelled:
    """A memory size on the model's curve: the figure with its interval, in the unit of the chart, and in words."""

    memory_mb: int
    value: float
    low: float
    high: float
    text: str


def points(result: TuningResult) -> Sequence[CurvePoint]:
    """The model's curve; none where there is no model, or where something else than warm invocations is compared."""
    return result.search.curve if result.search is not None and compared_by(result) is WARM else ()


def durations(result: TuningResult, scale: float) -> list[Modelled]:
    """The mean warm durations, each divided by ``scale``."""
    return [
        _modelled(point, point.duration_ms, point.duration_interval, scale, figures.duration)
        for point in points(result)
    ]


def costs(result: TuningResult) -> list[Modelled]:
    """The mean costs per million warm invocations."""

    def money(amount: float) -> str:
        return figures.money(Money(amount=Decimal(repr(amount)), currency=result.price.currency))

    return [_modelled(point, point.per_million, point.per_million_interval, 1.0, money) for point in points(result)]


def _modelled(
    point: CurvePoint, value: float, interval: Interval, scale: float, text: Callable[[float], str]
) -> Modelled:
    measured = "not measured" if not point.measured else figures.plural(point.measured, "measurement")
    return Modelled(
        memory_mb=point.memory_mb,
        value=value / scale,
        low=interval.low / scale,
        high=interval.high / scale,
        text=f"model {text(value)} ({text(interval.low)} to {text(interval.high)}), {measured}",
    )


def in_words(result: TuningResult, modelled: Sequence[Modelled]) -> Iterable[str]:
    """Some of the sizes that were not measured, the smallest and the largest among them."""
    own = {size.memory_mb for size in result.memory_sizes}
    beyond = [one for one in modelled if one.memory_mb not in own]
    wanted = min(_SAID, len(beyond))
    places = {round(index * (len(beyond) - 1) / max(wanted - 1, 1)) for index in range(wanted)}
    for place in sorted(places):
        yield f"{figures.memory(beyond[place].memory_mb)}: {beyond[place].text}."
