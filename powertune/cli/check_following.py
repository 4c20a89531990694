"""What follows the measuring of a check: the baseline, the history of checks, and their trend.

All of it comes after the check is paid for: what of it fails is said, and hides nothing of the answer.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from powertune.cli.baseline_place import BaselinePlace
from powertune.cli.saying import say
from powertune.domain.check import Baseline, Verdict
from powertune.domain.function import FunctionArn
from powertune.domain.result import CheckReport, TuningResult
from powertune.errors import AwsError, BaselineNotKept, FailsTooOften, PowertuneError, UsageError

LAST_CHECKS = 50
"""So many are looked at for a trend, the present one included."""

_COULD_NOT = "This measurement could not be made the baseline"
_NOT_KEPT = {
    Verdict.WORSE: "it is worse than the present one",
    Verdict.UNDECIDED: "it is not decided whether it is worse than the present one",
}


def report_of(result: TuningResult) -> CheckReport:
    """The check of a result that has one."""
    assert result.check is not None
    return result.check


def noted(result: TuningResult, *notes: str) -> TuningResult:
    """The result with further notes of its check."""
    check = report_of(result)
    return replace(result, check=replace(check, notes=(*check.notes, *notes)))


def kept(
    result: TuningResult,
    place: BaselinePlace,
    arn: FunctionArn,
    qualifier: str | None,
    *,
    set_baseline: bool,
) -> tuple[TuningResult, PowertuneError | None]:
    """The result, once what it measured is the baseline where it is to be: where there was none, or where asked for.

    Returns:
        The result; and how the command must end where a first measurement could not be kept: whoever saw only that
        every check passes would not know that none compares.
    """
    from powertune.domain.baselines import baseline_of, unfit_as_first

    verdict = report_of(result).verdict
    if verdict is not None and not set_baseline:
        return result, None
    if verdict in _NOT_KEPT:
        say(f"This measurement was not made the baseline: {_NOT_KEPT[verdict]}.", err=True)
        return result, None
    try:
        unfit = unfit_as_first(result)
        if unfit is not None and (verdict is None or isinstance(unfit, BaselineNotKept)):
            raise unfit
        # The lease is given back: another check may have kept its own meanwhile.
        if verdict is None and not set_baseline and place.baseline(arn, qualifier) is not None:
            say(f"{_COULD_NOT}: another check was quicker, and its measurement is the baseline.", err=True)
            return result, None
        where = place.keep(arn, qualifier, baseline_of(result))
    except (AwsError, UsageError, BaselineNotKept, FailsTooOften) as error:
        said = f"{_COULD_NOT}: {error.message}"
        if verdict is not None:
            say(f"{said} {error.next_step}".rstrip(), err=True)
            return result, None
        kind = FailsTooOften if isinstance(error, FailsTooOften) else BaselineNotKept
        return noted(result, said), kind(said, next_step=error.next_step)
    return replace(result, check=replace(report_of(result), kept_at=where)), None


def remembered(
    result: TuningResult,
    place: BaselinePlace,
    arn: FunctionArn,
    qualifier: str | None,
    *,
    baseline: Baseline | None,
    options: dict[str, Any],
) -> TuningResult:
    """The result, with the trend of the last checks where that was asked for, once this check is among them.

    Where a trend is to fail, it is that of the checks since the baseline was measured: whoever sets a baseline has
    accepted what came before. A baseline that moves with every check accepts nothing.
    """
    from powertune.domain.baselines import entry_of

    entry = entry_of(result)
    _tried("This check could not be added to the history of checks", lambda: place.add(arn, qualifier, entry))
    if not (options["trend"] or options["fail_on_trend"]):
        return result
    from powertune.decide.trend import trend_of

    entries = [entry]

    def read() -> None:
        others = place.entries(arn, qualifier, most=LAST_CHECKS)
        entries[:0] = [one for one in others if one.run_id != entry.run_id]

    _tried("The last checks could not be read, so that there is no trend of them", read)
    report = report_of(result)
    if options["fail_on_trend"] and not options["set_baseline"]:
        first = result.finished_at if report.kept_at is not None else None
        since = first if baseline is None else baseline.measured_at
        entries = [one for one in entries if since is None or not _is_before(one.at, since)]
    return replace(result, check=replace(report, trend=trend_of(entries[-LAST_CHECKS:], report.settings)))


def _is_before(one: str, other: str) -> bool:
    with suppress(ValueError):
        return _moment(one) < _moment(other)
    return False


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _tried(what: str, do: Callable[[], None]) -> bool:
    try:
        do()
    except (AwsError, UsageError) as error:
        say(f"{what}: {error.message} {error.next_step}".rstrip(), err=True)
        return False
    return True
