"""Whether what a result recommends follows from what it measured.

Used by `powertune.domain.result_checks`, which says what is asked at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from powertune.domain.function import Architecture
from powertune.domain.result import (
    Change,
    Recommendation,
    SearchReport,
    SizeResult,
    SizeStatus,
    Spend,
    TuningResult,
)
from powertune.domain.result_numbers import MILLION, same, shown
from powertune.domain.sample import Sample

_OF_A_SHARE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A run on one instruction set, as a result holds one or several, and its place there."""

    place: str
    sizes: tuple[SizeResult, ...]
    best: Recommendation | None
    search: SearchReport | None
    spend: Spend | None
    samples: tuple[Sample, ...]
    is_own: bool

    @property
    def by_size(self) -> dict[int, SizeResult]:
        """Its memory sizes by their number."""
        return {size.memory_mb: size for size in self.sizes}

    @property
    def measured(self) -> frozenset[int]:
        """The memory sizes that it measured."""
        return frozenset(size.memory_mb for size in self.sizes if size.status is SizeStatus.MEASURED)


def wrong_answer(part: Part, result: TuningResult) -> Iterator[str]:
    """What of a recommendation contradicts the memory sizes that it is among."""
    best = part.best
    if best is None:
        return
    place, by_size, cold = f"{part.place}.recommendation", part.by_size, result.request.only_cold_starts
    measured = part.measured
    if best.memory_mb not in measured:
        yield f"{place}.memory_mb: {best.memory_mb} MB was not measured"
        return
    for index, memory_mb in enumerate(best.equivalent_sizes_mb):
        if memory_mb not in measured:
            yield f"{place}.equivalent_sizes_mb[{index}]: {memory_mb} MB was not measured"
    duration, cost = _means(by_size[best.memory_mb], cold=cold)
    if duration is not None and not same(best.expected_duration_ms, duration):
        yield (
            f"{place}.expected_duration_ms: {best.expected_duration_ms:g}, but the mean at {best.memory_mb} MB is "
            f"{duration:g}"
        )
    per_million = float(best.expected_cost_per_million.amount)
    if cost is not None and not same(per_million, cost):
        yield f"{place}.expected_cost_per_million: {per_million:g}, but {best.memory_mb} MB costs {cost:g}"
    if not same(float(best.expected_cost.amount) * MILLION, per_million):
        yield (
            f"{place}.expected_cost: {shown(best.expected_cost.amount)} is not a millionth of "
            f"{shown(best.expected_cost_per_million.amount)}"
        )
    if best.change is not None:
        yield from _change(best, best.change, part, result.function.original_memory_mb, cold=cold)


def _means(size: SizeResult | None, *, cold: bool) -> tuple[float | None, float | None]:
    if size is None or size.status is not SizeStatus.MEASURED:
        return None, None
    duration, cost = size.compared_duration(cold=cold), size.compared_cost(cold=cold)
    return (
        None if duration is None else duration.mean,
        None if cost is None else float(cost.per_million.amount),
    )


def _change(best: Recommendation, change: Change, part: Part, present_mb: int, *, cold: bool) -> Iterator[str]:
    place = f"{part.place}.recommendation.change"
    if change.to_memory_mb != best.memory_mb:
        yield f"{place}.to_memory_mb: {change.to_memory_mb}, but {best.memory_mb} MB is recommended"
        return
    if change.from_memory_mb != present_mb:
        yield f"{place}.from_memory_mb: {change.from_memory_mb}, but the function has {present_mb} MB"
        return
    if not part.is_own:  # whose change may be one from the function's own instruction set
        return
    was = _means(part.by_size.get(change.from_memory_mb), cold=cold)
    now = _means(part.by_size.get(change.to_memory_mb), cold=cold)
    for name, before, after in zip(("duration", "cost"), was, now, strict=True):
        said: float = getattr(change, name)
        if not before or after is None:
            continue
        share = after / before - 1
        if abs(said - share) > _OF_A_SHARE * max(1.0, abs(share)):
            yield f"{place}.{name}: {said:g}, but from {before:g} to {after:g} it is {share:g}"


def wrong_comparison(result: TuningResult) -> Iterator[str]:
    """What of a comparison of instruction sets contradicts what is recommended on each."""
    found = result.comparison
    if found is None:
        return
    best: dict[Architecture, Recommendation | None] = {
        run.architecture: run.recommendation for run in result.architectures
    }
    best[result.function.architecture] = result.recommendation
    for name, architecture, memory_mb in (
        ("own_memory_mb", found.own, found.own_memory_mb),
        ("other_memory_mb", found.other, found.other_memory_mb),
    ):
        recommended = best.get(architecture)
        if recommended is not None and recommended.memory_mb != memory_mb:
            yield f"$.comparison.{name}: {memory_mb}, but {recommended.memory_mb} MB is recommended on {architecture}"
