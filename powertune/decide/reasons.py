"""Why a memory size is recommended, in sentences."""

from collections.abc import Sequence

from powertune.decide.choice import Choice, missed_words
from powertune.decide.knowledge import Knowledge
from powertune.decide.words import above, at_most, keeping, megabytes, percent
from powertune.domain.result import Change
from powertune.domain.search import LatencyTarget, Objective, StopReason, Strategy, Verdict

_BEST_WORDS = {Strategy.COST: "cheapest", Strategy.SPEED: "fastest", Strategy.BALANCED: "best balanced"}
_FIGURE = {Strategy.COST: "costs", Strategy.SPEED: "takes", Strategy.BALANCED: "scores"}
_MORE = {Strategy.COST: "more", Strategy.SPEED: "longer", Strategy.BALANCED: "worse"}
_PREFERRED = {
    Strategy.COST: "the fastest of them",
    Strategy.SPEED: "the cheapest of them",
    Strategy.BALANCED: "the best of them",
}
_STOPPED = {
    StopReason.SURE: "It stopped because it was sure enough.",
    StopReason.COMPLETE: "Every memory size asked for was tried.",
    StopReason.MAX_INVOCATIONS: "It stopped at its limit of invocations.",
    StopReason.MAX_SPEND: "It stopped because further invocations might have passed the limit of money.",
    StopReason.MAX_TIME: "It stopped because further invocations might have passed the limit of time.",
    StopReason.NOTHING_WORKS: "It stopped because the function failed wherever it was tried.",
    StopReason.NOTHING_LEFT: "It stopped because nothing was left to measure that would tell more.",
    StopReason.NOT_WORTH_IT: "It stopped because further invocations would have cost more than they were expected to "
    "save.",
}
_MANY = 40
"""Of more sizes than this the bounds say enough."""


def strategy_of(objective: Objective) -> Strategy:
    """What the sizes are compared by: under a latency target the cost."""
    return Strategy.COST if objective.latency_target is not None else objective.strategy


def why_chosen(choice: Choice, objective: Objective) -> tuple[str, ...]:
    """How the choice among measured sizes compares with the best of them."""
    target, strategy = objective.latency_target, strategy_of(objective)
    if target is not None and choice.nearest_ms is not None:
        return (missed_words(choice.memory_mb, choice.nearest_ms, target),)
    scores, tied, chosen = choice.scores, choice.equivalent_mb, choice.memory_mb
    best_mb = min(scores, key=lambda memory: (scores[memory], memory))
    word = _BEST_WORDS[strategy]
    kept = "" if target is None else f" that {'keep' if len(scores) > 1 else 'keeps'} {keeping(target)}"
    if target is not None and len(scores) == 1:
        first = f"{megabytes(chosen)} is the only measured memory size{kept}."
    elif len(tied) == 1:
        first = f"{megabytes(chosen)} is the {word} of {len(scores)} measured memory sizes{kept}."
    else:
        best = word if target is None else f"{word} that keeps {keeping(target)}"
        first = (
            f"{megabytes(tied)} are within {percent(objective.tolerance)} of the {best}; "
            f"{megabytes(chosen)} is {_PREFERRED[strategy]}."
        )
    if chosen == best_mb or scores[best_mb] <= 0:
        return (first,)
    more = scores[chosen] / scores[best_mb] - 1
    return first, f"It {_FIGURE[strategy]} {percent(more)} {_MORE[strategy]} than {megabytes(best_mb)}, the {word}."


def beside(choice: Choice, objective: Objective) -> tuple[str, ...]:
    """Which sizes the latency target leaves out."""
    target, said = objective.latency_target, []
    if target is None:
        return ()
    if choice.missed_mb and choice.nearest_ms is None:
        said.append(f"Not within the latency target, and so not considered: {megabytes(choice.missed_mb)}.")
    if choice.unknown_mb:
        said.append(
            f"Whether {megabytes(choice.unknown_mb)} would keep {keeping(target)} is not known: no cold start was "
            "measured there."
        )
    return tuple(said)


def left_out(
    failed_mb: Sequence[int],
    unreliable_mb: Sequence[int],
    cramped_mb: Sequence[int],
    unknown_use_mb: Sequence[int],
    objective: Objective,
) -> tuple[str, ...]:
    """Which sizes cannot be recommended whatever their figures."""
    said = []
    if failed_mb:
        said.append(f"Failed, and so not considered: {megabytes(sorted(failed_mb))}.")
    if unreliable_mb:
        sizes = megabytes(sorted(unreliable_mb))
        said.append(f"Not considered, because more invocations failed there than elsewhere: {sizes}.")
    headroom = objective.min_headroom
    if headroom is not None and cramped_mb:
        sizes = megabytes(sorted(cramped_mb))
        said.append(f"Not considered, because less than {percent(headroom)} of the memory stayed unused: {sizes}.")
    if headroom is not None and unknown_use_mb:
        sizes = megabytes(sorted(unknown_use_mb))
        said.append(f"How much memory was used is not known at {sizes}: the headroom there is not checked.")
    return tuple(said)


def within_noise(change: Change | None) -> tuple[str, ...]:
    """Which differences from the present size may be chance."""
    if change is None or change.from_memory_mb == change.to_memory_mb:
        return ()
    noisy = {"cost": change.cost_within_noise, "duration": change.duration_within_noise}
    what = " and ".join(name for name, within in noisy.items() if within)
    if not what:
        return ()
    return (
        f"The difference in {what} from the present {megabytes(change.from_memory_mb)} is within this run's noise.",
    )


def stays_for(change: Change, objective: Objective) -> str:
    """Why the present size is kept."""
    wanted, other = ("cost", "slower") if strategy_of(objective) is Strategy.COST else ("duration", "dearer")
    return (
        f"{megabytes(change.to_memory_mb)} has the better {wanted} in the mean, but by no more than this run's noise, "
        f"and is surely {other} than the present {megabytes(change.from_memory_mb)}."
    )


def chosen_by_search(knowledge: Knowledge, objective: Objective, *, missed_ms: float | None = None) -> tuple[str, ...]:
    """How sure a search is of its choice, and why it ended.

    Args:
        knowledge: what it knows; it has chosen.
        objective: what it looked for.
        missed_ms: the figure measured there where no measured size keeps the latency target.
    """
    verdict, said = knowledge.verdict, []
    assert verdict.memory_mb is not None
    target = objective.latency_target
    if target is not None and missed_ms is not None:
        said.append(missed_by_search(verdict.memory_mb, missed_ms, target))
    considered = knowledge.considered_mb or tuple(point.memory_mb for point in knowledge.curve)
    said.append(claim(verdict, considered, objective, missed=missed_ms is not None))
    others = [size for size in verdict.equivalent_mb if size != verdict.memory_mb]
    if others:
        said.append(f"As good, as far as the search can tell: {megabytes(others)}.")
    said += stopped(verdict.stop_reason)
    return tuple(said)


def fails_there(memory_mb: int, unreliable_mb: Sequence[int]) -> tuple[str, ...]:
    """That a search has chosen a size at which more invocations failed than elsewhere: few enough for it."""
    return (f"More invocations failed at {megabytes(memory_mb)} than elsewhere.",) if memory_mb in unreliable_mb else ()


def missed_by_search(memory_mb: int, figure_ms: float, target: LatencyTarget) -> str:
    """That no measured size keeps the target; the nearest by the model need not be that of the bare measurements."""
    figure = above(figure_ms, target.limit_ms)
    return (
        f"No measured memory size keeps {keeping(target)}; {megabytes(memory_mb)} with {figure} is the nearest, as far "
        "as the search can tell."
    )


def above_limit(memory_mb: int, figure_ms: float | None, target: LatencyTarget | None) -> tuple[str, ...]:
    """That the size chosen by a model misses the latency target by its own few measurements."""
    if target is None or figure_ms is None or figure_ms <= target.limit_ms:
        return ()
    figure = above(figure_ms, target.limit_ms)
    text = (
        f"The {target.statistic.value} measured at {megabytes(memory_mb)} is {figure}, above the limit; the "
        "search goes by its model of all measurements."
    )
    return (text,)


def doubts_target(memory_mb: int, target: LatencyTarget) -> str:
    """That a target is kept by what was measured, and probably not by the model."""
    return (
        f"By the search's model it is more likely than not that no memory size keeps {keeping(target)}, though a "
        f"measured one did: {megabytes(memory_mb)} is its choice all the same."
    )


def claim(verdict: Verdict, considered_mb: Sequence[int], objective: Objective, *, missed: bool = False) -> str:
    """What a search claims of its recommendation, with the probability that it asked for."""
    assert verdict.memory_mb is not None
    chosen, bound, target = megabytes(verdict.memory_mb), verdict.regret_bound, objective.latency_target
    if bound is None:
        return f"The search claims nothing of how much better than {chosen} another memory size may be."
    sure = f"The search is {percent(1 - objective.risk)} sure that {chosen}"
    if target is not None and missed:
        lowest = _best_of(f"lowest {target.statistic.value}", considered_mb)
        return f"{sure} is at most {at_most(bound)} above the {lowest}."
    if target is not None:
        cheapest = _best_of(f"cheapest with {keeping(target)}", considered_mb)
        return f"{sure} costs at most {at_most(bound)} more than the {cheapest}."
    word, figure, more = (words[objective.strategy] for words in (_BEST_WORDS, _FIGURE, _MORE))
    return f"{sure} {figure} at most {at_most(bound)} {more} than the {_best_of(word, considered_mb)}."


def _best_of(word: str, sizes_mb: Sequence[int]) -> str:
    if len(sizes_mb) < 2:
        return f"{word} of the memory sizes considered"
    bounds = f"from {min(sizes_mb):,} to {max(sizes_mb):,} MB"
    among = "all" if len(sizes_mb) > _MANY else f"the {len(sizes_mb)}"
    return f"{word} of {among} memory sizes considered, {bounds}"


def stopped(reason: StopReason | None) -> tuple[str, ...]:
    """Why a search ended; nothing where it did not."""
    return () if reason is None else (_STOPPED[reason],)
