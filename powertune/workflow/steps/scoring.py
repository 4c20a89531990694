"""Turn all samples into an answer."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import powertune
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionSnapshot
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import FunctionFacts, SizeResult, TuningResult
from powertune.domain.sample import Sample
from powertune.domain.search import SearchKind
from powertune.domain.work import RunState
from powertune.pricing.bill import FREE_EPHEMERAL_MB, invocation_cost
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.spending import invocations_spend
from powertune.workflow.steps.begin import price_of
from powertune.workflow.steps.planning import planner_of


def score(services: Services, state: RunState) -> RunState:
    """Score what has been measured and keep it as the answer, to be completed once all is restored."""
    if state.check is not None:
        from powertune.workflow.steps import judging

        return judging.judge(services, state, state.check)
    from powertune.decide.notes import ephemeral_note, limit_warnings, measuring_warnings, prior_note
    from powertune.decide.outcome import outcome
    from powertune.decide.search import prior_unfit

    services.progress(Progress(phase=Phase.SCORE))
    archive = Archive(services.store, state.run_id)
    request, samples, snapshot = archive.request(), archive.samples(), state.snapshot
    price = price_of(request, snapshot)
    sizes = _sizes(state, request, samples, price)
    paid_mb = snapshot.ephemeral_mb - FREE_EPHEMERAL_MB
    planner = planner_of(state, request, samples)
    elsewhere = snapshot.own_architecture not in (None, snapshot.architecture)
    recommendation, search = outcome(
        request,
        sizes,
        samples,
        planner.knowledge(),
        present_memory_mb=None if elsewhere else snapshot.memory_mb,
        complete=not planner.ask(),
    )
    if state.ended_by is not None:
        search = replace(search, stop_reason=state.ended_by)
    search = replace(search, notes=(*search.notes, *ephemeral_note(request, price, paid_mb)))
    if prior_unfit(request, snapshot.code_sha256, snapshot.architecture) is None:
        search = replace(search, notes=(*prior_note(request.prior), *search.notes))
    spent = invocations_spend(samples, price, snapshot.ephemeral_mb)
    archive.save_result(
        TuningResult(
            run_id=state.run_id,
            powertune_version=powertune.__version__,
            started_at=iso(state.started_at_ms),
            finished_at=iso(services.clock.now_ms()),
            function=facts_of(snapshot),
            request=request if request.include_payload else request.without_payload_texts(),
            environment=services.environment,
            price=price,
            memory_sizes=sizes,
            recommendation=recommendation,
            spend=spent,
            warnings=(
                *state.warnings,
                *measuring_warnings(request, sizes, samples),
                *limit_warnings(request, samples, spent.lambda_cost),
            ),
            restored=False,
            samples=samples,
            search=search,
            traffic=state.traffic,
        )
    )
    return state


def iso(epoch_ms: int) -> str:
    """Epoch milliseconds as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _sizes(
    state: RunState, request: TuningRequest, samples: tuple[Sample, ...], price: Price
) -> tuple[SizeResult, ...]:
    from powertune.decide.summary import size_result

    by_size: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_size[sample.memory_mb].append(sample)
    failures = {failure.memory_mb: failure.reason for failure in state.failures}

    def cost_of(billed_ms: int, memory_mb: int) -> Money:
        return invocation_cost(billed_ms, memory_mb, price, ephemeral_mb=state.snapshot.ephemeral_mb)

    # Of all that a search might have tried, only what it did try is worth a row.
    asked = request.memory_sizes_mb if request.search is SearchKind.GRID else ()
    sizes_mb = sorted({*asked, *by_size, *failures})
    mix = request.warm_mix()
    return tuple(
        size_result(
            memory_mb,
            by_size[memory_mb],
            cost_of,
            failure=failures.get(memory_mb),
            cold_only=request.only_cold_starts or request.dry_run,
            among=len(sizes_mb),
            mix=mix,
        )
        for memory_mb in sizes_mb
    )


def facts_of(snapshot: FunctionSnapshot) -> FunctionFacts:
    """The function as it stands in the answer."""
    return FunctionFacts(
        arn=str(snapshot.target),
        name=snapshot.target.name,
        region=snapshot.arn.region,
        architecture=snapshot.architecture,
        runtime=snapshot.runtime,
        original_memory_mb=snapshot.memory_mb,
        timeout_s=snapshot.timeout_s,
        code_sha256=snapshot.code_sha256,
        ephemeral_mb=snapshot.ephemeral_mb,
        log_format=snapshot.log_format,
        clone=None if snapshot.clone_of is None else snapshot.arn.name,
        own_architecture=snapshot.own_architecture,
    )
