"""``powertune report``: what a run found, in any form; a run that is under way; several runs side by side."""

from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import account_options, stack_region_option
from powertune.cli.ending import check_watched
from powertune.cli.opening import show, show_file
from powertune.cli.report_formats import FORMATS, Format, Look, made, terminal_look
from powertune.cli.report_output import Content, check_file, to_file, to_stdout, to_terminal
from powertune.cli.report_place import folder_of, name_of
from powertune.cli.report_source import RESULT, choices, find
from powertune.cli.report_watch import watch
from powertune.domain.result import TuningResult
from powertune.domain.role import DEFAULT_SESSION_NAME
from powertune.errors import UsageError

_MOST = 8
_REPORT = "report"
"""The name of a run's own report, without its ending."""
_OF_WATCHING = ("function_arn", "region", "profile", "role_arn", "external_id", "stack_region")

_EPILOG = """\b
Examples:
  powertune report powertune-results/20261124T113402-7f3a21
  powertune report 20261124T113402-7f3a21 --format html --open
  powertune report result.json --format markdown --output comment.md
  powertune run --local examples/primes --json | powertune report - --format csv
  powertune report --watch --function-arn ARN
  powertune report --watch 20261124T113402-7f3a21 --function-arn ARN --format html
  powertune report before.json after.json
  powertune report RUN RUN --label "Python 3.12" --label "Python 3.13" --format html --open
"""


@click.command("report", epilog=_EPILOG)
@click.argument("given", metavar="[RESULT | RUN_ID]...", nargs=-1)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), help="The form of the report; table by default.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--output",
    metavar="FILE",
    help="Write it to this file; - is standard output. html, png and svg go beside the result by default; the page of "
    "several runs goes beside their folders.",
)
@click.option("--force", is_flag=True, help="Replace the file even if powertune did not write it.")
@click.option("--open", "open_it", is_flag=True, help="Show it in a browser; html by default.")
@click.option("--label", "labels", metavar="TEXT", multiple=True, help="What to call a run, once for each in order.")
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Where a run id is looked for.",
)
@click.option("--watch", "watched", is_flag=True, help="Follow a run of the state machine to its end, from elsewhere.")
@click.option("--function-arn", metavar="ARN", help="With --watch: the function, without version or alias.")
@account_options
@stack_region_option
def command(
    given: tuple[str, ...],
    form: str | None,
    as_json: bool,
    output: str | None,
    force: bool,
    open_it: bool,
    labels: tuple[str, ...],
    results_dir: Path,
    watched: bool,
    **reaching: Any,
) -> int:
    """Make the report of a run, or set several runs side by side.

    RESULT is a result.json, the folder of a run, a run id in --results-dir, or - for standard input. With two to
    eight of them the report says what differs between the runs, and compares what several of them measured: it is a
    description, not a regression test.

    With --watch a run of the state machine that was started elsewhere is followed to its end, or shown at once if it
    has ended; without a run id, the one that is under way for the function. Watching never stops or changes anything.
    """
    name = _form(form, as_json=as_json, open_it=open_it)
    results, folder, stem = _results(given, results_dir, watched=watched, labels=labels, reaching=reaching, name=name)
    look = terminal_look() if output in (None, "-") else Look()
    target = _target(FORMATS[name], output, folder, stem)
    if open_it and target is None and name != "power-tuning-url":
        raise UsageError("--open shows a file, and there is none.", next_step="Leave --open or --output - out.")
    if target is not None:
        check_file(target, name, force=force)
    content = made(results, labels, name, look)
    _give(content, name, target)
    if open_it:
        show_file(target) if target is not None else show(_link(content), "the link is above")
    if watched:
        check_watched(results[0], "" if folder is None else f"Details: {folder / RESULT}")
    return 0


def _form(form: str | None, *, as_json: bool, open_it: bool) -> str:
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other.", next_step="Leave one of them out.")
    name = form or ("json" if as_json else "html" if open_it else "table")
    if open_it and not FORMATS[name].opens:
        able = ", ".join(one for one, details in FORMATS.items() if details.opens)
        raise UsageError(f"A browser does not show {name}.", next_step=f"Use --open with one of {able}.")
    return name


def _results(
    given: tuple[str, ...],
    results_dir: Path,
    *,
    watched: bool,
    labels: tuple[str, ...],
    reaching: dict[str, Any],
    name: str,
) -> tuple[list[TuningResult], Path | None, str | None]:
    """The results, the folder in which a report of them belongs, None for what was piped in, and its name there."""
    if watched:
        if len(given) > 1 or labels:
            raise UsageError("--watch follows one run.", next_step="Give one run id, and no --label.")
        result = watch(given[0] if given else None, reaching["function_arn"], reaching)
        return [result], _kept(result, results_dir) if FORMATS[name].file else None, _REPORT
    _refuse_watching(reaching)
    if not given:
        raise UsageError("No result was named.", next_step=choices(results_dir))
    if len(given) > _MOST:
        raise UsageError(f"{len(given)} runs are more than fit side by side.", next_step=f"Give {_MOST} at most.")
    if given.count("-") > 1:
        raise UsageError("Only one result comes through standard input.", next_step="Give the others as files.")
    if labels and len(given) == 1:
        raise UsageError("--label names runs side by side.", next_step="Give two results or more, or no --label.")
    if labels and len(labels) != len(given):
        raise UsageError(
            f"{len(given)} runs need {len(given)} labels, not {len(labels)}.", next_step="Give --label once for each."
        )
    found = [find(one, results_dir) for one in given]
    results = [one.result for one in found]
    return (results, found[0].folder, _REPORT) if len(found) == 1 else (results, folder_of(found), name_of(found))


def _refuse_watching(reaching: dict[str, Any]) -> None:
    """Refuse what means nothing without ``--watch``."""
    given = [name for name in _OF_WATCHING if reaching[name] is not None]
    if reaching["role_session_name"] != DEFAULT_SESSION_NAME:
        given.append("role_session_name")
    if given:
        raise UsageError(
            f"--{given[0].replace('_', '-')} is for --watch; a report of results asks nobody else.",
            next_step="Add --watch, or leave it out.",
        )


def _kept(result: TuningResult, results_dir: Path) -> Path:
    """The folder of a watched run, as `powertune run` would have made it, with its result."""
    from powertune.wire import dumps
    from powertune.workflow.history import save_in_folder

    folder = results_dir / result.run_id
    path = folder / RESULT
    if not path.exists():
        to_file(path, [dumps(result, indent=1), "\n"])
        try:
            save_in_folder(folder, result)
        except OSError as error:
            raise UsageError(
                f"Nothing can be written to {folder}: {error.strerror}.", next_step="Give another --results-dir."
            ) from None
    return folder


def _target(form: Format, output: str | None, folder: Path | None, stem: str | None) -> Path | None:
    """The file to write; None for standard output."""
    import sys

    if output == "-":
        if form.binary and sys.stdout.isatty():
            raise UsageError("A picture is no text for a terminal.", next_step="Give --output FILE, or use a pipe.")
        return None
    if output is not None:
        if not output or "\0" in output:
            raise UsageError("An empty name is no file.", next_step="Give --output FILE.")
        return Path(output)
    if form.file is None:
        return None
    if folder is None or stem is None:
        why = "What was piped in belongs to no folder" if folder is None else "A run id is no part of a file's name"
        raise UsageError(f"{why}, so the report needs a name.", next_step="Give --output FILE.")
    return folder / f"{stem}.{form.file}"


def _link(content: Content) -> str:
    assert not isinstance(content, bytes)
    return "".join(content).strip()


def _give(content: Content, name: str, target: Path | None) -> None:
    if target is not None:
        to_file(target, content)
        click.echo(f"Report: {target}")
    elif name == "table":
        assert not isinstance(content, bytes)
        to_terminal("".join(content))
    else:
        to_stdout(content)
