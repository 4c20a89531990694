"""The most that a run can cost, before it is started. Pure.

Nothing but its timeout bounds an invocation. An init comes on top, of ten seconds at most: one that takes longer is
broken off and done again within the invocation's own time (AWS docs,
lambda/latest/dg/lambda-runtime-environment). Inits are billed since 2025-08-01 (AWS Compute Blog, "AWS Lambda
standardizes billing for INIT phase").
"""

from collections.abc import Mapping
from decimal import Decimal

from powertune.domain.function import Architecture, FunctionSnapshot
from powertune.domain.plan import CostLine
from powertune.domain.price import Money, Price
from powertune.errors import UsageError
from powertune.pricing import bill
from powertune.pricing.table import price_for

INIT_LIMIT_MS = 10_000
"""Longest init of an environment that is started for an invocation."""

SNAPSHOT_INIT_LIMIT_S = 130
"""Longest init of a version with SnapStart, where the function's timeout is not longer (AWS docs,
lambda/latest/dg/lambda-runtime-environment)."""

READS_OF_A_TRACE = 250
"""How often one trace may be asked for until it is complete: by the pauses of `workflow.steps.collecting`, twice."""


def longest_billed_ms(timeout_s: int) -> int:
    """The most that one invocation is billed for, in milliseconds."""
    return timeout_s * 1000 + INIT_LIMIT_MS


def most_for(counts: Mapping[int, int], snapshot: FunctionSnapshot, price: Price) -> Money:
    """What so many invocations at each memory size cost at most.

    Raises:
        UsageError: the function's ephemeral storage has no price.
    """
    longest_ms = longest_billed_ms(snapshot.timeout_s)
    costs = [
        bill.times(bill.invocation_cost(longest_ms, memory_mb, price, ephemeral_mb=snapshot.ephemeral_mb), count)
        for memory_mb, count in counts.items()
    ]
    return bill.total(costs, price.currency)


def other_lines(
    snapshot: FunctionSnapshot,
    price: Price,
    *,
    invocations: int,
    versions: int,
    largest_mb: int,
    longest_ms: int,
    processors: int,
    has_queries: bool,
    has_traces: bool,
) -> tuple[CostLine, ...]:
    """What else a run causes, whoever drives it; a cost that is not known is None.

    Args:
        snapshot: the function.
        price: of its region.
        invocations: of the function, at most.
        versions: published, at most.
        largest_mb: the largest memory size among them.
        longest_ms: what the whole run takes at most.
        processors: functions called around each invocation.
        has_queries: Logs Insights will be asked.
        has_traces: X-Ray will be asked.
    """
    lines = []
    if processors:
        calls = processors * invocations
        lines.append(CostLine(what="pre- and post-processors", quantity=calls, unit="invocations", most=None))
    if has_queries:
        lines.append(CostLine(what="log queries", quantity=None, unit="GB scanned", most=None))
    if snapshot.tracing_active:
        recorded = bill.trace_cost(invocations, 0, price)
        lines.append(CostLine(what="traces recorded", quantity=invocations, unit="traces", most=recorded))
    if has_traces:
        reads = READS_OF_A_TRACE * invocations
        lines.append(
            CostLine(what="traces retrieved", quantity=reads, unit="traces", most=bill.trace_cost(0, reads, price))
        )
    if snapshot.snap_start and not (snapshot.runtime or "").startswith("java"):
        lines += _snap_start(snapshot, price, invocations, versions, largest_mb, longest_ms)
    return tuple(lines)


def _snap_start(
    snapshot: FunctionSnapshot, price: Price, invocations: int, versions: int, largest_mb: int, longest_ms: int
) -> list[CostLine]:
    """Snapshots kept for three hours or until the run ends, their inits, and their restores. Free for Java."""
    cached = bill.snapstart_cache_cost(largest_mb, versions, longest_ms / 1000, price)
    restored = bill.snapstart_restore_cost(largest_mb, invocations, price)
    init_ms = max(SNAPSHOT_INIT_LIMIT_S, snapshot.timeout_s) * 1000
    inits = bill.times(bill.invocation_cost(init_ms, largest_mb, price), versions)
    return [
        CostLine(what="SnapStart snapshots", quantity=versions, unit="versions, three hours each", most=cached),
        CostLine(what="SnapStart inits", quantity=versions, unit="versions", most=inits),
        CostLine(what="SnapStart restores", quantity=invocations, unit="restores", most=restored),
    ]


def stack_lines(
    price: Price, *, transitions: int, task_calls: int, longest_ms: int, task_mb: int
) -> tuple[CostLine, ...]:
    """What the state machine costs on top: its transitions, and its task functions, of which one runs at a time.

    Args:
        price: of the region.
        transitions: at most.
        task_calls: of task functions, at most.
        longest_ms: what the whole run takes at most.
        task_mb: the largest memory size of a task function.
    """
    return (
        CostLine(
            what="state transitions",
            quantity=transitions,
            unit="transitions",
            most=bill.known_transitions_cost(transitions, price),
        ),
        CostLine(
            what="task functions",
            quantity=task_calls,
            unit="calls",
            most=_tasks(price, task_calls, longest_ms, task_mb),
        ),
    )


def _tasks(price: Price, calls: int, longest_ms: int, task_mb: int) -> Money | None:
    """They run on x86_64, whatever they tune."""
    try:
        own = price_for(price.region, Architecture.X86_64)
    except UsageError:
        return None
    if own.currency != price.currency:
        return None
    duration = bill.per_gb_seconds(bill.gb_seconds(longest_ms + calls * INIT_LIMIT_MS, task_mb), own.per_gb_second)
    return Money(amount=duration + Decimal(calls) * own.per_request, currency=own.currency)
