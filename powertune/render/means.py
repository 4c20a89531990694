"""Means of a result as text, to the digits that their intervals allow: the same figure in every form of the answer."""

from collections.abc import Sequence

from powertune.domain.result import Distribution, SizeCost, SizeResult, TuningResult
from powertune.render import figures
from powertune.render.compared import compared_by


def duration(found: Distribution | None) -> str:
    """A mean duration: ``104 ms``."""
    return figures.duration(found.mean, found.mean_interval) if found else figures.UNKNOWN


def duration_estimate(found: Distribution | None) -> str:
    """A mean duration with its interval: ``104 ± 3 ms``."""
    return figures.duration_estimate(found.mean, found.mean_interval) if found else figures.UNKNOWN


def cost(found: SizeCost | None) -> str:
    """A mean cost per million: ``$3.42``."""
    return figures.money(found.per_million, found.per_million_interval) if found else figures.UNKNOWN


def cost_estimate(found: SizeCost | None) -> str:
    """A mean cost per million with its interval: ``$3.42 ± 0.12``."""
    return figures.money_estimate(found.per_million, found.per_million_interval) if found else figures.UNKNOWN


def best_duration(result: TuningResult) -> str:
    """The duration to expect of the recommended size, as its own mean is written."""
    best, size = result.recommendation, recommended(result)
    if best is None:
        return figures.UNKNOWN
    found = compared_by(result).duration(size) if size else None
    same = found is not None and found.mean == best.expected_duration_ms
    return duration(found) if same else figures.duration(best.expected_duration_ms)


def best_cost(result: TuningResult) -> str:
    """The cost per million to expect of the recommended size, as its own mean is written."""
    best, size = result.recommendation, recommended(result)
    if best is None:
        return figures.UNKNOWN
    found = compared_by(result).cost(size) if size else None
    same = found is not None and found.per_million == best.expected_cost_per_million
    return cost(found) if same else figures.money(best.expected_cost_per_million)


def recommended(result: TuningResult) -> SizeResult | None:
    """What was measured at the recommended size; None where nothing is recommended."""
    best = result.recommendation
    return None if best is None else size_at(result.memory_sizes, best.memory_mb)


def size_at(sizes: Sequence[SizeResult], memory_mb: int) -> SizeResult | None:
    """What was measured at a memory size; None where it is not among them."""
    return next((size for size in sizes if size.memory_mb == memory_mb), None)
