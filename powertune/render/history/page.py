"""A history of runs as a page: two charts against time, what deployments changed, and the table of all runs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from powertune.domain.compared import ComparedBy
from powertune.domain.history import RunSummary, SizeSummary
from powertune.domain.price import Money
from powertune.render import figures, means
from powertune.render.document import html_document
from powertune.render.history import words
from powertune.render.history.charts import COST, DURATION, Drawable, drawable, history_charts
from powertune.render.markup import Markup, facts, figure, note, safe, table, together
from powertune.render.safe import escape

_SHAPES = {
    "present": '<path d="M0 8h22" stroke="var(--present)" stroke-width="1.5" stroke-dasharray="2 3"/>'
    '<circle cx="11" cy="8" r="4.5" fill="var(--present)"/>',
    "recommended": '<path d="M0 8h22" stroke="var(--recommended)" stroke-width="1.5"/>'
    '<path d="M11 3 16 8 11 13 6 8z" fill="var(--recommended)"/>',
    "interval": '<path d="M11 1v14M8 1h6M8 15h6" stroke="var(--soft)" stroke-width="1.6"/>',
    "local": '<circle cx="11" cy="8" r="4.5" fill="none" stroke="var(--present)" stroke-width="1.8"/>',
    "deployment": '<path d="M11 3v13" stroke="var(--deployment)" stroke-width="1.5" stroke-dasharray="4 3"/>'
    '<path d="M6 1h10l-5 7z" fill="var(--deployment)"/>',
}
_SAID = 6
"""Runs that a chart's words name at its beginning, and at its end."""

_SPACINGS = {"time": "by date", "even": "evenly spaced runs"}


def render_history_page(runs: Sequence[RunSummary], *, version: str, reports: Mapping[str, str] | None = None) -> str:
    """The page, one file.

    Args:
        runs: those of one function, the newest first; at least one.
        version: powertune's.
        reports: by run id, the report's address relative to the page, for those that lie beside it.

    Raises:
        PowertuneError: a part of the page is missing from the installation.
        ValueError: a number is NaN or infinite, or there is no run.
    """
    if not runs:
        raise ValueError("a history needs a run")
    charts, said = history_charts(runs), words.headline(runs)
    body = (
        f"<header>{_top(runs, said)}</header>\n<main>{_curves(runs, charts)}{_changes(runs)}"
        f"{_table(runs, reports or {})}</main>\n<footer><p>Made by powertune {escape(version)} · "
        "this file works offline and sends nothing anywhere.</p></footer>"
    )
    return html_document(
        version=version,
        title=f"{runs[0].function_arn.name}: history of runs",
        sentence=said,
        body=body,
        charts=charts,
        skip_to=("runs", "the table of all runs"),
    )


def _top(runs: Sequence[RunSummary], said: str) -> Markup:
    latest, arn = runs[0], runs[0].function_arn
    rows = [
        ("Function", safe(arn.name)),
        ("Region", safe(arn.region)),
        ("Latest run", f"{escape(words.date(latest))} UTC"),
        ("Latest code", f"<code>{safe(words.code(latest))}</code>"),
        ("Memory size then", together(words.memory(latest))),
        ("These runs together", _altogether(runs)),
    ]
    warning = ""
    local = sum(run.is_local for run in runs)
    if local == len(runs):
        which = "This run was not on AWS." if local == 1 else "None of these runs was on AWS."
        warning = note(
            f"<p><b>{which}</b> {'It was' if local == 1 else 'They were'} measured on the embedded endpoint: the "
            "durations are those of another machine, and nothing was billed.</p>"
        )
    elif local:
        warning = note(
            "<p><b>Not all on AWS.</b> Runs marked local were measured on the embedded endpoint: their durations are "
            "those of another machine, nothing was billed, and no line joins them with runs on AWS.</p>"
        )
    return (
        f'<p class="eyebrow">powertune · <b>{safe(arn.name)}</b> · {safe(arn.region)}</p>'
        f"<h1>{together(said)}</h1>{warning}{facts(rows, long=[('ARN', f'<code>{safe(str(arn))}</code>')])}"
    )


def _altogether(runs: Sequence[RunSummary]) -> str:
    spent: dict[str, Decimal] = {}
    for run in runs:
        spent[run.cost.currency] = spent.get(run.cost.currency, Decimal(0)) + run.cost.amount
    sums = [figures.money(Money(amount=amount, currency=currency)) for currency, amount in sorted(spent.items())]
    invocations = figures.plural(sum(run.invocations for run in runs), "invocation")
    return escape(f"{' and '.join(sums)} at list prices, {invocations}")


def _curves(runs: Sequence[RunSummary], charts: Mapping[str, object]) -> Markup:
    of = drawable(runs)
    left = f" Not drawn: {escape(', '.join(of.left_out))}." if of.left_out else ""
    undrawn = len(of.runs) - len(of.priced)
    money = f" Not drawn: {figures.plural(undrawn, 'run')} in another currency." if undrawn else ""
    duration = figure(DURATION, "Duration", "Lower is better.", _words(of, cost=False), drawn=DURATION in charts)
    cost = figure(COST, "Cost", f"Lower is better.{money}", _words(of, cost=True), drawn=COST in charts)
    lead = (
        "Lines join runs that can be compared: at the same memory size, with the same payloads, on the same "
        "architecture, in the same environment; in the chart of costs, at the same list prices too."
    )
    return (
        f'<section aria-labelledby="time"><h2 id="time">Duration and cost over time</h2><p class="lead">{lead}'
        f"{left}</p>{_controls(of)}{_key(runs, of)}{duration}{cost}</section>"
    )


def _controls(of: Drawable) -> Markup:
    first = "even" if of.is_crowded else "time"
    choices = "\n".join(
        f'<label><input type="radio" name="spacing" value="{value}"{" checked" * (value == first)}>{text}</label>'
        for value, text in _SPACINGS.items()
    )
    return (
        '<form id="controls" class="controls" hidden aria-label="Chart options">\n'
        f"<fieldset><legend>Time axis</legend>\n{choices}</fieldset>\n</form>"
    )


def _key(runs: Sequence[RunSummary], of: Drawable) -> Markup:
    kind = "cold start" if of.compared is ComparedBy.COLD else "mean of warm invocations"
    rows = [
        ("present", f"{kind} at the size that the function had", True),
        ("recommended", f"{kind} at the recommended size", any(run.recommended for run in of.runs)),
        ("interval", "95 % interval", True),
        ("local", "open: a local run", any(run.is_local for run in of.runs)),
        ("deployment", "first run of other code", bool(words.deployments(runs))),
    ]
    items = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SHAPES[name]}</svg>{text}</li>'
        for name, text, shown in rows
        if shown
    )
    return f'<ul class="key">{items}</ul>'


def _words(of: Drawable, *, cost: bool) -> list[str]:
    """A chart in words: every run of a few, the first and the last ones of many."""
    runs = list(of.priced if cost else of.runs)
    few = runs if len(runs) <= 2 * _SAID else [*runs[:_SAID], *runs[-_SAID:]]
    lines = [_in_words(run, cost=cost) for run in few]
    if len(few) < len(runs):
        between = figures.plural(len(runs) - len(few), "run")
        lines.insert(_SAID, f"{between} between these and the next; the table below has every one.")
    return lines


def _in_words(run: RunSummary, *, cost: bool) -> str:
    def told(size: SizeSummary | None) -> str:
        if size is None:
            return figures.UNKNOWN
        return means.cost_estimate(size.cost) if cost else means.duration_estimate(size.duration_ms)

    def at(mb: int | None, size: SizeSummary | None) -> str:
        return f"{told(size)} at {figures.memory(mb)}" if size is not None else f"{figures.memory(mb)} not measured"

    said = f"{words.date(run)}, code {words.code(run)}: {at(run.present_mb, run.present)}"
    if run.recommended_mb in (None, run.present_mb):
        return f"{said}."
    return f"{said}, recommended {at(run.recommended_mb, run.recommended)}."


def _changes(runs: Sequence[RunSummary]) -> Markup:
    changes = words.deployments(runs)
    if not changes:
        return ""
    lead = (
        "The first run of other code, beside the last one of the code before. This describes what was measured; "
        "between the two runs more than the code may have changed."
    )
    lines = "".join(f"<li>{together(words.in_words(change))}</li>" for change in reversed(changes))
    return (
        f'<section aria-labelledby="code"><h2 id="code">Deployments</h2><p class="lead">{lead}</p>'
        f"<ul>{lines}</ul></section>"
    )


def _table(runs: Sequence[RunSummary], reports: Mapping[str, str]) -> Markup:
    heads = [
        ("Date", "UTC"),
        # Before the figures: a narrow window hides the end of a row, and a dry run is not to be taken for more.
        ("Remarks", ""),
        ("Run", ""),
        ("Code", "CodeSha256"),
        ("Memory size", "had → recommended"),
        ("Duration", "at the size it had"),
        ("Duration", "recommended"),
        ("Cost", "per million, at the size it had"),
        ("Cost", "per million, recommended"),
        ("How sure", ""),
        ("Cost of the run", ""),
    ]
    changed = {change.run.run_id for change in words.deployments(runs)}
    rows = "".join(_row(run, reports.get(run.run_id), changed=run.run_id in changed) for run in runs)
    lead = "Means with 95 % intervals; code that the run before did not have is marked “new”."
    if any(words.sure(run) == words.NO_CLAIM for run in runs):
        lead += " A grid measures every size equally often and claims nothing of how sure its choice is."
    return (
        f'<section class="history" aria-labelledby="runs"><h2 id="runs" tabindex="-1">All runs</h2>'
        f'<p class="lead">{lead}</p>{table("runs", heads, rows)}</section>'
    )


def _row(run: RunSummary, report: str | None, *, changed: bool) -> Markup:
    name = safe(words.run_id(run))
    linked = f'<a href="{escape(report)}">{name}</a>' if report is not None else name
    code = f'<td class="code{" changed" * changed}">{safe(words.code(run))}{" new" * changed}</td>'
    recommended = run.recommended if run.recommended_mb is not None else None
    cells = [
        words.memory(run),
        means.duration_estimate(run.present.duration_ms if run.present else None),
        means.duration_estimate(recommended.duration_ms if recommended else None),
        means.cost_estimate(run.present.cost if run.present else None),
        means.cost_estimate(recommended.cost if recommended else None),
        words.sure(run),
        figures.money(run.cost),
    ]
    figures_ = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    remarks = f'<td class="text remarks">{escape(", ".join(words.remarks(run)))}</td>'
    return (
        f'<tr><th scope="row">{escape(words.date(run))}</th>{remarks}<td class="text">{linked}</td>{code}'
        f"{figures_}</tr>\n"
    )
