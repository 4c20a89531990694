"""Planners: which memory sizes to measure next. ask() gives batches, tell() takes samples.

A planner is pure: the same request and the same samples give the same answer, so that a step of the state
machine can make one anew, tell it what the store holds, and ask on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from powertune.decide.knowledge import Knowledge
from powertune.domain.function import Architecture
from powertune.domain.payload import PayloadUse
from powertune.domain.price import Price
from powertune.domain.request import TuningRequest
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Prior, SearchKind
from powertune.domain.work import Batch

COLD_AT_ONCE = 50
"""Most cold starts that one version is given: they are sent at the same time, and more would be throttled."""

MOST_TIMES_PLANNED = 3

MOST_LISTED = 10_000
"""Payloads that the batches of a round name one by one: they travel in the state of the state machine, which may
have 256 KiB (AWS docs, step-functions/latest/dg/service-quotas). What is over comes in the next round."""


_SEEDS = 2**32
"""A generator of random numbers takes no negative seed; a request may have one."""


class Searcher(Protocol):
    """What is asked and told, in a run or in a replay."""

    def ask(self) -> tuple[Batch, ...]:
        """The next batches, one for each memory size at most; none when the planner is content."""
        ...

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples of batches asked for."""
        ...

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Sizes that cannot be measured: never ask for them again."""
        ...


class Planner(Searcher, Protocol):
    """A searcher that a run's answer is made of."""

    def knowledge(self) -> Knowledge | None:
        """What is known beyond the samples themselves; None where that is nothing."""
        ...


class GridPlanner:
    """Every memory size of the request, the same number of invocations at each.

    One round is enough where everything goes well. A further one makes up for what chance spoiled: cold starts
    that did not come about, payloads whose invocation was a cold start or failed, and sizes of which nothing
    warm is known, because all invocations were sent at the same time. A size at which nothing has succeeded is
    not asked for again: what failed there would fail again. No size is ever invoked more than
    `MOST_TIMES_PLANNED` times as often as planned, and all together not more often than the limit says.
    """

    def __init__(self, request: TuningRequest) -> None:
        self._request = request
        self._told: dict[int, list[Sample]] = defaultdict(list)
        self._ruled_out: set[int] = set()

    def ask(self) -> tuple[Batch, ...]:
        """All sizes that nothing is known of yet, or what is missing at those that are known."""
        sizes = [size for size in self._request.memory_sizes_mb if size not in self._ruled_out]
        batches = [self._first(size) if not self._told[size] else self._missing(size) for size in sizes]
        return tuple(self._within_limit([batch for batch in batches if batch is not None]))

    def _within_limit(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        most = self._request.limits.max_invocations
        if most is None:
            yield from batches
            return
        left = most - sum(len(samples) for samples in self._told.values())
        for batch in batches:
            count = min(batch.count, left)
            left -= count
            if count > 0:
                payloads = None if batch.payloads is None else batch.payloads[:count]
                yield replace(batch, count=count, cold=min(batch.cold, count), payloads=payloads)

    def tell(self, samples: Iterable[Sample]) -> None:
        """Take samples."""
        for sample in samples:
            self._told[sample.memory_mb].append(sample)

    def rule_out(self, memory_sizes_mb: Iterable[int]) -> None:
        """Take sizes off the list."""
        self._ruled_out.update(memory_sizes_mb)

    def knowledge(self) -> None:
        """Nothing: a grid has no model."""

    def _first(self, memory_mb: int) -> Batch:
        wanted = self._request.cold_starts_wanted
        cold = min(wanted, COLD_AT_ONCE)
        # Cold starts beyond those come in rounds of their own: here they would meet warm environments.
        count = self._request.first_batch - (wanted - cold)
        return Batch(memory_mb=memory_mb, count=count, cold=cold)

    def _missing(self, memory_mb: int) -> Batch | None:
        request, told = self._request, self._told[memory_mb]
        left = MOST_TIMES_PLANNED * request.first_batch - len(told)
        succeeded = [sample for sample in told if sample.outcome is Outcome.OK]
        if request.dry_run or request.payload_use is PayloadUse.ONCE or not succeeded or left <= 0:
            return None
        if any(sample.cold is None for sample in succeeded):
            return None  # the logs do not say what there is, and would not say it of further invocations
        cold = request.cold_starts_wanted - sum(1 for sample in told if sample.is_cold_measurement)
        if cold > 0:
            count = min(cold, COLD_AT_ONCE, left)
            return Batch(memory_mb=memory_mb, count=count, cold=count, anew=True)
        if request.only_cold_starts:
            return None
        warm = Counter(sample.payload for sample in told if sample.is_warm_measurement)
        if not request.mixes_payloads:
            return None if warm else Batch(memory_mb=memory_mb, count=min(request.invocations, left))
        works = {sample.payload for sample in succeeded}
        short = [payload for payload in sorted((request.planned_mix() - warm).elements()) if payload in works]
        if not short:
            return None
        if len(short) == request.invocations <= left:
            return Batch(memory_mb=memory_mb, count=len(short))  # all of them: the request's own turns say which
        now = short[: min(left, MOST_LISTED // len(request.memory_sizes_mb))]
        return Batch(memory_mb=memory_mb, count=len(now), payloads=tuple(now))


def planner_for(request: TuningRequest, *, price: Price, present_memory_mb: int, code_sha256: str) -> Planner:
    """The planner that a request asks for.

    Args:
        request: what the user asked for.
        price: the run's prices.
        present_memory_mb: the function's own memory size.
        code_sha256: the function's code.
    """
    if request.search is SearchKind.GRID:
        return GridPlanner(request)
    from powertune.decide.adaptive import AdaptivePlanner

    return AdaptivePlanner(
        request.memory_sizes_mb,
        request.objective,
        request.limits,
        per_gb_second=float(price.per_gb_second),
        per_request=float(price.per_request),
        seed=request.seed % _SEEDS,
        present_memory_mb=present_memory_mb,
        parallel=request.parallel,
        at_once=request.sizes_at_once,
        prior=() if prior_unfit(request, code_sha256, price.architecture) else _samples(request.prior),
    )


def prior_unfit(request: TuningRequest, code_sha256: str, architecture: Architecture) -> str | None:
    """What has changed since an earlier run, so that its measurements do not count; None where they do."""
    prior = request.prior
    if prior is None:
        return None
    changes = {
        "code": prior.code_sha256 != code_sha256,
        "architecture": prior.architecture is not architecture,
        "event": {payload.sha256 for payload in request.payloads} != {prior.payload_sha256},
    }
    return next((what for what, changed in changes.items() if changed), None)


def _samples(prior: Prior | None) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            memory_mb=one.memory_mb,
            version="",
            order=order,
            request_id=None,
            trace_id=None,
            outcome=Outcome.OK,
            cold=False,
            duration_ms=one.duration_ms,
            billed_ms=one.billed_ms,
        )
        for order, one in enumerate(prior.samples if prior else ())
    )
