"""The samples that both main charts draw: which of them, where each lies, and what it says when it is pointed at.

Of very many samples so many are drawn that the page stays small and a browser quick. What both charts need of a
sample is in the page once, in columns, from which ``reports/memory.js`` puts the words together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from powertune.domain.sample import Outcome, Sample
from powertune.render import figures
from powertune.render.page.points import PointKind, Spread, kinds
from powertune.render.page.thinning import allot, over_the_ranks
from powertune.render.safe import chart_text

MOST_DRAWN = 10_000
"""As many samples are drawn, each in two charts; a browser takes about a second for them."""

_FOR_THE_REST = 0.5
"""The share of the room that cold, failed and set-aside samples may take before warm ones are counted."""
_LONGEST_ERROR = 80
_MOST_ERRORS = 200
"""Different error texts that are kept; a run of which each error has its own would fill the page with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The samples that are drawn, by kind; each kind by memory size and within it as they were made.

    ``drawable`` counts those that could be drawn: their duration or their billed duration is known.
    """

    by_kind: Mapping[PointKind, Sequence[Sample]]
    drawable: int

    @property
    def drawn(self) -> int:
        """How many are drawn."""
        return sum(map(len, self.by_kind.values()))


def chosen(samples: Iterable[Sample], room: int = MOST_DRAWN, *, mix: Mapping[int, int] | None = None) -> Chosen:
    """Choose the samples to draw: all where there is room.

    Otherwise the samples of a memory size and a kind are a group. Cold, failed and set-aside ones get up to half the
    room, warm ones the rest; small groups are drawn whole, of large ones equally many, evenly over their ranks by
    what a caller waited. The same result always gives the same ones. ``mix`` is the request's
    (`TuningRequest.warm_mix`).
    """
    groups: dict[tuple[PointKind, int], list[Sample]] = {}
    for sample, kind in kinds(samples, mix):
        if sample.duration_ms is not None or sample.billed_ms is not None:
            groups.setdefault((kind, sample.memory_mb), []).append(sample)
    total = sum(map(len, groups.values()))
    if total > room:
        kept = _allotted(groups, room)
        drawn = {group: _thinned(members, kept[group]) for group, members in groups.items()}
    else:
        drawn = groups
    by_kind = {kind: [s for group in sorted(drawn) if group[0] is kind for s in drawn[group]] for kind in PointKind}
    return Chosen(by_kind={kind: found for kind, found in by_kind.items() if found}, drawable=total)


@dataclass(slots=True)
class Tally:
    """What a run's samples add up to: how many there are of each kind, and between which waits the cold ones lie.

    ``waitless`` counts those without a known duration, ``drawable`` those of which a duration or a billed one is known.
    """

    kinds: Counter[PointKind] = field(default_factory=Counter)
    waitless: int = 0
    drawable: int = 0
    cold_ms: dict[int, tuple[int, float, float]] = field(default_factory=dict)
    """By memory size: how many cold starts with a known wait there are, the shortest and the longest of them."""


def tally(found: Iterable[Sample], mix: Mapping[int, int] | None = None) -> Tally:
    """Go through the samples once; ``mix`` is the request's (`TuningRequest.warm_mix`)."""
    done = Tally()
    for sample, kind in kinds(found, mix):
        wait = sample.latency_ms
        done.kinds[kind] += 1
        done.drawable += wait is not None or sample.billed_ms is not None
        if wait is None:
            done.waitless += 1
        elif kind is PointKind.COLD:
            count, low, high = done.cold_ms.get(sample.memory_mb, (0, wait, wait))
            done.cold_ms[sample.memory_mb] = (count + 1, min(low, wait), max(high, wait))
    return done


def _allotted(groups: Mapping[tuple[PointKind, int], Sequence[Sample]], room: int) -> dict[tuple[PointKind, int], int]:
    warm = [group for group in groups if group[0] is PointKind.WARM]
    rest = [group for group in groups if group[0] is not PointKind.WARM]
    of_warm, of_rest = (sum(len(groups[group]) for group in some) for some in (warm, rest))
    for_rest = min(of_rest, max(int(room * _FOR_THE_REST), room - of_warm))
    kept = dict(zip(rest, allot([len(groups[group]) for group in rest], for_rest), strict=True))
    return kept | dict(zip(warm, allot([len(groups[group]) for group in warm], room - for_rest), strict=True))


def _thinned(members: Sequence[Sample], wanted: int) -> list[Sample]:
    if wanted >= len(members):
        return list(members)
    waits = [wait if (wait := sample.latency_ms) is not None else float(sample.billed_ms or 0) for sample in members]
    return [members[place] for place in over_the_ranks(waits, wanted)]


def columns(found: Chosen, spread: Spread, *, several: bool) -> dict[str, Any]:
    """What the charts share, for `reports/memory.js`.

    ``kinds`` has for each kind the ``runs`` of samples at a memory size (words, count, and between which places on the
    memory axis they are drawn), the number of each sample (``no``) as its distance from the one before it in the run,
    and ``lines``: what is said of each, as words and a column of indexes into ``texts``, null where there is nothing
    to say. ``several`` payloads are told apart.
    """
    kinds = {kind.value: _columns_of(kind, samples, spread, several=several) for kind, samples in found.by_kind.items()}
    said = Counter(text for made in kinds.values() for column in made["lines"].values() for text in column)
    del said[None]
    # The more often a text comes, the shorter its index: together they are a fifth shorter so.
    index = {text: place for place, (text, _) in enumerate(said.most_common())} | {None: None}
    for made in kinds.values():
        made["lines"] = [(words, [index[text] for text in column]) for words, column in made["lines"].items()]
    return {"texts": [text for text in index if text is not None], "kinds": kinds}


def _columns_of(kind: PointKind, samples: Sequence[Sample], spread: Spread, *, several: bool) -> dict[str, Any]:
    runs: list[list[Any]] = []
    numbers: list[int] = []
    lines: dict[str, list[str | None]] = {}
    errors: set[str] = set()
    size_mb, last = None, 0
    for row, sample in enumerate(samples):
        if sample.memory_mb != size_mb:
            size_mb, last = sample.memory_mb, 0
            ends = (short(end, digits=8) for end in spread.reach(kind, size_mb))
            runs.append([f"{figures.memory(size_mb)}, {kind.value.replace('-', ' ')}", 0, *ends])
        runs[-1][1] += 1
        numbers.append(sample.order + 1 - last)
        last = sample.order + 1
        for words, text in _said(sample, kind, several=several):
            column = lines.setdefault(words, [None] * len(samples))
            column[row] = _few(text, sample, errors) if words in _ERROR_WORDS else text
    return {"runs": runs, "no": numbers, "lines": lines}


_FAILED, _ALLOWED = "", "allowed exception: "
_ERROR_WORDS = (_FAILED, _ALLOWED)


def _said(sample: Sample, kind: PointKind, *, several: bool) -> Iterable[tuple[str, str]]:
    yield "duration ", figures.duration(sample.duration_ms)
    if sample.init_ms is not None:
        yield "init ", figures.duration(sample.init_ms)
    if sample.restore_ms is not None:
        yield "restore ", figures.duration(sample.restore_ms)
    if sample.billed_ms is not None:
        yield "billed ", f"{figures.count(sample.billed_ms)} ms"
    if several:
        yield "payload no. ", str(sample.payload + 1)
    if kind is PointKind.FAILED:
        yield _FAILED, chart_text(sample.error_type or sample.outcome.value, _LONGEST_ERROR)
    elif sample.outcome is Outcome.OK and sample.error_type is not None:
        yield _ALLOWED, chart_text(sample.error_type, _LONGEST_ERROR)


def _few(text: str, sample: Sample, errors: set[str]) -> str:
    """The error's text, or beyond the first few hundred different ones only how the invocation ended."""
    if text not in errors and len(errors) >= _MOST_ERRORS:
        return sample.outcome.value
    errors.add(text)
    return text


def short(value: float, *, digits: int = 5) -> float:
    """A number for the page: to so many digits, as a drawing needs them, and without ``.0``."""
    rounded = float(f"{value:.{digits}g}")
    return int(rounded) if rounded == int(rounded) else rounded
