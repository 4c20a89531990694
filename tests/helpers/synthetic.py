"""Functions whose true durations are known, and searches of them watched round by round."""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from powertune.decide.adaptive import AdaptivePlanner
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import NO_LIMITS, Limits, Objective
from powertune.domain.work import Batch

ALL = tuple(range(128, 10241, 64))
SOME = (128, 192, 256, 384, 512, 768, 1024, 1280, 1536, 1769, 2048, 2560, 3008, 4096, 6144, 10240)
FEW = (128, 256, 512, 1024, 1769, 3008)
PER_GB_SECOND, PER_REQUEST = 1.66667e-5, 2e-7
CORE_MB = 1769

Curve = Callable[[int], float]
Behaviour = Callable[[int, int], Sample]
"""What an invocation at a memory size answers, by its number there."""


def waiting(memory_mb: int) -> float:
    return 300.0


def on_cpu(memory_mb: int) -> float:
    """One thread, no waiting: the same cost up to one core."""
    return 350_000 / min(memory_mb, CORE_MB)


def mixed(memory_mb: int) -> float:
    return 100 + 200_000 / min(memory_mb, CORE_MB)


def many_cores(memory_mb: int) -> float:
    """Nine tenths of the work run in parallel."""
    share = memory_mb / CORE_MB
    return 40 + 250 * (0.1 / min(share, 1) + 0.9 / min(share, 5.5))


def scarce(memory_mb: int) -> float:
    """A collector that is busy where memory is scarce."""
    return (80 + 150_000 / min(memory_mb, CORE_MB)) * (1 + (200 / memory_mb) ** 2)


def short(memory_mb: int) -> float:
    """A few milliseconds, where rounding up and the fee of a request count."""
    return 1.5 + 2_000 / min(memory_mb, CORE_MB)


SMOOTH: dict[str, Curve] = {
    "waiting": waiting, "on CPU": on_cpu, "mixed": mixed, "many cores": many_cores, "scarce": scarce, "short": short,
}  # fmt: skip


def spoiled(curve: Curve, spread: float, seed: int) -> Curve:
    """Each size with a lasting effect of its own, of log-normal size and without effect on the mean of all."""
    return lambda memory_mb: curve(memory_mb) * math.exp(random.Random(f"{seed}-{memory_mb}").gauss(0, spread))


def cost(memory_mb: int, duration_ms: float) -> float:
    return memory_mb / 1024 * max(1, math.ceil(duration_ms)) / 1000 * PER_GB_SECOND + PER_REQUEST


def mean_cost(curve: Curve, memory_mb: int, spread: float = 0.0) -> float:
    """The true mean cost of an invocation; ``spread`` is the noise's, in logarithms. Rounding up adds half a ms."""
    mean_ms = curve(memory_mb) * math.exp(spread**2 / 2)
    return memory_mb / 1024 * (mean_ms + 0.5) / 1000 * PER_GB_SECOND + PER_REQUEST


def answered(memory_mb: int, order: int, duration_ms: float, *, cold: bool | None = False, **more: Any) -> Sample:
    billed_ms = max(1, math.ceil(duration_ms + more.get("init_ms", 0.0)))
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=f"{memory_mb}-{order}", trace_id=None,
        outcome=Outcome.OK, cold=cold, duration_ms=duration_ms, billed_ms=billed_ms, **more,
    )  # fmt: skip


def failed(memory_mb: int, order: int, outcome: Outcome, duration_ms: float | None = 100.0) -> Sample:
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=None, trace_id=None, outcome=outcome,
        duration_ms=duration_ms, billed_ms=None if duration_ms is None else max(1, math.ceil(duration_ms)),
    )  # fmt: skip


def noisy(curve: Curve, spread: float, *, seed: int = 1, cold: int = 1) -> Behaviour:
    """Log-normal noise around the curve; the first ``cold`` at each size start cold, with an init as long again."""

    def answer(memory_mb: int, order: int) -> Sample:
        luck = math.exp(random.Random(f"{seed}-{memory_mb}-{order}").gauss(0, spread))
        if order < cold:
            return answered(memory_mb, order, curve(memory_mb) * luck, cold=True, init_ms=curve(memory_mb))
        return answered(memory_mb, order, curve(memory_mb) * luck)

    return answer


def planner(
    sizes: Sequence[int], objective: Objective | None = None, limits: Limits = NO_LIMITS, **more: Any
) -> AdaptivePlanner:
    return AdaptivePlanner(
        sizes, objective or Objective(), limits,
        **{"per_gb_second": PER_GB_SECOND, "per_request": PER_REQUEST, "seed": 1, **more},
    )  # fmt: skip


@dataclass
class Course:
    """A search from its first question to its end."""

    planner: AdaptivePlanner
    samples: list[Sample] = field(default_factory=list)
    rounds: list[tuple[Batch, ...]] = field(default_factory=list)

    @property
    def warm(self) -> Counter[int]:
        """Measurements at each size."""
        return Counter(
            one.memory_mb
            for one in self.samples
            if one.outcome is Outcome.OK and one.cold is not True and one.duration_ms is not None
        )

    @property
    def spent(self) -> float:
        return math.fsum(
            one.memory_mb / 1024 * (one.billed_ms or 0) / 1000 * PER_GB_SECOND + PER_REQUEST for one in self.samples
        )

    @property
    def time_ms(self) -> float:
        return math.fsum(one.latency_ms or 0.0 for one in self.samples)


def search(made: AdaptivePlanner, behaviour: Behaviour, *, at_most: int = 210) -> Iterable[Course]:
    """The course so far, after each question and before its answer; the last time at the end."""
    course = Course(planner=made)
    orders: Counter[int] = Counter()
    for _ in range(at_most):
        batches = made.ask()
        course.rounds.append(batches)
        yield course
        if not batches:
            return
        for batch in batches:
            new = [behaviour(batch.memory_mb, orders[batch.memory_mb] + number) for number in range(batch.count)]
            orders[batch.memory_mb] += batch.count
            course.samples += new
            made.tell(new)
    raise AssertionError(f"the search did not end within {at_most} rounds")


def searched(made: AdaptivePlanner, behaviour: Behaviour) -> Course:
    """The whole course of a search."""
    return list(search(made, behaviour))[-1]
