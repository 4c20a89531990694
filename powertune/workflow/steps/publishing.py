"""Publish one memory size at a time: ``$LATEST`` is shared, and changed as briefly as can be."""

from dataclasses import replace

from powertune.domain.events import Phase, Progress
from powertune.domain.work import MeasureTask, RunState, SizeFailure, Variant
from powertune.errors import FunctionRefused
from powertune.target import variants
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import check_not_stopped


def publish(services: Services, state: RunState) -> RunState:
    """Publish the next memory size; after the last one, put ``$LATEST`` back at once.

    A size that AWS does not accept is noted as failed, and the run goes on without it.

    Raises:
        FunctionChanged: somebody else is changing the function.
        Stopped: the user wants the run to end.
    """
    check_not_stopped(services)
    client = services.session.client("lambda")
    if state.to_publish:
        memory_mb, *rest = state.to_publish
        services.progress(Progress(phase=Phase.PUBLISH, detail=f"{memory_mb} MB"))
        try:
            variant = variants.publish(client, state.snapshot, state.run_id, memory_mb, services.clock)
            state = replace(state, variants=(*state.variants, variant))
        except FunctionRefused as error:
            failure = SizeFailure(memory_mb=memory_mb, reason=error.message)
            state = replace(state, failures=(*state.failures, failure))
        state = replace(state, to_publish=tuple(rest))
    if not state.to_publish:
        variants.put_back(client, state.snapshot, state.run_id, services.clock)
        state = replace(state, to_measure=_tasks(state))
    return state


def _tasks(state: RunState) -> tuple[MeasureTask, ...]:
    published: dict[int, Variant] = {variant.memory_mb: variant for variant in state.variants}
    return tuple(
        MeasureTask(
            run_id=state.run_id,
            memory_mb=batch.memory_mb,
            version=published[batch.memory_mb].version,
            alias=published[batch.memory_mb].alias,
            round=state.round,
            remaining=batch.count,
        )
        for batch in state.batches
        if batch.memory_mb in published
    )
