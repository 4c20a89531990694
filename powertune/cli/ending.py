"""How a command ends that has the result of a run: the one that made it, and the one that watched it."""

from powertune.cli.apply_options import applying_failure
from powertune.domain.result import TuningResult
from powertune.domain.role import cleanup_command
from powertune.domain.sample import Outcome
from powertune.errors import FunctionFails, NothingToRecommend, NotRestored
from powertune.workflow.verdicts import failing, fails_throughout, failure_of_check


def check_ending(result: TuningResult, details: str) -> None:
    """Raise what a run ends with that did not do what it was asked to, after all that it found has been shown.

    Args:
        result: what the run found.
        details: where to read more, as a sentence; may be empty.

    Raises:
        NotRestored: the function was not put back.
        FunctionFails: it worked nowhere, or nothing can be recommended.
        CanaryRolledBack: what was to be applied was undone.
        Stopped: the run, or its canary, was stopped.
    """
    if not result.restored:
        raise NotRestored(
            f"{result.function.name} was not put back as it was.",
            next_step=f"Finish the undo with: {cleanup_command(result.function.arn, result.request.role)}",
        )
    if result.check is not None:
        # What its verdict means for whoever waits for it is the check command's to say.
        if fails_throughout(result):
            raise failing(result, f"Nothing of the function was changed. {details}".rstrip())
        return
    if result.recommendation is None and not _dry_run_worked(result):
        raise _without_recommendation(result, f"The function was put back as it was. {details}".rstrip())
    failure = applying_failure(result)
    if failure is not None:
        raise failure


def check_watched(result: TuningResult, details: str) -> None:
    """As `check_ending`, and what the verdict of a check means for whoever waits for it.

    Raises:
        Regressed, NotDecided: the check fails.
    """
    check_ending(result, details)
    failure = failure_of_check(result)
    if failure is not None:
        raise failure


def _without_recommendation(result: TuningResult, next_step: str) -> FunctionFails:
    if any(sample.outcome is Outcome.OK for sample in result.samples):
        notes = result.search.notes if result.search is not None else ()
        why = " ".join(notes) or "No memory size was measured often enough."
        return NothingToRecommend(
            f"No memory size can be recommended for {result.function.name}. {why}", next_step=next_step
        )
    reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
    return FunctionFails(f"{result.function.name} worked at none of the memory sizes: {reason}.", next_step=next_step)


def _dry_run_worked(result: TuningResult) -> bool:
    return result.request.dry_run and any(sample.outcome is Outcome.OK for sample in result.samples)
