"""Watches a run that was started elsewhere, and never touches it."""

import re
import sys
from types import TracebackType
from typing import Any, Self

import click

from powertune.cli.account_options import check_region, home_session_of, role_of
from powertune.cli.progress import ProgressLine, phase_words
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.result import TuningResult
from powertune.errors import AwsError, Stopped, UsageError
from powertune.render.safe import one_line

_RUN_ID = re.compile("[A-Za-z0-9_-]{1,80}")
"""What Step Functions takes as the name of an execution that powertune gives (API_StartExecution)."""

_LONGEST_LINE = 300


class PhaseLines:
    """Progress where no terminal is watching: a line for each phase."""

    def __init__(self) -> None:
        self._phase: Phase | None = None

    def say(self, text: str) -> None:
        """Write a text of its own."""
        if text:
            click.echo(one_line(text, _LONGEST_LINE), err=True)

    def show(self, progress: Progress) -> None:
        """Write that a phase has begun."""
        if progress.phase is not self._phase:
            self._phase = progress.phase
            self.say(phase_words(progress))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def watch(run_id: str | None, function_arn: str | None, options: dict[str, Any]) -> TuningResult:
    """The result of a run that the state machine has under way, or has ended, followed to its end.

    Args:
        run_id: the run; None for the one that is under way for the function.
        function_arn: the function.
        options: how AWS is reached, as the command line has it.

    Raises:
        UsageError: there is no such run, or there are several.
        Stopped: the user does not want to watch any longer; the run goes on.
        PowertuneError: the run failed.
    """
    if function_arn is None:
        raise UsageError("--watch needs to know the function.", next_step="Give its ARN with --function-arn.")
    arn = FunctionArn.parse(function_arn)
    check_region(options["region"], arn)
    watched = run_id if run_id is None else _checked(run_id)
    try:
        with ProgressLine() if sys.stderr.isatty() else PhaseLines() as line:
            line.say("looking for the run")
            session, stack = _state_machine(arn, options)
            if watched is None:
                watched = _checked(_only_run(session, stack, arn))
            return _followed(session, stack, watched, arn, line)
    except KeyboardInterrupt:
        again = f"powertune report --watch {watched or ''} --function-arn {arn}".replace("  ", " ")
        what = f"The run {watched}" if watched else "Any run"
        raise Stopped(
            f"Stopped watching. {what} goes on by itself, and puts {arn.name} back at its end.",
            next_step=f"Watch again with: {again}",
        ) from None


def _checked(run_id: str) -> str:
    """The same run id: it names a folder and objects in a bucket."""
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(f"{run_id[:200]!r} is not a run id.", next_step="Give a run id, as powertune status shows it.")
    return run_id


def _state_machine(arn: FunctionArn, options: dict[str, Any]) -> tuple[Any, Any]:
    from powertune.aws.roles import account_of
    from powertune.workflow.stack import find_stack

    session = home_session_of(options, options["stack_region"] or arn.region)
    account = arn.account if role_of(options) is None else account_of(session)
    stack = find_stack(session, account, arn.partition)
    if stack is None:
        raise AwsError(
            f"The powertune state machine is not there in {session.region}, so there is no run to watch.",
            next_step="A run with --direct can only be followed in the terminal that started it. Where the state "
            "machine is in another region, name that with --stack-region.",
        )
    return session, stack


def _only_run(session: Any, stack: Any, arn: FunctionArn) -> str:
    from powertune.workflow.watching import under_way

    found = under_way(session, stack, arn)
    if len(found) == 1:
        return found[0].run_id
    if not found:
        raise UsageError(
            f"The state machine in {session.region} has no run of {arn.name} under way.",
            next_step="Name one that has ended: powertune report --watch RUN_ID --function-arn ARN",
        )
    listed = ", ".join(f"{one.run_id} (since {one.since})" for one in found)
    raise UsageError(f"{len(found)} runs of {arn.name} are under way.", next_step=f"Name the one to watch: {listed}.")


def _followed(session: Any, stack: Any, run_id: str, arn: FunctionArn, line: ProgressLine | PhaseLines) -> TuningResult:
    from powertune.aws.clock import SystemClock
    from powertune.wire import result_from_text
    from powertune.workflow.watching import result_of, started

    execution = started(session, stack, arn, run_id)
    line.say(f"the run {run_id} {'is under way' if execution.under_way else 'has ended'}")
    text = result_of(session, stack, execution, arn, SystemClock(), progress=line.show)
    result = result_from_text(text, f"The result of {run_id}")
    if result.run_id != run_id:
        raise UsageError(
            f"The result in the bucket for the run {run_id} says that it is of the run {result.run_id[:200]!r}.",
            next_step="Somebody else changed that object. Fetch it, and look at it, before you believe it.",
        )
    if result.function.arn != str(arn):
        raise UsageError(
            f"The run {run_id} is of {result.function.arn}, not of {arn}.",
            next_step="Give that function with --function-arn.",
        )
    return result
