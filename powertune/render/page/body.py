"""The body of the report: what comes first, and the order of the rest. Every function returns finished HTML."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from powertune.domain.function import FunctionArn
from powertune.domain.result import TuningResult
from powertune.errors import UsageError
from powertune.render import figures, means, monthly, sentence
from powertune.render.architectures import architectures_section, clone_note
from powertune.render.bill import bill
from powertune.render.certainty import certainty, goal_words, how_sure
from powertune.render.compared import compared_by, is_measured
from powertune.render.failures import failures
from powertune.render.markup import Markup, bullets, facts, note, safe, together
from powertune.render.page.advice_section import advice_section
from powertune.render.page.basis import how, prices
from powertune.render.page.breakdown import cold_starts, parts
from powertune.render.page.distribution import distribution_section
from powertune.render.page.pareto import pareto_section
from powertune.render.page.plots import curves
from powertune.render.page.table import sizes_table
from powertune.render.page.used import used_section
from powertune.render.safe import escape


def body(result: TuningResult, drawn: Mapping[str, Any]) -> Markup:
    """Header, main part and footer; ``drawn`` has the charts that there are by name."""
    # Warnings stand before what they are about.
    found = _failed(result) + _warnings(result) + architectures_section(result) + curves(result, drawn)
    found += _why(result) + certainty(result) + sizes_table(result) + pareto_section(result, drawn)
    found += distribution_section(result, drawn) + cold_starts(result) + parts(result) + used_section(result, drawn)
    found += advice_section(result) + bill(result) + how(result) + prices(result)
    return of_run(result, _top(result), found)


def of_run(result: TuningResult, top: Markup, found: Markup) -> Markup:
    """Header with the way to each section, main part and footer of a page about one run."""
    return (
        f"<header>{top}{contents(found)}</header>\n<main>{found}</main>\n"
        f"<footer><p>Made by powertune {escape(result.powertune_version)} · run {escape(result.run_id)} · "
        "this file works offline and sends nothing anywhere.</p></footer>"
    )


def _top(result: TuningResult) -> Markup:
    function, request = result.function, result.request
    eyebrow = f'<p class="eyebrow">powertune · <b>{safe(function.name)}</b> · {safe(function.region)}</p>'
    notices = []
    lost = sentence.not_restored(result)
    if lost:
        notices.append(note(f"<p><b>{lost}</b></p>", danger=True))
    done = sentence.applied(result)
    if done:
        notices.append(note(f"<p>{together(done)}</p>", good=True))
    where = sentence.where(result)
    if where:
        notices.append(note(f"<p><b>A local run.</b> {escape(where)}</p>{bullets(result.environment.notes)}"))
    elif result.environment.notes:
        notices.append(note(bullets(result.environment.notes)))
    cloned = clone_note(result)
    if cloned:
        notices.append(note(f"<p>{escape(cloned)}</p>"))
    strategy = goal_words(result)
    if request.dry_run:
        strategy = "none: a dry run"
    elif request.only_cold_starts:
        strategy += ", by cold starts alone"
    rows = [
        ("Function", safe(function.name)),
        ("Account", account(function.arn)),
        ("Region", safe(function.region)),
        ("Architecture", safe(function.architecture.value)),
        ("Runtime", safe(function.runtime or "container image")),
        (f"{sentence.present_word(result).capitalize()} memory size", figures.memory(function.original_memory_mb)),
        ("Strategy", escape(strategy)),
        *_traffic(result),
        *([("How sure", f'<a href="#sure">{together(claimed)}</a>')] if (claimed := how_sure(result)) else []),
        (
            "Measured",
            f'<time datetime="{escape(result.started_at)}">{escape(figures.moment(result.started_at))}</time>',
        ),
        ("Took", took(result)),
        (
            "Where",
            "AWS" if result.environment.kind == "aws" else f"{escape(result.environment.kind)}, not AWS",
        ),
        ("Run", safe(result.run_id)),
    ]
    long = [*_unknown_traffic(result), ("ARN", f"<code>{safe(function.arn)}</code>")]
    return f"{eyebrow}<h1>{together(sentence.answer(result))}</h1>{''.join(notices)}{_tiles(result)}" + facts(
        rows, long=long
    )


def _traffic(result: TuningResult) -> Iterator[tuple[str, Markup]]:
    """The function's traffic, where it is known."""
    said = monthly.traffic_words(result)
    if said:
        yield "Traffic", escape(said)


def _unknown_traffic(result: TuningResult) -> Iterator[tuple[str, Markup]]:
    """That it is not known; a local run has none but what it was given."""
    if result.environment.kind == "aws" and not monthly.traffic_words(result):
        yield "Traffic", 'not known; give <span class="together">--monthly-invocations</span>'


def _tiles(result: TuningResult) -> Markup:
    best = result.recommendation
    if best is None:
        return ""
    by, own = compared_by(result), result.function.own_architecture
    present = sentence.size_before(result)
    was = present if present is not None and (own is not None or present.memory_mb != best.memory_mb) else None
    then = "now" if sentence.present_word(result) == "present" else "before"
    chosen = means.recommended(result)
    used = chosen.max_memory_used_mb if chosen else None
    duration, cost = (by.duration(was), by.cost(was)) if was else (None, None)
    tiles = [
        (
            "Recommended memory size",
            figures.memory(best.memory_mb),
            f"{then} {figures.memory(result.function.original_memory_mb)}{f' on {own}' if own is not None else ''}",
        ),
        (
            by.tile,
            means.best_duration(result),
            f"{then} {means.duration(duration)}" if duration else "",
        ),
        (
            f"Cost {by.per_million}",
            means.best_cost(result),
            f"{then} {means.cost(cost)}" if cost else "",
        ),
        *_month(result, then),
        (
            "Most memory used",
            figures.memory(used),
            f"{figures.percent(used / best.memory_mb)} of the recommended size" if used is not None else "",
        ),
    ]
    cells = "".join(
        f'<div class="tile"><dt>{title}</dt><dd class="big">{escape(big)}</dd>'
        f'<dd class="small">{escape(small)}</dd></div>'
        for title, big, small in tiles
    )
    return f'<dl class="tiles">{cells}</dl>'


def _month(result: TuningResult, then: str) -> Iterator[tuple[str, str, str]]:
    """The tile of a month's cost; none where that is not known."""
    cost, before = monthly.best_words(result), monthly.present_words(result)
    if cost:
        yield f"A month at {monthly.whose_traffic(result)}", cost, f"{then} {before}" if before else ""


def _failed(result: TuningResult) -> Markup:
    gone = [size for size in result.memory_sizes if not is_measured(result, size)]
    if not gone:
        return ""
    items = "".join(
        f"<li><b>{sizes}</b> {state}: {safe(reason) if reason else 'no reason was recorded'}</li>"
        for sizes, state, reason in failures(result)
    )
    lacking = "where the function did not work" if result.request.dry_run else "without a measurement"
    heading = f"{figures.plural(len(gone), 'memory size')} {lacking}"
    return note(f"<h2>{heading}</h2><ul>{items}</ul>", danger=True)


def _why(result: TuningResult) -> Markup:
    said = sentence.reasons(result)
    return f'<section aria-labelledby="why"><h2 id="why">Why</h2>{bullets(said)}</section>' if said else ""


def _warnings(result: TuningResult) -> Markup:
    """What the run warns of, and the one on another instruction set beside it, each once."""
    others = (f"On {other.architecture}: {text}" for other in result.architectures for text in other.warnings)
    said = tuple(dict.fromkeys([*result.warnings, *others]))
    if not said:
        return ""
    return f'<section aria-labelledby="warnings"><h2 id="warnings">Warnings</h2>{note(bullets(said))}</section>'


_HEADING = re.compile(r'<section(?: class="\w+")? aria-labelledby="([\w-]+)"><h2 id="\1"[^>]*>(.*?)</h2>', re.DOTALL)
_FEWEST_CONTENTS = 5


def contents(main: Markup) -> Markup:
    """Links to the sections of the main part, where they are more than a look finds."""
    found = _HEADING.findall(main)
    if len(found) < _FEWEST_CONTENTS:
        return ""
    links = "".join(f'<li><a href="#{place}">{title}</a></li>' for place, title in found)
    return f'<nav class="contents" aria-label="On this page"><ul>{links}</ul></nav>'


def account(arn: str) -> str:
    """The account that an ARN names; a dash where it is none of a function."""
    try:
        return FunctionArn.parse(arn).account
    except UsageError:
        return figures.UNKNOWN


def took(result: TuningResult) -> Markup:
    """How long the run took, from its first call to its last; a dash where its times are none."""
    started, finished = figures.parse_moment(result.started_at), figures.parse_moment(result.finished_at)
    return (
        figures.UNKNOWN if started is None or finished is None else figures.span((finished - started).total_seconds())
    )
