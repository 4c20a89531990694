"""``powertune history``: the runs that were kept of a function, and how its duration and cost went."""

import json
from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, stack_region_option
from powertune.cli.history_deletion import delete_older
from powertune.cli.history_source import Asked, bucket_runs, function_asked, matching, one_function
from powertune.cli.history_words import ago, length_in_words, say_left_out
from powertune.cli.opening import show_file
from powertune.cli.report_output import Content, check_file, to_file, to_stdout, to_terminal
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune history
  powertune history --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders
  powertune history --function-arn orders --since 30d --format html --open
  powertune history --function-arn ARN --json | jq '.[] | {run_id, code_sha256, recommended_mb}'
  powertune history --function-arn ARN --no-bucket --format csv --output orders.csv
  powertune history --function-arn ARN --delete-older-than 90d
"""


@click.command("history", epilog=_EPILOG)
@click.option(
    "--function-arn", "function", metavar="ARN|NAME", help="The function, or its name; a list of functions without."
)
@click.option(
    "--results-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Folder in which powertune run has put its results.",
)
@click.option("--no-bucket", is_flag=True, help="Look in the folder alone, and ask AWS nothing.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="The newest runs.")
@click.option("--since", metavar="TIME", help="Runs that began so long ago at most: 24h, 30d, 12w.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "html", "csv", "json"]),
    help="A table, a page with charts, or the runs for programs; table by default.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--output", metavar="FILE", help="Write it to this file; - is standard output.")
@click.option("--force", is_flag=True, help="Replace the file even if powertune did not write it.")
@click.option("--open", "open_it", is_flag=True, help="Make the page, and show it in a browser.")
@click.option(
    "--delete-older-than",
    "delete_age",
    metavar="TIME",
    help="Delete the local runs of the function that are older, after asking: 90d, 12w.",
)
@click.option("--yes", is_flag=True, help="With --delete-older-than: delete unasked.")
@account_options
@stack_region_option
def command(function: str | None, results_dir: Path, **options: Any) -> int:
    """List the runs of a function that were kept, and draw its duration and cost over time.

    Runs are kept in the results folder, and those of the state machine in the bucket of its stack too; both are
    listed, each run once. Where the CodeSha256 is another one than in the run before, other code was deployed. How
    long the bucket keeps runs, powertune deploy --results-days says.
    """
    asked = function_asked(function)
    if asked.arn is not None:
        check_region(options["region"], asked.arn)
    if options["delete_age"] is not None:
        return delete_older(asked, results_dir, options)
    if options["yes"]:
        raise UsageError("--yes goes with --delete-older-than.", next_step="Leave it out.")
    form = _form(options)
    if form == "html" and function is None:
        raise UsageError("A page is about one function.", next_step="Name it with --function-arn.")
    runs, older = _runs(asked, results_dir, options)
    target = _target(form, options["output"], results_dir, runs)
    if target is not None:
        check_file(target, "csv-history" if form == "csv" else form, force=options["force"])
    if form == "table":
        _show(runs, asked, target, _nothing(asked, results_dir, options["since"], older))
        return 0
    if form == "html" and not runs:
        click.echo(f"{_nothing(asked, results_dir, options['since'], older)} There is nothing to draw.", err=True)
        return 0
    _give(_content(form, runs, asked, target, results_dir), target)
    if options["open_it"]:
        assert target is not None
        show_file(target)
    return 0


def _form(options: dict[str, Any]) -> str:
    given, output = options["form"], options["output"]
    if options["as_json"] and given not in (None, "json"):
        raise UsageError(f"--json and --format {given} contradict each other.", next_step="Leave one of them out.")
    form: str = given or ("json" if options["as_json"] else "html" if options["open_it"] else "table")
    if options["open_it"] and (form != "html" or output == "-"):
        raise UsageError("--open shows a page in a file.", next_step="Use it with --format html.")
    return form


def _runs(asked: Asked, results_dir: Path, options: dict[str, Any]) -> tuple[list[Any], int]:
    """The runs that were asked for, the newest first, and the number of those that are older than that.

    What could not be read is said on standard error.
    """
    from powertune.workflow.history import moment_of, newest_first, runs_in_folder

    limit = None if options["since"] is None else ago(options["since"], "--since")
    local = runs_in_folder(results_dir)
    far = bucket_runs(asked, options, since=limit, folder=results_dir)
    say_left_out((*local.skipped, *far.skipped), local.trouble)
    found = known = newest_first([*matching(asked, local.runs, options["region"]), *far.runs])
    one_function(asked, [run.summary for run in found])
    if limit is not None:
        found = [run for run in found if (begun := moment_of(run.summary)) is not None and begun >= limit]
    return found[: options["last"]] if asked.is_given else found, len(known) - len(found)


def _nothing(asked: Asked, results_dir: Path, since: str | None, older: int) -> str:
    of = f"of {asked.text}" if asked.is_given else f"in {results_dir}"
    if since is None or not older:
        return f"No run {of} was kept." if asked.is_given else f"No run was kept {of}."
    # The bucket's runs that are older by their names were not read.
    began = f"in the last {length_in_words(since)}"
    if older == 1:
        return f"The only known run {of} did not begin {began}."
    return f"None of {older:,} known runs {of} began {began}."


def _target(form: str, output: str | None, results_dir: Path, runs: list[Any]) -> Path | None:
    if output is not None:
        return None if output == "-" else Path(output)
    if form != "html" or not runs:
        return None
    return results_dir / f"history-{runs[0].summary.function_arn.name}.html"


def _show(runs: list[Any], asked: Asked, target: Path | None, nothing: str) -> None:
    from powertune.cli.report_formats import Look, terminal_look
    from powertune.render.history.text import render_functions, render_history
    from powertune.render.text.plain import ascii_text

    look = terminal_look() if target is None else Look()
    summaries = [run.summary for run in runs]
    if not summaries:
        text = f"{nothing}\n"
    elif asked.is_given:
        text = render_history(summaries, width=look.width, plain=look.ascii_only)
    else:
        text = render_functions(summaries, width=look.width)
    if target is not None:
        to_file(target, [text])
    else:
        to_terminal("\n".join(map(ascii_text, text.split("\n"))) if look.ascii_only else text)


def _content(form: str, runs: list[Any], asked: Asked, target: Path | None, results_dir: Path) -> Content:
    from powertune import __version__
    from powertune.render.history.csv_table import functions_csv, history_csv
    from powertune.render.history.page import render_history_page

    summaries = [run.summary for run in runs]
    if form == "html":
        return [render_history_page(summaries, version=__version__, reports=_reports(runs, target, results_dir))]
    if form == "csv":
        return history_csv(summaries) if asked.is_given else functions_csv(summaries)
    return [json.dumps(_data(runs, asked), indent=1, allow_nan=False) + "\n"]


def _data(runs: list[Any], asked: Asked) -> list[dict[str, Any]]:
    from powertune.render.history.words import functions
    from powertune.wire import to_data

    if asked.is_given:
        return [{**to_data(run.summary), "folder": None if run.folder is None else str(run.folder)} for run in runs]
    return [
        {"function_arn": arn, "runs": len(one), "last_run": to_data(one[0])}
        for arn, one in functions([run.summary for run in runs]).items()
    ]


def _reports(runs: list[Any], target: Path | None, results_dir: Path) -> dict[str, str]:
    """The reports beside the page, where it lies in the results folder itself: elsewhere they would not be found."""
    if target is None or target.absolute().parent.resolve() != results_dir.resolve():
        return {}
    return {
        run.summary.run_id: f"{run.folder.name}/report.html"
        for run in runs
        if run.folder is not None and _is_plain(run.folder.name) and (run.folder / "report.html").is_file()
    }


def _is_plain(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _give(content: Content, target: Path | None) -> None:
    if target is None:
        to_stdout(content)
        return
    to_file(target, content)
    click.echo(f"Written to {target}.", err=True)
