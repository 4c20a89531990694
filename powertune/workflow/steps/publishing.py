"""Publish the memory sizes of a round, one at a time: ``$LATEST`` is shared, and changed as briefly as can be."""

from collections import Counter
from dataclasses import replace
from typing import Any

from powertune.domain.events import Phase, Progress
from powertune.domain.work import RunState, SizeFailure, SizeWork, Variant
from powertune.errors import FunctionRefused, MemoryRefused
from powertune.target import variants
from powertune.target.snapshot import UPDATE_TIMEOUT_S
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps import checking
from powertune.workflow.steps.begin import check_not_stopped

_LONGEST_MS = 2 * UPDATE_TIMEOUT_S * 1000
"""What publishing one size may take, and putting ``$LATEST`` back after it."""


def publish(services: Services, state: RunState) -> RunState:
    """Publish the memory sizes that are to be, as far as the task's time goes; then put ``$LATEST`` back at once.

    A size that AWS does not accept is noted as failed, and the run goes on without it.

    Raises:
        FunctionChanged: somebody else is changing the function.
        LeaseHeld: the lease is not this run's any more.
        Stopped: the user wants the run to end.
    """
    client = services.session.client("lambda")
    if state.check is not None:
        return _as_they_are(services, state)
    while True:
        check_not_stopped(services)
        if state.to_publish:
            state = _with_next(services, client, state)
        if not state.to_publish:
            variants.put_back(client, state.snapshot, state.run_id, services.clock)
            work = _work(services, state)
            return replace(state, work=work, measured=not work)
        if services.time_left_ms is not None and services.time_left_ms() < _LONGEST_MS:
            return state


def _as_they_are(services: Services, state: RunState) -> RunState:
    """The state of a check with its work: its versions are there, and nothing is changed but the lease's time."""
    check_not_stopped(services, is_check=True)
    before = Counter(sample.version for sample in Archive(services.store, state.run_id).samples())
    work = tuple(
        SizeWork(
            memory_mb=batch.memory_mb,
            version=batch.version,
            # A version's number does for an alias: what an alias leads to may change meanwhile.
            alias=batch.version,
            first_order=before[batch.version],
            count=batch.count,
            cold=batch.cold,
            payloads=batch.payloads,
            parallel=batch.parallel,
        )
        for batch in state.batches
        if batch.version is not None
    )
    if work:
        checking.prolong_lease(services, state, work)
    return replace(state, work=work, measured=not work)


def _with_next(services: Services, client: Any, state: RunState) -> RunState:
    """The state with the next memory size published, or noted as failed."""
    memory_mb, *rest = state.to_publish
    services.progress(Progress(phase=Phase.PUBLISH, detail=f"{memory_mb:,} MB"))
    try:
        variant = variants.publish(
            client,
            state.snapshot,
            state.run_id,
            memory_mb,
            services.clock,
            used_versions={*state.used_versions, *(variant.version for variant in state.variants)},
            nth=state.round,
            anew=any(batch.cold for batch in state.batches if batch.memory_mb == memory_mb),
        )
        state = _with_variant(state, variant)
    except FunctionRefused as error:
        allowed_mb = error.allowed_mb if isinstance(error, MemoryRefused) else None
        # A larger size of this round would be refused in the same words.
        vain = [size for size in rest if allowed_mb is not None and size > allowed_mb]
        rest = [size for size in rest if size not in vain]
        failures = [SizeFailure(memory_mb=memory_mb, reason=error.message, allowed_mb=allowed_mb)]
        for size in vain:
            reason = f"not tried, since AWS refused {memory_mb} MB: {error.message}"
            failures.append(SizeFailure(memory_mb=size, reason=reason, allowed_mb=allowed_mb))
        state = replace(state, failures=(*state.failures, *failures))
    return replace(state, to_publish=tuple(rest))


def _with_variant(state: RunState, variant: Variant) -> RunState:
    """The state with a new variant in the place of that of the same size."""
    before = [one for one in state.variants if one.memory_mb == variant.memory_mb]
    others = [one for one in state.variants if one.memory_mb != variant.memory_mb]
    return replace(
        state,
        variants=(*others, variant),
        used_versions=(*state.used_versions, *(one.version for one in before)),
        published=state.published + variant.owned,
        published_mb=state.published_mb + (variant.memory_mb if variant.owned else 0),
    )


def _work(services: Services, state: RunState) -> tuple[SizeWork, ...]:
    latest: dict[int, Variant] = {variant.memory_mb: variant for variant in state.variants}
    failed = {failure.memory_mb for failure in state.failures}
    before = Counter(sample.memory_mb for sample in Archive(services.store, state.run_id).samples())
    return tuple(
        SizeWork(
            memory_mb=batch.memory_mb,
            version=latest[batch.memory_mb].version,
            alias=latest[batch.memory_mb].alias,
            first_order=before[batch.memory_mb],
            count=batch.count,
            cold=batch.cold,
            payloads=batch.payloads,
        )
        for batch in state.batches
        if batch.memory_mb in latest and batch.memory_mb not in failed
    )
