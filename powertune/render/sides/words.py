"""Runs side by side: the answer in a sentence, and the rows and words that all forms of the comparison share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from powertune.domain.side_by_side import Difference, DifferenceKind, Figure, Side, SideBySide, SideSize, Versus
from powertune.render import figures
from powertune.render.sides import many
from powertune.render.sides.many import FIGURES

NOISE = "within noise"
TOO_FEW = "too few"

WHAT_IT_IS = (
    "A difference is within the noise where the two means’ 95 % intervals overlap; then it may be chance. "
    "“Too few” samples, two or less, have no interval. This describes the runs as they are; it is no regression test."
)

_MEAN = {Figure.WARM: "Warm mean", Figure.COLD: "Cold start", Figure.SINGLE: "One invocation"}
_TOLD_IN_FULL = 3
"""Of so many runs at most each is told in the sentence itself."""
_CODE_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run at one memory size, as texts in the order of `titles`; ``state`` says why there are none."""

    memory_mb: int
    run: int
    texts: tuple[str, ...]
    state: str = ""
    recommended: bool = False


def titles(compared: SideBySide) -> tuple[str, ...]:
    """The headings of the columns after memory size and run."""
    kinds = {run.figure for run in compared.runs}
    mean = _MEAN[kinds.pop()] if len(kinds) == 1 else "Mean"
    return (mean, "vs. first", "Per million", "vs. first", "p95", "Cold starts", "Max used", "Errors")


def rows(compared: SideBySide) -> Iterator[Row]:
    """All runs at each memory size in turn; a run that did not try a size has a row too."""
    for at, memory_mb in enumerate(compared.sizes_mb):
        for index, run in enumerate(compared.runs):
            size = run.sizes[at]
            yield Row(
                memory_mb=memory_mb,
                run=index,
                texts=_texts(size, first=index == 0),
                state="" if size.measured else state(size),
                recommended=memory_mb == run.recommended_mb,
            )


def state(size: SideSize) -> str:
    """Why a run has no figures at a size."""
    if size.invocations is None:
        return "not measured"
    return f"failed: {size.reason}" if size.reason else "failed"


def _texts(size: SideSize, *, first: bool) -> tuple[str, ...]:
    cold = figures.count(size.cold_starts)
    if size.cold_init_ms is not None:
        cold += f" ({figures.duration(size.cold_init_ms, size.cold_init_interval)})"
    return (
        figures.duration_estimate(size.duration_ms, size.duration_interval),
        "" if first else versus(size.duration_versus),
        figures.money_estimate(size.per_million, size.per_million_interval),
        "" if first else versus(size.cost_versus),
        figures.duration(size.p95_ms),
        cold,
        figures.memory(size.max_memory_used_mb),
        figures.count(size.errors),
    )


def versus(found: Versus | None) -> str:
    """How a mean differs from the first run's: ``−12 %``, or why that is not said."""
    if found is None:
        return figures.UNKNOWN
    if found.within_noise is None:
        return TOO_FEW
    return NOISE if found.within_noise else figures.difference(found.share)


def answer(compared: SideBySide) -> str:
    """The comparison in one sentence of plain text; of more than three runs who is first and who is last."""
    if len(compared.runs) > _TOLD_IN_FULL:
        return f"{many.extremes(compared)}; {_recommended(compared.runs)}.{_caveat(compared)}"
    said, at = "", None
    for focus, clause in _clauses(compared):
        here = "" if focus in (None, at) else f"{'at' if said else 'At'} {figures.memory(focus)}: "
        said += f"{'; ' if said else ''}{here}{clause}"
        at = at if focus is None else focus
    return f"{said}; {_recommended(compared.runs)}.{_caveat(compared)}"


def details(compared: SideBySide) -> Iterator[str]:
    """Each run against the first, in a sentence, where the answer does not say it."""
    if len(compared.runs) > _TOLD_IN_FULL:
        for focus, clause in _clauses(compared):
            yield f"{clause}." if focus is None else f"At {figures.memory(focus)}: {clause}."


def places(compared: SideBySide) -> Iterator[str]:
    """Which runs did not happen on AWS, and what a reader must know of them; nothing where all did."""
    for where in dict.fromkeys(run.where for run in compared.runs if run.where):
        of = [run.label for run in compared.runs if run.where == where]
        every = f"{'Both' if len(of) == 2 else 'All'} runs" if len(of) == len(compared.runs) else ", ".join(of)
        yield f"{every}: {where[:1].lower()}{where[1:]}"


def _clauses(compared: SideBySide) -> Iterator[tuple[int | None, str]]:
    """Each run against the first, and at which memory size."""
    first, others = compared.runs[0], compared.runs[1:]
    for run, focus in zip(others, compared.focus_mb[1:], strict=True):
        if focus is None:
            yield None, _why_not(first, run)
        else:
            at = compared.sizes_mb.index(focus)
            yield focus, _clause(first, run, first.sizes[at], run.sizes[at])


def _clause(first: Side, run: Side, base: SideSize, size: SideSize) -> str:
    duration, cost = size.duration_versus, size.cost_versus
    assert duration is not None
    if duration.within_noise is None:
        if base.duration_interval is not None:
            return f"{run.label} has too few samples to be told apart from {first.label}"
        if size.duration_interval is not None:
            return f"{first.label} has too few samples for {run.label} to be told apart from it"
        return f"{run.label} and {first.label} have too few samples to tell them apart"
    words = figures.faster(duration.share)
    if duration.within_noise:
        took = f"{run.label} is about as fast as {first.label}"
    else:
        took = f"{run.label} is {words} {'as' if words == 'as fast' else 'than'} {first.label}"
    noisy = " (within the noise)"
    if cost is None:
        what = "is billed in another currency" if run.currency != first.currency else "has no cost to compare"
        return f"{took}{noisy if duration.within_noise else ''}, and {what}"
    if cost.within_noise:
        both = " (both within the noise)" if duration.within_noise else noisy
        return f"{took} at about the same cost{both}"
    words = figures.cheaper(cost.share)
    joined = "" if words.startswith("at ") else "and "
    return f"{took}{noisy if duration.within_noise else ''} {joined}{words}"


def _why_not(first: Side, run: Side) -> str:
    if Figure.SINGLE in (first.figure, run.figure):
        dry = first if first.figure is Figure.SINGLE else run
        return f"{dry.label} is a dry run, with which nothing is compared"
    if first.figure is not run.figure:
        kinds = f"{FIGURES[run.figure]}, {first.label} {FIGURES[first.figure]}"
        return f"{run.label} measured {kinds}, so they are not compared"
    return f"{run.label} and {first.label} measured no memory size in common"


def _recommended(runs: Sequence[Side]) -> str:
    sizes = [run.recommended_mb for run in runs]
    known = {size for size in sizes if size is not None}
    if not known:
        return f"{'neither' if len(runs) == 2 else 'none of the'} run{'s' * (len(runs) > 2)} recommends a memory size"
    alike = len({run.figure for run in runs if run.recommended_mb is not None}) == 1
    if alike and len(set(sizes)) == 1:
        return f"{'both' if len(runs) == 2 else 'all'} runs recommend {figures.memory(sizes[0])}"
    if alike and len(runs) == 2 and None not in sizes:
        return f"the recommended size moved from {figures.memory(sizes[0])} to {figures.memory(sizes[1])}"
    if len(runs) > _TOLD_IN_FULL:
        return many.recommended(runs)
    each = [
        f"{run.label} "
        + ("nothing" if size is None else f"{figures.memory(size)}{'' if alike else f' by {FIGURES[run.figure]}'}")
        for run, size in zip(runs, sizes, strict=True)
    ]
    return f"recommended: {', '.join(each)}"


def _caveat(compared: SideBySide) -> str:
    """That something else differs between the runs, which a reader of the sentence alone must know."""
    unlike = [found.what[:1].lower() + found.what[1:] for found in conditions(compared)]
    if not unlike:
        return ""
    subject = any(found.kind is DifferenceKind.SUBJECT for found in compared.differences)
    listed = unlike[0] if len(unlike) == 1 else f"{', '.join(unlike[:-1])} and {unlike[-1]}"
    return f" The runs {'also ' if subject else ''}differ in: {listed}."


def conditions(compared: SideBySide) -> list[Difference]:
    """The differences that may have made the figures differ, beside what the runs are compared for."""
    return [found for found in compared.differences if found.kind is DifferenceKind.CONDITION]


def grouped(compared: SideBySide, difference: Difference) -> Iterator[tuple[str, str]]:
    """A difference as labels and the value that they share."""
    for value in dict.fromkeys(difference.values):
        labels = [run.label for run, its in zip(compared.runs, difference.values, strict=True) if its == value]
        yield ", ".join(labels), value


def alone(compared: SideBySide) -> Iterator[str]:
    """What only one run measured: it is not compared."""
    for run in compared.runs:
        rest = [figures.memory(mb) for mb in run.measured_mb if mb not in compared.sizes_mb]
        if rest:
            yield f"Only {run.label} measured {', '.join(rest)}."


def about(run: Side) -> tuple[str, ...]:
    """What a run is: when and where it measured, and what."""
    return (
        *([f"run {run.run_id}"] if run.run_id != run.label else []),
        figures.moment(run.started_at),
        run.function_name,
        run.region,
        run.architecture.value,
        run.runtime or "container image",
        f"code {run.code_sha256[:_CODE_SHOWN]}",
    )
