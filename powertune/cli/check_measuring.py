"""Measures a check, with the baseline that it compares with, and does what follows from it."""

import threading
from dataclasses import dataclass, replace
from typing import Any

from powertune.cli.account_options import role_of
from powertune.cli.baseline_place import BaselinePlace, PlaceGiven, open_place, place_of
from powertune.cli.check_following import kept, remembered
from powertune.cli.check_retuning import retuned
from powertune.cli.interrupt import ended_by_signal
from powertune.cli.isolation_options import keep_result
from powertune.cli.run_drive import Place, drive, new_run_id
from powertune.cli.search_options import time_ms
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.errors import PowertuneError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The result of a check, and how the command must end because of what followed it, if so.

    Attributes:
        late: what ended a tuning that followed.
        unkept: why a first measurement is not the baseline.
    """

    result: TuningResult
    late: PowertuneError | None = None
    unkept: PowertuneError | None = None


def measured(place: Place, request: TuningRequest, options: dict[str, Any]) -> Measured:
    """Measure, and do what follows from it.

    Args:
        place: where it takes place.
        request: without the baseline.
        options: of the command.

    Raises:
        UsageError: there is no baseline and one is required, or what is there is none of ours: nothing was spent.
        PowertuneError: as the run does.
    """
    from powertune.workflow.verdicts import fails_throughout

    assert request.check is not None
    arn, qualifier = request.function_arn, request.check.qualifier
    given = place_of(options)
    shelf = _opened(given, place, request, options)
    place.line.say("reading the baseline")
    baseline = shelf.baseline(arn, qualifier) if request.check.against is None or options["fail_on_trend"] else None
    compared = baseline if request.check.against is None else None
    if compared is None and options["require_baseline"]:
        raise UsageError(
            f"There is no baseline of {arn.name}{f':{qualifier}' if qualifier else ''} at "
            f"{shelf.where(arn, qualifier)}. Nothing was invoked.",
            next_step="Set one with: powertune baseline set --help, or leave --require-baseline out: the first check "
            "sets it.",
        )
    if options["set_baseline"] or (compared is None and request.check.against is None):
        shelf.refuse_unwritable(arn)
    request = replace(request, check=replace(request.check, baseline=compared))
    result = _driven(place, request, options)
    # Where both sides are the same version, nothing is measured.
    unkept = None
    if result.samples and not fails_throughout(result):
        result, unkept = kept(result, shelf, arn, qualifier, set_baseline=options["set_baseline"])
        if given.has_history:
            result = remembered(result, shelf, arn, qualifier, baseline=baseline, options=options)
    if not options["retune"]:
        return Measured(result=result, unkept=unkept)
    keep_result(result, options["output_dir"])
    result, late = retuned(result, place, request, options["output_dir"])
    return Measured(result=result, late=late, unkept=unkept)


def _opened(given: PlaceGiven, place: Place, request: TuningRequest, options: dict[str, Any]) -> BaselinePlace:
    from powertune.aws.roles import account_of

    def account(session: Any) -> str:
        return request.function_arn.account if role_of(options) is None else account_of(session)

    return open_place(given, home=lambda: place.at_home, account=account)


def _driven(place: Place, request: TuningRequest, options: dict[str, Any]) -> TuningResult:
    def begin() -> TuningResult:
        return drive(place, request, new_run_id())

    if options["wait"] is None:
        return begin()
    from powertune.aws.clock import SystemClock
    from powertune.target.lease_wait import when_free

    wished = threading.Event()
    with ended_by_signal(wished):
        return when_free(
            place.session.client("lambda"),
            request.function_arn,
            SystemClock(),
            begin,
            longest_ms=round(time_ms(options["wait"], "--wait")),
            stop_requested=wished.is_set,
            tell=place.line.say,
        )
