"""Recorded invocations: from a CSV file, and as one. Pure but for reading and writing the file."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from powertune.decide.replay import Recording
from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB
from powertune.domain.sample import Outcome, Sample
from powertune.errors import UsageError

COLUMNS = ("source", "function", "memory_mb", "duration_ms", "billed_ms", "cold")
OPTIONAL_COLUMNS = ("init_ms",)

_NUMBER = re.compile(r"\+?(?:[0-9]{1,12}(?:\.[0-9]{0,20})?|\.[0-9]{1,20})(?:[eE][+-]?[0-9]{1,2})?")
_COLD = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False, "": False}
_MOST_MS = 10**9
_VERSION = "recorded"


def read_recordings(path: Path) -> tuple[Recording, ...]:
    """The recordings of a CSV file, one for each function of each source, in the order of their first lines.

    The columns are `COLUMNS`, in any order; `OPTIONAL_COLUMNS` may be there, and others are not read. A blank
    ``billed_ms`` is the duration, and the init of a cold start, rounded up to a whole millisecond, at least 1: that is
    what is billed (AWS Lambda pricing page, and its change of August 2025). A blank ``cold`` is a measurement like a
    warm one.

    Raises:
        UsageError: the file cannot be read, or a line is not what it should be.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}.", next_step="Give a CSV file of recorded invocations."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text in UTF-8.", next_step="Give a CSV file in UTF-8.") from error
    return parse_recordings(text, str(path))


def parse_recordings(text: str, name: str) -> tuple[Recording, ...]:
    """`read_recordings` of a text; ``name`` is what errors call it.

    Raises:
        UsageError: a line is not what it should be, or there is none.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: dict[tuple[str, str], list[Sample]] = {}
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(cells, name)
                continue
            if len(cells) != len(header):
                raise _bad(name, reader.line_num, f"there are {len(cells)} fields, and {len(header)} columns")
            row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
            key = _word(row, "source", name, reader.line_num), _word(row, "function", name, reader.line_num)
            samples = found.setdefault(key, [])
            samples.append(_sample(row, len(samples), name, reader.line_num))
    except csv.Error as error:
        raise _bad(name, reader.line_num, f"this is not CSV ({error})") from error
    if not found:
        raise UsageError(
            f"{name} holds no recorded invocation.",
            next_step=f"Its first line names the columns: {','.join(COLUMNS)}. One line for each invocation follows.",
        )
    return tuple(
        Recording(source=source, function=function, samples=tuple(samples))
        for (source, function), samples in found.items()
    )


def write_recording(path: Path, recording: Recording) -> None:
    """Write a recording so that `read_recordings` gives it again.

    Raises:
        UsageError: the file is there already, or cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, *OPTIONAL_COLUMNS))
    for sample in recording.samples:
        writer.writerow(
            (
                recording.source,
                recording.function,
                sample.memory_mb,
                sample.duration_ms,
                sample.billed_ms,
                int(bool(sample.cold)),
                "" if sample.init_ms is None else sample.init_ms,
            )
        )
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
    except FileExistsError as error:
        raise UsageError(f"{path} is there already, and was left as it is.", next_step="Name another file.") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.", next_step="Name another file."
        ) from error


def measurement(*, memory_mb: int, order: int, duration_ms: float, billed_ms: int, cold: bool = False) -> Sample:
    """A recorded invocation that succeeded."""
    return Sample(
        memory_mb=memory_mb,
        version=_VERSION,
        order=order,
        request_id=None,
        trace_id=None,
        outcome=Outcome.OK,
        cold=cold,
        duration_ms=duration_ms,
        billed_ms=billed_ms,
    )


def billed_of(duration_ms: Decimal, init_ms: Decimal) -> int:
    """What is billed: whole milliseconds, rounded up, at least one."""
    return max(int((duration_ms + init_ms).to_integral_value(ROUND_CEILING)), 1)


def chosen(recordings: Iterable[Recording], functions: Sequence[str]) -> tuple[Recording, ...]:
    """Those of the functions named; all where none is.

    Raises:
        UsageError: there is no function of a name.
    """
    known = tuple(recordings)
    names = {recording.function for recording in known}
    for function in functions:
        if function not in names:
            shown = ", ".join(sorted(names)[:8]) + (", …" if len(names) > 8 else "")
            raise UsageError(f"There is no function '{function}' in the file.", next_step=f"There are: {shown}.")
    return tuple(recording for recording in known if not functions or recording.function in functions)


def _header(cells: list[str], name: str) -> list[str]:
    header = [cell.strip() for cell in cells]
    missing = [column for column in COLUMNS if column not in header]
    twice = sorted({column for column in header if header.count(column) > 1 and column in COLUMNS + OPTIONAL_COLUMNS})
    if missing or twice:
        what = f"has no column {', '.join(missing)}" if missing else f"has the column {', '.join(twice)} twice"
        raise UsageError(f"{name} {what}.", next_step=f"Its first line names the columns: {','.join(COLUMNS)}.")
    return header


def _sample(row: dict[str, str], order: int, name: str, line: int) -> Sample:
    cold_text = row["cold"].lower()
    if cold_text not in _COLD:
        raise _bad(name, line, f"cold is '{row['cold']}', and should be 1, 0 or blank")
    cold = _COLD[cold_text]
    memory = _number(row, "memory_mb", name, line)
    if memory != memory.to_integral_value() or not MIN_MEMORY_MB <= memory <= MAX_MEMORY_MB:
        raise _bad(
            name, line, f"memory_mb is '{row['memory_mb']}', and should be {MIN_MEMORY_MB} to {MAX_MEMORY_MB} whole MB"
        )
    duration = _number(row, "duration_ms", name, line)
    init = _number(row, "init_ms", name, line) if row.get("init_ms") else None
    if row["billed_ms"]:
        billed = _number(row, "billed_ms", name, line)
        if billed != billed.to_integral_value():
            raise _bad(name, line, f"billed_ms is '{row['billed_ms']}', and should be whole milliseconds")
        billed_ms = int(billed)
    else:
        billed_ms = billed_of(duration, init if cold and init is not None else Decimal(0))
    sample = measurement(
        memory_mb=int(memory), order=order, duration_ms=float(duration), billed_ms=billed_ms, cold=cold
    )
    return replace(sample, init_ms=float(init)) if cold and init is not None else sample


def _word(row: dict[str, str], column: str, name: str, line: int) -> str:
    text = row[column]
    if not text or not text.isprintable():
        raise _bad(name, line, f"{column} is {text!r}, and should be a name" if text else f"{column} is blank")
    return text


def _number(row: dict[str, str], column: str, name: str, line: int) -> Decimal:
    text = row[column]
    if not text:
        raise _bad(name, line, f"{column} is blank")
    number = Decimal(text) if _NUMBER.fullmatch(text) else None
    if number is None or number > _MOST_MS:
        raise _bad(name, line, f"{column} is '{text}', and should be a number, not negative")
    return number


def _bad(name: str, line: int, why: str) -> UsageError:
    return UsageError(f"{name}, line {line}: {why}.", next_step="Correct the line, or leave it out.")
