"""A small chart for the terminal: bars of duration and of cost, one memory size under the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, means
from powertune.render.compared import compared_by, is_measured, state_of
from powertune.render.safe import cells, fit, one_line
from powertune.render.text.plain import ascii_text
from powertune.render.text.size_columns import marked_sizes
from powertune.render.text.size_word import is_recommended, mark

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GAP = "  "
_MOST_ROWS = 24
_LONGEST_FIGURE = 80
_LEAST_BAR, _LONGEST_BAR = 6, 40
_BESIDE_FROM = 12
"""Columns of each bar from which two of them fit side by side; below that the charts stand one under the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """One figure of all sizes drawn: its values, None where it is unknown, and each as text."""

    title: str
    values: tuple[float | None, ...]
    texts: tuple[str, ...]

    @property
    def figure_width(self) -> int:
        return max(map(cells, self.texts), default=0)

    def bar(self, row: int, width: int, draw: Callable[[float, int], str]) -> str:
        """The bar of a row, as long as its share of the longest, then its figure."""
        value, longest = self.values[row], max((one for one in self.values if one is not None), default=0.0)
        if value is None:
            return self.texts[row]
        drawn = draw(value / longest if longest > 0 else 0.0, width)
        return f"{drawn}{' ' if drawn else ''}{self.texts[row]}"


def chart_lines(result: TuningResult, width: int, *, ascii_only: bool = False) -> list[str]:
    """Bars of the compared duration and cost; none where no size has either. No line is wider than ``width``.

    All bars begin at zero. ``*`` and a word mark the recommended and the present size. Of more than 24 sizes some are
    left out, which a line below says; those with a mark are always drawn.
    """
    by, sizes = compared_by(result), marked_sizes(result, _MOST_ROWS)
    say = ascii_text if ascii_only else str
    draw = _ascii_bar if ascii_only else _block_bar
    durations = [by.duration(size) if is_measured(result, size) else None for size in sizes]
    costs = [by.cost(size) if is_measured(result, size) else None for size in sizes]
    if not any(durations) and not any(costs):
        return []
    panels = (
        _Panel(
            title=by.column,
            values=tuple(found.mean if found else None for found in durations),
            texts=tuple(say(means.duration(found)) for found in durations),
        ),
        _Panel(
            title="Per million",
            values=tuple(float(found.per_million.amount) if found else None for found in costs),
            texts=tuple(say(one_line(means.cost(found), _LONGEST_FIGURE)) for found in costs),
        ),
    )
    labels = _labels(result, sizes)
    words = tuple(_word(result, size) for size in sizes)
    missing = tuple(not is_measured(result, size) for size in sizes)

    def room_beside(words: Sequence[str]) -> int:
        return width - cells(labels[0]) - max(map(cells, words), default=0) - len(_GAP) * 3

    each = (room_beside(words) - sum(panel.figure_width + 1 for panel in panels)) // 2
    if each < _BESIDE_FROM:
        # Bars need what room there is: the table above has every word.
        words = tuple(word.partition(",")[0] for word in words)
    room = room_beside(words)
    rows = _Rows(labels=labels, words=words, missing=missing, draw=draw)
    if each >= _BESIDE_FROM:
        lines = rows.laid_out(panels, min(each, _LONGEST_BAR))
    else:
        lines = []
        for panel in panels:
            bar = room + len(_GAP) - panel.figure_width - 1
            lines += rows.laid_out((panel,), max(_LEAST_BAR, min(bar, _LONGEST_BAR)))
    left_out = len(result.memory_sizes) - len(sizes)
    if left_out:
        lines.append(f"{figures.count(len(sizes))} of {figures.count(len(result.memory_sizes))} sizes drawn")
    return [fit(line, width).replace("…", "." if ascii_only else "…") for line in lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What stands beside the bars of each size."""

    labels: tuple[str, ...]
    words: tuple[str, ...]
    missing: tuple[bool, ...]
    draw: Callable[[float, int], str]

    def laid_out(self, panels: Sequence[_Panel], bar: int) -> list[str]:
        """A line of titles, then one for each size."""
        widths = [max(bar + 1 + panel.figure_width, cells(panel.title)) for panel in panels]
        titles = (_padded(panel.title, width) for panel, width in zip(panels, widths, strict=True))
        lines = [_GAP.join((" " * cells(self.labels[0]), *titles)).rstrip()]
        for row, (label, word) in enumerate(zip(self.labels, self.words, strict=True)):
            if self.missing[row]:
                lines.append(f"{label}{_GAP}{word}")
                continue
            drawn = (
                _padded(panel.bar(row, bar, self.draw), width) for panel, width in zip(panels, widths, strict=True)
            )
            lines.append(_GAP.join((label, *drawn, word)).rstrip())
        return lines


def _word(result: TuningResult, size: SizeResult) -> str:
    said = [] if is_measured(result, size) else [state_of(result, size)]
    return ", ".join(filter(None, (*said, mark(result, size.memory_mb))))


def _labels(result: TuningResult, sizes: Sequence[SizeResult]) -> tuple[str, ...]:
    widest = max(len(figures.memory(size.memory_mb)) for size in sizes)
    return tuple(
        f"{'*' if is_recommended(result, size.memory_mb) else ' '}{figures.memory(size.memory_mb):>{widest}}"
        for size in sizes
    )


def _block_bar(share: float, width: int) -> str:
    """A bar in eighths of a column; what is not nothing has one eighth at least."""
    eighths = max(round(share * width * 8), 1) if share > 0 else 0
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _ascii_bar(share: float, width: int) -> str:
    return "#" * (max(round(share * width), 1) if share > 0 else 0)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
