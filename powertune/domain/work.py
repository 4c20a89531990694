"""What is to be done, and how far it is."""

from dataclasses import dataclass, field

from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """So many invocations at one memory size."""

    memory_mb: int
    count: int


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
class MeasureTask:
    """What is left to invoke of one batch, and where it is at; the invocations themselves lie in the store.

    ``part`` counts the pieces that the batch was cut into because one would have outlasted the task that
    invokes. ``failure`` says why the batch ended early. ``task_mb_ms`` is the memory size of the task function
    times its milliseconds so far, 0 in this process.
    """

    run_id: str
    memory_mb: int
    version: str
    alias: str
    round: int
    remaining: int
    done: int = 0
    part: int = 0
    failure: str | None = None
    task_mb_ms: int = 0
    aws_calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFailure:
    """Why a memory size could not be measured, or not to the end."""

    memory_mb: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """How the undo ended. ``left_alone`` says what somebody else had changed, and so was not touched."""

    restored: bool
    left_alone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Everything that travels between the steps of a run: keys and counts, never samples or payloads.

    Attributes:
        run_id: names the run; its texts lie in the store under ``runs/RUN_ID/``.
        snapshot: the function before the first change.
        started_at_ms: epoch milliseconds.
        round: how many times the planner was asked.
        to_publish: memory sizes of this round that have no variant yet.
        variants: what has been published.
        batches: what the planner asked for in this round.
        to_measure: the same, once published.
        measured: the same, once invoked.
        collect_deadline_ms: epoch milliseconds after which the logs and traces are taken as they are.
        collected: this round's samples lie in the store.
        finished: the planner wants nothing more.
        failures: sizes that could not be measured, or not to the end.
        task_mb_ms: memory size of the task functions times their milliseconds so far.
        aws_calls: calls so far, by ``service:Operation``.
    """

    run_id: str
    snapshot: FunctionSnapshot
    started_at_ms: int
    round: int = 0
    to_publish: tuple[int, ...] = ()
    variants: tuple[Variant, ...] = ()
    batches: tuple[Batch, ...] = ()
    to_measure: tuple[MeasureTask, ...] = ()
    measured: tuple[MeasureTask, ...] = ()
    collect_deadline_ms: int | None = None
    collected: bool = False
    finished: bool = False
    failures: tuple[SizeFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    task_mb_ms: int = 0
    aws_calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInput:
    """What starts a run. The request stands here, or in the store under ``runs/RUN_ID/request.json``."""

    run_id: str
    request: TuningRequest | None = None
