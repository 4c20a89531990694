"""``powertune history --delete-older-than``."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from powertune.cli.history_source import Asked, matching, one_function
from powertune.cli.history_words import ago, say_left_out
from powertune.errors import PowertuneError, UsageError


def delete_older(asked: Asked, results_dir: Path, options: dict[str, Any]) -> int:
    """Delete the runs of a folder that began before a time, after asking.

    Raises:
        UsageError: it cannot be meant; nothing was deleted.
        Stopped: the user does not want it.
        PowertuneError: a run that was to go could not be deleted.
    """
    from powertune.cli.deploy_options import agreed, somebody_is_there
    from powertune.errors import Stopped
    from powertune.render.figures import plural
    from powertune.workflow.history import run_of, runs_in_folder
    from powertune.workflow.retention import Deletion, delete, older_than, why_kept

    if not asked.is_given:
        raise UsageError("Whose runs are to be deleted?", next_step="Name the function with --function-arn.")
    _refuse_beside_a_deletion(click.get_current_context())
    limit = ago(options["delete_age"], "--delete-older-than")
    if not options["yes"] and not somebody_is_there():
        raise UsageError("Nobody can be asked here, so nothing was deleted.", next_step="Add --yes to delete unasked.")
    local = runs_in_folder(results_dir)
    say_left_out(local.skipped, local.trouble)
    found = matching(asked, local.runs, options["region"])
    one_function(asked, [run.summary for run in found])
    old = [(run, why_kept(run)) for run in older_than(found, limit)]
    going, staying = [run for run, why in old if why is None], [Deletion(run=run, kept=why) for run, why in old if why]
    _announce(going, staying, results_dir)
    if going and not options["yes"] and not agreed("Delete them?" if len(going) > 1 else "Delete it?"):
        raise Stopped("Nothing was deleted.")
    done = [delete(run) for run in going]
    gone, kept = [one for one in done if one.kept is None], [one for one in done if one.kept is not None]
    if options["as_json"]:
        data = {
            "deleted": [one.run.summary.run_id for one in gone],
            "kept": [{"run_id": one.run.summary.run_id, "why": one.kept} for one in (*staying, *kept)],
        }
        click.echo(json.dumps(data, indent=1))
    elif not found:
        click.echo(f"No run of {asked.text} is in {results_dir}.")
    elif len(gone) == len(found) == 1:
        click.echo("Deleted the only run.")
    else:
        click.echo(f"Deleted {len(gone):,} of {plural(len(found), 'run')}.")
    _say_kept(kept)
    folders = [one.run.folder for one in staying if one.run.folder is not None and one.run.folder.exists()]
    unread = sum(run_of(folder) is None for folder in folders)
    if failed := len(kept) + unread:
        wanted = len(going) + unread
        were = "were" if wanted > 1 else "was"
        raise PowertuneError(
            f"{failed:,} of {plural(wanted, 'run')} that {were} to go could not be deleted.",
            next_step="See above why; what could be deleted is gone.",
        )
    return 0


def _say_kept(kept: Sequence[Any]) -> None:
    from powertune.render.safe import one_line

    for one in kept:
        click.echo(one_line(f"Kept {one.run.summary.run_id}: {one.kept}.", 400), err=True)


def _refuse_beside_a_deletion(context: click.Context) -> None:
    """Refuse what is about a list. Somebody who narrows it may mean to narrow what is deleted, which it does not."""
    for name in ("form", "output", "open_it", "force", "last", "since"):
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = {"form": "--format", "open_it": "--open"}.get(name, f"--{name}")
            raise UsageError(
                f"--delete-older-than lists nothing, and {option} is about a list.", next_step=f"Leave {option} out."
            )


def _announce(going: list[Any], staying: list[Any], results_dir: Path) -> None:
    """Say which runs are about to be deleted, and which old ones are not and why."""
    from powertune.render.history.words import date, run_id
    from powertune.render.safe import one_line

    if going:
        these = "these runs of {} are deleted" if len(going) > 1 else "this run of {} is deleted"
        click.echo(f"In {results_dir}, {these.format(going[0].summary.function_arn)}:", err=True)
    for run in going:
        click.echo(f"  - {date(run.summary)}  {run_id(run.summary)}", err=True)
    if staying:
        click.echo("Not deleted:", err=True)
    for one in staying:
        why = one_line(f"{run_id(one.run.summary)}: {one.kept}.", 400)
        click.echo(f"  - {date(one.run.summary)}  {why}", err=True)
