"""What is to be done, and how far it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from powertune.domain.canary import CanaryWatch
from powertune.domain.check import CheckSides
from powertune.domain.function import Architecture, FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.role import TargetRole
from powertune.domain.search import StopReason
from powertune.domain.traffic import MonthlyTraffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """So many invocations at one memory size.

    Attributes:
        memory_mb: the size.
        count: how many invocations.
        cold: how many of them, the first ones, are to be cold starts: they are sent at the same time to a
            version that nothing has invoked yet.
        payloads: index of the payload of each; None where the request's own turns say it.
        anew: publish a version of its own for this batch.
        version: invoke this version as it is; None where the run publishes one.
        parallel: at most so many of it at the same time; None for the request's number.
    """

    memory_mb: int
    count: int
    cold: int = 0
    payloads: tuple[int, ...] | None = None
    anew: bool = False
    version: str | None = None
    parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One memory size, published: a version with an alias of this run.

    ``owned`` is False where Lambda returned a version that was there before the run; such a version is
    measured but never deleted.
    """

    memory_mb: int
    version: str
    alias: str
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeWork:
    """One batch, published: what to invoke, and how much of it is done.

    ``first_order`` is the order number of its first invocation at this memory size. ``failure`` says why the
    batch ended early.
    """

    memory_mb: int
    version: str
    alias: str
    first_order: int
    count: int
    cold: int = 0
    payloads: tuple[int, ...] | None = None
    done: int = 0
    succeeded: int = 0
    failure: str | None = None
    parallel: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to invoke."""
        return self.failure is not None or self.done >= self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFailure:
    """Why a memory size could not be measured, or not to the end.

    ``allowed_mb`` is the largest size that the account may have, where that is the reason. ``version`` is the one of a
    check that it is about; None in a tuning.
    """

    memory_mb: int
    reason: str
    allowed_mb: int | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """How the undo ended. ``left_alone`` says what somebody else had changed, and so was not touched."""

    restored: bool
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorFacts:
    """A pre- or post-processor; what AWS does not tell about it is None."""

    arn: str
    timeout_s: int | None = None
    architecture: Architecture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Everything that travels between the steps of a run: keys and counts, never samples or payloads.

    Attributes:
        run_id: names the run; its texts lie in the store under ``runs/RUN_ID/``.
        snapshot: the function before the first change.
        started_at_ms: epoch milliseconds.
        role: through which the function is reached; None with the credentials of whoever runs the steps.
        apply: the recommended memory size is to be set at the end.
        peer: the request came in aws-lambda-power-tuning's form, and so does the answer.
        round: how many times the planner was asked.
        to_publish: memory sizes of this round that have no variant yet.
        variants: the latest that was published at each memory size.
        used_versions: all versions that were published before those.
        published: how many versions the run has published.
        published_mb: memory sizes of all versions of the run, added up.
        processors: the functions called around each invocation.
        traffic: how often the function is invoked in a month; None where nothing says it.
        batches: what the planner asked for in this round.
        work: the same, once published.
        parts: how many pieces of this round's invocations lie in the store.
        measured: nothing of this round is left to invoke.
        collect_tries: how often this round's logs and traces were asked for.
        collect_deadline_ms: epoch milliseconds after which the logs and traces are taken as they are.
        collected: this round's samples lie in the store.
        unconfirmed: some samples of the run come from log tails alone; logs and traces are yet to be read.
        finished: the planner wants nothing more.
        ended_by: the limit that has ended the measuring; None where none has.
        failures: sizes that could not be measured, or not to the end.
        check: the versions of a check; None for a tuning.
        reference: the configuration of the version that a check compares with, where it measures that too.
        canary: what of the recommendation is on trial; None without a canary.
        watching: the canary is under way.
        log_bytes_scanned: what Logs Insights read for this run.
        traces_retrieved: traces read from X-Ray.
        task_mb_ms: memory size of the task functions times their milliseconds so far.
        task_calls: how many tasks those were.
        aws_calls: calls so far, by ``service:Operation``.
    """

    run_id: str
    snapshot: FunctionSnapshot
    started_at_ms: int
    role: TargetRole | None = None
    apply: bool = False
    peer: bool = False
    round: int = 0
    to_publish: tuple[int, ...] = ()
    variants: tuple[Variant, ...] = ()
    used_versions: tuple[str, ...] = ()
    published: int = 0
    published_mb: int = 0
    processors: tuple[ProcessorFacts, ...] = ()
    traffic: MonthlyTraffic | None = None
    batches: tuple[Batch, ...] = ()
    work: tuple[SizeWork, ...] = ()
    parts: int = 0
    measured: bool = False
    collect_tries: int = 0
    collect_deadline_ms: int | None = None
    collected: bool = False
    unconfirmed: bool = False
    finished: bool = False
    ended_by: StopReason | None = None
    failures: tuple[SizeFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    check: CheckSides | None = None
    reference: FunctionSnapshot | None = None
    canary: CanaryWatch | None = None
    watching: bool = False
    log_bytes_scanned: int = 0
    traces_retrieved: int = 0
    task_mb_ms: int = 0
    task_calls: int = 0
    aws_calls: dict[str, int] = field(default_factory=dict)

    @property
    def confirms(self) -> bool:
        """Whether this round only reads the logs and traces of all rounds before it."""
        return self.unconfirmed and not self.batches

    def side(self, version: str) -> FunctionSnapshot:
        """The configuration that a version of the run is invoked with, but for its memory size."""
        if self.check is None or self.check.reference is None or self.reference is None:
            return self.snapshot
        return self.reference if self.check.reference.version == version else self.snapshot

    @property
    def sides(self) -> tuple[FunctionSnapshot, ...]:
        """Every configuration that the run invokes: a check's two, or the function's."""
        return (self.snapshot,) if self.reference is None else (self.snapshot, self.reference)

    def ruled_out(self, memory_sizes_mb: Iterable[int]) -> set[int]:
        """Those of the sizes that cannot be measured: they failed, or are larger than the account may have."""
        failed = {failure.memory_mb for failure in self.failures}
        allowed_mb = min((one.allowed_mb for one in self.failures if one.allowed_mb is not None), default=None)
        return {size for size in memory_sizes_mb if size in failed or (allowed_mb is not None and size > allowed_mb)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """What starts a run. The request stands here, or in the store under ``runs/RUN_ID/request.json``."""

    run_id: str
    request: TuningRequest | None = None
