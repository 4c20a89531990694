"""A check: what is compared with what, by which measure, and what a baseline keeps."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Price
from powertune.domain.sample import Outcome, Sample
from powertune.errors import UsageError

LATEST = "$LATEST"

BASELINE_SCHEMA = 1

QUALIFIER = re.compile(r"[1-9][0-9]{0,127}|(?![0-9]+$)[A-Za-z0-9_-]{1,128}")
"""A version, whose number has no zeros in front, or an alias, which is never a number (API reference, CreateAlias)."""

INVOCATIONS = (20, 10_000)
"""What a check may be limited to, of each version."""

DEFAULT_INVOCATIONS = 400
DEFAULT_PARALLEL = 20


class Verdict(StrEnum):
    """What a comparison says of the function, or of one metric."""

    BETTER = "better"
    SAME = "same"  # not worse by more than the threshold
    WORSE = "worse"
    UNDECIDED = "undecided"


class Metric(StrEnum):
    """What is compared. All but `INIT` and `ERRORS` are of warm invocations."""

    DURATION_MEAN = "duration-mean"
    DURATION_P50 = "duration-p50"
    DURATION_P95 = "duration-p95"
    DURATION_P99 = "duration-p99"
    COST = "cost"
    INIT = "init"
    MEMORY_USED = "memory-used"
    ERRORS = "errors"


DECIDING = (Metric.DURATION_MEAN, Metric.COST, Metric.ERRORS)
"""Metrics for which a check invokes on until they are decided. The others are compared with what there is then: they
can make a function worse, and leave nothing undecided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """By which measure a function counts as worse.

    Attributes:
        threshold: share by which a metric must have grown, 0.05 for 5 %.
        errors_threshold: difference of the shares of failed invocations, 0.01 for one percentage point.
        confidence: of so many checks of a function that became worse by no more than the thresholds, at most the rest
            says worse; all metrics and looks of a check together.
        max_invocations: where a check ends undecided: warm invocations of each version.
        metrics: what is compared; the deciding ones are those among `DECIDING`, or all where there are none.
        undecided_fails: an undecided check ends like a failed one.
    """

    threshold: float = 0.05
    errors_threshold: float = 0.01
    confidence: float = 0.99
    max_invocations: int = DEFAULT_INVOCATIONS
    metrics: tuple[Metric, ...] = tuple(Metric)
    undecided_fails: bool = False

    @property
    def deciding(self) -> tuple[Metric, ...]:
        """The metrics for which a check goes on until they are decided."""
        return tuple(one for one in self.metrics if one in DECIDING) or self.metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedVersion:
    """One version of a function, as it was configured when it was measured.

    Attributes:
        arn: of the function, unqualified.
        name, region: of the same.
        qualifier: the alias or version that was asked for; None for the function itself.
        version: what that was: a number, or ``$LATEST``; None where a run measured versions of its own.
        runtime_version: ARN of the runtime's patch level; None where AWS did not say it.
    """

    arn: str
    name: str
    region: str
    qualifier: str | None
    version: str | None
    code_sha256: str
    architecture: Architecture
    runtime: str | None
    memory_mb: int
    timeout_s: int
    ephemeral_mb: int
    runtime_version: str | None = None

    @property
    def called(self) -> str:
        """For people: ``orders:live (version 7)``."""
        whole = self.name if self.qualifier in (None, LATEST) else f"{self.name}:{self.qualifier}"
        if self.version in (None, LATEST, self.qualifier):
            return whole
        return f"{whole} (version {self.version})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSample:
    """What a comparison needs of one invocation that ran; what is unknown is None.

    ``cold`` is None too where the record cannot be used: after a crash it hides an init. ``environment`` names the
    execution environment, by its log stream.
    """

    ok: bool
    cold: bool | None
    duration_ms: float | None
    billed_ms: int | None
    init_ms: float | None = None
    max_memory_used_mb: int | None = None
    environment: str | None = None

    @property
    def is_warm(self) -> bool:
        """Whether it belongs to the warm invocations."""
        return self.ok and self.cold is False and self.duration_ms is not None and self.billed_ms is not None


def check_samples(samples: Iterable[Sample]) -> tuple[CheckSample, ...]:
    """What a comparison needs of samples, without invocations that AWS let not through or that gave no answer."""
    return tuple(
        CheckSample(
            ok=one.outcome is Outcome.OK,
            cold=None if one.suppressed_init else one.cold,
            duration_ms=one.duration_ms,
            billed_ms=one.billed_ms,
            init_ms=one.init_ms,
            max_memory_used_mb=one.max_memory_used_mb,
            environment=one.log_stream,
        )
        for one in samples
        if one.outcome not in (Outcome.THROTTLED, Outcome.LOST)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselinePayload:
    """An event of the baseline, by its hash, and its share of the invocations (see `powertune.domain.payload`)."""

    sha256: str
    weight: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSize:
    """What was measured at one memory size."""

    memory_mb: int
    samples: tuple[CheckSample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The reference that later checks compare with.

    Attributes:
        run_id: of the run that measured it.
        measured_at: when that ended, ISO 8601 in UTC.
        function: what was measured; its memory size is the function's own then.
        environment: ``aws`` or ``local``.
        cpu_method: how the embedded endpoint limited the CPU; None on AWS.
        payloads: the events, by hash, in the order of their hashes.
        price: the prices then.
        sizes: what was measured, by memory size, ascending.
        pre_processor_arn: function that was called before each invocation.
        post_processor_arn: function that was called after each.
        allowed_exceptions: error types that counted as a normal answer, in the order of their names.
    """

    run_id: str
    powertune_version: str
    measured_at: str
    function: CheckedVersion
    environment: str
    payloads: tuple[BaselinePayload, ...]
    price: Price
    sizes: tuple[BaselineSize, ...]
    cpu_method: str | None = None
    pre_processor_arn: str | None = None
    post_processor_arn: str | None = None
    allowed_exceptions: tuple[str, ...] = ()
    baseline_schema: int = BASELINE_SCHEMA

    def size_at(self, memory_mb: int) -> BaselineSize | None:
        """What was measured at a memory size; None where nothing was."""
        return next((one for one in self.sizes if one.memory_mb == memory_mb), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What a run that is a check compares.

    Attributes:
        settings: by which measure.
        qualifier: the alias or version to check; None for ``$LATEST``.
        against: an alias or version to compare with, measured in the same run.
        baseline: what to compare with where ``against`` is None; with neither, the run measures a baseline.
        stored: the baseline lies in the store that the run itself writes to; what is measured becomes it where there
            is none.
        require_baseline: refuse to run where there is none.
        interleave: measure the baseline's version anew, in the same run, where it still exists.
        allow_unlike: compare also with a baseline of another region, instruction set, payload or environment.
        fail_execution: end the state machine's execution as failed where the check fails.
    """

    settings: CheckSettings = CheckSettings()
    qualifier: str | None = None
    against: str | None = None
    baseline: Baseline | None = None
    stored: bool = False
    require_baseline: bool = False
    interleave: bool = True
    allow_unlike: bool = False
    fail_execution: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSides:
    """What a check measures: the version to check, and the one that it is compared with where that is measured too."""

    subject: CheckedVersion
    reference: CheckedVersion | None = None

    @property
    def is_one_version(self) -> bool:
        """Whether both are the same, so that there is nothing to compare."""
        return self.reference is not None and self.reference.version == self.subject.version


def baseline_key(arn: FunctionArn, qualifier: str | None) -> str:
    """Under which the baseline of a function, or of an alias of it, lies in any store.

    Raises:
        UsageError: no alias or version can be called so.
    """
    return f"baselines/{_place(arn, qualifier)}.json"


def checks_prefix(arn: FunctionArn, qualifier: str | None) -> str:
    """Under which the checks of a function, or of an alias of it, lie in any store, one file each.

    Raises:
        UsageError: no alias or version can be called so.
    """
    return f"checks/{_place(arn, qualifier)}/"


def _place(arn: FunctionArn, qualifier: str | None) -> str:
    if qualifier is not None and qualifier != LATEST and not QUALIFIER.fullmatch(qualifier):
        # It becomes part of the name of a file.
        raise UsageError(
            f"'{qualifier}' is neither an alias nor a version.",
            next_step="Give a version's number, or an alias: letters, digits, - and _.",
        )
    alias = "" if qualifier in (None, LATEST) else f"@{qualifier}"
    return f"{arn.account}/{arn.region}/{arn.name}{alias}"
