"""What the memory sizes of a run are compared by, and how the answer speaks of it.

Warm invocations usually; cold starts where the request wants nothing else; a dry run compares nothing and shows the
one invocation that it made, at each size where aws-lambda-power-tuning's input asked for it.
"""

from dataclasses import dataclass

from powertune.domain.result import Distribution, SizeCost, SizeResult, SizeStatus, TuningResult
from powertune.domain.sample import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A way of comparing memory sizes.

    Attributes:
        cold: by cold starts, with what comes before the function itself.
        once: there is one invocation of each size, so nothing is a mean.
        column: heading of the compared duration.
        tile: the same where it stands alone.
        of: what the means are of.
        sample, samples: what is counted, one and several.
        per_million: what a cost is for.
        purpose: what a size is best for, where that has to be said.
    """

    cold: bool
    once: bool = False
    column: str
    tile: str
    of: str
    sample: str
    samples: str
    per_million: str = "per million invocations"
    purpose: str = ""

    def duration(self, size: SizeResult) -> Distribution | None:
        """The compared duration of a size, in milliseconds."""
        found = size.compared_duration(cold=self.cold)
        # The one invocation of a dry run may have met a warm environment.
        return size.compared_duration(cold=False) if found is None and self.once else found

    def cost(self, size: SizeResult) -> SizeCost | None:
        """The compared cost of a size."""
        found = size.compared_cost(cold=self.cold)
        return size.compared_cost(cold=False) if found is None and self.once else found


WARM = Compared(
    cold=False,
    column="Warm mean",
    tile="Mean warm duration",
    of="warm invocations",
    sample="warm sample",
    samples="warm samples",
)
COLD = Compared(
    cold=True,
    column="Cold start",
    tile="Mean cold start",
    of="cold starts",
    sample="cold start",
    samples="cold starts",
    per_million="per million cold starts",
    purpose=" for cold starts",
)
ONCE = Compared(
    cold=True,
    once=True,
    column="One invocation",
    tile="One invocation",
    of="single invocations",
    sample="invocation",
    samples="invocations",
)


def compared_by(result: TuningResult) -> Compared:
    """How this run compares its memory sizes."""
    if result.request.dry_run:
        return ONCE
    return COLD if result.request.only_cold_starts else WARM


def is_measured(result: TuningResult, size: SizeResult) -> bool:
    """Whether a size has the figures that the run was after: for a dry run, whether the function worked there."""
    if not result.request.dry_run:
        return size.status is SizeStatus.MEASURED
    return any(s.outcome is Outcome.OK for s in result.samples if s.memory_mb == size.memory_mb)


def state_of(result: TuningResult, size: SizeResult) -> str:
    """``measured``, ``failed`` or ``not measured``; ``worked`` in a dry run."""
    if is_measured(result, size):
        return "worked" if result.request.dry_run else "measured"
    return "not measured" if size.status is SizeStatus.NOT_MEASURED else "failed"


def beginning(result: TuningResult) -> str:
    """What a cold start of this function begins with: its init, or with SnapStart the restore of a snapshot."""
    cold = [size.cold for size in result.memory_sizes]
    restores, inits = (any(one.restore_ms for one in cold), any(one.init_ms for one in cold))
    if restores and inits:
        return "init or restore"
    return "restore" if restores else "init"


def has_intervals(result: TuningResult) -> bool:
    """Whether any compared mean duration has an interval: a size needs three samples for one."""
    durations = (compared_by(result).duration(size) for size in result.memory_sizes)
    return any(found is not None and found.mean_interval is not None for found in durations)


def has_cost_intervals(result: TuningResult) -> bool:
    """Whether any compared mean cost has an interval; an older result has none."""
    costs = (compared_by(result).cost(size) for size in result.memory_sizes)
    return any(found is not None and found.per_million_interval is not None for found in costs)


def equivalent_sizes(result: TuningResult) -> frozenset[int]:
    """The recommended size and those that are as good; none where it stands alone."""
    best = result.recommendation
    alike = frozenset((*best.equivalent_sizes_mb, best.memory_mb)) if best is not None else frozenset()
    return alike if len(alike) > 1 else frozenset()
