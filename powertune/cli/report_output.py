"""Where a report goes: standard output, or a file that is written whole or not at all."""

import contextlib
import errno
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import click

from powertune.cli.saying import give_up
from powertune.errors import UsageError

_HEAD = 4096
"""Bytes in which a file says who made it."""

MARKS = {
    "html": (b'<meta name="generator" content="powertune ',),
    "png": (b"tEXtSoftware\0powertune",),
    "svg": (b"<!-- Made by powertune",),
    "junit": (b'<testsuites name="powertune"',),
    "markdown-check": (b"<!-- Made by powertune check -->",),
    "csv": (b"run_id,function_arn,architecture,environment,memory_mb,", b"memory_mb,label,run_id,"),
    "csv-history": (b"function_arn,run_id,started_at,finished_at,environment,", b"function_arn,runs,last_run_id,"),
    "csv-samples": (b"run_id,architecture,environment,memory_mb,version,",),
}
"""By format: what stands near the beginning of a report that powertune wrote. Where nothing of the kind does, the file
is not replaced unasked; nor is JSON, which may be another run's only result."""

Content = Iterable[str] | bytes


def to_stdout(content: Content) -> None:
    """Write data to standard output, in UTF-8 whatever the terminal's encoding: that is what the data say they are."""
    if sys.stdout is None:  # it was closed
        return
    sys.stdout.flush()
    stream = sys.stdout.buffer
    if isinstance(content, bytes):
        stream.write(content)
    else:
        for text in content:
            stream.write(_encoded(text))
    stream.flush()


def to_terminal(text: str) -> None:
    """Write a text for people, in the terminal's own encoding as far as that goes."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def shown_or_why(show: Callable[[], None]) -> str | None:
    """Show an answer, and why standard output could not take it; None where it did, or where its reader is gone.

    An answer whose meaning is the exit code is one also where nobody reads it.
    """
    try:
        show()
    except OSError as error:
        give_up(sys.stdout)
        return None if error.errno == errno.EPIPE else str(error.strerror)
    return None


def takes_files(folder: Path) -> bool:
    """Whether a file can be made in a folder, by making one and removing it: what its mode says is not always so."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def nearest(path: Path) -> Path:
    """The path, or the nearest thing on the way to it that is there."""
    path = path.absolute()
    while not os.path.lexists(path):
        path = path.parent
    return path


def check_file(path: Path, form: str, *, force: bool, option: str = "--output") -> None:
    """Refuse a file that cannot be written, or that somebody else wrote, before anything is spent on it.

    ``option`` is the one that names it.

    Raises:
        UsageError: so it is.
    """
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", next_step=f"Give the name of a file in it with {option}.")
        if not path.exists():
            _refuse_folder(path.resolve().parent, option)
        elif not path.is_file():  # such as /dev/stdout
            return
        elif not os.access(path, os.W_OK):
            raise UsageError(f"{path} may not be written.", next_step=f"Give another {option}.")
        elif not force and not _is_ours(path, form):
            raise UsageError(
                f"{path} is already there, and nothing in it says that powertune wrote it as {form}. It is unchanged.",
                next_step=f"Give another {option}"
                + (", or replace it with --force." if option == "--output" else ", or remove the file."),
            )
        else:  # it is replaced by a file that is written beside it
            _refuse_folder(path.resolve().parent, option)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", next_step=f"Give another {option}.") from None


def _refuse_folder(folder: Path, option: str) -> None:
    there = nearest(folder)
    if not takes_files(there):
        raise UsageError(f"Nothing can be written to {there}.", next_step=f"Give another {option}.")


def _is_ours(path: Path, form: str) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return not head or any(mark in head for mark in MARKS.get(form, ()))


def to_file(path: Path, content: Content, *, option: str = "--output") -> None:
    """Write a file, whole or not at all; folders on the way to it are made. ``option`` is the one that names it.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            _write(path, content)
            return
        target = path.resolve()  # what a link leads to, not the link
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name[:200]}.{os.getpid()}.partial")
        try:
            _write(partial, content)
            partial.replace(target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                partial.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", next_step=f"Give another {option}.") from None


def _write(path: Path, content: Content) -> None:
    with path.open("wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            file.writelines(_encoded(text) for text in content)


def _encoded(text: str) -> bytes:
    # Half a surrogate pair, as an error text may hold, is no UTF-8.
    return text.encode("utf-8", "backslashreplace")
