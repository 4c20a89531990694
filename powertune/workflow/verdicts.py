"""How a check ends for whoever waits for it: the error that its verdict is, with a sentence."""

from powertune.domain.check import Metric, Verdict
from powertune.domain.result import CheckReport, MetricResult, TuningResult
from powertune.domain.sample import Outcome
from powertune.errors import FunctionFails, NotDecided, PowertuneError, Regressed

_NAMES = {
    Metric.DURATION_MEAN: "the mean duration",
    Metric.DURATION_P50: "the median duration",
    Metric.DURATION_P95: "the 95th percentile of the duration",
    Metric.DURATION_P99: "the 99th percentile of the duration",
    Metric.COST: "the cost",
    Metric.INIT: "the init",
    Metric.MEMORY_USED: "the memory used",
    Metric.ERRORS: "the share of failed invocations",
}


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
    against = "" if check.reference is None else f" than {check.reference.function.called}"
    if check.verdict is Verdict.WORSE:
        worse = "; ".join(_grown(one) for one in check.metrics if one.verdict is Verdict.WORSE)
        return Regressed(
            f"{check.subject.called} is worse{against}: {worse}.",
            next_step=f"See all figures with: powertune report {result.run_id}",
        )
    ended = f", ended by {check.ended_by}" if check.ended_by else ""
    return NotDecided(
        f"Whether {check.subject.called} is worse{against} is not decided{ended}: {_open(check)}.",
        next_step="Allow more invocations with --max-invocations, or a larger --threshold.",
    )


def fails_throughout(result: TuningResult) -> bool:
    """Whether what a run was of was invoked, and failed every time."""
    return bool(result.samples) and all(sample.outcome is not Outcome.OK for sample in result.samples)


def failing(result: TuningResult, next_step: str = "") -> FunctionFails:
    """What to say of a check whose function failed every time."""
    called = result.function.name if result.check is None else result.check.subject.called
    reason = next((size.reason for size in result.memory_sizes if size.reason), "no invocation succeeded")
    return FunctionFails(f"{called} failed at every invocation: {reason}.", next_step=next_step)


def _grown(one: MetricResult) -> str:
    name = _NAMES[one.metric]
    if one.change is None or one.low is None:
        return name
    if one.metric is Metric.ERRORS:
        return f"{name} grew by {one.change * 100:.1f} percentage points, {one.low * 100:.1f} at the least"
    return f"{name} grew by {one.change:.1%}, {one.low:.1%} at the least"


def _open(check: CheckReport) -> str:
    names = [_NAMES[one.metric] for one in check.metrics if one.deciding and one.verdict in (None, Verdict.UNDECIDED)]
    return ", ".join(names) or "nothing was measured of it"
