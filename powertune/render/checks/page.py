"""A check as a page of its own."""

from collections.abc import Collection, Iterator

from powertune.domain.check import CheckSample, Verdict, check_samples
from powertune.domain.result import TuningResult
from powertune.render import changes, figures, sentence
from powertune.render.bill import bill
from powertune.render.checks import words
from powertune.render.checks.charts import (
    CHANGES,
    DURATIONS,
    changes_in_words,
    check_charts,
    durations_in_words,
    shares,
    verdicts,
)
from powertune.render.checks.optimum import optimum_words
from powertune.render.checks.rows import Row, is_doubted, is_in_points, is_little, report_of, rows, side_words
from powertune.render.checks.trend import trend_charts, trend_section
from powertune.render.checks.versions import facts_of
from powertune.render.document import html_document
from powertune.render.markup import Markup, bullets, details, facts, figure, note, safe, table, together
from powertune.render.page.basis import payload_words, prices, sources
from powertune.render.page.body import account, of_run, took
from powertune.render.safe import escape

_LONG_ANSWER = 90
_MOST_RAW = 1_000
_SWATCH = {
    "before": '<path d="M0 8h22" stroke="var(--side-1)" stroke-width="2.2" stroke-dasharray="6 4"/>'
    '<rect x="7.5" y="4.5" width="7" height="7" fill="var(--paper)" stroke="var(--side-1)" stroke-width="2"/>',
    "after": '<path d="M0 8h22" stroke="var(--side-0)" stroke-width="2.2"/>'
    '<circle cx="11" cy="8" r="4.5" fill="var(--side-0)"/>',
}
_SHAPES = {
    Verdict.WORSE: '<path d="M11 2 16 8 11 14 6 8z" fill="{}"/>',
    Verdict.SAME: '<circle cx="11" cy="8" r="4.5" fill="{}"/>',
    Verdict.BETTER: '<rect x="7" y="4" width="8" height="8" fill="{}"/>',
    Verdict.UNDECIDED: '<circle cx="11" cy="8" r="4" fill="none" stroke="{}" stroke-width="2"/>',
}
_ARM = '<path d="M0 8h22M0 5v6M22 5v6" stroke="{}" stroke-width="1.8"/>'


def render_check_page(result: TuningResult) -> str:
    """The page, one file.

    Raises:
        PowertuneError: a part of the page is missing from the installation.
        ValueError: a number of the result is NaN or infinite.
    """
    check, drawn, said = report_of(result), check_charts(result), words.answer(result)
    if check.trend is not None:
        drawn |= trend_charts(check.trend, check.settings)
    verdict = words.aside(check)
    return html_document(
        version=result.powertune_version,
        title=f"{words.called(check.subject)}: {words.verdict_word(check.verdict)}",
        sentence=f"{verdict}: {said}",
        body=_body(result, drawn),
        charts=drawn,
        skip_to=("metrics", "the table of metrics") if check.metrics else ("versions", "the facts of the version"),
    )


def _body(result: TuningResult, drawn: Collection[str]) -> Markup:
    check = report_of(result)
    trend = trend_section(check.trend, check.settings) if check.trend is not None else ""
    found = _metrics(result) + _changed(result, drawn) + _spread(result, drawn) + trend + _versions(result)
    found += _how(result) + bill(result) + prices(result) + _raw(result)
    return of_run(result, _top(result), found)


def _top(result: TuningResult) -> Markup:
    check = report_of(result)
    subject, said = check.subject, words.answer(result)
    eyebrow = f'<p class="eyebrow">powertune check · <b>{safe(words.called(subject))}</b> · {safe(subject.region)}</p>'
    tag = f'<span class="verdict {_class(check.verdict)}">{words.aside(check)}</span>'
    long = ' class="long"' if len(said) > _LONG_ANSWER else ""
    notices = []
    lost = sentence.not_restored(result)
    if lost:
        notices.append(note(f"<p><b>{escape(lost)}</b></p>", danger=True))
    where = sentence.where(result)
    if where:
        notices.append(note(f"<p><b>A local check.</b> {escape(where)}</p>{bullets(result.environment.notes)}"))
    elif result.environment.notes:
        notices.append(note(bullets(result.environment.notes)))
    told = words.details(result, beside_asides=True)
    if told:
        notices.append(note(bullets(told)))
    optimum = optimum_words(check.optimum)
    if optimum:
        moved = check.optimum is not None and check.optimum.moved
        notices.append(note(f"<p><b>{together(optimum)}</b></p>", good=not moved))
    started = f'<time datetime="{escape(result.started_at)}">{escape(figures.moment(result.started_at))}</time>'
    rows_ = [
        ("Checked", safe(words.called(subject))),
        (
            "Compared with",
            safe(words.reference_called(check)) if check.reference is not None else _nothing(check.verdict),
        ),
        ("Account", account(subject.arn)),
        ("Region", safe(subject.region)),
        ("Memory size", figures.memory(subject.memory_mb)),
        ("Measured", started),
        ("Took", took(result)),
        ("Where", "AWS" if result.environment.kind == "aws" else f"{escape(result.environment.kind)}, not AWS"),
        ("Run", safe(result.run_id)),
    ]
    about = facts(rows_, long=[("ARN", f"<code>{safe(subject.arn)}</code>")])
    return f"{eyebrow}<h1{long}>{tag} {together(said)}</h1>{''.join(notices)}{about}"


def _nothing(verdict: Verdict | None) -> str:
    return "nothing yet" if verdict is None else "itself"


def _class(verdict: Verdict | None) -> str:
    return f"is-{'uncompared' if verdict is None else verdict.value}"


def _metrics(result: TuningResult) -> Markup:
    found = list(rows(result))
    if not found:
        return ""
    check = report_of(result)
    heads = [
        ("Metric", ""),
        ("Verdict", ""),
        ("Before", ""),
        ("After", ""),
        ("Change", ""),
        ("Interval", f"{changes.exact_percent(check.settings.confidence)} sure"),
        ("Values", "before / after"),
    ]
    lead = f"{words.what_counts(check)} The check goes on until the metrics marked “decides” are decided."
    return (
        '<section class="check" aria-labelledby="metrics"><h2 id="metrics" tabindex="-1">Every metric</h2>\n'
        f'<p class="lead">{escape(lead)}</p>{table("metrics", heads, "".join(map(_row, found)))}</section>'
    )


def _row(row: Row) -> Markup:
    tags = ' <span class="tag">decides</span>' if row.deciding else ""
    unit = f' <span class="why">{row.unit}</span>' if row.unit else ""
    why = f' <span class="why">{safe(row.aside, 300)}</span>' if row.aside else ""
    verdict = f'<td class="said"><b class="{_class(row.found.verdict)}">{row.verdict}</b>{why}</td>'
    cells = "".join(
        f"<td>{escape(text)}</td>" for text in (row.before, row.after, row.change, row.interval, row.counts)
    )
    return f'<tr><th scope="row">{row.name}{unit}{tags}</th>{verdict}{cells}</tr>'


def _changed(result: TuningResult, drawn: Collection[str]) -> Markup:
    if CHANGES not in drawn:
        return ""
    check, shown = report_of(result), shares(result)
    key = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_mark(verdict)}</svg>{verdict.value}</li>'
        for verdict in verdicts(shown)
    )
    band = '<svg viewBox="0 0 22 16" aria-hidden="true"><rect width="22" height="16" fill="var(--missing)"/></svg>'
    limit = changes.exact_percent(check.settings.threshold)
    key += f"<li>{band}no more than {limit} either way</li>"
    caption = (
        "Lines are the intervals. Worse is what lies wholly to the right of the dashed line, better what lies wholly "
        "to the left of the grey band; a line that leaves the chart goes on."
    )
    if any(is_in_points(row.found) for row in rows(result)):
        caption += " Errors, whose change is a difference of shares, are in the table."
    if any(is_doubted(row.found) or is_little(row.found, check.settings) for row in shown):
        caption += " Why a metric there is called neither is in the table."
    chart = figure(CHANGES, "Changes against the threshold", caption, changes_in_words(result))
    return (
        '<section aria-labelledby="changes"><h2 id="changes">How much each metric changed</h2>'
        f'<ul class="key">{key}</ul>{chart}</section>'
    )


def _mark(verdict: Verdict) -> Markup:
    tint = f"var(--verdict-{verdict.value})"
    return _ARM.format(tint) + _SHAPES[verdict].format(tint)


def _spread(result: TuningResult, drawn: Collection[str]) -> Markup:
    if DURATIONS not in drawn:
        return ""
    check = report_of(result)
    named = [("after", words.called(check.subject))]
    if check.reference is not None:
        named.insert(0, ("before", words.reference_called(check)))
    key = "".join(
        f'<li><svg viewBox="0 0 22 16" aria-hidden="true">{_SWATCH[role]}</svg><span>{label}{safe(name)}</span></li>'
        for role, name, label in _labelled(named)
    )
    caption = (
        "Each line rises from none to all of the warm invocations of a side: further left is faster. "
        "Marks are the p50 and the p95."
    )
    chart = figure(DURATIONS, "Warm durations", caption, durations_in_words(result))
    return (
        '<section aria-labelledby="durations"><h2 id="durations">How durations spread</h2>'
        f'<ul class="key sides-key">{key}</ul>{chart}</section>'
    )


def _labelled(named: list[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """Each side with its role and name, and with what is said before the name; nothing where there is one alone."""
    for role, name in named:
        yield role, name, f"{role}: " if len(named) > 1 else ""


def _versions(result: TuningResult) -> Markup:
    check = report_of(result)
    lines = ""
    for fact in facts_of(check):
        tag = ' <span class="tag failed">not alike</span>' if fact.unlike else ""
        tag = ' <span class="tag">differs</span>' if fact.differs and not fact.unlike else tag
        before = "" if check.reference is None else f"<td>{safe(fact.before, 200)}</td>"
        lines += f'<tr><th scope="row">{fact.name}{tag}</th>{before}<td>{safe(fact.after, 200)}</td></tr>'
    heads = [("Fact", ""), ("Before", ""), ("After", "")]
    if check.reference is None:
        heads = [("Fact", ""), ("Checked", "")]
    title, plain = "What was compared", "Both versions as they were configured."
    if check.reference is None:
        title, plain = "What was checked", "The version as it was configured."
    lead = "What is marked as not alike may have changed the figures, beside the code."
    return (
        f'<section class="versions" aria-labelledby="versions"><h2 id="versions" tabindex="-1">{title}</h2>'
        f'<p class="lead">{lead if "not alike" in lines else plain}</p>'
        f"{table('versions', heads, lines)}</section>"
    )


def _how(result: TuningResult) -> Markup:
    check, request = report_of(result), result.request
    settings, reference = check.settings, check.reference
    rows_ = [
        ("After", escape(side_words(result, after=True))),
        ("Environments after", _environments(check_samples(result.samples))),
    ]
    if reference is not None:
        before = [("Before", escape(side_words(result, after=False)))]
        rows_ = [*before, ("Environments before", _environments(reference.samples)), *rows_]
        rows_.append(("Reference measured", escape(figures.moment(reference.measured_at))))
        rows_.append(("By", safe(reference.run_id or "this run")))
    rows_ += [
        ("Order", "both versions in turns, shuffled with the seed" if check.interleaved else "one version alone"),
        ("In parallel", figures.count(request.parallel)),
        ("Looks at the figures, planned", figures.count(check.looks)),
        ("Confidence", changes.exact_percent(settings.confidence)),
        ("Threshold", changes.exact_percent(settings.threshold)),
        ("Threshold of errors", changes.exact_points(settings.errors_threshold)),
        ("At most of each version", figures.plural(settings.max_invocations, "invocation")),
        ("An undecided check", "fails" if settings.undecided_fails else "passes"),
        *_limits(result),
        ("Seed", str(request.seed)),
        ("Payload" if len(request.payloads) < 2 else "Payloads", payload_words(request)),
    ]
    return (
        '<section aria-labelledby="how"><h2 id="how">How it was measured</h2>'
        f"<p>{together(words.how_measured(result))}</p>{sources(result.samples) if result.samples else ''}"
        f"{facts(rows_)}</section>"
    )


def _limits(result: TuningResult) -> Iterator[tuple[str, Markup]]:
    limits = result.request.limits
    if limits.max_spend:
        yield "At most spent", escape(f"{limits.max_spend:f}, in the currency of the price")


def _environments(samples: tuple[CheckSample, ...]) -> Markup:
    known = {one.environment for one in samples if one.environment is not None}
    return figures.count(len(known)) if known else "not known"


def _raw(result: TuningResult) -> Markup:
    """Every warm duration as it was measured, so that others can compute with them."""
    check = report_of(result)
    lists = [("After", words.called(check.subject), check_samples(result.samples))]
    if check.reference is not None:
        lists.insert(0, ("Before", words.reference_called(check), check.reference.samples))
    said = ""
    for when, name, samples in lists:
        known = [one.duration_ms for one in samples if one.is_warm and one.duration_ms is not None]
        if not known:
            continue
        more = len(known) - _MOST_RAW
        rest = f" and {figures.count(more)} more in result.json" if more > 0 else ""
        numbers = ", ".join(figures.exact_ms(ms).removesuffix(" ms") for ms in known[:_MOST_RAW])
        before_after = f"{when}: " if len(lists) > 1 else ""
        title = f"{before_after}{figures.plural(len(known), 'warm duration')} of {safe(name)}, in ms"
        said += details(title, f'<p class="raw">{numbers}{rest}</p>')
    if not said:
        return ""
    lead = "The same, with cold starts and errors, are in the csv-samples form of this report."
    return f'<section aria-labelledby="raw"><h2 id="raw">The raw numbers</h2><p class="lead">{lead}</p>{said}</section>'
