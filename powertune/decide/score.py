"""From figures to an answer: the memory size to use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from powertune.decide.choice import choose
from powertune.decide.field import Field, Row, field_of
from powertune.decide.knowledge import Knowledge
from powertune.decide.reasons import (
    above_limit,
    beside,
    chosen_by_search,
    fails_there,
    left_out,
    stays_for,
    why_chosen,
    within_noise,
)
from powertune.domain.intervals import may_be_chance
from powertune.domain.result import Change, CurvePoint, Recommendation, SizeResult
from powertune.domain.search import Objective, Strategy


def recommend(
    sizes: Sequence[SizeResult],
    objective: Objective,
    *,
    present_memory_mb: int | None,
    cold: bool = False,
    latencies: Mapping[int, float | None] | None = None,
    knowledge: Knowledge | None = None,
) -> Recommendation | None:
    """Choose a memory size among those measured, by `choose`; None where there is none.

    Args:
        sizes: all sizes of the run.
        objective: what the best means.
        present_memory_mb: the function's own size: it is kept where going from it wins nothing that is sure. None where
            the sizes are those of another instruction set, on which the function has none.
        cold: compare cold starts.
        latencies: see `field_of`.
        knowledge: of a search that has chosen by itself. The figures are those measured all the same.
    """
    field = field_of(sizes, objective, cold=cold, latencies=latencies)
    if knowledge is not None:
        return _searched(field, objective, present_memory_mb, knowledge)
    choice = choose([row.candidate for row in field.rows.values()], objective)
    if choice is None:
        return None
    change = change_between(_row(field, present_memory_mb), field.rows[choice.memory_mb])
    if change is not None and _stays(field, change, objective, missed=choice.nearest_ms is not None):
        return _stay(field, change, objective, choice.equivalent_mb, ())
    return _recommendation(
        field.rows[choice.memory_mb],
        change,
        objective,
        choice.equivalent_mb,
        (
            *why_chosen(choice, objective),
            *beside(choice, objective),
            *left_out(field.failed_mb, field.unreliable_mb, field.cramped_mb, field.unknown_use_mb, objective),
            *within_noise(change),
        ),
    )


def _row(field: Field, memory_mb: int | None) -> Row | None:
    return None if memory_mb is None else field.measured.get(memory_mb)


def _searched(
    field: Field, objective: Objective, present_mb: int | None, knowledge: Knowledge
) -> Recommendation | None:
    verdict = knowledge.verdict
    chosen = None if verdict.memory_mb is None else field.measured.get(verdict.memory_mb)
    if chosen is None:
        return None
    change = _as_known(change_between(_row(field, present_mb), chosen), knowledge)
    by_measurement = choose([row.candidate for row in field.rows.values()], objective)
    missed = by_measurement is not None and by_measurement.nearest_ms is not None
    left = (
        *(() if missed else above_limit(chosen.memory_mb, chosen.latency_ms, objective.latency_target)),
        *fails_there(chosen.memory_mb, field.unreliable_mb),
        *left_out(field.failed_mb, (), field.cramped_mb, field.unknown_use_mb, objective),
    )
    equivalent = tuple(size for size in verdict.equivalent_mb if size in field.measured)
    alike = equivalent if present_mb in equivalent else ()
    # Where a search claims something of its choice, that counts for more than a gain within the noise.
    may_stay = bool(alike) or verdict.regret_bound is None
    if may_stay and change is not None and _stays(field, change, objective, missed=missed):
        return _stay(field, change, objective, alike, (*chosen_by_search(knowledge, objective), *left))
    figure = chosen.latency_ms if missed else None
    return _recommendation(
        chosen,
        change,
        objective,
        tuple(sorted({*equivalent, chosen.memory_mb})),
        (*chosen_by_search(knowledge, objective, missed_ms=figure), *left, *within_noise(change)),
    )


def _as_known(change: Change | None, knowledge: Knowledge) -> Change | None:
    """The change with what the search says of its noise: it knows more than the measurements of two sizes."""
    if change is None or change.from_memory_mb == change.to_memory_mb:
        return change
    curve = {point.memory_mb: point for point in knowledge.curve}
    one, other = curve.get(change.from_memory_mb), curve.get(change.to_memory_mb)
    return replace(
        change,
        duration_within_noise=not (
            knowledge.duration_differs and _same_way(change.duration, one, other, lambda point: point.duration_ms)
        ),
        cost_within_noise=not (
            knowledge.cost_differs and _same_way(change.cost, one, other, lambda point: point.per_million)
        ),
    )


def _same_way(
    change: float, one: CurvePoint | None, other: CurvePoint | None, figure: Callable[[CurvePoint], float]
) -> bool:
    """Whether the means that were measured changed in the direction that the search is sure of."""
    return one is None or other is None or change * (figure(other) - figure(one)) > 0


def _stays(field: Field, change: Change, objective: Objective, *, missed: bool) -> bool:
    """Whether the present size may stay, what is wanted may be chance, and the other figure is surely worse."""
    present = field.rows.get(change.from_memory_mb)
    if present is None or missed:
        return False
    target = objective.latency_target
    if target is not None and (present.latency_ms is None or present.latency_ms > target.limit_ms):
        return False
    if target is not None or objective.strategy is Strategy.COST:
        return change.cost_within_noise and not change.duration_within_noise and change.duration > 0
    if objective.strategy is Strategy.SPEED:
        return change.duration_within_noise and not change.cost_within_noise and change.cost > 0
    return False


def _stay(
    field: Field, change: Change, objective: Objective, tied: Sequence[int], further: Sequence[str]
) -> Recommendation:
    present = field.rows[change.from_memory_mb]
    return _recommendation(
        present,
        change_between(present, present),
        objective,
        tuple(sorted({*tied, present.memory_mb})),
        (stays_for(change, objective), *further),
    )


def _recommendation(
    row: Row, change: Change | None, objective: Objective, equivalent_mb: tuple[int, ...], reasons: tuple[str, ...]
) -> Recommendation:
    return Recommendation(
        memory_mb=row.memory_mb,
        strategy=objective.strategy,
        expected_duration_ms=row.duration.mean,
        expected_cost=row.cost.per_invocation,
        expected_cost_per_million=row.cost.per_million,
        change=change,
        reasons=reasons,
        equivalent_sizes_mb=equivalent_mb,
    )


def change_between(present: Row | None, chosen: Row) -> Change | None:
    """Going from one memory size to the other; None without the one, or where a share of it would mean nothing."""
    if present is None:
        return None
    was, now = present.candidate, chosen.candidate
    if was.duration_ms == 0 or was.cost == 0:
        return None
    return Change(
        from_memory_mb=present.memory_mb,
        to_memory_mb=chosen.memory_mb,
        duration=now.duration_ms / was.duration_ms - 1,
        cost=now.cost / was.cost - 1,
        duration_within_noise=may_be_chance(present.duration.mean_interval, chosen.duration.mean_interval),
        cost_within_noise=may_be_chance(present.cost.per_million_interval, chosen.cost.per_million_interval),
    )
