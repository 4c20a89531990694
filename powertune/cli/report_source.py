"""Finds the results that a report is made of: files, folders of runs, run ids, and what is piped in."""

import contextlib
import errno
import os
import re
import stat
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import BinaryIO

from powertune.domain.result import TuningResult
from powertune.errors import UsageError
from powertune.wire import files

RESULT = "result.json"
_NEWEST = 5
_DATED = re.compile(r"(\d{8}T\d{6})-")
"""How the run ids that powertune makes begin."""
_HEAD = 4096
_LONGEST_SUMMARY = 1 << 20
_PIECE = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A result; ``folder`` is where it lies, None where it was piped in."""

    result: TuningResult
    folder: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundText:
    """The text of what may be a result, what to call it, and the folder that it lies in; None for what was piped in."""

    text: str
    called: str
    folder: Path | None


def find(given: str, results_dir: Path) -> Found:
    """The result that an argument names: a file, a run's folder, a run id in the results' folder, or ``-``.

    Raises:
        UsageError: there is none, there are several, or it cannot be read.
    """
    from powertune.wire import result_from_text

    found = find_text(given, results_dir)
    return Found(result=result_from_text(found.text, found.called), folder=found.folder)


def find_text(given: str, results_dir: Path) -> FoundText:
    """The text that an argument names, as `find` finds it.

    Raises:
        UsageError: there is none, there are several, or it cannot be read.
    """
    if given == "-":
        return FoundText(text=_decoded(_from_stdin(), "The input"), called="The input", folder=None)
    path = _path_of(given, results_dir)
    kind = _kind(path)
    text = _decoded(_from_pipe(path) if stat.S_ISFIFO(kind) else _from_file(path), str(path))
    _refuse_beside(text, path)
    return FoundText(text=text, called=str(path), folder=None if not stat.S_ISREG(kind) else path.parent)


def newest(results_dir: Path) -> list[str]:
    """The run ids in a folder of results, the newest first; none where it cannot be read."""
    found = []
    with contextlib.suppress(OSError):
        for folder in results_dir.iterdir():
            with contextlib.suppress(OSError):
                written = (folder / RESULT).stat().st_mtime
                found.append((_begun(folder.name) or written, folder.name))
    return [name for _, name in sorted(found, reverse=True)]


def _begun(run_id: str) -> float | None:
    """When a run began, by its id; None where that does not say it. Copies of runs all have the day of the copying."""
    match = _DATED.match(run_id)
    with contextlib.suppress(ValueError):
        if match is not None:
            return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp()
    return None


def choices(results_dir: Path) -> str:
    """The newest runs of a folder, as a next step."""
    names = newest(results_dir)
    if not names:
        return "Give the path of a result.json, the folder of a run, or a run id in --results-dir."
    more = f" and {len(names) - _NEWEST} more" if len(names) > _NEWEST else ""
    return f"Name one; the newest in {results_dir}: {', '.join(names[:_NEWEST])}{more}."


def _path_of(given: str, results_dir: Path) -> Path:
    """The file that an argument means: what stands at that path first, and then the run of that id."""
    if not given or "\0" in given:
        raise UsageError("An empty name is no result.", next_step=choices(results_dir))
    path = Path(given)
    try:
        there = path.exists()
    except OSError as error:  # too long for a name, or in a folder that may not be looked into
        raise UsageError(f"{_short(given)} cannot be read: {error.strerror}.", next_step=choices(results_dir)) from None
    if not there:
        run = results_dir / given / RESULT
        with contextlib.suppress(OSError):
            if os.sep not in given and run.is_file():
                return run
        known = [name for name in newest(results_dir) if name.startswith(given)] if os.sep not in given else []
        if len(known) == 1:
            return results_dir / known[0] / RESULT
        if known:
            raise UsageError(
                f"{len(known)} runs in {results_dir} begin with {_short(given)}.",
                next_step=f"Give more of the run id, such as {known[0]}.",
            )
        what = f"is no file, and no run in {results_dir}" if os.sep not in given else "is not there"
        raise UsageError(f"{_short(given)} {what}.", next_step=choices(results_dir))
    return _in_folder(path) if path.is_dir() else path


def _in_folder(folder: Path) -> Path:
    result = folder / RESULT
    try:
        if result.exists():
            return result
        next(folder.iterdir(), None)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}.", next_step="Give another path.") from None
    names = newest(folder)
    if len(names) == 1:
        return folder / names[0] / RESULT
    if names:
        raise UsageError(f"{folder} holds {len(names)} runs.", next_step=choices(folder))
    raise UsageError(
        f"There is no {RESULT} in {folder}.", next_step="Give the folder of a run, as powertune run made it."
    )


def _kind(path: Path) -> int:
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", next_step="Give another path.") from None
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        what = "a folder" if stat.S_ISDIR(kind) else "a device or a socket"
        raise UsageError(f"{path} is {what}, not a file.", next_step="Give the path of a result.json.")
    return kind


def _refuse_beside(text: str, path: Path) -> None:
    """Refuse what lies beside a result in a run's folder, by its name.

    Raises:
        UsageError: so it is.
    """
    what = None
    head = text[:_HEAD]
    if head.lstrip().lower().startswith("<!doctype html") and 'content="powertune ' in head:
        what = "page"
    elif len(text) < _LONGEST_SUMMARY and '"schema_version"' not in text and '"payloads_sha256"' in text:
        what = "summary"
    if what is None:
        return
    beside = path.parent / RESULT
    raise UsageError(
        f"{path} is the {what} of a run, not its result.",
        next_step=f"Give {beside if beside.is_file() else f'its {RESULT}'}.",
    )


def _from_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > files.MOST_BYTES:
            raise files.too_large(str(path))
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", next_step="Give the path of a result.json."
        ) from None


def _from_pipe(path: Path) -> bytes:
    """What comes through a pipe that has a name, as a shell's ``<(command)`` has. One that nobody writes to is refused.

    Opened as usual, such a pipe would wait for a writer for ever.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb", buffering=0) as pipe:
            first = b""
            try:
                first = os.read(descriptor, 65536)
            except BlockingIOError:
                os.set_blocking(descriptor, True)
                first = os.read(descriptor, 65536)
            os.set_blocking(descriptor, True)
            if first:
                return _at_most(pipe, str(path), first)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", next_step="Give the path of a file.") from None
    raise UsageError(
        f"{path} is a pipe that nobody writes to.", next_step="Give a file, or pipe a result in: powertune report -"
    )


def _at_most(stream: BufferedIOBase | RawIOBase | BinaryIO, called: str, piece: bytes = b"") -> bytes:
    """All that comes after a first piece, and that piece; or a refusal once it is more than any result."""
    pieces, length = [piece], len(piece)
    while length <= files.MOST_BYTES:
        piece = stream.read(_PIECE) or b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        length += len(piece)
    raise files.too_large(called)


def _from_stdin() -> bytes:
    stream = sys.stdin
    if stream is None or stream.closed:
        raise UsageError("There is no standard input to read a result from.", next_step="Give a file.")
    if stream.isatty():
        raise UsageError(
            "Nothing is piped in.", next_step="Use it like this: powertune run --json ... | powertune report -"
        )
    try:
        return _at_most(stream.buffer, "The input")
    except OSError as error:
        what = "is a folder" if error.errno == errno.EISDIR else f"cannot be read: {error.strerror}"
        raise UsageError(f"The standard input {what}.", next_step="Pipe a result.json in.") from None


def _decoded(data: bytes, called: str) -> str:
    if not data.strip():
        raise UsageError(f"{called} is empty.", next_step="Give a result.json of a run that came to its end.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{called} is not a whole powertune result: not text in UTF-8 (at byte {error.start}).",
            next_step="Give a result.json as powertune run wrote it.",
        ) from None


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:199]}…"
