"""The bill of a run: everything that it causes, at list prices without the free tier."""

from collections.abc import Iterable, Sequence

from powertune.domain.function import Architecture, FunctionSnapshot
from powertune.domain.price import Money, Price
from powertune.domain.result import Spend, SpendLine, TuningResult
from powertune.domain.sample import Invocation, ProcessorCall, Sample
from powertune.domain.work import RunState
from powertune.errors import UsageError
from powertune.measure.metrics import FIGURES
from powertune.pricing import bill
from powertune.pricing.table import price_for


def invocations_spend(samples: Iterable[Sample], price: Price, ephemeral_mb: int) -> Spend:
    """What the function's own invocations cost, failed ones too, as far as their records say."""
    every = tuple(samples)
    billed = [(sample.billed_ms, sample.memory_mb) for sample in every if sample.billed_ms is not None]
    cost = bill.total(
        (bill.invocation_cost(ms, memory_mb, price, ephemeral_mb=ephemeral_mb) for ms, memory_mb in billed),
        price.currency,
    )
    return Spend(
        invocations=len(every),
        gb_seconds=float(sum(bill.gb_seconds(ms, memory_mb) for ms, memory_mb in billed)),
        lambda_cost=cost,
        workflow_cost=bill.total((), price.currency),
        total_cost=cost,
        state_transitions=0,
    )


def whole_spend(
    draft: TuningResult,
    state: RunState,
    invocations: tuple[Invocation, ...],
    transitions: int,
    samples: Sequence[Sample] | None = None,
) -> Spend:
    """Everything that a run caused.

    Args:
        draft: the result, with what its invocations cost.
        state: what the run counted: task functions, AWS calls, bytes scanned, traces.
        invocations: all of them, with the records of the processors around them.
        transitions: state transitions, 0 without the state machine.
        samples: of all that was invoked, where the result has not all: that of a check has one side's alone.
    """
    samples = draft.samples if samples is None else samples
    price = draft.price
    silent = sum(1 for sample in samples if sample.request_id is not None and sample.billed_ms is None)
    others = tuple(
        line
        for line in (
            _line("invocations without a record", silent, "invocations", None),
            _processors(invocations, state, price),
            _line("state transitions", transitions, "transitions", bill.known_transitions_cost(transitions, price)),
            _tasks(state, price),
            _line(
                "log queries",
                state.log_bytes_scanned / 1e9,
                "GB scanned",
                bill.log_query_cost(state.log_bytes_scanned, price),
            ),
            _metrics(state),
            *_traces(samples, state, price),
            *_snap_start(samples, state, price),
        )
        if line.quantity
    )
    known = [line.cost for line in others if line.cost is not None]
    rest = bill.total(known, price.currency)
    own = SpendLine(
        what="invocations of the function",
        quantity=draft.spend.invocations,
        unit="invocations",
        cost=draft.spend.lambda_cost,
    )
    return Spend(
        invocations=draft.spend.invocations,
        gb_seconds=draft.spend.gb_seconds,
        lambda_cost=draft.spend.lambda_cost,
        workflow_cost=rest,
        total_cost=bill.total((draft.spend.lambda_cost, rest), price.currency),
        state_transitions=transitions,
        aws_calls=state.aws_calls,
        lines=(own, *others),
    )


def _line(what: str, quantity: float, unit: str, cost: Money | None) -> SpendLine:
    return SpendLine(what=what, quantity=quantity, unit=unit, cost=cost)


def _tasks(state: RunState, price: Price) -> SpendLine:
    """The task functions: duration and requests, without their inits. They run on x86_64, whatever they tune."""
    try:
        own = price_for(price.region, Architecture.X86_64)
    except UsageError:
        return _line("task functions", state.task_calls, "calls", None)
    requests = bill.times(Money(amount=own.per_request, currency=own.currency), state.task_calls)
    duration = Money(
        amount=bill.per_gb_seconds(bill.gb_seconds(1, state.task_mb_ms), own.per_gb_second), currency=own.currency
    )
    cost = bill.total((duration, requests), own.currency)
    return _line("task functions", state.task_calls, "calls", cost if own.currency == price.currency else None)


def _processors(invocations: tuple[Invocation, ...], state: RunState, price: Price) -> SpendLine:
    """Pre- and post-processors, each at the price of its own region and architecture, where those are known."""
    calls = [call for invocation in invocations for call in invocation.processors]
    costs = [_processor_cost(call, state, price.currency) for call in calls]
    known = [cost for cost in costs if cost is not None]
    whole = bill.total(known, price.currency) if len(known) == len(costs) else None
    return _line("pre- and post-processors", len(calls), "invocations", whole)


def _processor_cost(call: ProcessorCall, state: RunState, currency: str) -> Money | None:
    facts = next((one for one in state.processors if one.arn == call.arn), None)
    report = call.report
    if facts is None or facts.architecture is None or report is None:
        return None
    if report.billed_ms is None or report.memory_mb is None:
        return None
    try:
        own = price_for(call.arn.split(":")[3], facts.architecture)
    except UsageError:
        return None
    return bill.invocation_cost(report.billed_ms, report.memory_mb, own) if own.currency == currency else None


def _metrics(state: RunState) -> SpendLine:
    """Metrics of a canary: of one version before anything is spent, then of both at each look."""
    calls = state.aws_calls.get("cloudwatch:GetMetricData", 0)
    return _line("metrics read", len(FIGURES) * max(0, 2 * calls - 1), "metrics", None)


def _traces(samples: Sequence[Sample], state: RunState, price: Price) -> tuple[SpendLine, ...]:
    recorded = sum(1 for sample in samples if sample.trace_id is not None)
    return (
        _line("traces recorded", recorded, "traces", bill.trace_cost(recorded, 0, price)),
        _line("traces retrieved", state.traces_retrieved, "traces", bill.trace_cost(0, state.traces_retrieved, price)),
    )


def _snap_start(samples: Sequence[Sample], state: RunState, price: Price) -> tuple[SpendLine, ...]:
    """Cached snapshots, at least three hours for each version that the run published, and what was restored of them.

    Free for Java (AWS Lambda pricing page).
    """

    def pays(side: FunctionSnapshot) -> bool:
        return side.snap_start and not (side.runtime or "").startswith("java")

    if not any(pays(side) for side in state.sides):
        return ()
    restored = [one.memory_mb for one in samples if one.restore_ms is not None and pays(state.side(one.version))]
    cached = bill.snapstart_cache_cost(state.published_mb, 1, 0, price)
    fetched = [bill.snapstart_restore_cost(memory_mb, 1, price) for memory_mb in restored]
    return (
        _line("SnapStart snapshots", state.published, "versions, three hours each", cached),
        _line("SnapStart restores", len(restored), "restores", _sum(fetched, price)),
    )


def _sum(costs: list[Money | None], price: Price) -> Money | None:
    known = [cost for cost in costs if cost is not None]
    return bill.total(known, price.currency) if len(known) == len(costs) else None
