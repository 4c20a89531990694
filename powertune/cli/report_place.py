"""Where the page of runs side by side goes: it belongs to no run's folder."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from powertune.cli.report_source import Found

_PLAIN = re.compile("[A-Za-z0-9_-]{1,80}")
_LONGEST_NAME = 200
_CHECK_DIGITS = 8


def name_of(found: Sequence[Found]) -> str | None:
    """A name by the run ids, which nothing else of powertune has; None where an id is no part of a name."""
    ids = [one.result.run_id for one in found]
    if not all(map(_PLAIN.fullmatch, ids)):
        return None
    name = f"side-by-side-{'-'.join(ids)}"
    if len(name) <= _LONGEST_NAME:
        return name
    check = hashlib.sha256(" ".join(ids).encode()).hexdigest()[:_CHECK_DIGITS]
    return f"side-by-side-{ids[0]}-and-{len(ids) - 1}-more-{check}"


def folder_of(found: Sequence[Found]) -> Path | None:
    """The folder that a run's own folder lies in, or else that of the first result; None where all were piped in.

    A run's own folder is never it: what lies there beside the run's files keeps the run from being deleted.
    """
    for one in found:
        if one.folder is not None:
            return one.folder.parent if one.folder.absolute().name == one.result.run_id else one.folder
    return None
