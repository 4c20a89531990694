"""Several runs side by side: what differs between them, and what each measured at the sizes that they share.

A description, not a test: whether something got worse is decided elsewhere.
"""

from dataclasses import dataclass
from enum import StrEnum

from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.domain.result import Interval


class Figure(StrEnum):
    """What the means of a run are of."""

    WARM = "warm"  # warm invocations
    COLD = "cold"  # cold starts, with their init or restore
    SINGLE = "single"  # one invocation of a dry run, which is no measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class Versus:
    """How a mean differs from that of the first run at the same memory size.

    ``share`` is -0.25 where it is a quarter less. Within the noise the two 95 % intervals overlap: then the difference
    cannot be told from chance. ``within_noise`` is None where one of the means has too few samples for an interval, so
    that not even that is known.
    """

    share: float
    within_noise: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideSize:
    """One run at one memory size.

    Attributes:
        memory_mb: the memory size.
        measured: whether the run has figures for it; without them ``reason`` may say why.
        reason: why it failed, in words.
        invocations: calls that ran; None where the run never tried this size.
        samples: how many of them the means are of.
        duration_ms: mean duration.
        duration_interval: its 95 % interval.
        p95_ms: the duration that 95 % of the samples kept.
        per_million: mean cost per million, in the run's currency.
        per_million_interval: its 95 % interval.
        cold_starts: how many there were.
        cold_init_ms: the mean init of those, or restore with SnapStart.
        max_memory_used_mb: the most that any invocation used.
        errors: invocations that failed.
        duration_versus: against the first run; None for that one, and where the two are not of the same kind.
        cost_versus: the same; None also where the currencies differ.
    """

    memory_mb: int
    measured: bool
    reason: str | None = None
    invocations: int | None = None
    samples: int = 0
    duration_ms: float | None = None
    duration_interval: Interval | None = None
    p95_ms: float | None = None
    per_million: Money | None = None
    per_million_interval: Interval | None = None
    cold_starts: int | None = None
    cold_init_ms: float | None = None
    cold_init_interval: Interval | None = None
    max_memory_used_mb: int | None = None
    errors: int | None = None
    duration_versus: Versus | None = None
    cost_versus: Versus | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One run.

    ``environment`` is ``aws``, or ``local`` for the embedded endpoint. ``sentence`` is its own answer. ``present_mb``
    is the memory size that the function had before the run. ``where`` says in words what a reader must know of a run
    that did not happen on AWS; empty for one that did. ``sizes`` are those of `SideBySide.sizes_mb`, in that order.
    """

    label: str
    run_id: str
    started_at: str
    powertune_version: str
    function_arn: str
    function_name: str
    region: str
    architecture: Architecture
    environment: str
    runtime: str | None
    code_sha256: str
    currency: str
    figure: Figure
    present_mb: int
    recommended_mb: int | None
    sentence: str
    measured_mb: tuple[int, ...]
    sizes: tuple[SideSize, ...]
    where: str = ""


class DifferenceKind(StrEnum):
    """Why a difference between runs matters."""

    SUBJECT = "subject"  # what runs are compared for: code, architecture, runtime
    CONDITION = "condition"  # something else that may have made the figures differ
    ANSWER = "answer"  # only what is recommended may differ by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something in which the runs are not alike, with each run's value in their order, as text."""

    what: str
    kind: DifferenceKind
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SideBySide:
    """The comparison. ``sizes_mb`` are the memory sizes that more than one run measured, ascending.

    ``focus_mb`` is, for each run in turn, the shared memory size by which it is told in one sentence; None for the
    first run, and where it shares none with that.
    """

    runs: tuple[Side, ...]
    differences: tuple[Difference, ...]
    sizes_mb: tuple[int, ...]
    focus_mb: tuple[int | None, ...]
