"""A search over recorded invocations in place of a function. Pure: the same recording and seed, the same outcome.

What a planner asks for is drawn from the recording, with replacement. Every memory size has a random stream of its
own, made of the source, the function, the seed and the size: what is drawn there depends neither on the other
functions of a file nor on where else a planner looks, so that two planners meet the same luck.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Protocol

from powertune.decide.search import Searcher
from powertune.domain.sample import Sample
from powertune.domain.search import NO_LIMITS, Limits, StopReason, Verdict
from powertune.domain.work import Batch

_MS_MB_PER_GB_SECOND = 1000 * 1024


class SearchPlanner(Searcher, Protocol):
    """A planner that also says what it has found."""

    def verdict(self) -> Verdict:
        """What is known so far."""
        ...


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The recorded invocations of one function; ``source`` is where they were measured.

    Of a size at which only cold starts were recorded nothing warm could be drawn: it is no size to search.
    """

    source: str
    function: str
    samples: tuple[Sample, ...]

    @cached_property
    def warm(self) -> Mapping[int, tuple[Sample, ...]]:
        """Warm measurements by memory size, ascending."""
        return self._by_size(cold=False)

    @cached_property
    def cold(self) -> Mapping[int, tuple[Sample, ...]]:
        """Cold starts by memory size, ascending."""
        return self._by_size(cold=True)

    @property
    def memory_sizes_mb(self) -> tuple[int, ...]:
        """The sizes that can be searched, ascending."""
        return tuple(self.warm)

    @property
    def only_cold_mb(self) -> tuple[int, ...]:
        """Sizes at which only cold starts were recorded, ascending."""
        return tuple(size for size in self.cold if size not in self.warm)

    def _by_size(self, *, cold: bool) -> Mapping[int, tuple[Sample, ...]]:
        found: dict[int, list[Sample]] = {}
        for sample in self.samples:
            if sample.is_cold_measurement if cold else sample.is_warm_measurement:
                found.setdefault(sample.memory_mb, []).append(sample)
        return {size: tuple(found[size]) for size in sorted(found)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """How one search ended.

    Attributes:
        source: of the recording.
        function: of the recording.
        seed: of the draws.
        recommended_memory_mb: None where there is no recommendation.
        invocations: all that were drawn.
        gb_seconds: what they were billed for, cold starts too.
        memory_sizes: invocations by memory size, ascending.
        claimed_regret_bound: `Verdict.regret_bound`.
        stop_reason: why it ended.
        verdict: the planner's own words.
    """

    source: str
    function: str
    seed: int
    recommended_memory_mb: int | None
    invocations: int
    gb_seconds: float
    memory_sizes: Mapping[int, int]
    claimed_regret_bound: float | None
    stop_reason: StopReason
    verdict: Verdict


class Draws:
    """Invocations drawn from a recording."""

    def __init__(self, recording: Recording, seed: int) -> None:
        self._recording = recording
        self._seed = seed
        self._streams: dict[int, random.Random] = {}
        self._drawn: Counter[int] = Counter()

    def of(self, batch: Batch) -> Iterator[Sample]:
        """The invocations of a batch, one by one.

        The first at a size is a cold start where any was recorded there, and so are those that the batch wants cold
        and the first of one that is published anew; all others are warm.

        Raises:
            ValueError: nothing was recorded at that size.
        """
        for index in range(batch.count):
            first = not self._drawn[batch.memory_mb] or (batch.anew and index == 0)
            yield self._draw(batch.memory_mb, cold=first or index < batch.cold)

    def _draw(self, memory_mb: int, *, cold: bool) -> Sample:
        if memory_mb not in self._recording.warm:
            raise ValueError(f"{memory_mb} MB was not recorded")
        starts = self._recording.cold.get(memory_mb, ())
        among = starts if cold and starts else self._recording.warm[memory_mb]
        stream = self._streams.get(memory_mb)
        if stream is None:
            stream = random.Random(stream_seed(self._recording, self._seed, str(memory_mb)))
            self._streams[memory_mb] = stream
        order = self._drawn[memory_mb]
        self._drawn[memory_mb] += 1
        return replace(among[stream.randrange(len(among))], order=order)


def stream_seed(recording: Recording, seed: int, purpose: str) -> int:
    """A number that follows from source, function and seed, and is another for every purpose."""
    text = "\0".join((recording.source, recording.function, str(seed), purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def planner_seed(recording: Recording, seed: int) -> int:
    """The seed for the planner's own chances."""
    return stream_seed(recording, seed, "planner") % 2**32


def replay(
    recording: Recording,
    planner: SearchPlanner,
    *,
    seed: int,
    limits: Limits = NO_LIMITS,
    per_gb_second: Decimal = Decimal(0),
    per_request: Decimal = Decimal(0),
) -> ReplayOutcome:
    """Let a planner search a recording.

    A planner keeps its limits itself; here they are kept once more, invocation by invocation, so that no planner
    passes one. The rates are only for that.

    Raises:
        ValueError: the planner asks for a size that was not recorded.
    """
    draws = Draws(recording, seed)
    budget = _Budget(limits, per_gb_second, per_request)
    while batches := planner.ask():
        drawn = list(budget.within(sample for batch in batches for sample in draws.of(batch)))
        planner.tell(drawn)
        if budget.ended is not None or not drawn:
            break
    verdict = planner.verdict()
    return ReplayOutcome(
        source=recording.source,
        function=recording.function,
        seed=seed,
        recommended_memory_mb=verdict.memory_mb,
        invocations=budget.invocations.total(),
        gb_seconds=float(budget.gb_seconds),
        memory_sizes=dict(sorted(budget.invocations.items())),
        claimed_regret_bound=verdict.regret_bound,
        stop_reason=budget.ended or verdict.stop_reason or StopReason.NOTHING_LEFT,
        verdict=verdict,
    )


def grid_gb_seconds(recording: Recording, seed: int, invocations: int) -> float:
    """What so many invocations at every recorded size would be billed for, with the luck of this seed."""
    draws = Draws(recording, seed)
    return float(
        sum(
            (
                Fraction(sample.billed_ms or 0) * size / _MS_MB_PER_GB_SECOND
                for size in recording.memory_sizes_mb
                for sample in draws.of(Batch(memory_mb=size, count=invocations))
            ),
            Fraction(0),
        )
    )


class _Budget:
    """Counts what is drawn, and ends the drawing before a limit is passed."""

    def __init__(self, limits: Limits, per_gb_second: Decimal, per_request: Decimal) -> None:
        self._limits = limits
        self._rates = Fraction(per_gb_second), Fraction(per_request)
        self._most = None if limits.max_spend is None else Fraction(limits.max_spend)
        self._spent = Fraction(0)
        self._time_ms = 0.0
        self._ms_mb = 0
        self.invocations: Counter[int] = Counter()
        self.ended: StopReason | None = None

    @property
    def gb_seconds(self) -> Fraction:
        return Fraction(self._ms_mb, _MS_MB_PER_GB_SECOND)

    def within(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        for sample in samples:
            ms_mb = (sample.billed_ms or 0) * sample.memory_mb
            cost = Fraction(ms_mb, _MS_MB_PER_GB_SECOND) * self._rates[0] + self._rates[1]
            time_ms = sample.latency_ms or 0.0
            self.ended = self._passed(cost, time_ms)
            if self.ended is not None:
                return
            self._spent += cost
            self._time_ms += time_ms
            self._ms_mb += ms_mb
            self.invocations[sample.memory_mb] += 1
            yield sample

    def _passed(self, cost: Fraction, time_ms: float) -> StopReason | None:
        limits = self._limits
        if limits.max_invocations is not None and self.invocations.total() >= limits.max_invocations:
            return StopReason.MAX_INVOCATIONS
        if self._most is not None and self._spent + cost > self._most:
            return StopReason.MAX_SPEND
        if limits.max_time_ms is not None and self._time_ms + time_ms > limits.max_time_ms:
            return StopReason.MAX_TIME
        return None
