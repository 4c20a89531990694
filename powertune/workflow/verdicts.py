"""How a check ends for whoever waits for it: the error that its verdict is, with a sentence."""

from powertune.domain.check import Verdict
from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome
from powertune.errors import FunctionFails, NotDecided, PowertuneError, Regressed
from powertune.render.checks.words import answer


def failure_of_check(result: TuningResult) -> PowertuneError | None:
    """The error that a check ends with; None where nobody is to stop for it.

    Of a function that fails at every invocation the figures say nothing, so that it comes before any verdict.
    """
    check = result.check
    if check is None:
        return None
    if fails_throughout(result):
        return failing(result)
    if not check.fails:
        return None
    if check.verdict is Verdict.WORSE:
        return Regressed(answer(result), next_step=f"All figures are in the result of the run {result.run_id}.")
    return NotDecided(
        answer(result), next_step="Allow more invocations or more money, or a larger threshold; or let it pass then."
    )


def fails_throughout(result: TuningResult) -> bool:
    """Whether what a run was of was invoked, and failed every time."""
    return bool(result.samples) and all(sample.outcome is not Outcome.OK for sample in result.samples)


def failing(result: TuningResult, next_step: str = "") -> FunctionFails:
    """What to say of a check whose function failed every time."""
    called = result.function.name if result.check is None else result.check.subject.called
    reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
    return FunctionFails(f"{called} failed at every invocation: {reason}.", next_step=next_step)
