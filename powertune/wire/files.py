"""The texts of files that may be results: none that is larger than any result is read."""

import os
from pathlib import Path

from powertune.errors import UsageError

MOST_BYTES = 2 * 10**9
"""A result with a million samples has half of that."""


def text_of(path: Path) -> str:
    """The text of a result's file.

    Raises:
        UsageError: the file is missing, no text, or larger than any result.
    """
    try:
        return bytes_of(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} cannot be read: {error}.", next_step="Give the path of a result.json.") from None


def bytes_of(path: Path) -> bytes:
    """What is in a result's file.

    Raises:
        UsageError: the file is missing, or larger than any result.
    """
    try:
        with path.open("rb") as file:
            if path.is_char_device() or os.fstat(file.fileno()).st_size > MOST_BYTES:
                raise too_large(str(path))
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}.", next_step="Give the path of a result.json.") from None
    if len(data) > MOST_BYTES:
        raise too_large(str(path))
    return data


def too_large(called: str) -> UsageError:
    """Of what is larger than any result."""
    return UsageError(
        f"{called} is larger than {MOST_BYTES / 1e9:g} GB, and so no result of a run.",
        next_step="Give the path of a result.json.",
    )
