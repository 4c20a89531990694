"""The memory sizes of a run, sorted by whether they may be recommended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from powertune.decide.choice import Candidate
from powertune.domain.result import Distribution, SizeCost, SizeResult, SizeStatus
from powertune.domain.search import Objective

_MORE_ERRORS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measured size by the figures that sizes are compared by; ``latency_ms`` as in `Candidate`."""

    memory_mb: int
    duration: Distribution
    cost: SizeCost
    latency_ms: float | None = None

    @property
    def candidate(self) -> Candidate:
        """The means, to choose by."""
        return Candidate(
            memory_mb=self.memory_mb,
            duration_ms=self.duration.mean,
            cost=float(self.cost.per_million.amount),
            latency_ms=self.latency_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The memory sizes of a run, sorted by whether they may be recommended.

    Attributes:
        measured: every size with figures.
        reliable: those of them at which the function works as well as elsewhere.
        rows: those of them that also have the headroom asked for: what may be chosen.
        failed_mb: sizes that failed.
        unreliable_mb: measured, but with more errors than elsewhere.
        cramped_mb: reliable, but without the headroom asked for.
        unknown_use_mb: in ``rows`` without a word on whether they have it.
    """

    measured: Mapping[int, Row]
    reliable: Mapping[int, Row]
    rows: Mapping[int, Row]
    failed_mb: tuple[int, ...]
    unreliable_mb: tuple[int, ...]
    cramped_mb: tuple[int, ...] = ()
    unknown_use_mb: tuple[int, ...] = ()


def field_of(
    sizes: Sequence[SizeResult],
    objective: Objective,
    *,
    cold: bool = False,
    latencies: Mapping[int, float | None] | None = None,
) -> Field:
    """Sort the memory sizes by whether they may be recommended.

    Args:
        sizes: all sizes of the run.
        objective: with the latency target and the headroom.
        cold: compare cold starts.
        latencies: the figure of the latency target by size, where it is not one of the compared durations themselves.
    """
    measured = _rows(sizes, objective, cold=cold, latencies=latencies)
    reliable, unreliable = _reliable(measured, sizes)
    cramped: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    if objective.min_headroom is not None:
        used = {size.memory_mb: size.max_memory_used_mb for size in sizes if size.memory_mb in reliable}
        most = 1 - objective.min_headroom
        cramped = tuple(sorted(mb for mb, use in used.items() if use is not None and use > mb * most))
        unknown = tuple(sorted(mb for mb, use in used.items() if use is None))
    return Field(
        measured=measured,
        reliable=reliable,
        rows={memory_mb: row for memory_mb, row in reliable.items() if memory_mb not in cramped},
        failed_mb=tuple(sorted(size.memory_mb for size in sizes if size.status is SizeStatus.FAILED)),
        unreliable_mb=unreliable,
        cramped_mb=cramped,
        unknown_use_mb=unknown,
    )


def _rows(
    sizes: Sequence[SizeResult],
    objective: Objective,
    *,
    cold: bool,
    latencies: Mapping[int, float | None] | None,
) -> dict[int, Row]:
    rows = {}
    for size in sizes:
        duration, cost = size.compared_duration(cold=cold), size.compared_cost(cold=cold)
        if size.status is not SizeStatus.MEASURED or duration is None or cost is None:
            continue
        latency = None
        if objective.latency_target is not None:
            own = float(getattr(duration, objective.latency_target.statistic.value))
            latency = own if latencies is None else latencies.get(size.memory_mb)
        rows[size.memory_mb] = Row(memory_mb=size.memory_mb, duration=duration, cost=cost, latency_ms=latency)
    return rows


def _reliable(rows: Mapping[int, Row], sizes: Sequence[SizeResult]) -> tuple[dict[int, Row], tuple[int, ...]]:
    """The sizes at which the function works, and those at which it works clearly less well than at others.

    A timeout, or running out of memory, where another size has none; or an error share of more than ten points
    above the lowest.
    """
    measured = [size for size in sizes if size.memory_mb in rows]
    calm = any(not size.exhausted for size in measured)
    fewest = min((_error_share(size) for size in measured), default=0.0)
    left = tuple(
        size.memory_mb for size in measured if (calm and size.exhausted) or _error_share(size) > fewest + _MORE_ERRORS
    )
    return {memory_mb: row for memory_mb, row in rows.items() if memory_mb not in left}, left


def _error_share(size: SizeResult) -> float:
    return size.errors / size.invocations if size.invocations else 0.0
