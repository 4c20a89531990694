"""How sure an answer is, why the search for it ended, and what else the run can answer."""

from powertune.domain.result import Answer, Goal, SearchReport, SizeResult, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget, SearchKind, StopReason
from powertune.render import figures, means
from powertune.render.compared import compared_by, equivalent_sizes
from powertune.render.markup import Markup, bullets, facts, note, safe, table, together
from powertune.render.safe import escape

_BEST = {
    Goal.COST: ("Cheapest", "dearer than the cheapest"),
    Goal.SPEED: ("Fastest", "slower than the fastest"),
    Goal.BALANCED: ("Balanced", "worse than the best balanced"),
}
_STOPPED = {
    StopReason.SURE: "it was sure enough",
    StopReason.COMPLETE: "every memory size asked for was tried",
    StopReason.MAX_INVOCATIONS: "the limit of invocations was reached",
    StopReason.MAX_SPEND: "further invocations might have passed the limit of money",
    StopReason.MAX_TIME: "further invocations might have passed the limit of time",
    StopReason.NOTHING_WORKS: "the function failed wherever it was tried",
    StopReason.NOTHING_LEFT: "nothing was left to measure that would tell more",
    StopReason.NOT_WORTH_IT: "further invocations would have cost more than they were expected to save",
}
_LONGEST_NOTE = 600
_CLAIMED = (
    "The search measured few memory sizes and draws the rest from a model; what it claims holds for all that it "
    "considered."
)
_GUESSED = (
    "The search measured few memory sizes and draws the rest from a model. It does not say how much better than its "
    "choice another size may be."
)
_GRID_LEAD = (
    "A grid measures the memory sizes that it is given. It claims nothing of sizes between them, nor of how sure its "
    "choice is; the intervals in the table say how far chance may have moved each mean."
)


_SURE_OF_A_CHANGE = (
    " “95 % sure” in the first sentence is about two measured means, of the present and of the recommended size: which "
    "of them is the lower."
)


def _says_sure(result: TuningResult) -> bool:
    """Whether the answer calls the direction of a change sure."""
    change = result.recommendation.change if result.recommendation is not None else None
    return change is not None and not (change.duration_within_noise and change.cost_within_noise)


def limit_of(target: LatencyTarget) -> str:
    """A latency target in words: ``p95 within 800 ms``."""
    cold = f" with {figures.percent(target.cold_share)} cold starts" if target.cold_share else ""
    return f"{target.statistic.value} within {figures.exact_ms(target.limit_ms)}{cold}"


def keeping(target: LatencyTarget) -> str:
    """The same where it stands in a sentence: ``the mean within 800 ms``."""
    return f"{'the ' if target.statistic is LatencyStatistic.MEAN else ''}{limit_of(target)}"


def goal_words(result: TuningResult) -> str:
    """What the run looked for, as it follows the word strategy: ``cost``, ``cheapest with p95 within 800 ms``."""
    request = result.request
    if request.latency_target is not None:
        return f"cheapest with {keeping(request.latency_target)}"
    if request.strategy.value == "balanced":
        return f"balanced, cost weighs {figures.percent(request.balanced_weight)}"
    return request.strategy.value


def own_goal(result: TuningResult) -> Goal:
    """The goal that the run was made for."""
    return Goal.LATENCY_TARGET if result.request.latency_target is not None else Goal(result.request.strategy.value)


def misses_target(result: TuningResult) -> str | None:
    """Where no measured size keeps the latency target and the nearest is recommended: that, as a sentence."""
    best, search = result.recommendation, result.search
    if best is None or search is None or result.request.latency_target is None:
        return None
    for answer in search.answers:
        if answer.goal is Goal.LATENCY_TARGET and answer.memory_mb == best.memory_mb:
            return answer.note
    return None


def stays(result: TuningResult) -> bool:
    """Whether the present size is recommended although another one did better in the mean."""
    best, search = result.recommendation, result.search
    if best is None or search is None or best.memory_mb != result.function.original_memory_mb:
        return False
    return any(
        answer.goal is own_goal(result) and answer.memory_mb not in (None, best.memory_mb) for answer in search.answers
    )


def knows_best(result: TuningResult) -> bool:
    """Whether the recommended size is known for the best, within the tolerance: a grid's among those measured."""
    search = result.search
    if search is None or search.kind is SearchKind.GRID:
        return True
    return search.regret_bound is not None and search.regret_bound <= result.request.tolerance


def how_sure(result: TuningResult) -> str:
    """What a search claims of its recommendation, in a few words; empty where there is no search or no answer."""
    search = result.search
    if search is None or search.kind is SearchKind.GRID or result.recommendation is None:
        return ""
    return _claim(result, search)


def certainty(result: TuningResult) -> Markup:
    """The sections "How sure is this?" and "Other goals"; nothing for a dry run or a result of an earlier schema."""
    search = result.search
    if search is None or result.request.dry_run:
        return ""
    alike = sorted(equivalent_sizes(result) - {result.recommendation.memory_mb if result.recommendation else 0})
    rows = [
        ("Claim about sizes not measured", "none")
        if search.kind is SearchKind.GRID
        else ("Claim", together(_claim(result, search))),
        ("The search ended because", escape(_ended(search))),
        ("Invocations used", figures.count(result.spend.invocations)),
        (
            "As good as the recommended",
            together(", ".join(map(figures.memory, alike))) if alike else "none of those measured",
        ),
    ]
    if search.noise is not None:
        rows.append(("Spread of single durations", f"{escape(figures.percent(search.noise))} of the mean"))
    lead = f"{_GRID_LEAD}{_SURE_OF_A_CHANGE * _says_sure(result)}"
    if search.kind is SearchKind.ADAPTIVE:
        lead = _GUESSED if search.regret_bound is None else _CLAIMED
    notes = note(bullets(text[:_LONGEST_NOTE] for text in search.notes)) if search.notes else ""
    return (
        f'<section aria-labelledby="sure"><h2 id="sure">How sure is this?</h2><p class="lead">{lead}</p>'
        f"{facts(rows)}{notes}{_other_goals(result, search)}</section>"
    )


def other_goals_line(result: TuningResult) -> str:
    """The other goals in one line of text; empty where there is nothing to say."""
    search = result.search
    if search is None:
        return ""
    said = []
    for answer in search.answers:
        if answer.goal is own_goal(result):
            continue
        name = _name(result, answer.goal).lower()
        sure = f" ({_bound(result, answer)})" if answer.regret_bound is not None else ""
        said.append(f"{name} {_size(search, answer)}{sure}")
    among = " among the measured sizes" if search.kind is SearchKind.GRID else ""
    return f"Other goals{among}: {'; '.join(said)}." if said else ""


def _claim(result: TuningResult, search: SearchReport) -> str:
    if search.regret_bound is None:
        return "nothing is claimed"
    goal = own_goal(result)
    return _sure(search.regret_bound, _worse(result, goal), result.request.risk)


def _bound(result: TuningResult, answer: Answer) -> str:
    assert answer.regret_bound is not None
    return _sure(answer.regret_bound, _worse(result, answer.goal), result.request.risk)


def _sure(bound: float, worse: str, risk: float) -> str:
    return f"at most {figures.at_most(bound)} {worse}, {figures.percent(1 - risk)} sure"


def _worse(result: TuningResult, goal: Goal) -> str:
    target = result.request.latency_target
    if goal is not Goal.LATENCY_TARGET or target is None:
        return _BEST[goal if goal in _BEST else Goal.COST][1]
    if misses_target(result) is not None:
        return f"above the lowest {target.statistic.value}"
    return f"dearer than the cheapest with {keeping(target)}"


def _name(result: TuningResult, goal: Goal) -> str:
    target = result.request.latency_target
    if goal is Goal.LATENCY_TARGET:
        return f"Cheapest with {keeping(target)}" if target is not None else "Under a latency target"
    return _BEST[goal][0]


def _ended(search: SearchReport) -> str:
    if search.stop_reason is None:
        return "the run ended before it"
    return _STOPPED[search.stop_reason]


def _size(search: SearchReport, answer: Answer) -> str:
    if answer.memory_mb is None:
        return "not known"
    return f"{'' if _is_known(search, answer) else 'perhaps '}{figures.memory(answer.memory_mb)}"


def _is_known(search: SearchReport, answer: Answer) -> bool:
    """Whether an answer is one: a search's with a claim, a grid's of whatever it measured."""
    return answer.memory_mb is not None and (search.kind is SearchKind.GRID or answer.regret_bound is not None)


def _other_goals(result: TuningResult, search: SearchReport) -> Markup:
    others = [answer for answer in search.answers if answer.goal is not own_goal(result)]
    if not others:
        return ""
    sizes = {size.memory_mb: size for size in result.memory_sizes}
    heads = [
        ("Goal", ""),
        ("Memory size", ""),
        (compared_by(result).column, ""),
        ("Cost", "per million"),
        ("How sure", ""),
    ]
    rows = "".join(_goal_row(result, search, answer, sizes) for answer in others)
    lead = "What the same invocations say of goals that the run was not made for."
    return (
        f'<h3 id="goals">Other goals</h3><p class="lead">{lead}</p>'
        f'<div class="goals">{table("goals", heads, rows)}</div>'
    )


def _goal_row(result: TuningResult, search: SearchReport, answer: Answer, sizes: dict[int, SizeResult]) -> Markup:
    by, known = compared_by(result), _is_known(search, answer)
    size = sizes.get(answer.memory_mb) if answer.memory_mb is not None else None
    duration, cost = (by.duration(size), by.cost(size)) if size is not None else (None, None)
    cells = [
        _size(search, answer),
        means.duration(duration),
        means.cost(cost),
    ]
    said = []
    if answer.regret_bound is not None:
        said.append(together(_bound(result, answer)))
    elif known:
        said.append(f"by its mean within {figures.at_most(result.request.tolerance)} of the best measured")
    if answer.note is not None:
        said.append(safe(answer.note, _LONGEST_NOTE))
    numbers = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    name, words = escape(_name(result, answer.goal)), " ".join(said)
    return f'<tr><th scope="row">{name}</th>{numbers}<td class="said">{words}</td></tr>'
