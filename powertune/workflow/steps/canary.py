"""A canary: the new version gets a share of an alias's invocations and is watched, before it gets all of them.

The lease and the record of the alias stay on the function all the while, so whatever ends the run, the alias goes back.
"""

from dataclasses import replace

from powertune.aws.errors import explained
from powertune.decide.canary import Verdict, judge, promised_share
from powertune.domain.canary import CanaryOutcome, CanaryReport, CanaryWatch, VersionTraffic
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Applied, TuningResult
from powertune.domain.work import RunState
from powertune.errors import AwsError, FunctionChanged, LeaseHeld, NotRestored, UsageError
from powertune.measure.metrics import LATE_S, version_traffic
from powertune.target.alias_check import check_alias
from powertune.target.apply import begin_canary, canary_is_untouched, complete_canary
from powertune.target.lease import Lease
from powertune.target.lease import read as read_lease
from powertune.target.restore import restore as undo
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services

LOOK_EVERY_S = 60
"""Pause between two looks; the state machine has the same."""


def check_before(services: Services, request: TuningRequest) -> None:
    """Refuse, before anything is changed or spent, an alias that could not be moved in the end.

    Raises:
        UsageError: a canary on the embedded endpoint.
        FunctionRefused: why the alias cannot be moved.
        AwsError: the alias or its metrics may not be read.
    """
    if request.apply_alias is None:
        return
    refuse_local(request, is_local=services.environment.kind == "local")
    client, arn = services.session.client("lambda"), request.function_arn
    with explained("reading the configuration", arn.name):
        latest = client.get_function_configuration(FunctionName=str(arn))
    published = check_alias(client, arn, request.apply_alias, latest, canary=request.canary is not None)
    if request.canary is not None and published is not None:
        # Who may not read the metrics learns it now.
        now_ms = services.clock.now_ms()
        _traffic(services, arn, request.apply_alias, (str(published["Version"]),), now_ms - 60_000, now_ms)


def refuse_local(request: TuningRequest, *, is_local: bool) -> None:
    """Refuse a canary on the embedded endpoint.

    Raises:
        UsageError: always there.
    """
    if is_local and request.canary is not None:
        raise UsageError(
            "A canary needs real traffic and CloudWatch's metrics, and the embedded endpoint has neither.",
            next_step="Leave --canary out.",
        )


def watch_ms(request: TuningRequest) -> int:
    """How long a canary may take at the most, in milliseconds."""
    return 0 if request.canary is None else (request.canary.watch_s + LATE_S + 2 * LOOK_EVERY_S) * 1000


def most_looks(request: TuningRequest) -> int:
    """How often a canary is looked at, at the most; 0 without one."""
    return 0 if request.canary is None else (request.canary.watch_s + LATE_S) // LOOK_EVERY_S + 1


def begin(services: Services, state: RunState, draft: TuningResult, lease: Lease, memory_mb: int) -> RunState:
    """Publish the memory size and give it its share of the alias's invocations.

    Raises:
        AwsError: it could not be done; the caller then restores.
    """
    request = draft.request
    assert request.canary is not None
    assert request.apply_alias is not None
    client, alias = services.session.client("lambda"), request.apply_alias
    begun = begin_canary(client, state.snapshot, lease, memory_mb, alias, request.canary.share, services.clock)
    if begun is None:
        note = f"The alias {alias} has {memory_mb} MB already, so there was nothing to try in a canary."
        undone = undo(client, state.snapshot.arn, services.clock, run_id=state.run_id)
        return replace(state, warnings=(*state.warnings, note, *(undone.left_alone if undone else ())))
    record, old_memory_mb = begun
    assert record.was is not None
    now_ms = services.clock.now_ms()
    watch = CanaryWatch(
        alias=alias,
        share=request.canary.share,
        watch_s=request.canary.watch_s,
        memory_mb=memory_mb,
        old_version=record.was,
        new_version=record.to,
        promised=promised_share(draft, old_memory_mb, memory_mb),
        started_at_ms=now_ms,
        until_ms=now_ms + (request.canary.watch_s + LATE_S) * 1000,
    )
    return replace(state, canary=watch, watching=True)


def look(services: Services, state: RunState) -> RunState:
    """Look at the canary once: let it go on, send all invocations to the new version, or put the alias back.

    Raises:
        NotRestored: the alias could not be put back.
        AwsError: the new version passed, but could not be given all invocations; the caller then restores.
    """
    watch = state.canary
    assert watch is not None
    archive = Archive(services.store, state.run_id)
    draft = archive.result()
    if draft.canary is not None:  # an earlier try of this look came to an end, and its answer was lost
        report = draft.canary
    else:
        now_ms = services.clock.now_ms()
        left_s = max(0, (watch.until_ms - now_ms) // 1000)
        services.progress(Progress(phase=Phase.APPLY, detail=f"canary on {watch.alias}, {-(-left_s // 60)} min left"))
        verdict, old, new = _judged(services, state, watch, now_ms)
        if verdict.outcome is None:
            return replace(state, canary=replace(watch, looks=watch.looks + 1))
        report = _report(watch, verdict, old, new, now_ms)
    if report.outcome is CanaryOutcome.PASSED:
        try:
            notes = _complete(services, state, watch, draft, report)
        except (FunctionChanged, LeaseHeld) as error:
            report = replace(report, outcome=CanaryOutcome.CHANGED, reason=_as_reason(error.message))
        else:
            return replace(state, watching=False, warnings=(*state.warnings, *notes))
    draft = replace(draft, applied=None, canary=report)
    archive.save_result(draft)
    left_alone = _put_back(services, state, watch)
    if left_alone:
        # In the answer at once: a look that is repeated finds nothing to put back, and nothing to say of it.
        archive.save_result(replace(draft, warnings=(*draft.warnings, *left_alone)))
    return replace(state, watching=False)


def _judged(
    services: Services, state: RunState, watch: CanaryWatch, now_ms: int
) -> tuple[Verdict, VersionTraffic | None, VersionTraffic | None]:
    arn = state.snapshot.arn
    if services.stop_requested():
        return _ended(CanaryOutcome.STOPPED, "you stopped it"), None, None
    try:
        if not canary_is_untouched(services.session.client("lambda"), arn, state.run_id):
            reason = f"somebody else changed the alias {watch.alias} meanwhile; their change was left"
            return _ended(CanaryOutcome.CHANGED, reason), None, None
        versions = (watch.old_version, watch.new_version)
        old, new = _traffic(services, arn, watch.alias, versions, watch.started_at_ms, now_ms)
    except AwsError as error:
        return _ended(CanaryOutcome.UNREADABLE, _as_reason(error.message)), None, None
    looks = (watch.until_ms - watch.started_at_ms) // (LOOK_EVERY_S * 1000) + 1
    verdict = judge(old, new, promised=watch.promised, looks=looks, is_last=now_ms >= watch.until_ms)
    return verdict, old, new


def _traffic(
    services: Services, arn: FunctionArn, alias: str, versions: tuple[str, ...], start_ms: int, end_ms: int
) -> tuple[VersionTraffic, ...]:
    client = services.session.client("cloudwatch")
    return version_traffic(client, arn, alias, versions, start_ms=start_ms, end_ms=end_ms)


def _ended(outcome: CanaryOutcome, reason: str) -> Verdict:
    return Verdict(outcome=outcome, reason=reason, error_p_value=None)


def _as_reason(message: str) -> str:
    return message.rstrip(".")


def _report(
    watch: CanaryWatch, verdict: Verdict, old: VersionTraffic | None, new: VersionTraffic | None, now_ms: int
) -> CanaryReport:
    assert verdict.outcome is not None
    return CanaryReport(
        alias=watch.alias,
        share=watch.share,
        watch_s=watch.watch_s,
        watched_s=(now_ms - watch.started_at_ms) // 1000,
        old_version=watch.old_version,
        new_version=watch.new_version,
        old=old,
        new=new,
        promised=watch.promised,
        error_p_value=verdict.error_p_value,
        outcome=verdict.outcome,
        reason=verdict.reason,
    )


def _complete(
    services: Services, state: RunState, watch: CanaryWatch, draft: TuningResult, report: CanaryReport
) -> tuple[str, ...]:
    archive = Archive(services.store, state.run_id)

    def note(applied: Applied) -> None:
        archive.save_result(replace(draft, applied=applied, canary=report))

    client = services.session.client("lambda")
    if draft.applied is not None and read_lease(client, state.snapshot.arn) is None:
        return ()  # an earlier try did all of it
    return complete_canary(client, state.snapshot, watch, state.run_id, services.clock, note=note)


def _put_back(services: Services, state: RunState, watch: CanaryWatch) -> tuple[str, ...]:
    """Undo the canary; what somebody else had changed, and so was left."""
    arn = state.snapshot.arn
    try:
        undone = undo(services.session.client("lambda"), arn, services.clock, run_id=state.run_id)
    except AwsError as error:
        raise NotRestored(
            f"The canary on the alias {watch.alias} of {arn.name} has ended, but it could not be put back: "
            f"{error.message}",
            next_step=f"Finish the undo with: powertune cleanup --function-arn {arn}",
        ) from error
    return undone.left_alone if undone else ()
