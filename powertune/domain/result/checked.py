"""What a check found, as it stands in a result."""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.domain.check import CheckedVersion, CheckSample, CheckSettings, Metric, Verdict
from powertune.domain.price import Money
from powertune.domain.result.sizes import SizeResult


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricResult:
    """One metric of two versions.

    Attributes:
        metric: which.
        verdict: None where it could not be compared; ``reason`` says why.
        deciding: the check goes on until it is decided.
        before, after: the figure of the reference and of what is checked: milliseconds, MB, currency per million
            invocations, or for errors the share that failed.
        before_count, after_count: how many values each is of.
        change: the growth as a share of ``before`` (0.2 is a fifth more); for errors the difference of the shares.
        low, high: the interval of the change; None where it has no end on that side.
        p_value: of the distribution-free test that the figure did not grow by more than the threshold, or of errors
            that it did not grow; None where there are too few environments for it, or none is known.
        threshold: what ``low`` must lie above for it to be worse.
        needed: values on each side from which on it could be compared; None where it was.
    """

    metric: Metric
    verdict: Verdict | None
    deciding: bool
    before: float | None
    after: float | None
    before_count: int
    after_count: int
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None
    threshold: float
    reason: str | None = None
    needed: int | None = None


def overall(metrics: Sequence[MetricResult]) -> Verdict:
    """The verdict that the metrics make together."""
    if any(one.verdict is Verdict.WORSE for one in metrics):
        return Verdict.WORSE
    deciding = [one.verdict for one in metrics if one.deciding]
    if any(verdict in (None, Verdict.UNDECIDED) for verdict in deciding):
        return Verdict.UNDECIDED
    return Verdict.BETTER if Verdict.BETTER in deciding else Verdict.SAME


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSide:
    """What was compared with.

    ``run_id`` is that of the baseline; None where it was measured in the same run. ``measured_at`` is ISO 8601, UTC.
    """

    function: CheckedVersion
    size: SizeResult
    measured_at: str
    run_id: str | None
    samples: tuple[CheckSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Whether another memory size would be better now, from a tuning that came after the check.

    ``cost_change`` and ``duration_change`` are shares (-0.11 is 11 % less); None where the present size was not
    measured. ``moved`` says whether the gain is more than chance.
    """

    run_id: str
    from_memory_mb: int
    to_memory_mb: int
    moved: bool
    cost_change: float | None
    duration_change: float | None
    expected_cost_per_million: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntry:
    """One check in brief, for the history of checks; figures of what was checked, None where it has none."""

    run_id: str
    at: str
    verdict: Verdict | None
    version: str | None
    code_sha256: str
    memory_mb: int
    samples: int
    duration_mean_ms: float | None
    duration_p50_ms: float | None
    duration_p95_ms: float | None
    cost_per_million: float | None
    currency: str
    init_ms: float | None = None
    max_memory_used_mb: int | None = None
    entry_schema: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """Since which check a figure has been another.

    ``before`` and ``after`` are the medians on both sides of it, ``change`` their ratio less 1, ``p_value`` that of
    the test. Where it is ``gradual``, the figure changes little by little, and the sides are those that differ most.
    ``beyond`` the threshold of the check it may fail one; below it, it is only told.
    """

    metric: Metric
    run_id: str
    at: str
    before: float
    after: float
    change: float
    p_value: float
    gradual: bool = False
    beyond: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The last checks, oldest first, the present one included, and where they changed: by metric, then by time."""

    entries: tuple[CheckEntry, ...]
    changes: tuple[ChangePoint, ...]

    @property
    def growths(self) -> tuple[ChangePoint, ...]:
        """The last change of each metric beyond the threshold, where it grew: what became worse, and was not mended."""
        last = {change.metric: change for change in self.changes if change.beyond}
        return tuple(change for change in last.values() if change.change > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """A check: the version that was measured stands in the result around it, as its only memory size.

    Attributes:
        verdict: None where there was nothing to compare with yet.
        settings: by which measure.
        subject: what was checked.
        reference: what it was compared with; None where there was nothing, or where both are the same version.
        interleaved: both were invoked in turns, in this run.
        metrics: in the order of `Metric`.
        looks: how many looks at the figures were planned; the intervals allow for all of them.
        ended_by: the limit that ended the measuring, in words; None where it was decided.
        notes: what is not alike on both sides, and what else a reader should know.
        optimum: None where it was not asked for.
        trend: None where it was not asked for.
        kept_at: where this measurement was kept as the baseline; None where it was not.
    """

    verdict: Verdict | None
    settings: CheckSettings
    subject: CheckedVersion
    reference: ReferenceSide | None
    interleaved: bool
    metrics: tuple[MetricResult, ...]
    looks: int
    ended_by: str | None
    notes: tuple[str, ...]
    optimum: Optimum | None = None
    trend: Trend | None = None
    kept_at: str | None = None

    @property
    def fails(self) -> bool:
        """Whether whoever waits for the check is to stop here."""
        undecided = self.verdict is Verdict.UNDECIDED and self.settings.undecided_fails
        return self.verdict is Verdict.WORSE or undecided
