"""The history of a function's checks in words and on a page: where its figures changed."""

from collections.abc import Sequence

from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.check_history import (
    fewest_figures,
    figure_of,
    metrics_with_figures,
    smallest_told,
    stretches,
)
from powertune.domain.result import ChangePoint, CheckEntry, Trend
from powertune.render import changes, figures
from powertune.render.checks.rows import NAMES
from powertune.render.checks.trend_charts import (
    chart_name,
    charted,
    code_text,
    date_text,
    figure_text,
    run_text,
    trend_charts,
    verdict_text,
)
from powertune.render.markup import Markup, bullets, details, figure, note, safe, table
from powertune.render.safe import escape, one_line

__all__ = ["trend_charts", "trend_lines", "trend_section"]

_DURATION, _AMOUNT = ("longer", "shorter", "long"), ("higher", "lower", "high")
_SAID = 6
"""Checks that a chart's words name at its beginning, and at its end."""
_IN_TABLE = 50
_SHAPES = {
    "same": '<circle cx="11" cy="8" r="4.5" fill="var(--warm)"/>',
    "better": '<path d="M5 3h12l-6 10z" fill="var(--recommended)"/>',
    "worse": '<path d="M5 13h12L11 3z" fill="var(--failed)"/>',
    "undecided": '<path d="M11 2 17 8 11 14 5 8z" fill="none" stroke="var(--note)" stroke-width="1.8"/>',
    "none": '<path d="M6 3h10v10H6z" fill="none" stroke="var(--set-aside)" stroke-width="1.8"/>',
    "level": '<path d="M0 8h22" stroke="var(--ink)" stroke-width="2"/>',
    "band": '<path d="M0 2h22v12H0z" fill="var(--equivalent)"/>',
    "change": '<path d="M11 0v16" stroke="var(--deployment)" stroke-width="1.5" stroke-dasharray="4 3"/>',
    "memory": '<path d="M11 0v16" stroke="var(--deployment)" stroke-width="1.5" stroke-dasharray="1.5 2.5"/>',
}


def trend_lines(trend: Trend, settings: CheckSettings | None = None) -> tuple[str, ...]:
    """What the last checks say together, in sentences of plain text: each change, or why there is none to tell."""
    settings = settings or CheckSettings()
    parts = stretches(trend.entries)
    if not parts:
        return ("No check was kept yet.",)
    moved = _memory_words(parts)
    if trend.changes:
        return (*moved, *(_change_words(trend, together, settings) for together in _together(trend.changes)))
    return (*moved, _steady(parts[-1], settings))


def trend_section(trend: Trend, settings: CheckSettings) -> Markup:
    """The part of a page about the last checks; `trend_charts` has the data of its charts.

    Everything that others wrote is escaped.
    """
    growths = trend.growths
    told = [
        _change_words(trend, some, settings) for some in _together(trend.changes) if any(one in growths for one in some)
    ]
    grown = note(bullets(told)) if told else ""
    rest = bullets(line for line in trend_lines(trend, settings) if line not in told)
    metrics = charted(trend)
    charts = "".join(_figure(trend, metric) for metric in metrics)
    undated = sum(figures.parse_moment(entry.at) is None for entry in trend.entries)
    left = f" Not drawn: {figures.plural(undated, 'check')} without a date." if undated else ""
    by = escape(changes.exact_percent(settings.threshold))
    lead = (
        f"The last {figures.plural(len(trend.entries), 'check')} of the function, this one included. A change is what "
        f"lasts, differs by more than {escape(_least(settings))}, and is "
        f"{escape(changes.exact_percent(settings.confidence))} sure with all metrics allowed for; only beyond the "
        f"threshold of {by} does it count as a regression. The axis of figures does not begin at zero.{left}"
    )
    return (
        f'<section aria-labelledby="trend"><h2 id="trend">Trend of the checks</h2><p class="lead">{lead}</p>'
        f"{grown}{rest}{_key(trend, by) if metrics else ''}{charts}{_table(trend)}</section>"
    )


def _steady(compared: Sequence[CheckEntry], settings: CheckSettings) -> str:
    count = len(compared)
    metrics = metrics_with_figures(compared, settings)
    needed = fewest_figures((1 - settings.confidence) / max(1, len(metrics)))
    if not metrics:
        return f"No figure of the last {figures.plural(count, 'check')} can be followed."
    if count < needed:
        enough = f"; it takes {figures.count(needed)}" if needed <= 1000 else ""
        return f"{figures.plural(count, 'check')} cannot tell a change from chance{enough}."
    return f"No lasting change by more than {_least(settings)} was seen in the last {figures.plural(count, 'check')}."


def _least(settings: CheckSettings) -> str:
    return changes.exact_percent(smallest_told(settings))


def _memory_words(parts: Sequence[Sequence[CheckEntry]]) -> tuple[str, ...]:
    if len(parts) < 2:
        return ()
    first, before = parts[-1][0], parts[-2][-1]
    said = (
        f"The memory size is {figures.memory(first.memory_mb)} since {date_text(first.at)} UTC, before it was "
        f"{figures.memory(before.memory_mb)}: only the {figures.plural(len(parts[-1]), 'check')} since then "
        f"{'is' if len(parts[-1]) == 1 else 'are'} compared."
    )
    return (said,)


def _together(found: Sequence[ChangePoint]) -> list[list[ChangePoint]]:
    """Changes that came with the same check, in the order of time; those beyond the threshold by themselves."""
    groups: dict[tuple[str, str, bool, bool, bool], list[ChangePoint]] = {}
    for one in found:
        groups.setdefault((one.at, one.run_id, one.gradual, one.change > 0, one.beyond), []).append(one)
    return [groups[key] for key in sorted(groups, key=lambda key: key[:2])]


def _change_words(trend: Trend, found: Sequence[ChangePoint], settings: CheckSettings) -> str:
    """``Mean duration is 12 % longer since 2026-11-02 03:00 UTC (run …, version 7, code abc12345): …``."""
    change, *others = found
    entry = next((one for one in trend.entries if one.run_id == change.run_id), None)
    currency = entry.currency if entry is not None else ""
    name = NAMES[change.metric][:1].upper() + NAMES[change.metric][1:]
    also = ", ".join(
        f"{NAMES[one.metric]} {changes.growth(one.change)} ({_levels(one, currency, '')})" for one in others
    )
    and_also = f" Also: {also}." if also else ""
    below = "" if change.beyond else f", below the threshold of {changes.exact_percent(settings.threshold)}"
    if change.gradual:
        return (
            f"{name} {'grows' if change.change > 0 else 'falls'} little by little: it is {_by(change)} since "
            f"{date_text(change.at)} UTC than in the checks before{below}, {_levels(change, currency)}.{and_also}"
        )
    of = [f"run {run_text(change.run_id)}"]
    if entry is not None:
        of += [f"version {one_line(entry.version, 20)}"] if entry.version else []
        of += [f"code {code_text(entry)}"]
    return (
        f"{name} is {_by(change)} since {date_text(change.at)} UTC{below} ({', '.join(of)}), "
        f"{_levels(change, currency)}.{and_also}"
    )


def _by(change: ChangePoint) -> str:
    more, less, much = _AMOUNT if change.metric in (Metric.COST, Metric.MEMORY_USED) else _DURATION
    size = changes.growth(change.change).lstrip(f"+{figures.MINUS}")
    return f"{size} as {much}" if size.endswith("times") else f"{size} {more if change.change > 0 else less}"


def _levels(change: ChangePoint, currency: str, of: str = " in the median") -> str:
    before, after = (figure_text(change.metric, level, currency) for level in (change.before, change.after))
    return f"{before} → {after}{' per million' if change.metric is Metric.COST else ''}{of}"


def _figure(trend: Trend, metric: Metric) -> Markup:
    name = NAMES[metric][:1].upper() + NAMES[metric][1:]
    per = " per million invocations" if metric is Metric.COST else ""
    return figure(chart_name(metric), f"{name}{per} over the checks", "Lower is better.", _in_words(trend, metric))


def _in_words(trend: Trend, metric: Metric) -> list[str]:
    """Every check of a few, the first and the last ones of many."""
    entries = list(trend.entries)
    few = entries if len(entries) <= 2 * _SAID else [*entries[:_SAID], *entries[-_SAID:]]
    lines = [f"{date_text(one.at)}: {_value(one, metric)}, {verdict_text(one.verdict)}." for one in few]
    if len(few) < len(entries):
        lines.insert(_SAID, f"{figures.plural(len(entries) - len(few), 'check')} between these and the next.")
    return lines


def _value(entry: CheckEntry, metric: Metric) -> str:
    return figure_text(metric, figure_of(entry, metric, entry.currency), entry.currency)


def _key(trend: Trend, by: str) -> Markup:
    said = {entry.verdict for entry in trend.entries}
    rows = [(verdict.value, verdict.value, verdict in said) for verdict in Verdict]
    rows += [
        ("none", verdict_text(None), None in said),
        ("level", "median", True),
        ("band", f"no more than {by} from the median before the last change", True),
        ("change", "a change", bool(trend.changes)),
        ("memory", "another memory size", len(stretches(trend.entries)) > 1),
    ]
    items = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[name]}</svg>{text}</li>'
        for name, text, shown in rows
        if shown
    )
    return f'<ul class="key">{items}</ul>'


def _table(trend: Trend) -> Markup:
    if not trend.entries:
        return ""
    heads = [
        ("Date", "UTC"),
        ("Check said", ""),
        ("Run", ""),
        ("Version", ""),
        ("Code", "CodeSha256"),
        ("Memory size", ""),
        ("Samples", ""),
        ("Duration", "mean"),
        ("Duration", "p95"),
        ("Cost", "per million"),
    ]
    shown = trend.entries[: -_IN_TABLE - 1 : -1]
    older = len(trend.entries) - len(shown)
    rest = f'<p class="lead">{figures.plural(older, "older check")} not shown.</p>' if older else ""
    rows = "".join(map(_row, shown))
    return details(
        "All checks", f'<h3 id="checks">All checks, the last one first</h3>{table("checks", heads, rows)}{rest}'
    )


def _row(entry: CheckEntry) -> Markup:
    texts = [
        f'<td class="text">{verdict_text(entry.verdict)}</td>',
        f'<td class="text">{safe(run_text(entry.run_id))}</td>',
        f"<td>{safe(one_line(entry.version or figures.UNKNOWN, 20))}</td>",
        f"<td><code>{safe(code_text(entry))}</code></td>",
    ]
    numbers = [
        figures.memory(entry.memory_mb),
        figures.count(entry.samples),
        *(_value(entry, metric) for metric in (Metric.DURATION_MEAN, Metric.DURATION_P95, Metric.COST)),
    ]
    cells = "".join(f"<td>{escape(number)}</td>" for number in numbers)
    return f'<tr><th scope="row">{escape(date_text(entry.at))}</th>{"".join(texts)}{cells}</tr>\n'
