"""Several instruction sets side by side, and that a clone was measured in the function's place."""

from collections.abc import Iterator
from dataclasses import dataclass

from powertune.domain.function import Architecture
from powertune.domain.result import ArchitectureRun, Recommendation, TuningResult
from powertune.render import figures, means
from powertune.render.bill import is_complete
from powertune.render.compared import compared_by
from powertune.render.markup import Markup, note, safe, table, together
from powertune.render.paper import GAP, Column, Paper, Table
from powertune.render.safe import escape, one_line
from powertune.render.text import markdown_text

_KEEP = (9, 8, 6, 2, 5, 1)
"""Which of the columns of `_titles` a narrow terminal keeps: the lowest is left out first."""
_KEEP_MARKS = 7
_LONGEST_REASON = 300
_LONGEST_FIGURE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """One instruction set: its cells in the order of `_TITLES`; with ``reason``, why there are none."""

    texts: tuple[str, ...]
    reason: str | None = None
    is_best: bool = False
    is_own: bool = False


def clone_note(result: TuningResult) -> str:
    """That a clone was measured; empty where the function itself was."""
    clone = result.function.clone
    if clone is None:
        return ""
    gone = ", deleted by now" if result.restored else ", NOT deleted"
    itself = "" if result.applied is not None else "; the function itself was only read"
    return f"Measured on a temporary clone of the function ({clone}{gone}){itself}."


def verdict(result: TuningResult) -> str:
    """Which instruction set is better, in a sentence; empty where there is no comparison."""
    return result.comparison.sentence if result.comparison is not None else ""


def spent_beside(result: TuningResult) -> str:
    """What the runs on other instruction sets spent; empty where there are none."""
    said = []
    for one in result.architectures:
        if one.spend is not None:
            least = "" if is_complete(one.spend) else "at least "
            said.append(f"{least}{figures.money(one.spend.total_cost)} on {one.architecture}")
    verb = "spent" if result.environment.kind == "aws" else "would have cost"
    return f"The other run {verb} {' and '.join(said)}." if said else ""


def architecture_lines(result: TuningResult, paper: Paper) -> list[str]:
    """A small table for the terminal, none for one instruction set; no line is wider than the paper."""
    rows = list(_lines(result))
    if len(rows) < 2:
        return []
    columns = [
        Column(
            title=title,
            texts=tuple(paper.text(row.texts[at]) if at < len(row.texts) else "" for row in rows),
            keep=keep,
            left=at == 0,
        )
        for at, (title, keep) in enumerate(zip(_titles(result), _KEEP, strict=True))
    ]
    if any(map(_marks, rows)):
        columns.append(Column(title="", texts=tuple(map(_marks, rows)), keep=_KEEP_MARKS, left=True))
    table = Table.fitted(columns, paper.width)
    lines = table.head(paper)
    for at, row in enumerate(rows):
        missing = f"{table.row(at, columns=1)}{GAP}not measured: {one_line(row.reason or '')}"
        lines.append(paper.line(table.row(at) if row.reason is None else missing))
    return lines


def architectures_markdown(result: TuningResult) -> str:
    """A table for Markdown; empty for one instruction set."""
    rows = list(_lines(result))
    if len(rows) < 2:
        return ""
    titles = _titles(result)
    written, said = [], []
    for row in rows:
        texts = [*row.texts, *([figures.UNKNOWN] * (len(titles) - len(row.texts)))]
        written.append([*map(markdown_text.plain, texts), "not measured" if row.reason is not None else _marks(row)])
        if row.reason is not None and not any(row.reason in warning for warning in result.warnings):
            reason = markdown_text.plain(row.reason, _LONGEST_REASON)
            said.append(f"\n\n{row.texts[0]} was not measured: {reason}")
    return markdown_text.table((*titles, ""), written, left=(0, len(titles))) + "".join(said)


def architectures_section(result: TuningResult) -> Markup:
    """The section of the report; empty for one instruction set."""
    rows = list(_lines(result))
    if len(rows) < 2:
        return ""
    body = ""
    titles = _titles(result)
    for row in rows:
        tags = [word for word, holds in (("better", row.is_best), ("present", row.is_own)) if holds]
        marks = "".join(f' <span class="tag{" recommended" if tag == "better" else ""}">{tag}</span>' for tag in tags)
        if row.reason is None:
            numbers = "".join(f"<td>{escape(text)}</td>" for text in row.texts[1:])
        else:
            numbers = f'<td class="reason" colspan="{len(titles) - 1}">not measured: {safe(row.reason)}</td>'
        best = ' class="best"' if row.is_best else ""
        body += f'<tr{best}><th scope="row">{escape(row.texts[0])}{marks}</th>{numbers}</tr>'
    said = note(f"<p>{together(verdict(result))}</p>") if verdict(result) else ""
    how = (
        "Each was tuned by itself, one after the other, on a temporary clone. The rest of this report is about "
        f"{escape(result.function.architecture.value)}; result.json has all of both. {escape(spent_beside(result))}"
    )
    heads = [(title, "") for title in titles]
    return (
        '<section aria-labelledby="architectures"><h2 id="architectures">Instruction sets side by side</h2>'
        f'{said}<p class="lead">{how}</p>{table("architectures", heads, body)}</section>'
    )


def _marks(row: _Line) -> str:
    return ", ".join(word for word, holds in (("better", row.is_best), ("present", row.is_own)) if holds)


def _titles(result: TuningResult) -> tuple[str, ...]:
    by = compared_by(result)
    return ("Instruction set", "Best size", by.column, "p95", "Per million", "Price of a GB-second")


def _lines(result: TuningResult) -> Iterator[_Line]:
    if not result.architectures:
        return
    own = result.comparison.own if result.comparison is not None else None
    better = result.comparison.better if result.comparison is not None else None
    runs: dict[Architecture, ArchitectureRun | TuningResult] = {result.function.architecture: result}
    runs |= {one.architecture: one for one in result.architectures}
    for architecture in sorted(runs, key=list(Architecture).index):
        one = runs[architecture]
        failure = one.failure if isinstance(one, ArchitectureRun) else None
        if failure is None and one.recommendation is None:
            failure = next((size.reason for size in one.memory_sizes if size.reason), None) or "nothing is recommended"
        yield _Line(
            texts=(architecture.value,) if failure is not None else _texts(result, architecture, one),
            reason=failure,
            is_best=architecture is better,
            is_own=architecture is own,
        )


def _texts(result: TuningResult, architecture: Architecture, one: ArchitectureRun | TuningResult) -> tuple[str, ...]:
    by = compared_by(result)
    best: Recommendation | None = one.recommendation
    assert best is not None
    size = means.size_at(one.memory_sizes, best.memory_mb)
    duration, cost = (by.duration(size), by.cost(size)) if size is not None else (None, None)
    return (
        architecture.value,
        figures.memory(best.memory_mb),
        figures.duration_estimate(best.expected_duration_ms, duration.mean_interval if duration else None),
        figures.duration(duration.p95 if duration else None),
        one_line(
            figures.money(best.expected_cost_per_million, cost.per_million_interval if cost else None), _LONGEST_FIGURE
        ),
        one_line(figures.rate(one.price.per_gb_second, one.price.currency), _LONGEST_FIGURE)
        if one.price is not None
        else figures.UNKNOWN,
    )
