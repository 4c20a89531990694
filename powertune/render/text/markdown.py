"""A result in Markdown, short enough for a comment on a pull request or a message in a chat."""

from collections.abc import Iterable, Iterator

from powertune.domain.result import SizeResult, TuningResult
from powertune.render import figures, sentence
from powertune.render.architectures import architectures_markdown, clone_note, spent_beside, verdict
from powertune.render.bill import spent
from powertune.render.certainty import goal_words, other_goals_line
from powertune.render.compared import is_measured, state_of
from powertune.render.failures import failures
from powertune.render.monthly import month_sentence
from powertune.render.text.markdown_text import bold, code, plain, table
from powertune.render.text.size_columns import legend, marked_sizes, size_columns
from powertune.render.text.size_word import is_recommended, mark

_MOST_ROWS = 24
_MOST_BULLETS = 8
_LONGEST_TEXT = 600
_LONGEST_NAME = 170


def render_markdown(result: TuningResult) -> str:
    """The answer in bold, the table of memory sizes, reasons, warnings, and what the run spent.

    A paragraph is one line. Nothing in it is HTML, and no word of the function's or of a file's becomes a link, a
    mention or markup. Of more than 24 memory sizes some are left out, which a line below the table says; the
    recommended and the present one never are.
    """
    lost, done = sentence.not_restored(result), sentence.applied(result)
    parts = [
        bold(plain(sentence.answer(result), _LONGEST_TEXT)),
        bold(plain(lost)),
        _facts(result),
        *(plain(text, _LONGEST_TEXT) for text in (sentence.where(result), clone_note(result), done)),
        _sizes(result),
        plain(_below(result)),
        plain(verdict(result), _LONGEST_TEXT),
        architectures_markdown(result),
        "\n".join(f"- {text}" for text in _bullets(result) if text),
        " ".join(plain(text, _LONGEST_TEXT) for text in (spent(result), spent_beside(result)) if text),
        _run(result),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _facts(result: TuningResult) -> str:
    function, request = result.function, result.request
    parts = [
        code(function.name, _LONGEST_NAME),
        plain(function.region, _LONGEST_NAME),
        function.architecture.value,
        code(function.runtime, _LONGEST_NAME) if function.runtime else "container image",
        "dry run" if request.dry_run else plain(f"strategy {goal_words(result)}"),
        *(["cold starts"] if request.only_cold_starts else []),
    ]
    return " · ".join(filter(None, parts))


def _sizes(result: TuningResult) -> str:
    sizes = marked_sizes(result, _MOST_ROWS)
    if not sizes:
        return ""
    columns = size_columns(result, cost_intervals=True)
    failing = any(size.errors for size in sizes)
    heads = ("Memory", *(column.title for column in columns), "Invoked", *(["Errors"] * failing), "")
    rows = []
    for size in sizes:
        texts = [column.of(size) if is_measured(result, size) else figures.UNKNOWN for column in columns]
        texts += [figures.count(size.invocations), *([figures.count(size.errors)] * failing)]
        memory = figures.memory(size.memory_mb)
        first = bold(memory) if is_recommended(result, size.memory_mb) else memory
        rows.append((first, *map(plain, texts), _words(result, size)))
    return table(heads, rows, left=(len(heads) - 1,))


def _words(result: TuningResult, size: SizeResult) -> str:
    word = mark(result, size.memory_mb)
    if not is_measured(result, size):
        return ", ".join(filter(None, (state_of(result, size), word)))
    return bold(word) if is_recommended(result, size.memory_mb) else word


def _below(result: TuningResult) -> str:
    """What the figures are, and that not all sizes are shown."""
    shown, every = len(marked_sizes(result, _MOST_ROWS)), len(result.memory_sizes)
    said = legend(result)
    some = "" if shown == every else f" {figures.count(shown)} of {figures.count(every)} memory sizes are shown."
    return f"{said[:1].upper()}{said[1:]}.{some}" if every else ""


def _bullets(result: TuningResult) -> Iterator[str]:
    notes = result.search.notes if result.search is not None else ()
    for text in (*sentence.reasons(result), *notes):
        yield plain(text, _LONGEST_TEXT)
    month = month_sentence(result)
    if month:
        yield plain(month, _LONGEST_TEXT)
    yield from _cut(_unmeasured(result), "reason")
    others = other_goals_line(result)
    if others:
        yield plain(others, _LONGEST_TEXT)
    yield from _cut((f"{bold('Warning:')} {plain(text, _LONGEST_TEXT)}" for text in result.warnings), "warning")


def _unmeasured(result: TuningResult) -> Iterator[str]:
    for sizes, state, reason in failures(result):
        if reason is not None:
            yield f"{sizes} {state}: {plain(reason, _LONGEST_TEXT)}"


def _cut(texts: Iterable[str], what: str) -> Iterator[str]:
    """The first of many, and how many more there are."""
    every = list(texts)
    yield from every[:_MOST_BULLETS]
    if len(every) > _MOST_BULLETS:
        yield f"And {figures.plural(len(every) - _MOST_BULLETS, f'more {what}')} in result.json."


def _run(result: TuningResult) -> str:
    ended = plain(figures.moment(result.finished_at), _LONGEST_NAME)
    return f"Run {code(result.run_id, _LONGEST_NAME)}, {ended}; function {code(result.function.arn, _LONGEST_NAME)}"
