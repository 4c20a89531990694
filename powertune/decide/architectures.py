"""Which of two instruction sets is better, and the answer of both runs in one."""

from collections.abc import Mapping
from dataclasses import replace

from powertune.decide.choice import Choice, choose
from powertune.decide.field import Row, field_of
from powertune.decide.outcome import latencies_of
from powertune.decide.score import change_between
from powertune.decide.words import megabytes, percent
from powertune.domain.architectures import ArchitectureComparison
from powertune.domain.function import Architecture
from powertune.domain.intervals import may_be_chance
from powertune.domain.result import ArchitectureRun, TuningResult
from powertune.domain.search import Objective, Strategy

_OWN, _OTHER = 0, 1
_NONE = 0.005
"""A change below half a per cent reads as none, as `powertune.render.figures` writes it."""


def combined(
    results: Mapping[Architecture, TuningResult], failures: Mapping[Architecture, str], own: Architecture
) -> TuningResult:
    """One answer from the runs on several instruction sets.

    The main one is that of the better instruction set; where neither is shown to be better, the function's own, if
    anything is recommended there. The others go along in its ``architectures``.

    Args:
        results: the runs that came to an end, at least one.
        failures: why the others did not, in words.
        own: the function's instruction set.
    """
    found = None
    others = [architecture for architecture in results if architecture is not own]
    if own in results and others:
        found = compare(results[own], results[others[0]])
    main = _main(results, found, own)
    result = results[main]
    if main is not own and own in results:
        result = _from_present(result, results[own])
    beside = [
        ArchitectureRun(
            architecture=architecture,
            run_id=one.run_id,
            price=one.price,
            memory_sizes=one.memory_sizes,
            recommendation=one.recommendation,
            search=one.search,
            spend=one.spend,
            warnings=one.warnings,
            samples=one.samples,
        )
        for architecture, one in results.items()
        if architecture is not main
    ]
    beside += [ArchitectureRun(architecture=one, failure=reason) for one, reason in failures.items()]
    notes = tuple(f"{one} was not measured: {reason}" for one, reason in failures.items())
    return replace(
        result,
        restored=all(one.restored for one in results.values()),
        warnings=(*result.warnings, *notes),
        architectures=tuple(beside),
        comparison=found,
    )


def _from_present(result: TuningResult, own: TuningResult) -> TuningResult:
    """The run on another instruction set, with the change from the function as it is: its own set, its present size."""
    best, chosen = result.recommendation, _recommended(result)
    if best is None or chosen is None:
        return result
    change = change_between(_measured(own).get(own.function.original_memory_mb), chosen)
    return replace(result, recommendation=replace(best, change=change))


def _main(
    results: Mapping[Architecture, TuningResult], found: ArchitectureComparison | None, own: Architecture
) -> Architecture:
    if found is not None and found.better is not None:
        return found.better
    answered = [architecture for architecture, one in results.items() if one.recommendation is not None]
    candidates = answered or list(results)
    return own if own in candidates else candidates[0]


def compare(own: TuningResult, other: TuningResult) -> ArchitectureComparison | None:
    """Compare what two runs recommend; None where one of them recommends nothing.

    By the rule of `choice.choose`: the two recommended sizes are the candidates. One is better only where something
    that speaks for it is beyond the noise: what the strategy looks for, or, where that is as good, the other figure.
    """
    was, now = _recommended(own), _recommended(other)
    if was is None or now is None or not was.candidate.duration_ms or not was.candidate.cost:
        return None
    objective = own.request.objective
    # The number of a candidate tells here which of the two it is.
    choice = choose([replace(was.candidate, memory_mb=_OWN), replace(now.candidate, memory_mb=_OTHER)], objective)
    duration_noisy = may_be_chance(was.duration.mean_interval, now.duration.mean_interval)
    cost_noisy = may_be_chance(was.cost.per_million_interval, now.cost.per_million_interval)
    duration = now.candidate.duration_ms / was.candidate.duration_ms - 1
    cost = now.candidate.cost / was.candidate.cost - 1
    better = None
    if choice is not None and _is_better(choice, duration, cost, duration_noisy, cost_noisy, objective):
        better = (own, other)[choice.memory_mb].function.architecture
    found = ArchitectureComparison(
        own=own.function.architecture,
        other=other.function.architecture,
        own_memory_mb=was.memory_mb,
        other_memory_mb=now.memory_mb,
        duration=duration,
        cost=cost,
        duration_within_noise=duration_noisy,
        cost_within_noise=cost_noisy,
        better=better,
        sentence="",
    )
    return replace(found, sentence=_sentence(found, keeps_alone=_keeps_alone(choice)))


def _recommended(result: TuningResult) -> Row | None:
    return None if result.recommendation is None else _measured(result).get(result.recommendation.memory_mb)


def _measured(result: TuningResult) -> Mapping[int, Row]:
    request = result.request
    cold, objective = request.only_cold_starts, request.objective
    latencies = None if cold else latencies_of(result.samples, objective.latency_target, request.warm_mix())
    return field_of(result.memory_sizes, objective, cold=cold, latencies=latencies).measured


def _keeps_alone(choice: Choice | None) -> bool:
    """Whether one of the two keeps the latency target, and the other does not."""
    return choice is not None and bool(choice.missed_mb) and choice.nearest_ms is None


def _is_better(
    choice: Choice, duration: float, cost: float, duration_noisy: bool, cost_noisy: bool, objective: Objective
) -> bool:
    """Whether the one chosen has something beyond the noise that speaks for it."""
    if _keeps_alone(choice):
        return True
    sign = 1 if choice.memory_mb == _OTHER else -1
    faster = sign * duration < 0 and not duration_noisy
    cheaper = sign * cost < 0 and not cost_noisy
    if choice.nearest_ms is not None:
        return faster
    slower = sign * duration > 0 and not duration_noisy
    dearer = sign * cost > 0 and not cost_noisy
    if objective.latency_target is None and objective.strategy is Strategy.BALANCED:
        return cheaper or faster
    alike = len(choice.equivalent_mb) > 1
    if objective.latency_target is None and objective.strategy is Strategy.SPEED:
        return faster or (cheaper and (alike or not slower))
    return cheaper or (faster and (alike or not dearer))


def _sentence(found: ArchitectureComparison, *, keeps_alone: bool) -> str:
    """The comparison, told of the better one; of the other one where neither is."""
    own = f"{megabytes(found.own_memory_mb)} on {found.own}, the function's own instruction set,"
    other = f"{megabytes(found.other_memory_mb)} on {found.other}"
    if found.better is found.own:
        cost, duration, base, told = _turned(found.cost), _turned(found.duration), other, own
        verdict = f"Keep {found.own}"
    else:
        cost, duration, base, told = found.cost, found.duration, own, other
        verdict = f"Use {found.other}" if found.better else "Nothing shows that either instruction set is better"
    costs = "about the same" if found.cost_within_noise or abs(cost) < _NONE else _more(cost, "more")
    takes = "about as long" if found.duration_within_noise or abs(duration) < _NONE else _more(duration, "longer")
    alone = ", and it alone keeps the latency target" if keeps_alone else ""
    compared = f"compared with {base.rstrip(',')}, {told} costs {costs} and takes {takes}{alone}"
    return f"{verdict}: {compared}."


def _turned(share: float) -> float:
    """The same change, looked at from the other side."""
    return 1 / (1 + share) - 1 if share > -1 else 0.0


def _more(share: float, word: str) -> str:
    less = {"more": "less", "longer": "shorter"}[word]
    return f"{percent(share)} {word if share > 0 else less}"
