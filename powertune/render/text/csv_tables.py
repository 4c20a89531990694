"""Tables of memory sizes and of samples as CSV (RFC 4180), with every digit that the result has.

The first line names the columns; a line ends with a line feed. What is unknown is an empty cell.
"""

import csv
import functools
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from powertune.domain.measured import measured_as
from powertune.domain.result import TuningResult
from powertune.render.runs import runs_of
from powertune.render.safe import one_line
from powertune.render.text.exact import Exact, figure_names, size_figures, text_of, trace_figures

_Finished: TypeAlias = str | int | float | None
"""What the writer takes as it is."""

_ROWS_AT_ONCE = 2_000
_BEGINS_A_FORMULA = frozenset("=+-@＝＋－＠")
"""What spreadsheets take for the beginning of a formula; in some languages the wide ones too."""
_HARMLESS = re.compile(r"[A-Za-z0-9_:./(\[][ -:<-~]*")
_BEGINS_ONE_AFTER_A_SEMICOLON = re.compile(r'(;[ ;"]*)(?=[=+\-@＝＋－＠])')
_LINE_END = ";\n"
"""What the writer ends lines with. It quotes a cell that holds a character of its line end, and so one with a
semicolon, which some readers take for a separator too. No cell has a line feed, so each of these ends a line."""
_SAMPLE_COLUMNS = (
    "run_id",
    "architecture",
    "environment",
    "memory_mb",
    "version",
    "order",
    "sent_at",
    "payload",
    "outcome",
    "measured_as",
    "cold",
    "suppressed_init",
    "duration_ms",
    "billed_ms",
    "init_ms",
    "restore_ms",
    "billed_restore_ms",
    "wait_ms",
    "max_memory_used_mb",
    *trace_figures(None),
    "sources",
    "request_id",
    "trace_id",
    "log_stream",
    "error_type",
    "error_message",
    "misfit",
    "disagreements",
)


def sizes_csv(result: TuningResult) -> str:
    """A line for each memory size of each instruction set, with the columns that docs/formats.md lists."""
    rows = (size_figures(run, size).values() for run in runs_of(result) for size in run.memory_sizes)
    return "".join(written(figure_names(result), rows))


def samples_csv(result: TuningResult) -> Iterator[str]:
    """A line for each sample of each instruction set, in pieces of some thousand lines.

    It has no event and no answer of the function, because a result has neither.
    """
    rows = (row for run in runs_of(result) for row in _sample_rows(run))
    return _in_pieces(_SAMPLE_COLUMNS, rows)


def written(heads: Sequence[str], rows: Iterable[Iterable[Exact]]) -> Iterator[str]:
    """Lines of CSV in pieces; the first piece begins with the names of the columns."""
    return _in_pieces(heads, (list(map(_cell, row)) for row in rows))


def _in_pieces(heads: Sequence[str], rows: Iterable[Iterable[_Finished]]) -> Iterator[str]:
    paper = io.StringIO()
    writer = csv.writer(paper, lineterminator=_LINE_END)
    writer.writerow(heads)
    left = iter(rows)
    while True:
        writer.writerows(itertools.islice(left, _ROWS_AT_ONCE))
        piece = paper.getvalue()
        if not piece:
            return
        yield piece.replace(_LINE_END, "\n")
        paper.seek(0)
        paper.truncate()


def text_cell(text: str) -> str:
    """A text on one line, that no spreadsheet takes for a formula.

    One that begins like a formula gets an apostrophe in front, by which spreadsheets know a text. So does what follows
    a semicolon: where the decimal sign is a comma, a spreadsheet parts cells there.
    """
    if _HARMLESS.fullmatch(text):
        return text
    flat = _BEGINS_ONE_AFTER_A_SEMICOLON.sub(r"\1'", one_line(text))
    return f"'{flat}" if flat[:1] in _BEGINS_A_FORMULA else flat


def _cell(value: Exact) -> _Finished:
    if type(value) is float or type(value) is int or value is None:
        return value  # the writer gives a float the digits that tell it from every other
    return text_cell(value) if isinstance(value, str) else text_of(value)


def _sample_rows(run: TuningResult) -> Iterator[tuple[_Finished, ...]]:
    """Finished cells of each sample. There may be a million: what many have in common is made once."""
    shared = functools.lru_cache(4096)(text_cell)
    joined = functools.lru_cache(64)(" ".join)
    no_parts = (None,) * len(trace_figures(None))
    words = {None: None, True: "true", False: "false"}
    run_id, architecture, place = (
        text_cell(run.run_id),
        run.function.architecture.value,
        text_cell(run.environment.kind),
    )
    for one, use in measured_as(run.samples, run.request.warm_mix()):
        yield (
            run_id,
            architecture,
            place,
            one.memory_mb,
            shared(one.version),
            one.order,
            _moment(one.sent_at_ms),
            one.payload,
            one.outcome,
            use,
            words[one.cold],
            words[one.suppressed_init],
            one.duration_ms,
            one.billed_ms,
            one.init_ms,
            one.restore_ms,
            one.billed_restore_ms,
            one.latency_ms,
            one.max_memory_used_mb,
            *(no_parts if one.parts is None else map(_cell, trace_figures(one.parts).values())),
            joined(one.sources),
            one.request_id and text_cell(one.request_id),
            one.trace_id and text_cell(one.trace_id),
            one.log_stream and shared(one.log_stream),
            one.error_type and shared(one.error_type),
            one.error_message and shared(one.error_message),
            one.misfit and shared(one.misfit),
            text_cell("; ".join(one.disagreements)) if one.disagreements else None,
        )


def _moment(epoch_ms: int | None) -> str | int | None:
    """Epoch milliseconds as ISO 8601 in UTC; as they stand where no calendar has them."""
    if epoch_ms is None:
        return None
    seconds, rest = divmod(epoch_ms, 1000)
    try:
        return f"{_second(seconds)}.{rest:03d}Z"
    except (ValueError, OverflowError, OSError):
        return epoch_ms


@functools.lru_cache(4096)
def _second(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
