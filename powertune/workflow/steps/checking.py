"""Preflight of a check: which versions it compares, read as they are. Nothing of the function is changed by it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from powertune.domain.check import LATEST, Baseline, CheckedVersion, CheckSides
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn, FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.work import ProcessorFacts, RunState, SizeWork
from powertune.errors import FunctionRefused, LeaseLost, UsageError
from powertune.measure.monthly_traffic import monthly_traffic
from powertune.target import lease
from powertune.target.snapshot import preflight_warnings, require_function
from powertune.target.versions import Resolved, find_version, memory_of, resolve
from powertune.workflow.archive import Archive
from powertune.workflow.baselines import Shelf
from powertune.workflow.services import Services
from powertune.workflow.steps import begin
from powertune.workflow.steps.fitting import sides_within_concurrency
from powertune.workflow.steps.lasting import BETWEEN_ROUNDS_MS, check_time, round_of_check_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A version as it is configured."""

    version: CheckedVersion
    snapshot: FunctionSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known of a check before its lease is taken.

    Attributes:
        request: with its payloads, the sides' memory sizes, the baseline that it compares with, and as many
            invocations at the same time as can be.
        subject: what is checked.
        reference: what is measured beside it; None where nothing is.
        latest_mb: the memory size of ``$LATEST``, which the lease keeps.
        processors: what is called around each invocation.
        notes: what a reader should know.
    """

    request: TuningRequest
    subject: Side
    reference: Side | None
    latest_mb: int
    processors: tuple[ProcessorFacts, ...]
    notes: tuple[str, ...]

    @property
    def sides(self) -> tuple[Side, ...]:
        """Those that are invoked."""
        return (self.subject,) if self.reference is None else (self.subject, self.reference)


def shelf_of(services: Services) -> Shelf:
    """The baselines in the store that the run writes to."""
    return Shelf(services.store, str(getattr(services.store, "called", "the store")))


def preflight(services: Services, run_id: str, request: TuningRequest) -> RunState:
    """Find the versions of a check, refuse what cannot be compared, and take the lease.

    Raises:
        FunctionNotFound, FunctionRefused, LeaseHeld, UsageError: before anything was invoked.
    """
    archive, arn = Archive(services.store, run_id), request.function_arn
    services.progress(Progress(phase=Phase.PREFLIGHT, detail=arn.name))
    client = services.session.client("lambda")
    undone = begin.without_the_dead(services, client, run_id, arn)
    begin.require_unused(archive, run_id)
    examined = examine(services, request)
    request, subject, reference = examined.request, examined.subject, examined.reference
    traffic = None
    if request.monthly_invocations is not None:
        traffic = monthly_traffic(services.session, request, services.environment, services.clock)
    now_ms = services.clock.now_ms()
    lease.take(
        client,
        arn,
        lease.Lease(
            run_id=run_id,
            memory_mb=examined.latest_mb,
            set_mb=(),
            since_ms=now_ms,
            until_ms=now_ms + BETWEEN_ROUNDS_MS,
            by=services.holder,
        ),
    )
    for side in examined.sides:
        if side.version.version == LATEST:
            begin.require_unchanged(services, client, side.snapshot, run_id)
    archive.save_request(request)
    archive.save_snapshot(subject.snapshot)
    return RunState(
        run_id=run_id,
        snapshot=subject.snapshot,
        started_at_ms=now_ms,
        role=request.role,
        processors=examined.processors,
        traffic=traffic,
        check=CheckSides(subject=subject.version, reference=None if reference is None else reference.version),
        reference=None if reference is None else reference.snapshot,
        warnings=(*undone, *_standing_warnings(request, subject.snapshot, now_ms), *examined.notes),
    )


def prolong_lease(services: Services, state: RunState, work: Sequence[SizeWork]) -> None:
    """Hold the function for as long as a round may take.

    Raises:
        FunctionNotFound: it was deleted.
        LeaseLost: the lease is not this check's any more, so others may measure at the same time.
    """
    client, request = services.session.client("lambda"), Archive(services.store, state.run_id).request()
    until_ms = services.clock.now_ms() + round_of_check_ms(request, state, work)
    if not lease.extend(client, state.snapshot.arn, state.run_id, until_ms=until_ms):
        raise _lost(client, state)


def require_lease(services: Services, state: RunState) -> None:
    """Make sure that nobody else had the function while it was measured.

    Raises:
        FunctionNotFound: it was deleted.
        LeaseLost: somebody may have had it.
    """
    client = services.session.client("lambda")
    if not lease.holds(client, state.snapshot.arn, state.run_id):
        raise _lost(client, state)


def _lost(client: Any, state: RunState) -> LeaseLost:
    require_function(client, state.snapshot.arn)
    return lease.lost(state.snapshot.arn, state.run_id, _NOTHING_CLAIMED)


_NOTHING_CLAIMED = (
    "Another run may have measured the function at the same time, so nothing is claimed of it. It invokes nothing "
    "further."
)


def _standing_warnings(request: TuningRequest, snapshot: FunctionSnapshot, now_ms: int) -> tuple[str, ...]:
    # What is said there of SnapStart is about versions that a tuning publishes.
    return (
        *preflight_warnings(replace(snapshot, snap_start=False)),
        *begin.price_warnings(request, snapshot, now_ms),
    )


def examine(services: Services, request: TuningRequest) -> Examined:
    """Read the versions of a check, and refuse what cannot be compared. Nothing is written.

    Raises:
        FunctionNotFound, FunctionRefused, UsageError: why a check would not start.
    """
    check = request.check
    assert check is not None
    client, arn = services.session.client("lambda"), request.function_arn
    # However a deployment of it stands: only where it is measured itself must it be ready.
    latest_mb = memory_of(client, arn)
    asked = resolve(client, arn, check.qualifier, services.clock)
    subject = _side(services, arn, check.qualifier, asked)
    request, reference, notes = _with_reference(services, client, request, subject)
    sides = (subject,) if reference is None else (subject, reference)
    request = replace(
        request,
        memory_sizes_mb=tuple(side.version.memory_mb for side in sides),
        # The payloads' turns are laid out for as many as there may be: each comes as often as its share of those.
        invocations=check.settings.max_invocations,
    )
    processors = begin.processors_of(services, request)
    slowest = max((side.snapshot for side in sides), key=lambda snapshot: snapshot.timeout_s)
    begin.check_price(request, subject.snapshot)
    _check_currency(request, subject, reference)
    check_time(services, request, slowest, processors)
    is_one = reference is not None and reference.version.version == subject.version.version
    request, fewer = (request, ()) if is_one else sides_within_concurrency(client, request, len(sides))
    return Examined(
        request=request,
        subject=subject,
        reference=reference,
        latest_mb=latest_mb,
        processors=processors,
        notes=(*asked.notes, *notes, *fewer),
    )


def _side(services: Services, arn: FunctionArn, qualifier: str | None, found: Resolved) -> Side:
    """A version as one side of a check.

    Raises:
        FunctionRefused: its invocations leave no record.
    """
    snapshot = found.snapshot
    version = CheckedVersion(
        arn=str(arn),
        name=arn.name,
        region=arn.region,
        qualifier=qualifier,
        version=found.version,
        code_sha256=snapshot.code_sha256,
        architecture=snapshot.architecture,
        runtime=snapshot.runtime,
        memory_mb=snapshot.memory_mb,
        timeout_s=snapshot.timeout_s,
        ephemeral_mb=snapshot.ephemeral_mb,
        runtime_version=found.runtime_version,
    )
    if snapshot.system_log_level == "WARN":
        raise FunctionRefused(
            f"{version.called} logs with SystemLogLevel WARN, which drops the record of every invocation that "
            "succeeds, and with it what it was billed. A check changes nothing of the function, so it cannot lift "
            "that.",
            next_step="Set the system log level INFO, and publish a version with it.",
        )
    return Side(version=version, snapshot=begin.with_sources(services, snapshot))


def _with_reference(
    services: Services, client: Any, request: TuningRequest, subject: Side
) -> tuple[TuningRequest, Side | None, tuple[str, ...]]:
    """The request with the baseline that it compares with, the version that is measured beside, and notes.

    Raises:
        UsageError: there is no baseline, and the request insists on one; or it is not of the same kind.
    """
    check, arn = request.check, request.function_arn
    assert check is not None
    if check.against is not None:
        other = resolve(client, arn, check.against, services.clock)
        return request, _side(services, arn, check.against, other), other.notes
    baseline = check.baseline
    if baseline is None and check.stored:
        baseline = shelf_of(services).baseline(arn, check.qualifier)
    if baseline is None:
        if check.require_baseline:
            raise UsageError(
                f"{subject.version.called} has no baseline yet, so there is nothing to compare with. Nothing was "
                "invoked.",
                next_step="Set one: powertune baseline set --help; or leave --require-baseline out: then this check "
                "measures it.",
            )
        return request, None, ()
    request = replace(request, check=replace(check, baseline=baseline))
    anew, notes = _anew(services, client, request, subject, baseline) if check.interleave else (None, ())
    if anew is None:
        _refuse_unlike(services, request, subject)
    return request, anew, notes


def _anew(
    services: Services, client: Any, request: TuningRequest, subject: Side, baseline: Baseline
) -> tuple[Side | None, tuple[str, ...]]:
    """The baseline's version, to be measured once more; None where that cannot be, and why not.

    Only a published version stays what it was; what a tuning measured were versions of its own.
    """
    before, arn = baseline.function, request.function_arn
    version = before.version
    if version is None or not version.isdigit() or before.arn != str(arn) or version == subject.version.version:
        return None, ()
    kept = (
        f"so its measurements of {baseline.measured_at} are compared with: whatever else changed since then shows too."
    )
    found = find_version(client, arn, version, services.clock)
    if found is None:
        return None, (f"The baseline's version {version} does not exist any more, {kept}",)
    if found.snapshot.code_sha256 != before.code_sha256:
        return None, (f"Version {version} does not have the baseline's code, {kept}",)
    try:
        return _side(services, arn, before.qualifier, found), ()
    except FunctionRefused as error:
        return None, (f"The baseline's version {version} cannot be measured again ({error.message}), {kept}",)


def _refuse_unlike(services: Services, request: TuningRequest, subject: Side) -> None:
    """Refuse a baseline whose measurements are not of the same kind.

    Raises:
        UsageError: why they are not.
    """
    unlike = unlike_words(services, request, subject.version)
    if unlike and not (request.check and request.check.allow_unlike):
        raise UsageError(
            f"{' '.join(unlike)} Nothing was invoked.",
            next_step="Set a baseline of the same kind: powertune baseline set --help; or compare all the same: "
            "--compare-unlike.",
        )


def unlike_words(services: Services, request: TuningRequest, subject: CheckedVersion) -> tuple[str, ...]:
    """Why the request's baseline is not of the same kind as what is checked, in sentences; none without one."""
    from powertune.decide.likeness import refusals

    baseline = None if request.check is None else request.check.baseline
    return () if baseline is None else refusals(baseline, subject, request, services.environment)


def _check_currency(request: TuningRequest, subject: Side, reference: Side | None) -> None:
    if reference is None:
        return
    own = begin.price_of(request, subject.snapshot).currency
    other = begin.price_of_side(request, subject.snapshot, reference.snapshot).currency
    if own != other:
        raise UsageError(
            f"{reference.version.called} has another instruction set than {subject.version.called}, and the prices "
            f"given are in {own}, those of the other in {other}. Nothing was invoked.",
            next_step="Leave --price out.",
        )
