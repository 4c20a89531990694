"""How many runs of a function the output folder keeps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from powertune.domain.result import TuningResult

VARIABLE = "POWERTUNE_KEEP_RUNS"


def keep_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option to a command."""
    return click.option(
        "--keep-runs",
        type=click.IntRange(1),
        envvar=VARIABLE,
        metavar="N",
        help=f"Keep the newest N runs of the function in the output folder, and delete its older ones; all by default, "
        f"or what {VARIABLE} says. Dry runs neither count nor go.",
    )(command)


def keep_newest(result: TuningResult, output_dir: Path, keep: int | None) -> None:
    """Delete the oldest runs of the function beyond so many; the run just made stays in any case.

    A dry run, or one that measured nothing, deletes none. What could not be deleted is said and is no failure: the
    run itself is done.
    """
    if keep is None:
        return
    from powertune.domain.history import summary_of
    from powertune.render.safe import one_line
    from powertune.workflow.history import runs_in_folder
    from powertune.workflow.retention import delete, to_delete

    arn = summary_of(result).function_arn
    runs = [run for run in runs_in_folder(output_dir).runs if run.summary.function_arn == arn]
    done = [delete(run) for run in to_delete(runs, result.run_id, keep)]
    gone = sum(one.kept is None for one in done)
    if gone:
        older = "1 older run" if gone == 1 else f"{gone:,} older runs"
        click.echo(f"Deleted {older} of {arn.name} from {output_dir}; the newest {keep:,} are kept.", err=True)
    for one in done:
        if one.kept is not None:
            click.echo(one_line(f"Kept the older run {one.run.summary.run_id}: {one.kept}.", 400), err=True)
