"""What the memory sizes of a run are compared by, and how the answer speaks of it.

Warm invocations usually; cold starts where the request wants nothing else; a dry run compares nothing and shows the
one invocation that it made, at each size where aws-lambda-power-tuning's input asked for it.
"""

from dataclasses import dataclass

from powertune.domain.compared import ComparedBy
from powertune.domain.compared import compared_by as kind_of
from powertune.domain.result import Distribution, SizeCost, SizeResult, SizeStatus, TuningResult
from powertune.domain.sample import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A way of comparing memory sizes.

    Attributes:
        by: what the figures are of.
        column: heading of the compared duration.
        tile: the same where it stands alone.
        of: what the means are of.
        sample, samples: what is counted, one and several.
        per_million: what a cost is for.
        purpose: what a size is best for, where that has to be said.
    """

    by: ComparedBy
    column: str
    tile: str
    of: str
    sample: str
    samples: str
    per_million: str = "per million invocations"
    purpose: str = ""

    def duration(self, size: SizeResult) -> Distribution | None:
        """The compared duration of a size, in milliseconds."""
        return self.by.duration(size)

    def cost(self, size: SizeResult) -> SizeCost | None:
        """The compared cost of a size."""
        return self.by.cost(size)

    @property
    def cold(self) -> bool:
        """By cold starts, with what comes before the function itself; so is the one invocation of a dry run."""
        return self.by is not ComparedBy.WARM

    @property
    def once(self) -> bool:
        """There is one invocation of each size, so nothing is a mean."""
        return self.by is ComparedBy.ONCE


WARM = Compared(
    by=ComparedBy.WARM,
    column="Warm mean",
    tile="Mean warm duration",
    of="warm invocations",
    sample="warm sample",
    samples="warm samples",
)
COLD = Compared(
    by=ComparedBy.COLD,
    column="Cold start",
    tile="Mean cold start",
    of="cold starts",
    sample="cold start",
    samples="cold starts",
    per_million="per million cold starts",
    purpose=" for cold starts",
)
ONCE = Compared(
    by=ComparedBy.ONCE,
    column="One invocation",
    tile="One invocation",
    of="single invocations",
    sample="invocation",
    samples="invocations",
)


_WORDS = {words.by: words for words in (WARM, COLD, ONCE)}


def compared_by(result: TuningResult) -> Compared:
    """How this run compares its memory sizes."""
    return _WORDS[kind_of(result)]


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
