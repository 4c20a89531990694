"""``powertune``: the group of all commands. Commands are imported when they are called."""

import errno
import importlib
import io
import sys
from typing import Any

import click

from powertune import __version__
from powertune.cli.saying import give_up, say
from powertune.errors import PowertuneError, UsageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a write fails with where there is no room, or where the device is broken."""

_COMMANDS = {
    "run": ("powertune.cli.run", "Measure a function at several memory sizes and recommend one."),
    "check": ("powertune.cli.check", "Fail where a function became slower or dearer than its baseline, or a version."),
    "baseline": ("powertune.cli.baseline", "Set, show or list the baselines that checks compare with."),
    "cleanup": ("powertune.cli.cleanup", "Undo what a run left on a function."),
    "status": ("powertune.cli.status", "Show whether a run holds a function, and what runs have left on it."),
    "deploy": ("powertune.cli.deploy", "Set up the state machine in a region, or bring it up to date."),
    "destroy": ("powertune.cli.destroy", "Remove the state machine and everything that came with it."),
    "pipeline": ("powertune.cli.pipeline", "Write a pipeline that checks each release before it goes live."),
    "iam": ("powertune.cli.iam", "Print the IAM policy that a use of powertune needs."),
    "report": ("powertune.cli.report", "Make the report of a run in any form, watch one, or set runs side by side."),
    "history": ("powertune.cli.history", "List a function's runs, and draw its duration and cost over time."),
    "explain": ("powertune.cli.explain", "Compare a run with what aws-lambda-power-tuning would have said."),
    "estimate": ("powertune.cli.estimate", "Estimate what a function costs in a month."),
    "prices": ("powertune.cli.prices", "The list prices in use: show them, or fetch AWS's present ones."),
    "logs": ("powertune.cli.logs", "Ask a function's real logs what it uses, how long it takes, what costs most."),
    "replay": ("powertune.cli.replay", "Run a search against recorded invocations instead of a function."),
    "local": ("powertune.cli.local", "The embedded AWS endpoint."),
}


class _LazyGroup(click.Group):
    """Knows every command's name and help, and imports a command only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in _COMMANDS.items()])


EPILOG = """\b
Examples:
  powertune run --local examples/primes
  powertune run --function-arn arn:aws:lambda:us-east-1:123456789012:function:orders
  powertune local serve

\b
Exit codes:
  0    done; a check: the function is not worse
  1    a check: the function became slower, dearer, or worse in another way
  2    the request cannot be meant and nothing was started, or what was found could not be written
  3    AWS refused, or a permission is missing; a check: its first measurement could not be kept as the baseline
  4    the function failed at every memory size, or too often for a baseline, or a processor around it failed
  5    a check could not decide, and was asked to fail then
  6    the function could not be put back: powertune cleanup
  7    the canary did not pass, and the alias was put back
  130  stopped by the user; the function was put back
"""


@click.group(cls=_LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="powertune")
def cli() -> None:
    """Find the memory size at which an AWS Lambda function is cheapest, fastest, or both in balance.

    powertune measures the function at several memory sizes, reads what each invocation was billed from its logs,
    and puts the function back as it was.
    """


def _changes_functions(arguments: list[str] | None) -> bool:
    given = sys.argv[1:] if arguments is None else arguments
    return next((word for word in given if not word.startswith("-")), None) in ("run", "check", "cleanup")


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line and exit with the documented code."""
    try:
        code = cli.main(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Stopped at once.", err=True)
        if _changes_functions(arguments):
            click.echo(
                "If a run was under way, its function may not have been put back; this finishes it: "
                "powertune cleanup --function-arn ARN",
                err=True,
            )
        sys.exit(130)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"), err=True)
        sys.exit(error.exit_code)
    except PowertuneError as error:
        say(f"powertune: {error.message}", err=True)
        if error.next_step:
            say(error.next_step, err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        give_up(sys.stdout)
        say(f"powertune: {error.filename or 'The standard output'} cannot be written: {error.strerror}.", err=True)
        say("Make room, or write to another place.", err=True)
        sys.exit(UsageError.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
