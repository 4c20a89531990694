"""What a run leaves in its folder, as far as there is room: its answer is shown in any case."""

from collections.abc import Callable
from pathlib import Path

from powertune.cli.report_output import nearest, takes_files
from powertune.cli.saying import say
from powertune.domain.result import TuningResult
from powertune.errors import UsageError

RESULT = "result.json"
REPORT = "report.html"


def check_output_dir(output_dir: Path) -> None:
    """Refuse a folder that the result could not be written to, before anything is spent.

    Raises:
        UsageError: it is one.
    """
    if not takes_files(nearest(output_dir)):
        raise UsageError(f"Nothing can be written to {output_dir}.", next_step="Give another --output-dir.")


def written_to(folder: Path, result: TuningResult) -> frozenset[str]:
    """Write a run's files, the result first; the names of those that were written.

    What could not be written is said on standard error: all of it was paid for, and the answer is still to be shown.
    """
    from powertune.store import FolderStore
    from powertune.wire import dumps
    from powertune.workflow.history import save_in_folder

    store = FolderStore(folder)

    def page() -> None:
        from powertune.render.html import render_html

        store.put(REPORT, render_html(result))

    # First of all the result: everything else can be made from it.
    if not _done("result", folder / RESULT, lambda: store.put(RESULT, dumps(result, indent=1) + "\n")):
        say("Nothing of this run is kept but what is shown here.", err=True)
        return frozenset()
    written = {RESULT}
    _done("summary for powertune history", folder, lambda: save_in_folder(folder, result))
    if _done("report", folder / REPORT, page):
        written.add(REPORT)
    else:
        say(
            f"The result is in {folder / RESULT}. Once there is room: powertune report {folder} --format html", err=True
        )
    return frozenset(written)


def _done(what: str, path: Path, write: Callable[[], None]) -> bool:
    try:
        write()
    except OSError as error:
        say(f"The {what} could not be written to {path}: {error.strerror or error}.", err=True)
        return False
    return True
