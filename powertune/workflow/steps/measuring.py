"""Invoke one variant, within the time that whoever runs this step has."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Invocation, Outcome
from powertune.domain.work import MeasureTask
from powertune.errors import AwsError
from powertune.measure.invoke import Invoker, Target
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import MEASURE_MARGIN_MS

GIVE_UP_AFTER = 3
"""So many failures, and no success, say that a memory size does not work."""


def measure(services: Services, task: MeasureTask) -> MeasureTask:
    """Invoke a variant as often as is left to do and as time allows; what is over stays for a further call.

    Every invocation that was made is written down, also when this step fails half-way.

    Raises:
        AwsError: AWS refuses the invocations.
    """
    archive = Archive(services.store, task.run_id)
    request, snapshot = archive.request(), archive.snapshot()
    tally = _Tally(services, request, snapshot, task)
    invoker = Invoker(
        services.session.invoker(timeout_s=snapshot.timeout_s, parallel=request.parallel),
        Target(
            arn=snapshot.arn,
            alias=task.alias,
            version=task.version,
            memory_mb=task.memory_mb,
            traced=snapshot.tracing_active,
        ),
        request.payload,
        services.clock,
    )
    stopped = False

    def may_start() -> bool:
        nonlocal stopped
        stopped = stopped or services.stop_requested()
        return not stopped and not tally.hopeless and _time_for_one_more(services, snapshot)

    try:
        invoker.run(
            range(task.done, task.done + task.remaining),
            parallel=min(request.parallel, task.remaining),
            may_start=may_start,
            on_done=tally.add,
        )
    finally:
        archive.save_invocations(
            task.round, task.memory_mb, task.part, sorted(tally.invocations, key=lambda call: call.order)
        )
    done = len(tally.invocations)
    if done == 0 and task.remaining and not stopped:
        raise AwsError(
            f"There was no time left to invoke {snapshot.arn.name} at {task.memory_mb} MB.",
            next_step="Run the same steps from your terminal with --direct.",
        )
    over = stopped or tally.hopeless
    return replace(task, done=task.done + done, remaining=0 if over else task.remaining - done, part=task.part + 1)


def _time_for_one_more(services: Services, snapshot: FunctionSnapshot) -> bool:
    if services.time_left_ms is None:
        return True
    return services.time_left_ms() > snapshot.timeout_s * 1000 + MEASURE_MARGIN_MS


class _Tally:
    """Counts invocations as they end, and tells how far they are."""

    def __init__(
        self, services: Services, request: TuningRequest, snapshot: FunctionSnapshot, task: MeasureTask
    ) -> None:
        self.invocations: list[Invocation] = []
        self._task = task
        self._progress: Callable[[Progress], None] = services.progress
        self._price = price_for(snapshot.arn.region, snapshot.architecture)
        self._ephemeral_mb = snapshot.ephemeral_mb
        self._planned = request.invocations
        self._spent = Decimal(0)
        self._worked = task.done > 0

    @property
    def hopeless(self) -> bool:
        """Whether there were several failures and no success."""
        return not self._worked and len(self.invocations) >= GIVE_UP_AFTER

    def add(self, invocation: Invocation) -> None:
        self.invocations.append(invocation)
        self._worked = self._worked or invocation.outcome is Outcome.OK
        if invocation.report is not None and invocation.report.billed_ms is not None:
            cost = invocation_cost(
                invocation.report.billed_ms,
                invocation.memory_mb,
                self._price,
                ephemeral_mb=self._ephemeral_mb,
            )
            self._spent += cost.amount
        self._progress(
            Progress(
                phase=Phase.MEASURE,
                detail=f"{self._task.memory_mb} MB",
                invocations_done=self._task.done + len(self.invocations),
                invocations_planned=self._planned,
                spent=self._spent,
                currency=self._price.currency,
            )
        )
