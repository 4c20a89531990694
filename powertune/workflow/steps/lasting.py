"""How long a run may take: one invocation, all of them, and the lease."""

from collections.abc import Sequence

from powertune.decide.bounds import bounds_of
from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.work import ProcessorFacts, RunState, SizeWork
from powertune.errors import FunctionRefused
from powertune.measure.schedule import Slot, slots
from powertune.pricing.most import INIT_LIMIT_MS
from powertune.workflow.services import Services

MEASURE_MARGIN_MS = 5_000
"""Time a measuring task keeps for itself after its last invocation."""

MOST_IN_FLIGHT = 800
"""Threads of one task: a Lambda environment allows 1,024 (AWS docs, lambda/latest/dg/gettingstarted-limits)."""

MAX_ROUNDS = 60
"""However much a planner asks for, a run comes to an end."""

_ROUND_MS = 60_000
"""What a round takes besides its invocations, on the high side."""

_LAST_LOGS_MS = 180_000
"""What the logs and traces of the last round are waited for."""

BETWEEN_ROUNDS_MS = 10 * 60 * 1000
"""What a check may take until its next round has begun, however slow the tasks between are; what its lease is taken
for, too."""

_LEASE_SLACK_MS = 30 * 60 * 1000
_LONGEST_LEASE_MS = 24 * 60 * 60 * 1000


def longest_call_ms(request: TuningRequest, snapshot: FunctionSnapshot, processors: tuple[ProcessorFacts, ...]) -> int:
    """How long one invocation may take, with what is called around it and the pause after it.

    A processor of unknown timeout is taken for one of a minute.
    """
    around_s = sum(60 if one.timeout_s is None else one.timeout_s for one in processors)
    return (snapshot.timeout_s + around_s) * 1000 + request.sleep_ms


def check_time(
    services: Services, request: TuningRequest, snapshot: FunctionSnapshot, processors: tuple[ProcessorFacts, ...]
) -> None:
    """Refuse a function that may run for longer than whoever runs the steps can wait.

    Raises:
        FunctionRefused: it may.
    """
    if services.time_left_ms is None:
        return
    needed_ms = longest_call_ms(request, snapshot, processors) + MEASURE_MARGIN_MS
    if services.time_left_ms() < needed_ms:
        raise FunctionRefused(
            f"{snapshot.arn.name} may run for {snapshot.timeout_s} s, longer than the task function that would wait "
            "for it.",
            next_step="Run the same steps from your terminal with --direct.",
        )


def lease_ms(request: TuningRequest, snapshot: FunctionSnapshot, processors: tuple[ProcessorFacts, ...] = ()) -> int:
    """How long a run may take at the most, in milliseconds, and some more."""
    return min(longest_run_ms(request, snapshot, processors) + _LEASE_SLACK_MS, _LONGEST_LEASE_MS)


def longest_run_ms(
    request: TuningRequest, snapshot: FunctionSnapshot, processors: tuple[ProcessorFacts, ...] = ()
) -> int:
    """How long a run takes at the most, in milliseconds, where AWS throttles nothing: every invocation times out."""
    bounds = bounds_of(request, most_rounds=MAX_ROUNDS, most_in_flight=MOST_IN_FLIGHT)
    each_ms = longest_call_ms(request, snapshot, processors) + INIT_LIMIT_MS
    return bounds.bursts * each_ms + bounds.rounds * _ROUND_MS + _LAST_LOGS_MS


def round_of_check_ms(request: TuningRequest, state: RunState, work: Sequence[SizeWork]) -> int:
    """How long a round of a check may take at the most, in milliseconds, and some more: its lease is for that.

    The lease is prolonged at the start of each round, so that a check that died is soon out of the way. Every
    invocation may time out; AWS throttles few.
    """
    planned = slots(work, parallel=request.parallel, seed=request.seed, round_=state.round)
    sweeps = 1 + max((slot.sweep for slot in planned), default=-1)
    turns = -(-len(work) // lanes_of(request, planned)) if work else 0
    each_ms = INIT_LIMIT_MS + max(longest_call_ms(request, side, state.processors) for side in state.sides)
    return min(sweeps * turns * each_ms + _LAST_LOGS_MS + BETWEEN_ROUNDS_MS, _LONGEST_LEASE_MS)


def lanes_of(request: TuningRequest, planned: Sequence[Slot]) -> int:
    """How many versions of a round are invoked at the same time."""
    widest = max((len(slot.orders) for slot in planned), default=1)
    return max(1, min(request.sizes_at_once, MOST_IN_FLIGHT // widest))
