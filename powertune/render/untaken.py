"""Why a search did not take a measured size whose own means are better than those of the size that it recommends."""

from collections.abc import Iterator
from decimal import Decimal

from powertune.domain.price import Money
from powertune.domain.result import CurvePoint, SizeResult, TuningResult
from powertune.render import figures, model
from powertune.render.compared import WARM

_TOO_FEW = 1
"""Measurements of its own with which a search recommends no size (docs/search.md)."""


def untaken(result: TuningResult) -> tuple[str, ...]:
    """A sentence for each measured size with a lower mean duration and a lower mean cost than the recommended one.

    Nothing of a grid, which goes by means, nor of a size that was left out for a reason of its own: one where
    invocations failed, or without the headroom that was asked for.
    """
    best, curve = result.recommendation, {point.memory_mb: point for point in model.points(result)}
    if best is None or best.memory_mb not in curve:
        return ()
    return tuple(
        _sentence(result, curve[size.memory_mb], curve[best.memory_mb])
        for size in _better(result, best.memory_mb)
        if size.memory_mb in curve and not size.errors and not _is_cramped(result, size)
    )


def _better(result: TuningResult, best_mb: int) -> Iterator[SizeResult]:
    """The sizes of which both means are lower, ascending."""
    found = {
        size.memory_mb: (size, duration.mean, cost.per_million.amount)
        for size in sorted(result.memory_sizes, key=lambda one: one.memory_mb)
        if (duration := WARM.duration(size)) is not None and (cost := WARM.cost(size)) is not None
    }
    if best_mb not in found:
        return
    _, duration_ms, per_million = found[best_mb]
    yield from (size for size, its_ms, its_cost in found.values() if its_ms < duration_ms and its_cost < per_million)


def _is_cramped(result: TuningResult, size: SizeResult) -> bool:
    headroom, used = result.request.min_headroom, size.max_memory_used_mb
    return headroom is not None and used is not None and used > (1 - headroom) * size.memory_mb


def _sentence(result: TuningResult, other: CurvePoint, best: CurvePoint) -> str:
    count = figures.plural(other.measured, "measurement") if other.measured > _TOO_FEW else "single measurement"
    rule = "" if other.measured > _TOO_FEW else "recommends no size by one measurement, and "
    return (
        f"By its {count} {figures.memory(other.memory_mb)} was both faster and cheaper. The search {rule}goes by its "
        f"model of all measurements, which expects {_expected(result, other)} there, and {_expected(result, best)} at "
        f"{figures.memory(best.memory_mb)}."
    )


def _expected(result: TuningResult, point: CurvePoint) -> str:
    cost = Money(amount=Decimal(repr(point.per_million)), currency=result.price.currency)
    return f"{figures.duration(point.duration_ms)} and {figures.money(cost)} per million"
