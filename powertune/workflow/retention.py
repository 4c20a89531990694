"""Which of the runs in a local folder go, and deleting them: what powertune wrote, and never anything else."""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from powertune.workflow.archive import SUMMARY
from powertune.workflow.history import RESULT, KeptRun, moment_of, newest_first, parts_of, run_of

WRITTEN = frozenset({RESULT, SUMMARY, "report.html", "report.png", "report.svg"})
"""All that powertune writes into a run's folder; where anything else lies, the folder is somebody's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What becomes of a run's folder: ``kept`` says why it stays, None where it went."""

    run: KeptRun
    kept: str | None = None


def to_delete(runs: Sequence[KeptRun], new: str, keep: int) -> list[KeptRun]:
    """Local runs beyond the newest ``keep`` of one function, the oldest first; never the run ``new``, which counts.

    A run on several instruction sets is one run, and goes or stays as a whole.
    """
    others = [run for run in newest_first(runs) if run.folder is not None and run.summary.run_id != new]
    return _with_parts(others[max(keep - 1, 0) :][::-1], runs)


def older_than(runs: Sequence[KeptRun], limit: datetime) -> list[KeptRun]:
    """Local runs that began before, the oldest first; of one without a time nobody knows."""
    local = [run for run in newest_first(runs) if run.folder is not None]
    old = [run for run in local if (begun := moment_of(run.summary)) is not None and begun < limit]
    return _with_parts(old[::-1], runs)


def _with_parts(going: Sequence[KeptRun], runs: Sequence[KeptRun]) -> list[KeptRun]:
    """The runs with those on other instruction sets that are a part of them, each before its whole."""
    local = {run.summary.run_id: run for run in runs if run.folder is not None}
    return [one for run in going for one in (*parts_of(run, local), run)]


def why_kept(run: KeptRun) -> str | None:
    """Why a run's folder may not be deleted; None where it holds what powertune wrote and nothing else."""
    folder = run.folder
    if folder is None:
        return "it lies in the bucket, which has a time limit of its own"
    try:
        if folder.is_symlink():
            return f"{folder} is a link"
        if folder.name != run.summary.run_id:
            return f"{folder} is not named like its run"
        found = run_of(folder)
        if found is None or (found.run_id, found.function_arn) != (run.summary.run_id, run.summary.function_arn):
            return f"{folder} has changed"
        for path in folder.iterdir():
            if path.name not in WRITTEN or not stat.S_ISREG(path.lstat().st_mode):
                return f"{folder} also holds {path.name}"
    except FileNotFoundError:
        return f"{folder} is gone already"
    except OSError as error:
        return f"{folder} cannot be read: {error.strerror}"
    return None


def delete(run: KeptRun) -> Deletion:
    """Delete what powertune wrote of a run, and its folder; all of it stays where anything else lies there too."""
    kept = why_kept(run)
    if kept is not None:
        return Deletion(run=run, kept=kept)
    folder = run.folder
    assert folder is not None
    try:
        # The result goes last: what is left by an interruption is still known for a run.
        for name in sorted(WRITTEN, key=lambda name: name == RESULT):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()
    except OSError as error:
        return Deletion(run=run, kept=f"{folder} could not be deleted: {error.strerror}")
    return Deletion(run=run)
