"""Preflight: everything before the function is changed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from powertune.aws.errors import explained
from powertune.decide.search import prior_unfit
from powertune.decide.words import plain
from powertune.domain.events import Phase, Progress
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot
from powertune.domain.price import Price
from powertune.domain.request import SEARCHED_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.search import SearchKind
from powertune.domain.work import ProcessorFacts, RunInput, RunState
from powertune.errors import AwsError, FunctionChanged, FunctionNotFound, FunctionRefused, Stopped, UsageError
from powertune.measure.monthly_traffic import monthly_traffic
from powertune.measure.payloads import with_payloads_from_s3
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for, stale_warning
from powertune.target import lease
from powertune.target.restore import take_over
from powertune.target.settings import log_level_of
from powertune.target.snapshot import preflight_warnings, settled_configuration, take_snapshot
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps import canary, isolating
from powertune.workflow.steps.fitting import within_concurrency
from powertune.workflow.steps.lasting import check_time, lease_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is known before anything is changed.

    Attributes:
        request: with its payloads, the present size, and as many sizes at once as can be.
        snapshot: the function, with the instruction set that is to be measured.
        own_architecture: the function's instruction set.
        processors: what is called around each invocation.
        notes: what was changed of the request, and why.
    """

    request: TuningRequest
    snapshot: FunctionSnapshot
    own_architecture: Architecture
    processors: tuple[ProcessorFacts, ...]
    notes: tuple[str, ...]


def examine(services: Services, request: TuningRequest) -> Examined:
    """Read the function, and refuse what cannot be tuned. Nothing is written: a plan comes through here too.

    Raises:
        FunctionNotFound, FunctionRefused, UsageError: why a run would not start.
    """
    request = _with_payloads(services, request)
    client = services.session.client("lambda")
    snapshot = with_sources(services, take_snapshot(client, request.function_arn, services.clock))
    own = snapshot.architecture
    snapshot = _with_records(request, isolating.on_architecture(request, snapshot))
    request = with_present_size(request, snapshot)
    processors = processors_of(services, request)
    check_price(request, snapshot)
    check_time(services, request, snapshot, processors)
    canary.check_before(services, request)
    request, notes = (request, ()) if request.isolate else within_concurrency(client, request)
    return Examined(request=request, snapshot=snapshot, own_architecture=own, processors=processors, notes=notes)


def preflight(services: Services, run: RunInput) -> RunState:
    """Read the function, refuse what cannot be tuned, and take the lease, on a clone of it where one is asked for.

    Raises:
        FunctionNotFound, FunctionRefused, LeaseHeld, UsageError: before anything was changed.
    """
    archive = Archive(services.store, run.run_id)
    request = _with_payloads(services, run.request or archive.request())
    if request.check is not None:
        from powertune.workflow.steps import checking

        return checking.preflight(services, run.run_id, request)
    arn = request.function_arn
    services.progress(Progress(phase=Phase.PREFLIGHT, detail=arn.name))
    client = services.session.client("lambda")
    undone: tuple[str, ...] = ()
    if request.isolate:
        isolating.require_free(services, client, arn)
    else:
        undone = without_the_dead(services, client, run.run_id, arn)
    require_unused(archive, run.run_id)
    examined = examine(services, request)
    request, snapshot, processors, notes = examined.request, examined.snapshot, examined.processors, examined.notes
    # Before this run's own invocations count.
    traffic = monthly_traffic(services.session, request, services.environment, services.clock)
    now_ms = services.clock.now_ms()
    until_ms = now_ms + lease_ms(request, snapshot, processors)
    if request.isolate:
        own = examined.own_architecture
        snapshot, cloned = isolating.cloned(services, client, request, snapshot, own, run.run_id, until_ms)
        isolating.require_still(services, client, arn, snapshot.memory_mb)
        notes = (*notes, *cloned)
    lease.take(
        client,
        snapshot.arn,
        lease.Lease(
            run_id=run.run_id,
            memory_mb=snapshot.memory_mb,
            set_mb=(),
            since_ms=now_ms,
            until_ms=until_ms,
            log_level=snapshot.system_log_level if snapshot.lift_log_level else None,
            by=services.holder,
        ),
    )
    if not request.isolate:
        require_unchanged(services, client, snapshot, run.run_id)
    archive.save_request(request)
    archive.save_snapshot(snapshot)
    return RunState(
        run_id=run.run_id,
        snapshot=snapshot,
        started_at_ms=now_ms,
        role=request.role,
        apply=request.apply and not request.dry_run,
        peer=request.peer is not None,
        processors=processors,
        traffic=traffic,
        warnings=(
            *undone,
            *standing_warnings(request, snapshot, now_ms),
            *notes,
        ),
    )


def require_unused(archive: Archive, run_id: str) -> None:
    """Refuse the id of a run that there was before.

    Raises:
        UsageError: there was one.
    """
    if archive.is_used():
        raise UsageError(
            f"There was a run {run_id} before, and its samples are still kept, so nothing was started.",
            next_step="Start the execution with another name.",
        )


def require_unchanged(services: Services, client: Any, snapshot: FunctionSnapshot, run_id: str) -> None:
    """Check that the function is as it was read before its lease was taken: another run may have come and gone.

    Raises:
        FunctionChanged: it is not, so its memory size of before is not known. The lease is given back.
    """
    present = settled_configuration(client, snapshot.arn, services.clock)
    found = (present["MemorySize"], present["CodeSha256"], log_level_of(present))
    if found == (snapshot.memory_mb, snapshot.code_sha256, snapshot.system_log_level):
        return
    lease.release(client, snapshot.arn, run_id, now_ms=services.clock.now_ms(), undone=True)
    raise FunctionChanged(
        f"{snapshot.arn.name} was changed by somebody else while this run was about to begin. It has changed nothing.",
        next_step="Run again.",
    )


def without_the_dead(services: Services, client: Any, run_id: str, arn: FunctionArn) -> tuple[str, ...]:
    """Undo a run that should have ended long ago and still holds the function; what to say of that.

    Raises:
        LeaseHeld: a run that is under way holds it.
    """
    undone = take_over(client, arn, services.clock, run_id=run_id, by=services.holder)
    if undone is None:
        return ()
    note = f"The run {undone.run_id} had died and still held the function; what it had left was undone first."
    return (note, *undone.left_alone)


def price_of(request: TuningRequest, snapshot: FunctionSnapshot) -> Price:
    """The prices of a run: those that the user gave, or the table's.

    Raises:
        UsageError: there is none for the function's region and architecture.
    """
    return request.price or price_for(snapshot.arn.region, snapshot.architecture)


def price_of_side(request: TuningRequest, snapshot: FunctionSnapshot, side: FunctionSnapshot) -> Price:
    """The prices of one side of a check: what the user gave is of the instruction set that is checked.

    Raises:
        UsageError: there is none for the function's region and architecture.
    """
    if side.architecture is snapshot.architecture:
        return price_of(request, snapshot)
    return price_for(side.arn.region, side.architecture)


def _with_payloads(services: Services, request: TuningRequest) -> TuningRequest:
    if request.payload_s3 is None or request.payloads:
        return request
    return with_payloads_from_s3(services.at_home.client("s3"), request)


def with_sources(services: Services, snapshot: FunctionSnapshot) -> FunctionSnapshot:
    """Find out which sources the function's logs and traces will have."""
    from powertune.measure.insights import log_group_class
    from powertune.measure.traces import trace_destination

    return replace(
        snapshot,
        log_class=log_group_class(services.session.client("logs"), snapshot.log_group),
        trace_destination=trace_destination(services.session.client("xray")) if snapshot.tracing_active else None,
    )


def _with_records(request: TuningRequest, snapshot: FunctionSnapshot) -> FunctionSnapshot:
    """Make sure that every invocation leaves a record.

    Raises:
        FunctionRefused: the function's log level drops them, and the request does not allow to lift it.
    """
    if snapshot.system_log_level != "WARN":
        return snapshot
    if not request.lift_log_level:
        raise FunctionRefused(
            f"{snapshot.arn.name} logs with SystemLogLevel WARN, which drops the record of every invocation that "
            "succeeds, and with it what it was billed. Nothing was changed.",
            next_step="Add --lift-log-level: the versions of the run are then published with INFO, and $LATEST keeps "
            "WARN. Or set INFO yourself.",
        )
    return replace(snapshot, lift_log_level=True)


def with_present_size(request: TuningRequest, snapshot: FunctionSnapshot) -> TuningRequest:
    """Whoever names no sizes to search wants to know about the present one too; a dry run is of that one alone."""
    if request.dry_run and request.peer is None:
        return replace(request, memory_sizes_mb=(snapshot.memory_mb,))
    if request.search is SearchKind.ADAPTIVE and request.memory_sizes_mb == SEARCHED_MEMORY_SIZES_MB:
        return replace(request, memory_sizes_mb=(*request.memory_sizes_mb, snapshot.memory_mb))
    return request


def standing_warnings(request: TuningRequest, snapshot: FunctionSnapshot, now_ms: int) -> tuple[str, ...]:
    """What the user should know before trusting the numbers."""
    return (
        *preflight_warnings(snapshot),
        *price_warnings(request, snapshot, now_ms),
        *_prior_warnings(request, snapshot),
    )


def _prior_warnings(request: TuningRequest, snapshot: FunctionSnapshot) -> tuple[str, ...]:
    changed = prior_unfit(request, snapshot.code_sha256, snapshot.architecture)
    if request.prior is None or changed is None:
        return ()
    return (f"The {changed} changed since the run {request.prior.run_id}, so its measurements were not used.",)


def check_price(request: TuningRequest, snapshot: FunctionSnapshot) -> None:
    """Refuse a function without a price, and a limit that no invocation fits into."""
    price = price_of(request, snapshot)
    invocation_cost(1, snapshot.memory_mb, price, ephemeral_mb=snapshot.ephemeral_mb)
    least = invocation_cost(1, min(request.memory_sizes_mb), price, ephemeral_mb=snapshot.ephemeral_mb)
    most = request.limits.max_spend
    if most is not None and most < least.amount:
        raise UsageError(
            f"A limit of {most:f} {least.currency} pays for no invocation: the shortest costs "
            f"{plain(least.amount)} {least.currency}. Nothing was changed.",
            next_step="Raise --max-spend.",
        )


def price_warnings(request: TuningRequest, snapshot: FunctionSnapshot, now_ms: int) -> tuple[str, ...]:
    """That the prices are old, where they are."""
    warning = stale_warning(price_of(request, snapshot), datetime.fromtimestamp(now_ms / 1000, tz=UTC).date())
    return () if warning is None else (warning,)


def processors_of(services: Services, request: TuningRequest) -> tuple[ProcessorFacts, ...]:
    """What AWS tells of the processors; one that may not be looked at is taken as it is."""
    arns = [arn for arn in (request.pre_processor_arn, request.post_processor_arn) if arn is not None]
    return tuple(_processor(services, arn) for arn in arns)


def _processor(services: Services, arn: str) -> ProcessorFacts:
    parts = arn.split(":")
    client = services.session.invoker(timeout_s=60, parallel=1, region=parts[3])
    qualifier = {"Qualifier": parts[7]} if parts[7:] else {}
    try:
        with explained("reading the configuration", parts[6]):
            found = client.get_function_configuration(FunctionName=":".join(parts[:7]), **qualifier)
    except FunctionNotFound:
        raise
    except AwsError:
        return ProcessorFacts(arn=arn)
    return ProcessorFacts(
        arn=arn,
        timeout_s=found["Timeout"],
        architecture=Architecture((found.get("Architectures") or ["x86_64"])[0]),
    )


def check_not_stopped(services: Services, *, is_check: bool = False) -> None:
    """End the run if its user wants that. A check has changed nothing but its lease.

    Raises:
        Stopped: so that the run goes on with restoring the function. Its text is only ever seen once that is done:
            if it cannot be done, NotRestored takes its place.
    """
    if services.stop_requested():
        if is_check:
            raise Stopped("The check was stopped, and its lease was given back. It has changed nothing.")
        raise Stopped("The run was stopped, and the function was put back as it was.")
