"""The answer of a run: what to use, how sure that is, and what else the run can say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from powertune.decide.adaptive_answers import STRATEGIES, goal_of
from powertune.decide.choice import Candidate, choose, missed_words, pareto, says_missed, target_figure
from powertune.decide.field import Field, field_of
from powertune.decide.knowledge import Knowledge
from powertune.decide.reasons import doubts_target, missed_by_search, stopped
from powertune.decide.score import recommend
from powertune.decide.words import keeping, megabytes, percent
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.request import TuningRequest
from powertune.domain.result import Answer, Goal, Recommendation, SearchReport, SizeResult
from powertune.domain.sample import Sample
from powertune.domain.search import LatencyTarget, Objective, SearchKind, StopReason, Verdict


def outcome(
    request: TuningRequest,
    sizes: Sequence[SizeResult],
    samples: Sequence[Sample],
    knowledge: Knowledge | None,
    *,
    present_memory_mb: int | None,
    complete: bool,
) -> tuple[Recommendation | None, SearchReport]:
    """What a run recommends and how its search went.

    Args:
        request: what was asked for.
        sizes: all memory sizes, summed up.
        samples: every invocation.
        knowledge: the planner's; None for a grid.
        present_memory_mb: the function's own size; None on another instruction set than its own.
        complete: the planner asks for nothing more.
    """
    ended = StopReason.COMPLETE if complete else None
    if request.dry_run:
        return None, SearchReport(kind=SearchKind.GRID, stop_reason=ended)
    objective, cold = request.objective, request.only_cold_starts
    latencies = None if cold else latencies_of(samples, objective.latency_target, request.warm_mix())
    best = recommend(
        sizes,
        objective,
        present_memory_mb=present_memory_mb,
        cold=cold,
        latencies=latencies,
        knowledge=knowledge,
    )
    field = field_of(sizes, objective, cold=cold, latencies=latencies)
    front = pareto([row.candidate for row in field.reliable.values()])
    if knowledge is None:
        return best, SearchReport(
            kind=SearchKind.GRID,
            stop_reason=ended,
            notes=_without_answer(best, field, objective),
            answers=_kept(_grid_answers(field, objective), best, objective),
            pareto_mb=front,
        )
    verdict = knowledge.verdict
    # What the search claims, it claims of its own choice.
    own = best is not None and best.memory_mb == verdict.memory_mb
    return best, SearchReport(
        kind=SearchKind.ADAPTIVE,
        stop_reason=verdict.stop_reason,
        regret_bound=verdict.regret_bound if own else None,
        risk=verdict.risk if own else None,
        notes=_search_notes(verdict, best, field, objective),
        noise=knowledge.noise,
        curve=knowledge.curve,
        answers=_kept(_with_misses(_other_answers(knowledge, field, objective), field, objective), best, objective),
        pareto_mb=front,
    )


def latencies_of(
    samples: Sequence[Sample], target: LatencyTarget | None, mix: Mapping[int, int] | None
) -> Mapping[int, float | None] | None:
    """The figure of a latency target with cold starts, by memory size; None where warm durations alone say it.

    It is of the samples that the statistics are of; ``mix`` is the request's (`TuningRequest.warm_mix`).
    """
    if target is None or not target.cold_share:
        return None
    warm: dict[int, list[float]] = {}
    cold: dict[int, list[float]] = {}
    for sample, use in measured_as(samples, mix):
        if use is MeasuredAs.WARM and sample.duration_ms is not None:
            warm.setdefault(sample.memory_mb, []).append(sample.duration_ms)
        elif use is MeasuredAs.COLD and (wait := sample.latency_ms) is not None:
            cold.setdefault(sample.memory_mb, []).append(wait)
    return {size: target_figure(warm.get(size, []), cold.get(size, []), target) for size in {*warm, *cold}}


def _search_notes(verdict: Verdict, best: Recommendation | None, field: Field, objective: Objective) -> tuple[str, ...]:
    """What the search noticed; of a missed target only what the recommendation does not say by its own figures."""
    target = objective.latency_target
    if best is None:
        return (*(verdict.notes or _why_nothing(field, objective)), *stopped(verdict.stop_reason))
    others = tuple(note for note in verdict.notes if not says_missed(note, target))
    choice = choose([row.candidate for row in field.rows.values()], objective)
    kept = choice is not None and choice.nearest_ms is None
    if target is None or len(others) == len(verdict.notes) or not kept:
        return others
    return (*others, doubts_target(best.memory_mb, target))


def _other_answers(knowledge: Knowledge, field: Field, objective: Objective) -> tuple[Answer, ...]:
    """The answers, those without a claim by the model's means of all measured sizes.

    A search looks twice only where its own goal wants it: of what it has looked at twice, none may be near the best
    for another goal.
    """
    seen = [
        Candidate(memory_mb=point.memory_mb, duration_ms=point.duration_ms, cost=point.per_million)
        for point in knowledge.curve
        if point.measured and point.memory_mb in field.rows
    ]
    return tuple(_by_model(one, seen, objective) for one in knowledge.answers)


def _by_model(one: Answer, seen: Sequence[Candidate], objective: Objective) -> Answer:
    strategy = STRATEGIES.get(one.goal)
    if one.goal is goal_of(objective) or strategy is None or one.memory_mb is None or one.regret_bound is not None:
        return one
    choice = choose(seen, replace(objective, strategy=strategy, latency_target=None))
    if choice is None or choice.memory_mb == one.memory_mb:
        return one
    return replace(one, memory_mb=choice.memory_mb, risk=None)


def _with_misses(answers: tuple[Answer, ...], field: Field, objective: Objective) -> tuple[Answer, ...]:
    """The answers of a search, with a note where no measured size keeps the latency target."""
    target, choice = objective.latency_target, choose([row.candidate for row in field.rows.values()], objective)
    if target is None or choice is None or choice.nearest_ms is None:
        return answers
    return tuple(
        replace(one, note=missed_by_search(row.memory_mb, row.latency_ms, target))
        if one.goal is Goal.LATENCY_TARGET
        and (row := field.measured.get(one.memory_mb or 0)) is not None
        and row.latency_ms is not None
        else one
        for one in answers
    )


def _grid_answers(field: Field, objective: Objective) -> tuple[Answer, ...]:
    wanted = {goal: replace(objective, strategy=how, latency_target=None) for goal, how in STRATEGIES.items()}
    if objective.latency_target is not None:
        wanted[Goal.LATENCY_TARGET] = objective
    return tuple(_grid_answer(field, goal, one) for goal, one in wanted.items())


def _grid_answer(field: Field, goal: Goal, objective: Objective) -> Answer:
    choice, target = choose([row.candidate for row in field.rows.values()], objective), objective.latency_target
    if choice is None:
        return Answer(goal=goal, memory_mb=None, note=" ".join(_why_nothing(field, objective)))
    note = None
    if target is not None and choice.nearest_ms is not None:
        note = missed_words(choice.memory_mb, choice.nearest_ms, target)
    return Answer(goal=goal, memory_mb=choice.memory_mb, note=note)


def _without_answer(best: Recommendation | None, field: Field, objective: Objective) -> tuple[str, ...]:
    return _why_nothing(field, objective) if best is None else ()


def _why_nothing(field: Field, objective: Objective) -> tuple[str, ...]:
    """Why none of the measured sizes can be recommended."""
    if not field.measured:
        return ("No memory size was measured.",)
    headroom, target = objective.min_headroom, objective.latency_target
    if headroom is not None and not field.rows:
        sizes = megabytes(field.cramped_mb)
        return (f"No measured memory size leaves {percent(headroom)} of its memory unused: not {sizes}.",)
    if target is not None and all(row.latency_ms is None for row in field.rows.values()):
        return (f"Whether a memory size keeps {keeping(target)} is not known: no cold start was measured.",)
    return ("No memory size was measured often enough.",)


def _kept(answers: tuple[Answer, ...], best: Recommendation | None, objective: Objective) -> tuple[Answer, ...]:
    """The answers; beside the one to the run's own goal stands why the run recommends another size, where it does."""
    own = goal_of(objective)
    return tuple(
        replace(one, note=f"Recommended is {megabytes(best.memory_mb)}: the gain may be chance, the loss is sure.")
        if one.goal is own and best is not None and one.memory_mb not in (None, best.memory_mb)
        else one
        for one in answers
    )
