"""What a run would do, found out by reading alone."""

from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.errors import explained
from powertune.decide.bounds import Bounds, bounds_of
from powertune.decide.doubts import doubts
from powertune.domain.payload import EMPTY, PayloadForm, PayloadUse
from powertune.domain.plan import CostLine, MostCost, RunPlan
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.work import ProcessorFacts
from powertune.errors import AwsError, FunctionNotFound, FunctionRefused, UsageError
from powertune.pricing import bill
from powertune.pricing.most import longest_billed_ms, most_for, other_lines, stack_lines
from powertune.target import lease
from powertune.target.snapshot import has_queries, has_traces, take_snapshot
from powertune.target.surroundings import (
    account_limits,
    event_sources,
    is_code_signed,
    provisioned,
    runs_at_the_edge,
    runtime_updates,
)
from powertune.workflow.plan_checks import control_plane_calls, permissions_of, quotas_of
from powertune.workflow.services import Services
from powertune.workflow.steps import isolating
from powertune.workflow.steps.begin import (
    Examined,
    examine,
    price_of,
    standing_warnings,
    with_present_size,
)
from powertune.workflow.steps.canary import most_looks, watch_ms
from powertune.workflow.steps.lasting import (
    MAX_ROUNDS,
    MEASURE_MARGIN_MS,
    MOST_IN_FLIGHT,
    longest_call_ms,
    longest_run_ms,
)

_LOOKS_AT_LOGS = 15
"""Times that the logs of a round may be asked for, by the pauses of steps/collecting.py, and some more."""

_STATES_BESIDE = 12

LONGEST_TASK_MS = 900_000
MOST_TASK_MB = 1024
"""What a task function of the stack has for one step, and its memory size where that is largest."""


def preview(services: Services, request: TuningRequest, *, place: str, thorough: bool = True) -> RunPlan:
    """What a run would do. Nothing is written.

    Args:
        services: what the steps of the run would use; ``time_left_ms`` says how long a task has.
        request: what was asked for.
        place: ``direct``, ``stack``, or ``none`` where the state machine is wanted and not there.
        thorough: read permissions, quotas and what else may matter, too.

    Raises:
        FunctionNotFound: there is no such function.
        AwsError: it may not be read.
    """
    client = services.session.client("lambda")
    request, unread = _with_readable_payloads(services, request, place)
    try:
        examined = examine(services, request)
        around = _surroundings(services, client, examined)
    except (FunctionRefused, UsageError) as error:
        return _refused(services, request, place, error)
    request, snapshot = examined.request, examined.snapshot
    held = lease.look(client, request.function_arn)
    now_ms = services.clock.now_ms()
    dead = held is not None and held.lease is not None and held.lease.is_expired(now_ms) and not request.isolate
    refusals = () if held is None or dead else (lease.refusal(request.function_arn, held, now_ms=now_ms).message,)
    bounds = bounds_of(request, most_rounds=MAX_ROUNDS, most_in_flight=MOST_IN_FLIGHT)
    price = price_of(request, snapshot)
    plan = RunPlan(
        function_arn=str(request.function_arn),
        region=request.function_arn.region,
        architecture=snapshot.architecture,
        runtime=snapshot.runtime,
        present_memory_mb=snapshot.memory_mb,
        timeout_s=snapshot.timeout_s,
        billed=services.environment.kind != "local",
        place=place,
        search=request.search,
        memory_sizes_mb=request.memory_sizes_mb,
        dry_run=request.dry_run,
        isolate=request.isolate,
        planned_invocations=bounds.planned,
        most_invocations=bounds.invocations,
        most_versions=bounds.versions,
        most_rounds=bounds.rounds,
        longest_invocation_ms=longest_billed_ms(snapshot.timeout_s),
        cost=_cost(examined, bounds, price, place),
        control_plane_calls=control_plane_calls(bounds, request),
        longest_s=(longest_run_ms(request, snapshot, examined.processors) + watch_ms(request)) // 1000,
        warnings=(
            *(("A run that died still holds the function; it would be undone first.",) if dead else ()),
            *unread,
            *standing_warnings(request, snapshot, now_ms),
            *examined.notes,
        ),
        refusals=refusals,
        price_as_of=price.as_of,
        price_source=price.source,
    )
    return _thorough(services, client, plan, examined, bounds, around) if thorough else plan


def most_cost(services: Services, request: TuningRequest, *, place: str) -> MostCost:
    """The most that a run can cost, found out with no permission but to read the function's configuration.

    Raises:
        FunctionNotFound, FunctionRefused, UsageError: the run would not start.
    """
    client = services.session.client("lambda")
    snapshot = take_snapshot(client, request.function_arn, services.clock)
    own = snapshot.architecture
    snapshot = isolating.on_architecture(request, snapshot)
    processors = tuple(
        ProcessorFacts(arn=arn) for arn in (request.pre_processor_arn, request.post_processor_arn) if arn
    )
    examined = Examined(
        request=with_present_size(_with_any_payloads(request), snapshot),
        snapshot=snapshot,
        own_architecture=own,
        processors=processors,
        notes=(),
    )
    _surroundings(services, client, examined)
    bounds = bounds_of(examined.request, most_rounds=MAX_ROUNDS, most_in_flight=MOST_IN_FLIGHT)
    return _cost(examined, bounds, price_of(request, snapshot), place)


def _refused(services: Services, request: TuningRequest, place: str, error: AwsError | UsageError) -> RunPlan:
    said = f"{error.message} {error.next_step}".strip()
    return RunPlan(
        function_arn=str(request.function_arn),
        region=request.function_arn.region,
        architecture=None,
        runtime=None,
        present_memory_mb=None,
        timeout_s=None,
        billed=services.environment.kind != "local",
        place=place,
        search=request.search,
        memory_sizes_mb=request.memory_sizes_mb,
        dry_run=request.dry_run,
        isolate=request.isolate,
        planned_invocations=None,
        most_invocations=0,
        most_versions=0,
        most_rounds=0,
        longest_invocation_ms=None,
        cost=None,
        control_plane_calls=None,
        longest_s=None,
        refusals=(said,),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surroundings:
    """``$LATEST`` as AWS gives it, and whether CloudFront may run it; None where that could not be read."""

    configuration: dict[str, Any]
    edge: bool | None


def _surroundings(services: Services, client: Any, examined: Examined) -> _Surroundings:
    """Read what a snapshot does not keep; refuse a function that CloudFront runs, where its role says so."""
    arn = examined.request.function_arn
    with explained("reading the configuration", arn.name):
        configuration = client.get_function_configuration(FunctionName=str(arn))
    # An endpoint on this machine has no CloudFront.
    local = services.environment.kind == "local"
    edge = False if local else runs_at_the_edge(services.session.client("iam"), configuration, arn)
    if edge:
        raise FunctionRefused(
            f"The role of {arn.name} lets Lambda@Edge assume it, so CloudFront may run the function: other prices and "
            "limits hold there.",
            next_step="powertune cannot tune functions of Lambda@Edge. A function that only shares such a role needs "
            "one of its own.",
        )
    return _Surroundings(configuration=configuration, edge=edge)


def _with_readable_payloads(
    services: Services, request: TuningRequest, place: str
) -> tuple[TuningRequest, tuple[str, ...]]:
    """The request; without its payload in S3 where the state machine may read that and the caller may not."""
    if request.payload_s3 is None or request.payloads or place == "direct":
        return request, ()
    from powertune.measure.payloads import with_payloads_from_s3

    try:
        return with_payloads_from_s3(services.at_home.client("s3"), request), ()
    except FunctionNotFound:
        raise
    except AwsError as error:
        note = f"The payload could not be read from here, so nothing is known of it: {error.message}"
        return _with_any_payloads(request), (note,)


def _with_any_payloads(request: TuningRequest) -> TuningRequest:
    """The request with events in place of those that lie in S3: two where there may be several, which takes more."""
    if request.payload_s3 is None or request.payloads or request.payload_use is PayloadUse.ONCE:
        return request
    several = request.payload_form is not PayloadForm.EVENT
    return replace(request, payload_s3=None, payloads=(EMPTY, EMPTY) if several else (EMPTY,))


def _cost(examined: Examined, bounds: Bounds, price: Price, place: str) -> MostCost:
    request, snapshot = examined.request, examined.snapshot
    sizes = request.memory_sizes_mb
    counts = bounds.dearest({memory_mb: memory_mb for memory_mb in sizes})
    most = most_for(counts, snapshot, price)
    limit = past = None
    if request.limits.max_spend is not None:
        limit = Money(amount=request.limits.max_spend, currency=price.currency)
        past = most_for({max(sizes): bounds.under_way}, snapshot, price)
        most = min(most, bill.total((limit, past), price.currency), key=lambda money: money.amount)
    longest_ms = longest_run_ms(request, snapshot, examined.processors)
    others = other_lines(
        snapshot,
        price,
        invocations=bounds.invocations,
        versions=bounds.versions,
        largest_mb=max(sizes),
        longest_ms=longest_ms,
        processors=len(examined.processors),
        has_queries=has_queries(snapshot),
        has_traces=has_traces(snapshot),
    )
    if place != "direct":
        others = (*_stack(examined, bounds, price, longest_ms), *others)
    known = bill.total((most, *(line.most for line in others if line.most is not None)), price.currency)
    return MostCost(invocations=most, limit=limit, past_limit=past, others=others, known=known)


def _stack(examined: Examined, bounds: Bounds, price: Price, longest_ms: int) -> tuple[CostLine, ...]:
    """The state machine: each round plans, publishes, measures in as many tasks as it takes, and collects."""
    request, snapshot = examined.request, examined.snapshot
    call_ms = longest_call_ms(request, snapshot, examined.processors)
    usable_ms = max(LONGEST_TASK_MS - MEASURE_MARGIN_MS - call_ms, call_ms)
    measuring = bounds.rounds + min(bounds.invocations, -(-bounds.bursts * call_ms // usable_ms))
    publishing = max(bounds.versions, bounds.rounds)
    looks = _LOOKS_AT_LOGS * bounds.rounds
    watching = most_looks(request)
    calls = bounds.rounds + publishing + measuring + looks + _STATES_BESIDE + watching
    # A choice follows each of them, and a wait each look.
    return stack_lines(
        price, transitions=2 * calls + looks + watching, task_calls=calls, longest_ms=longest_ms, task_mb=MOST_TASK_MB
    )


def _thorough(
    services: Services, client: Any, plan: RunPlan, examined: Examined, bounds: Bounds, around: _Surroundings
) -> RunPlan:
    request, snapshot = examined.request, examined.snapshot
    arn, local = request.function_arn, services.environment.kind == "local"
    warnings = doubts(
        request,
        around.configuration,
        bounds,
        sources=event_sources(client, arn),
        ready=provisioned(client, arn),
        signed=is_code_signed(client, arn) if request.isolate else False,
        runtime_updates=None if request.isolate or local else runtime_updates(client, arn),
        edge=around.edge,
    )
    limits = account_limits(client)
    return replace(
        plan,
        permissions=permissions_of(services, plan.place, request, snapshot),
        quotas=tuple(quotas_of(request, limits, bounds, around.configuration)),
        warnings=(*plan.warnings, *warnings),
    )
