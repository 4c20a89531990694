"""What the samples told so far say, by memory size: durations to learn from, failures, money and time spent."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from powertune.domain.sample import Outcome, Sample

UNUSABLE_AFTER = 3
"""Answers that may fail to come at a size, with none that came, before it is given up."""
BROKEN = (Outcome.ERROR, Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)
GROWS_WITH_MEMORY = (Outcome.TIMEOUT, Outcome.OUT_OF_MEMORY)
"""Failures that less memory does not cure."""


@dataclass(slots=True, kw_only=True)
class SizeEvidence:
    """One memory size.

    ``durations_ms`` are the measurements in the order of their invocations: warm ones, and those of which no source
    says whether they were. ``cold_extra_ms`` is what callers waited at cold starts. ``told`` counts every sample.
    """

    memory_mb: int
    durations_ms: list[float] = field(default_factory=list)
    cold_latencies_ms: list[float] = field(default_factory=list)
    broken: int = 0
    unanswered: int = 0
    told: int = 0
    started_cold: bool = False
    max_memory_used_mb: int | None = None

    @property
    def fails(self) -> bool:
        """Whether this size cannot be relied on."""
        good = len(self.durations_ms) + len(self.cold_latencies_ms)
        return (self.broken > 0 and self.broken * 4 > good) or (not good and self.unanswered >= UNUSABLE_AFTER)


class Evidence:
    """All samples of a search, whatever order they were told in."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []

    def add(self, samples: Iterable[Sample]) -> None:
        """Take samples."""
        self._samples.extend(samples)

    @property
    def count(self) -> int:
        """Invocations so far; one that was throttled never ran."""
        return sum(1 for sample in self._samples if sample.outcome is not Outcome.THROTTLED)

    @property
    def sent(self) -> int:
        """Invocations that were tried so far, those that were throttled among them."""
        return len(self._samples)

    @property
    def longest_failure_ms(self) -> float:
        """Duration of the longest invocation that failed; 0 where none is known."""
        return max((sample.latency_ms or 0.0 for sample in self._samples if sample.outcome in BROKEN), default=0.0)

    @property
    def time_ms(self) -> float:
        """Duration of everything so far, as far as it is known."""
        return math.fsum(sample.latency_ms or sample.billed_ms or 0.0 for sample in self._samples)

    def spend(self, per_gb_second: float, per_request: float) -> float:
        """Money for everything so far, as far as its duration is known."""
        ran = [sample for sample in self._samples if sample.outcome is not Outcome.THROTTLED]
        gb_ms = math.fsum(
            sample.memory_mb / 1024 * float(sample.billed_ms or math.ceil(sample.latency_ms or 0.0)) for sample in ran
        )
        return gb_ms / 1000 * per_gb_second + len(ran) * per_request

    def sizes(self) -> dict[int, SizeEvidence]:
        """By memory size, ascending."""
        found: dict[int, SizeEvidence] = {}
        groups: dict[int, list[Sample]] = defaultdict(list)
        for sample in self._samples:
            groups[sample.memory_mb].append(sample)
        for memory_mb in sorted(groups):
            found[memory_mb] = _one_size(memory_mb, sorted(groups[memory_mb], key=_place))
        return found

    def failing(self, sizes_mb: Sequence[int]) -> set[int]:
        """Sizes that fail, and those that must fail because a larger one lacks memory or time."""
        found = {memory for memory, size in self.sizes().items() if size.fails}
        for sample in self._samples:
            if sample.outcome in GROWS_WITH_MEMORY and sample.memory_mb in found:
                found.update(size for size in sizes_mb if size < sample.memory_mb)
        return found

    @property
    def hopeless(self) -> bool:
        """Whether nothing has succeeded, and three sizes or more have failed, none for want of memory or time."""
        broken = [sample for sample in self._samples if sample.outcome in BROKEN]
        return (
            not any(sample.outcome is Outcome.OK for sample in self._samples)
            and not any(sample.outcome in GROWS_WITH_MEMORY for sample in broken)
            and len({sample.memory_mb for sample in broken}) >= 3
        )


def _place(sample: Sample) -> tuple[float, ...]:
    return (
        sample.sent_at_ms or 0,
        sample.order,
        -1.0 if sample.duration_ms is None else sample.duration_ms,
        -1.0 if sample.billed_ms is None else sample.billed_ms,
    )


def _one_size(memory_mb: int, samples: Sequence[Sample]) -> SizeEvidence:
    size = SizeEvidence(memory_mb=memory_mb, told=len(samples), started_cold=samples[0].cold is True)
    for sample in samples:
        if sample.max_memory_used_mb is not None:
            size.max_memory_used_mb = max(size.max_memory_used_mb or 0, sample.max_memory_used_mb)
        if sample.outcome in BROKEN:
            size.broken += 1
        elif sample.outcome is not Outcome.OK or sample.duration_ms is None:
            size.unanswered += 1
        elif sample.cold is True:
            size.cold_latencies_ms.append(sample.latency_ms or sample.duration_ms)
        elif not sample.suppressed_init and np.isfinite(sample.duration_ms):
            size.durations_ms.append(sample.duration_ms)
    return size
