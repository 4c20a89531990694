"""What is said in a sentence of more runs than can each be told in one: who is first and who is last."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from powertune.domain.intervals import overlap
from powertune.domain.result import Interval
from powertune.domain.side_by_side import Figure, Side, SideBySide
from powertune.render import figures

FIGURES = {Figure.WARM: "warm invocations", Figure.COLD: "cold starts", Figure.SINGLE: "single invocations"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mean:
    run: Side
    value: float
    interval: Interval | None


def extremes(compared: SideBySide) -> str:
    """The fastest and the slowest, the cheapest and the dearest, at the size that most runs can be compared at."""
    total = len(compared.runs)
    kind, at = _common(compared)
    times = [] if at is None else _durations(compared.runs, kind, at)
    if at is None or len(times) == 1:
        return f"None of {figures.plural(total, 'run')} can be compared with another at any memory size"
    size = figures.memory(compared.sizes_mb[at])
    of = f"Of {figures.plural(total, 'run')} at {size}"
    if len(times) < total:
        of = f"Of the {len(times)} of {figures.plural(total, 'run')} with {FIGURES[kind]} at {size}"
    costs = _costs(times, at)
    if _all_alike(times) and costs and _all_alike(costs):
        return f"{of} all are about as fast and cost about the same (within the noise)"
    fast, slow = _ends(times)
    if costs and not _all_alike(times) and not _all_alike(costs):
        cheap, dear = _ends(costs)
        if (cheap.run, dear.run) == (fast.run, slow.run):
            much = f"{_more(fast, slow, figures.faster)} and {_more(cheap, dear, figures.cheaper)}"
            best, worst = (
                f"{fast.run.label} is the fastest and the cheapest",
                f"{slow.run.label} the slowest and the dearest",
            )
            return f"{of}, by their means, {best} and {worst} ({much})"
    return f"{of}{_by_time(times)}; {_by_cost(costs)}"


def _by_time(times: Sequence[_Mean]) -> str:
    if _all_alike(times):
        return " all are about as fast (within the noise)"
    fast, slow = _ends(times)
    more = _more(fast, slow, figures.faster)
    return f", by their means, {fast.run.label} is the fastest and {slow.run.label} the slowest ({more})"


def _by_cost(costs: Sequence[_Mean]) -> str:
    if not costs:
        return "costs are in several currencies"
    if _all_alike(costs):
        return "all cost about the same (within the noise)"
    cheap, dear = _ends(costs)
    return f"{cheap.run.label} is the cheapest and {dear.run.label} the dearest ({_more(cheap, dear, figures.cheaper)})"


def _common(compared: SideBySide) -> tuple[Figure, int | None]:
    """The kind of figure and the shared memory size by which most runs can be compared, and which matter to them."""
    best: tuple[int, int, Figure, int | None] = (0, 0, Figure.WARM, None)
    recommended = Counter(run.recommended_mb for run in compared.runs)
    for kind in (Figure.WARM, Figure.COLD):
        for at, memory_mb in enumerate(compared.sizes_mb):
            found = len(_durations(compared.runs, kind, at))
            if (found, recommended[memory_mb]) > best[:2]:
                best = (found, recommended[memory_mb], kind, at)
    return best[2], best[3]


def _durations(runs: Sequence[Side], kind: Figure, at: int) -> list[_Mean]:
    return [
        _Mean(run=run, value=size.duration_ms, interval=size.duration_interval)
        for run in runs
        for size in run.sizes[at : at + 1]
        if run.figure is kind and size.duration_ms is not None
    ]


def _costs(times: Sequence[_Mean], at: int) -> list[_Mean]:
    """The costs of the same runs; none where they cannot be ordered."""
    found = []
    for run in (one.run for one in times):
        size = run.sizes[at]
        if size.per_million is None or run.currency != times[0].run.currency:
            return []
        found.append(_Mean(run=run, value=float(size.per_million.amount), interval=size.per_million_interval))
    return found


def _ends(means: Sequence[_Mean]) -> tuple[_Mean, _Mean]:
    return min(means, key=lambda one: one.value), max(means, key=lambda one: one.value)


def _all_alike(means: Sequence[_Mean]) -> bool:
    """Whether the intervals of all have a point in common: each two of them overlap exactly then."""
    known = [one.interval for one in means if one.interval is not None]
    return len(known) == len(means) and max(one.low for one in known) <= min(one.high for one in known)


def _more(least: _Mean, most: _Mean, in_words: Callable[[float], str]) -> str:
    few = [one.run.label for one in (least, most) if one.interval is None]
    if few:
        return f"{' and '.join(few)} {'have' if len(few) > 1 else 'has'} too few samples to be sure"
    if overlap(least.interval, most.interval):
        return "which may be chance"
    return in_words(most.value / least.value - 1) if least.value > 0 else "the least is nothing"


def recommended(runs: Sequence[Side]) -> str:
    """How many runs recommend which memory size, the most common first."""
    alike = len({run.figure for run in runs if run.recommended_mb is not None}) == 1
    counted = Counter((run.recommended_mb, run.figure if run.recommended_mb is not None else None) for run in runs)
    parts: list[str] = []
    for (memory_mb, kind), number in counted.most_common():
        what = figures.memory(memory_mb) if memory_mb is not None else "nothing"
        by = "" if alike or kind is None else f" by {FIGURES[kind]}"
        noun = "" if parts else " run" if number == 1 else " runs"
        parts.append(f"{number}{noun} {'recommends' if number == 1 else 'recommend'} {what}{by}")
    return ", ".join(parts)
