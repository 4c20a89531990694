"""Invoke the sizes of a round, interleaved, within the time that whoever runs this step has."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from powertune.aws.session import AwsSession
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Invocation, Outcome
from powertune.domain.search import SearchKind, StopReason
from powertune.domain.work import RunState, SizeFailure, SizeWork
from powertune.errors import AwsError, PowertuneError
from powertune.measure.interleave import work_through
from powertune.measure.invoke import Call, Invoker, Target
from powertune.measure.processors import Processors
from powertune.measure.schedule import Slot, slots
from powertune.workflow.archive import Archive
from powertune.workflow.purse import Purse, Rate
from powertune.workflow.services import Services
from powertune.workflow.steps.begin import price_of, price_of_side
from powertune.workflow.steps.lasting import MEASURE_MARGIN_MS, lanes_of, longest_call_ms
from powertune.workflow.steps.planning import ENDED_EARLY, GIVE_UP_AFTER, called_version

_PROCESSOR_TIMEOUT_S = 900
_WRITTEN_EVERY = 200
_WRITTEN_EVERY_MS = 10_000


def measure(services: Services, state: RunState) -> RunState:
    """Invoke as much of the round's work as time allows; what is over stays for a further call.

    Every invocation that was made is written down, also when this step fails half-way. A size that AWS
    refuses to invoke is noted as failed, and the others go on. Where the limit of money leaves no room, nothing
    more is started, and the run ends with what it has.

    Raises:
        AwsError: there is no time to invoke even once.
        ProcessorFails: a processor around an invocation failed.
    """
    archive = Archive(services.store, state.run_id)
    request, snapshot = archive.request(), state.snapshot
    book = _Book(services, archive, request, state)
    planned = slots(state.work, parallel=request.parallel, seed=request.seed, round_=state.round)
    widest = max((len(slot.orders) for slot in planned), default=1)
    lanes = lanes_of(request, planned)
    invokers = _invokers(services, request, state, parallel=lanes * widest)
    turns = request.turns()
    stopped = False
    spent_out = False

    def may_start(slot: Slot) -> bool | None:
        nonlocal stopped, spent_out
        stopped = stopped or services.stop_requested()
        if stopped or book.broken or not _time_for_one_more(services, request, state):
            return False
        if book.gave_up(slot.version):
            return None
        spent_out = not book.purse.start(slot.memory_mb, slot.version, len(slot.orders))
        return not spent_out

    def run(slot: Slot) -> None:
        work = book.work(slot)
        calls = [Call(order=order, payload=_payload(request, turns, work, order)) for order in slot.orders]
        try:
            invokers[slot.version].burst(_target(work), calls, partial(book.add, slot.version))
        except AwsError as error:
            book.fail(slot.version, error.message)
        finally:
            book.purse.ended(slot.memory_mb, slot.version, len(slot.orders))
        if request.sleep_ms:
            services.clock.sleep(request.sleep_ms / 1000)

    try:
        work_through(planned, lanes, may_start=may_start, run=run)
    finally:
        book.write()
    if book.broken is not None:
        raise book.broken
    work = tuple(book.advanced(one) for one in state.work)
    over = stopped or spent_out or all(one.is_over for one in work)
    if not over and book.made == 0:
        raise AwsError(
            f"There was no time left to invoke {snapshot.arn.name}.",
            next_step="Run the same steps from your terminal with --direct.",
        )
    failures = tuple(
        SizeFailure(memory_mb=one.memory_mb, reason=one.failure, version=_checked(state, one))
        for one in work
        if over and one.failure is not None
    )
    state = replace(state, work=work, parts=book.parts, measured=over, failures=(*state.failures, *failures))
    return _spent_out(state, request) if spent_out and not stopped else state


def _spent_out(state: RunState, request: TuningRequest) -> RunState:
    """The state of a run that its limit of money has ended."""
    limit = request.limits.max_spend
    note = (
        f"{ENDED_EARLY}: further invocations might have passed the limit of "
        f"{limit:f} {price_of(request, state.snapshot).currency}"
    )
    cut = [one for one in state.work if not one.is_over]
    if request.search is SearchKind.ADAPTIVE or state.check is not None:
        cut = []  # what was measured of these counts like everything else
    failures = (SizeFailure(memory_mb=one.memory_mb, reason=note) for one in cut)
    return replace(
        state,
        ended_by=StopReason.MAX_SPEND,
        failures=(*state.failures, *failures),
        warnings=(*state.warnings, f"{note}."),
    )


def _called(state: RunState, work: SizeWork) -> str:
    return f"{work.memory_mb:,} MB" if state.check is None else called_version(work.version)


def _checked(state: RunState, work: SizeWork) -> str | None:
    return None if state.check is None else work.version


def _invokers(services: Services, request: TuningRequest, state: RunState, *, parallel: int) -> dict[str, Invoker]:
    """What invokes each version; those that are configured alike share one."""
    made: dict[int, Invoker] = {}
    invokers = {}
    for one in state.work:
        side = state.side(one.version)
        if id(side) not in made:
            made[id(side)] = _invoker(services, request, side, parallel=parallel)
        invokers[one.version] = made[id(side)]
    return invokers


def _invoker(services: Services, request: TuningRequest, snapshot: FunctionSnapshot, *, parallel: int) -> Invoker:
    session = services.session
    processors = None
    if request.pre_processor_arn is not None or request.post_processor_arn is not None:
        processors = Processors(
            client_for=_clients(session, parallel),
            pre_arn=request.pre_processor_arn,
            post_arn=request.post_processor_arn,
            clock=services.clock,
        )
    return Invoker(
        session.invoker(timeout_s=snapshot.timeout_s, parallel=parallel),
        snapshot.arn,
        [payload.text or "null" for payload in request.payloads],
        services.clock,
        traced=snapshot.tracing_active,
        allowed_exceptions=request.allowed_exceptions,
        processors=processors,
    )


def _clients(session: AwsSession, parallel: int) -> Callable[[str], Any]:
    """Clients of regions, each made once."""
    clients: dict[str, Any] = {}
    lock = threading.Lock()

    def client_for(region: str) -> Any:
        with lock:
            if region not in clients:
                clients[region] = session.invoker(timeout_s=_PROCESSOR_TIMEOUT_S, parallel=parallel, region=region)
            return clients[region]

    return client_for


def _target(work: SizeWork) -> Target:
    return Target(alias=work.alias, version=work.version, memory_mb=work.memory_mb)


def _payload(request: TuningRequest, turns: tuple[int, ...], work: SizeWork, order: int) -> int:
    """The index of the payload of an invocation: the batch's own, or that of the request's turns."""
    if work.payloads is not None:
        return work.payloads[order - work.first_order]
    return request.payload_at(turns, work.memory_mb, order)


def _time_for_one_more(services: Services, request: TuningRequest, state: RunState) -> bool:
    if services.time_left_ms is None:
        return True
    longest_ms = max(longest_call_ms(request, side, state.processors) for side in state.sides)
    return services.time_left_ms() > longest_ms + MEASURE_MARGIN_MS


def _rates(request: TuningRequest, state: RunState) -> dict[str, Rate]:
    """The rates of the versions of a check."""
    if state.check is None:
        return {}
    sides = (state.check.subject, state.check.reference)
    return {one.version: _rate(request, state, one.version) for one in sides if one is not None and one.version}


def _rate(request: TuningRequest, state: RunState, version: str = "") -> Rate:
    side = state.side(version)
    price = price_of_side(request, state.snapshot, side)
    return Rate(price=price, timeout_s=side.timeout_s, ephemeral_mb=side.ephemeral_mb)


class _Book:
    """What was invoked, by version: counted, priced, written down and told. For several threads at once."""

    def __init__(self, services: Services, archive: Archive, request: TuningRequest, state: RunState) -> None:
        self.made = 0
        self.parts = state.parts
        self._services = services
        self._archive = archive
        self._state = state
        self._currency = price_of(request, state.snapshot).currency
        self.purse = Purse(
            request.limits.max_spend,
            _rate(request, state),
            _rates(request, state),
            foresees=request.search is SearchKind.GRID,
        )
        self._work = {one.version: one for one in state.work}
        self._done: Counter[str] = Counter()
        self._tried = Counter({one.version: one.done for one in state.work})
        self._succeeded: Counter[str] = Counter()
        self._worked = {one.version for one in state.work if one.succeeded or one.first_order}
        self.broken: PowertuneError | None = None
        self._failed: dict[str, str] = {}
        self._unwritten: list[Invocation] = []
        self._written_ms = services.clock.now_ms()
        for sample in archive.samples(before_round=state.round):
            self.purse.count(sample)
        for invocation in archive.invocations(state.round) if state.parts else ():
            self.purse.add(invocation)
        # Where sizes are interleaved, the one of the latest invocation says little.
        self._detail = _called(state, state.work[0]) if len(state.work) == 1 else ""
        self._planned = sum(one.count for one in state.work)
        self._before = sum(one.done for one in state.work)
        self._lock = threading.Lock()

    def work(self, slot: Slot) -> SizeWork:
        """The work that a slot belongs to."""
        return self._work[slot.version]

    def gave_up(self, version: str) -> bool:
        """Whether a version was refused, or failed several times without a success.

        A check gives up both then: the other one alone says nothing of it.
        """
        asked = (version,) if self._state.check is None else tuple(self._work)
        return any(self._is_hopeless(one) for one in asked)

    def _is_hopeless(self, version: str) -> bool:
        tried = self._tried[version] + self._done[version]
        hopeless = version not in self._worked and tried >= GIVE_UP_AFTER
        return hopeless or version in self._failed

    def fail(self, version: str, reason: str) -> None:
        """AWS refuses to invoke a version."""
        with self._lock:
            self._failed.setdefault(version, reason)

    def add(self, version: str, invocation: Invocation) -> None:
        """Take an invocation of a version that was made."""
        with self._lock:
            self.made += 1
            self._done[version] += 1
            if invocation.outcome is Outcome.OK:
                self._worked.add(version)
                self._succeeded[version] += 1
            self._unwritten.append(invocation)
            self.purse.add(invocation)
            now_ms = self._services.clock.now_ms()
            try:
                if len(self._unwritten) >= _WRITTEN_EVERY or now_ms - self._written_ms > _WRITTEN_EVERY_MS:
                    self._write(now_ms)
                self._tell()
            except PowertuneError as error:
                # The store's trouble is not the function's: no further call is started, and it is told at the end.
                self.broken = self.broken or error

    def _tell(self) -> None:
        self._services.progress(
            Progress(
                phase=Phase.MEASURE,
                detail=self._detail,
                invocations_done=self._before + self.made,
                invocations_planned=self._planned,
                spent=self.purse.spent,
                currency=self._currency,
            )
        )

    def write(self) -> None:
        """Write down what is not yet."""
        with self._lock:
            self._write(self._services.clock.now_ms())

    def _write(self, now_ms: int) -> None:
        if self._unwritten:
            self._archive.save_invocations(self._state.round, self.parts, self._unwritten)
            self.parts += 1
            self._unwritten = []
        self._written_ms = now_ms

    def advanced(self, work: SizeWork) -> SizeWork:
        """The work with what was done of it; over where the size was given up."""
        done = work.done + self._done[work.version]
        work = replace(work, succeeded=work.succeeded + self._succeeded[work.version])
        if self.gave_up(work.version) and work.version not in self._failed:
            return replace(work, done=done, count=done)
        return replace(work, done=done, failure=self._failed.get(work.version, work.failure))
