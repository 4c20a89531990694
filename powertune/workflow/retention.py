"""Which of the runs in a local folder go, and deleting them: what powertune wrote, and never anything else."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from powertune.workflow.archive import SUMMARY
from powertune.workflow.history import RESULT, KeptRun, moment_of, newest_first, parts_of, run_of

_NAMES = (RESULT, SUMMARY, "report.html", "report.png", "report.svg")
WRITTEN = frozenset({*_NAMES, *(f"{name}.partial" for name in _NAMES)})
"""All that powertune writes into a run's folder; where anything else lies, the folder is somebody's own."""
ASIDE = ".being-deleted"
"""What the name of a run's folder ends with while its files are deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What becomes of a run's folder: ``kept`` says why it stays, None where it went."""

    run: KeptRun
    kept: str | None = None


def to_delete(runs: Sequence[KeptRun], new: str, keep: int) -> list[KeptRun]:
    """Local runs beyond the newest ``keep`` of one function, the oldest first; never the run ``new``, which counts.

    Dry runs, others that measured nothing, and runs that say no time neither count nor go; if ``new`` is such a run,
    none goes. A run on several instruction sets is one run, and goes or stays as a whole.
    """
    counted = [run for run in _timed(runs) if run.summary.is_measurement]
    others = [run for run in counted if run.summary.run_id != new]
    if len(others) == len(counted):
        return []
    return _with_parts(others[max(keep - 1, 0) :][::-1], runs)


def older_than(runs: Sequence[KeptRun], limit: datetime) -> list[KeptRun]:
    """Local runs that began before, the oldest first; of one without a time nobody knows."""
    old = [run for run in _timed(runs) if (begun := moment_of(run.summary)) is not None and begun < limit]
    return _with_parts(old[::-1], runs)


def _timed(runs: Sequence[KeptRun]) -> list[KeptRun]:
    """The local runs, the newest first, that say when they began, in all their parts."""
    local = {run.summary.run_id: run for run in runs if run.folder is not None}
    return [
        run
        for run in newest_first(local.values())
        if all(moment_of(one.summary) is not None for one in (run, *parts_of(run, local)))
    ]


def _with_parts(going: Sequence[KeptRun], runs: Sequence[KeptRun]) -> list[KeptRun]:
    """The runs with those on other instruction sets that are a part of them, each before its whole."""
    local = {run.summary.run_id: run for run in runs if run.folder is not None}
    return [one for run in going for one in (*parts_of(run, local), run)]


def why_kept(run: KeptRun) -> str | None:
    """Why a run's folder may not be deleted; None where it holds what powertune wrote and nothing else."""
    folder = run.folder
    if folder is None:
        return "it lies in the bucket, which has a time limit of its own"
    if folder.name not in (run.summary.run_id, run.summary.run_id + ASIDE):
        return f"{folder} is not named like its run"
    return _why_kept(run, folder, folder)


def _why_kept(run: KeptRun, folder: Path, called: Path) -> str | None:
    try:
        if folder.is_symlink():
            return f"{called} is a link"
        found = run_of(folder)
        if found is None:
            return f"the result in {called} cannot be read" if folder.exists() else f"{called} is gone already"
        if (found.run_id, found.function_arn) != (run.summary.run_id, run.summary.function_arn):
            return f"{called} has changed"
        return _stranger(folder, called)
    except FileNotFoundError:
        return f"{called} is gone already"
    except OSError as error:
        return f"{called} cannot be read: {error.strerror}"


def _stranger(folder: Path, called: Path) -> str | None:
    for path in sorted(folder.iterdir()):
        if path.name not in WRITTEN or not stat.S_ISREG(path.lstat().st_mode):
            return f"{called} also holds {path.name}"
    return None


def delete(run: KeptRun) -> Deletion:
    """Delete what powertune wrote of a run, and its folder; all of it stays where anything else lies there too.

    The folder is renamed first, so that nobody finds it by its name while its files go, and looked into again. What
    is left where something goes wrong has its name again, and what is gone by then is said.
    """
    kept = why_kept(run)
    if kept is not None:
        return Deletion(run=run, kept=kept)
    folder = run.folder
    assert folder is not None
    aside = folder.with_name(run.summary.run_id + ASIDE)
    try:
        if aside != folder:
            if os.path.lexists(aside):
                return Deletion(run=run, kept=f"{aside} is there already, of a deletion that did not end")
            folder.rename(aside)
    except OSError as error:
        return Deletion(run=run, kept=f"{folder} could not be deleted: {error.strerror}; nothing of it is gone")
    kept = _why_kept(run, aside, folder)
    if kept is None:
        kept = _emptied(aside, folder)
    return Deletion(run=run, kept=None if kept is None else kept + _put_back(aside, folder))


def _emptied(aside: Path, called: Path) -> str | None:
    """Delete the folder with what powertune wrote; else say why it stays, and what is gone."""
    gone: list[str] = []
    try:
        # The result goes last: what is left by an interruption is still known for a run.
        for name in sorted(WRITTEN, key=lambda name: (name == RESULT, name)):
            if name == RESULT and (why := _stranger(aside, called)) is not None:
                return why + _said(gone)
            path = aside / name
            if path.is_file() and not path.is_symlink():
                path.unlink()
                gone.append(name)
        aside.rmdir()
    except OSError as error:
        return f"{called} could not be deleted: {error.strerror}{_said(gone) or '; nothing of it is gone'}"
    return None


def _said(gone: Sequence[str]) -> str:
    *names, last = sorted(gone) or [""]
    if names:
        return f"; {', '.join(names)} and {last} are gone"
    return f"; {last} is gone" if last else ""


def _put_back(aside: Path, folder: Path) -> str:
    """Give a folder its name again; nothing is said where that goes, and its name now where it does not."""
    try:
        # Renaming replaces an empty folder without a word.
        if aside != folder and not os.path.lexists(folder):
            aside.rename(folder)
    except OSError:
        return f"; it is {aside} now"
    return f"; it is {aside} now" if aside != folder and os.path.lexists(aside) else ""
