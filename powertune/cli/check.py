"""``powertune check``: whether a function became slower, dearer, or worse in another way."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from powertune.cli.account_options import account_options, check_region, refuse_aws_options, stack_region_option
from powertune.cli.check_files import asked_files
from powertune.cli.check_measuring import measured
from powertune.cli.check_offline import checked_offline
from powertune.cli.check_options import check_options, check_request, settings_of, split_arn
from powertune.cli.check_refusals import refuse_contradictions
from powertune.cli.ending import check_ending
from powertune.cli.keep_runs import keep_newest, keep_option
from powertune.cli.report_output import shown_or_why
from powertune.cli.run_drive import Place, aws_place, local_place
from powertune.cli.run_writing import REPORT, RESULT, check_output_dir, written_to
from powertune.cli.saying import say
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.errors import NotDecided, PowertuneError, Regressed, UsageError

_EPILOG = """\b
Examples:
  powertune check --local examples/primes
  powertune check --function-arn arn:aws:lambda:eu-west-1:123456789012:function:orders --direct
  powertune check --function-arn ARN:staging --against live --payload @event.json --max-spend 0.05
  powertune check --function-arn ARN --baseline stack --threshold 10% --on-undecided fail
  powertune check --function-arn ARN --baseline s3://my-bucket/perf --require-baseline --wait 10m --trend
  powertune check --function-arn ARN --junit check.xml --markdown "$GITHUB_STEP_SUMMARY"
  powertune check --function-arn ARN --set-baseline --retune --json | jq .check.verdict
  powertune check after/result.json --baseline before/result.json

\b
Exit codes:
  0  better, same, or the first measurement, which becomes the baseline; undecided too, unless --on-undecided fail
  1  worse
  2  the request cannot be meant, or there is no baseline and --require-baseline: nothing was spent
  3  AWS refused; or a first measurement could not be kept as the baseline
  4  the function fails at every invocation, or in a first measurement at more than a tenth of them
  5  undecided, with --on-undecided fail
"""


@click.command("check", epilog=_EPILOG)
@click.argument("given", metavar="[RESULT]", required=False)
@click.option("--function-arn", metavar="ARN[:ALIAS|:VERSION]", help="The function, an alias or a version of it.")
@click.option(
    "--local",
    "local_spec",
    metavar="PATH[:HANDLER]",
    help="Check the Python handler in this folder on the embedded endpoint; no AWS account is needed.",
)
@check_options
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("powertune-results"),
    show_default=True,
    help="Folder for result.json and report.html; each check gets a folder of its own in it.",
)
@keep_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--direct", is_flag=True, help="Run the steps from this terminal instead of the state machine.")
@account_options
@stack_region_option
@click.option(
    "--python",
    "python",
    type=click.Path(path_type=Path),
    metavar="INTERPRETER",
    help="With --local: the interpreter for the handler, such as its virtual environment's.",
)
def command(given: str | None, **options: Any) -> int:
    """Compare a function with its baseline, or with another version of it, and fail where it became worse.

    What is checked is invoked at the memory size that it has, as it is: nothing of the function is changed. Where the
    version to compare with still exists, both are invoked in turns. A check goes on until it is decided, or until
    --max-invocations; it says worse only where an interval for the growth lies beyond --threshold. Without a baseline
    it sets one and passes.

    RESULT is a result.json, the folder of a run, a run id in --output-dir, or - for standard input: it is compared
    with --baseline offline, nothing is invoked, and nothing but --junit and --markdown is written.
    """
    options["given"] = given
    files = asked_files(options)
    if given is not None:
        found = Ended(result=checked_offline(given, options), again="" if given == "-" else given)
    else:
        settings_of(options)
        refuse_contradictions(options)
        check_output_dir(options["output_dir"])
        try:
            found = _measured(options)
        except PowertuneError as error:
            files.write_failure(_name(options), error)
            raise
    if found.trouble is None:
        all_written = files.write(found.result) and found.kept
    else:
        all_written = found.kept
        files.write_failure(_name(options), found.trouble)
    unshown = shown_or_why(lambda: _tell(found, as_json=options["as_json"]))
    if unshown is not None:
        say(f"The standard output cannot be written: {unshown}. {found.details}".rstrip(), err=True)
    failure = found.trouble or found.late or _failure(found, options) or found.unkept
    if found.unkept is not None and failure is not found.unkept:
        say(found.unkept.message, err=True)
    if failure is not None:
        raise failure
    return 0 if all_written and unshown is None else UsageError.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A check that has a result.

    Attributes:
        result: what it found.
        again: how another command would name the result; empty where it lies nowhere.
        places: its files, by name.
        details: where to read more, in a sentence; may be empty.
        kept: the result was written, where it was to be.
        trouble: what the run itself ends with: it could not measure, or not put the function back.
        late: what ended a tuning that followed the check.
        unkept: why a first measurement is not the baseline.
    """

    result: TuningResult
    again: str
    places: dict[str, Path] = field(default_factory=dict)
    details: str = ""
    kept: bool = True
    trouble: PowertuneError | None = None
    late: PowertuneError | None = None
    unkept: PowertuneError | None = None


def _measured(options: dict[str, Any]) -> Ended:
    with _place(options) as (place, request):
        done = measured(place, request, options)
    result = done.result
    folder = options["output_dir"] / result.run_id
    written = written_to(folder, result)
    if RESULT in written:
        keep_newest(result, options["output_dir"], options["keep_runs"])
    found = Ended(
        result=result,
        again=str(folder / RESULT) if RESULT in written else "",
        places={name: folder / name for name in (REPORT, RESULT) if name in written},
        details=f"Details: {folder / RESULT}" if RESULT in written else "Nothing of it was written.",
        kept=RESULT in written,
        late=done.late,
        unkept=done.unkept,
    )
    try:
        check_ending(result, found.details)
    except PowertuneError as error:
        return replace(found, trouble=error)
    return found


def _name(options: dict[str, Any]) -> str:
    """What is checked, for whoever reads of a check that could not be done."""
    return options["local_spec"] or (options["function_arn"] or "").partition(":function:")[2] or "the function"


def _place(options: dict[str, Any]) -> AbstractContextManager[tuple[Place, TuningRequest]]:
    """Where the check takes place, and its request without the baseline, both checked."""
    text, spec = options["function_arn"], options["local_spec"]
    if (text is None) == (spec is None):
        raise UsageError(
            "Give either --function-arn or --local, or a result to compare.",
            next_step="Try: powertune check --local examples/primes",
        )
    if spec is not None:
        refuse_aws_options(options)
        return local_place(
            spec,
            options["region"] or "us-east-1",
            options["python"],
            options,
            direct=options["direct"],
            make=check_request,
        )
    if options["python"] is not None:
        raise UsageError("--python goes with --local.", next_step="Leave it out.")
    if options["direct"] and options["stack_region"] is not None and options["baseline"] != "stack":
        raise UsageError("--direct uses no state machine.", next_step="Leave --direct or --stack-region out.")
    arn, options["qualifier"] = split_arn(text, options["qualifier"])
    check_region(options["region"], arn)
    return aws_place(check_request(arn, options), options, direct=options["direct"], stack_needed=True)


def _tell(found: Ended, *, as_json: bool) -> None:
    from powertune.cli.report_formats import terminal_look
    from powertune.cli.report_output import to_terminal
    from powertune.render.checks.text import render_check_terminal
    from powertune.wire import to_data

    if as_json:
        report = {"report": str(found.places[REPORT])} if REPORT in found.places else {}
        click.echo(json.dumps({**to_data(found.result), **report}, indent=1))
        return
    look = terminal_look()
    to_terminal(render_check_terminal(found.result, width=look.width, colour=look.colour, ascii_only=look.ascii_only))
    files = (("Report", REPORT), ("Result", RESULT))
    click.echo("".join(f"\n{what}: {found.places[name]}" for what, name in files if name in found.places))


def _failure(found: Ended, options: dict[str, Any]) -> PowertuneError | None:
    """How the command ends where the check fails; None where it passes."""
    from powertune.cli.check_accepting import accepting
    from powertune.render.checks.trend import trend_lines
    from powertune.workflow.verdicts import failure_of_check

    check, error = found.result.check, failure_of_check(found.result)
    assert check is not None
    if isinstance(error, NotDecided):
        more = "Allow more with --max-invocations or --max-spend" if found.places else "Measure it again"
        return NotDecided(
            error.message, next_step=_lines(found.details, f"{more}, or let it pass with --on-undecided pass.")
        )
    if error is not None:
        # A version that was named is compared with whatever the baseline is.
        accept = "" if options["against"] is not None else accepting(check, found.again, options)
        return type(error)(error.message, next_step=_lines(found.details, accept))
    if options["fail_on_trend"] and check.trend is not None and check.trend.growths:
        said = " ".join(trend_lines(check.trend, check.settings))
        # A baseline that moves with every check accepts nothing.
        accept = "" if options["set_baseline"] else accepting(check, found.again, options)
        return Regressed(
            f"No single check was worse, but the last ones together are. {said}",
            next_step=_lines(found.details, accept),
        )
    return None


def _lines(*sentences: str) -> str:
    return "\n".join(filter(None, sentences))
