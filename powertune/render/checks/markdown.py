"""A check in Markdown: for a pull request, or the summary of a job."""

from collections.abc import Iterator

from powertune.domain.check import Verdict
from powertune.domain.result import TuningResult
from powertune.render import figures, sentence
from powertune.render.bill import spent
from powertune.render.checks import words
from powertune.render.checks.optimum import optimum_words
from powertune.render.checks.rows import report_of, rows
from powertune.render.checks.trend import trend_lines
from powertune.render.text.markdown_text import bold, code, plain, table

_LONGEST_ANSWER = 2_000
_LONGEST_TEXT = 600
_LONGEST_NAME = 170
_MOST_BULLETS = 16
_MARKS = {Verdict.WORSE: "✗", Verdict.UNDECIDED: "?", Verdict.SAME: "✓", Verdict.BETTER: "✓", None: "·"}
"""Before the word, for the eye; neither needs a colour."""


def render_check_markdown(result: TuningResult) -> str:
    """The verdict with its mark and its sentence in bold, the table of metrics, notes, and what the check spent.

    A paragraph is one line. Nothing in it is HTML, and no word of the function's or of a file's becomes a link, a
    mention or markup.
    """
    check = report_of(result)
    said = plain(f"{words.aside(check)}: {words.answer(result)}", _LONGEST_ANSWER)
    parts = [
        bold(f"{_MARKS[check.verdict]} {said}"),
        bold(plain(sentence.not_restored(result))),
        plain(sentence.where(result), _LONGEST_TEXT),
        _table(result),
        plain(words.what_counts(check), _LONGEST_TEXT),
        "\n".join(f"- {text}" for text in _bullets(result)),
        " ".join(plain(text, _LONGEST_TEXT) for text in (words.how_measured(result), spent(result))),
        _run(result),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(result: TuningResult) -> str:
    found = list(rows(result))
    if not found:
        return ""
    heads = ("Metric", "Before", "After", "Change", "Interval", "Values", "Verdict")
    lines = []
    for row in found:
        name = f"{row.name}, {row.unit}" if row.unit else row.name
        verdict = bold(f"{_MARKS[Verdict.WORSE]} {row.verdict}") if row.found.verdict is Verdict.WORSE else row.verdict
        numbers = (row.before, row.after, row.change, row.interval, row.counts)
        lines.append((bold(plain(name)) if row.deciding else plain(name), *map(plain, numbers), verdict))
    shown = table(heads, lines, left=(0, len(heads) - 1))
    return f"{shown}\n\nMetrics in bold decide when the check ends. Values: before / after."


def _bullets(result: TuningResult) -> Iterator[str]:
    check = report_of(result)
    told = list(words.details(result))
    yield from (plain(text, _LONGEST_TEXT) for text in told[:_MOST_BULLETS])
    if len(told) > _MOST_BULLETS:
        yield f"And {figures.plural(len(told) - _MOST_BULLETS, 'more note')} in result.json."
    optimum = optimum_words(check.optimum)
    if optimum:
        yield bold(plain(optimum, _LONGEST_TEXT))
    if check.trend is not None:
        yield from (plain(text, _LONGEST_TEXT) for text in trend_lines(check.trend, check.settings))


def _run(result: TuningResult) -> str:
    ended = plain(figures.moment(result.finished_at), _LONGEST_NAME)
    return f"Run {code(result.run_id, _LONGEST_NAME)}, {ended}; function {code(result.function.arn, _LONGEST_NAME)}"
