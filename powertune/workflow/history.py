"""Finds the runs that were kept: in a local folder, and in the stack's bucket."""

import re
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from powertune.aws.errors import code_of
from powertune.domain.history import SUMMARY_SCHEMA, RunSummary, summary_of
from powertune.domain.result import TuningResult
from powertune.errors import AwsError, UsageError
from powertune.store import FolderStore, S3Store
from powertune.wire import WireError, dumps, loads, result_from_text
from powertune.wire.files import text_of
from powertune.workflow.archive import SUMMARY

RESULT = "result.json"
"""The name of a run's whole result."""

_READERS = 8
_AT_ONCE = 64
"""Runs read from the bucket before it is looked whether they are enough."""
_OWN_ID = re.compile(r"(\d{8}T\d{6})-[0-9a-f]{6}(?:-[a-z0-9-]{1,10})?")
"""Run ids that powertune makes begin with when the run began, and may end with an instruction set; an execution that
somebody else started has any name."""
_SKEW = timedelta(days=1)
"""How far the clock that named a run may differ from the one that timed it."""

Wanted = Callable[[RunSummary], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """A run that was kept; ``folder`` is where, None where it lies in the bucket alone."""

    summary: RunSummary
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The runs of one place, and in a sentence each those whose result could not be read.

    ``trouble`` says why the place itself could not be looked into; empty where it could.
    """

    runs: tuple[KeptRun, ...]
    skipped: tuple[str, ...] = ()
    trouble: str = ""


def moment_of(run: RunSummary) -> datetime | None:
    """When the run began; None where its result does not say it so that it can be read."""
    try:
        begun = datetime.fromisoformat(run.started_at)
    except ValueError:
        return None
    return begun.replace(tzinfo=UTC) if begun.tzinfo is None else begun


def newest_first(runs: Iterable[KeptRun]) -> list[KeptRun]:
    """Each run once, the local one where it lies in both places; those without a time come last.

    A run on one instruction set that is a part of another one is not a run of its own.
    """
    once: dict[str, KeptRun] = {}
    for run in runs:
        known = once.get(run.summary.run_id)
        if known is None or known.folder is None:
            once[run.summary.run_id] = run
    parts = {part.summary.run_id for run in once.values() for part in parts_of(run, once)}
    whole = (run for run in once.values() if run.summary.run_id not in parts)
    earliest = datetime.min.replace(tzinfo=UTC)
    return sorted(whole, key=lambda run: (moment_of(run.summary) or earliest, run.summary.run_id), reverse=True)


def parts_of(run: KeptRun, others: Mapping[str, KeptRun]) -> list[KeptRun]:
    """Those of the other runs, which are given by their ids, that are a part of a run on several instruction sets."""
    named = (others[run_id] for run_id in run.summary.beside if run_id in others)
    whole = run.summary
    return [
        part
        for part in named
        if part.summary.function_arn == whole.function_arn and whole.run_id not in part.summary.beside
    ]


def save_in_folder(folder: Path, result: TuningResult) -> None:
    """Keep a result in brief beside it; without a word where it cannot be done in brief.

    Raises:
        OSError: nothing can be written there.
    """
    with suppress(UsageError):
        FolderStore(folder).put(SUMMARY, dumps(summary_of(result), indent=1) + "\n")


def runs_in_folder(results_dir: Path) -> Kept:
    """The runs whose folders lie in a folder. Folders without a ``result.json`` are nobody's business here."""
    runs, skipped = [], []
    try:
        folders = sorted(results_dir.iterdir())
    except FileNotFoundError:
        return Kept(runs=())
    except OSError as error:
        return Kept(runs=(), trouble=f"{results_dir} cannot be read: {error.strerror}.")
    for folder in folders:
        try:
            if _has_result(folder):
                runs.append(KeptRun(summary=_in_folder(folder), folder=folder))
        except UsageError as error:
            skipped.append(error.message)
    return Kept(runs=tuple(runs), skipped=tuple(skipped))


def _has_result(folder: Path) -> bool:
    path = folder / RESULT
    try:
        kind = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(kind):
        # Nobody may ever write to a pipe.
        raise UsageError(f"{path} is no file.")
    return True


def runs_in_bucket(
    store: S3Store,
    owner: str,
    *,
    wanted: Wanted,
    last: int | None = None,
    since: datetime | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Kept:
    """The wanted runs in the bucket, the newest first, a few at a time.

    Args:
        store: the bucket.
        owner: the account that the bucket must be of.
        wanted: which runs.
        last: how many are enough; None reads all.
        since: runs that are known by their ids to have begun well before need not be read.
        progress: told how far it is.

    Raises:
        AwsError: the bucket may not be read, or is not there.
    """
    ids = store.folders("runs/", owner=owner)
    named = [(id_, found) for id_ in ids if (found := _begun(id_)) is not None]
    own = {id_ for id_, _ in named}
    dated = sorted(named, key=lambda one: (one[1], one[0]), reverse=True)
    recent = [id_ for id_, begun in dated if since is None or begun >= since - _SKEW]
    # Nobody can see from the name of any other how old it is.
    undated = [id_ for id_ in ids if id_ not in own]
    runs: list[KeptRun] = []
    skipped: list[str] = []
    done = 0

    def read(names: Sequence[str]) -> None:
        nonlocal done
        for found in pool.map(lambda run_id: _in_bucket(store, run_id), names):
            if isinstance(found, str):
                skipped.append(found)
            elif found is not None and wanted(found):
                runs.append(KeptRun(summary=found))
        done += len(names)
        progress(f"reading runs: {done} of {len(undated) + len(recent)}")

    with ThreadPoolExecutor(_READERS) as pool:
        for names in _parts(undated):
            read(names)
        before = len(runs)
        for names in _parts(recent):
            read(names)
            if last is not None and len(runs) - before >= last:
                break
    return Kept(runs=tuple(runs), skipped=tuple(skipped))


def is_no_bucket(error: AwsError) -> bool:
    """Whether an error says that there is no such bucket."""
    return isinstance(error.__cause__, Exception) and code_of(error.__cause__) in ("NoSuchBucket", "404")


def run_of(folder: Path) -> RunSummary | None:
    """The run whose result lies in a folder, read whole; None where it cannot be read."""
    try:
        return _whole_in_folder(folder / RESULT) if _has_result(folder) else None
    except UsageError:
        return None


def _in_folder(folder: Path) -> RunSummary:
    path, brief = folder / RESULT, folder / SUMMARY
    with suppress(OSError, UnicodeDecodeError):
        # A result that was replaced later is not what the summary is of.
        if brief.is_file() and brief.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            known = _summary(brief.read_text(encoding="utf-8"))
            if known is not None and known.run_id == folder.name:
                return known
    return _whole_in_folder(path)


def _whole_in_folder(path: Path) -> RunSummary:
    return _whole(text_of(path), str(path))


def _in_bucket(store: S3Store, run_id: str) -> RunSummary | str | None:
    """A run in brief; a sentence where its result cannot be read; None where it has none, or none yet."""
    try:
        text = store.get(f"runs/{run_id}/{SUMMARY}")
        known = None if text is None else _summary(text)
        if known is not None:
            return known
        text = store.get(f"runs/{run_id}/{RESULT}")
        return None if text is None else _whole(text, f"runs/{run_id}/{RESULT} in the bucket")
    except UnicodeDecodeError as error:
        return f"runs/{run_id} in the bucket cannot be read: {error}."
    except UsageError as error:
        return error.message


def _summary(text: str) -> RunSummary | None:
    try:
        found = loads(text, RunSummary)
    except WireError:
        return None
    return found if found.schema == SUMMARY_SCHEMA else None


def _whole(text: str, called: str) -> RunSummary:
    return summary_of(result_from_text(text, called, samples=False))


def _begun(run_id: str) -> datetime | None:
    match = _OWN_ID.fullmatch(run_id)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _parts(names: Sequence[str]) -> Iterable[Sequence[str]]:
    return (names[at : at + _AT_ONCE] for at in range(0, len(names), _AT_ONCE))
