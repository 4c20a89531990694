"""What the user asked for: refused here or never."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Self

from powertune.domain.canary import Canary
from powertune.domain.check import CheckRequest
from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB, Architecture, FunctionArn
from powertune.domain.payload import EMPTY, Payload, PayloadForm, PayloadUse, turn_order
from powertune.domain.price import Price
from powertune.domain.request_checks import (
    between,
    check_check,
    check_isolation,
    check_names,
    check_payloads,
    check_search,
)
from powertune.domain.role import TargetRole
from powertune.domain.search import NO_LIMITS, LatencyTarget, Limits, Objective, Prior, SearchKind, Strategy
from powertune.errors import UsageError

DEFAULT_MEMORY_SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
ALL_MEMORY_SIZES_MB = tuple(range(MIN_MEMORY_MB, MAX_MEMORY_MB + 1, 64))
DEFAULT_INVOCATIONS = 10
MIN_INVOCATIONS = 3
MAX_INVOCATIONS = 100_000
MAX_PARALLEL = 800
MAX_COLD_STARTS = 1_000
DEFAULT_SIZES_AT_ONCE = 3
MAX_SIZES_AT_ONCE = 40
MAX_SLEEP_MS = 900_000
MAX_MONTHLY_INVOCATIONS = 10**15
SEARCHED_MEMORY_SIZES_MB = (
    *(128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1152, 1280, 1408, 1536),
    *(1769, 2048, 2304, 2560, 3008, 3584, 4096, 4608, 5120, 6144, 7168, 8192, 9216, 10240),
)
"""Where a search looks unless it is told: each about a seventh more than the one before, and one full core among them.
Between two of them a smooth curve has no room for a size that is noticeably better than both."""
MAX_MEMORY_SIZES = 200
"""What the state of a run has room for: Step Functions carries 256 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerInput:
    """What an input in aws-lambda-power-tuning's form says beyond this request, for its output and for `explain`.

    ``power_values_mb`` is in the order of its input, which its ``stats`` keep.
    """

    power_values_mb: tuple[int, ...]
    discard_top_bottom: float = 0.2
    include_output_results: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRequest:
    """One tuning, checked.

    Attributes:
        function_arn: the function, unqualified.
        memory_sizes_mb: sizes to measure, ascending, without repeats.
        invocations: invocations at each memory size, the first cold start included.
        payloads: the events; empty only while they still lie where ``payload_s3`` says.
        payload_use: how several payloads are shared out.
        payload_s3: where the payloads are, as ``s3://BUCKET/KEY``; read before anything is changed.
        payload_form: how the text there is read.
        strategy: what to optimise.
        balanced_weight: share of cost in the balanced strategy, 0 (speed only) to 1 (cost only).
        parallel: invocations at the same time at each memory size; each starts an environment of its own.
        sizes_at_once: memory sizes that are invoked at the same time.
        sleep_ms: pause after each invocation.
        cold_starts: cold starts to measure on purpose at each memory size.
        only_cold_starts: measure and compare nothing else.
        pre_processor_arn: function called before each invocation; its answer replaces the payload.
        post_processor_arn: function called after each invocation, with its answer.
        allowed_exceptions: error types that count as a normal answer.
        apply: set the function to the recommended memory size.
        apply_alias: alias to publish the recommended memory size under.
        canary: give the alias's new version a share of its traffic first, and watch it.
        isolate: tune a temporary clone of the function, which itself is never written.
        architecture: instruction set of the clone; None for the function's own.
        assume_portable: do not look whether the package can run on another instruction set than the function's.
        role: through which the function is reached; None with the credentials of whoever runs the steps.
        dry_run: invoke once, at the function's present memory size, and recommend nothing; an input in
            aws-lambda-power-tuning's form invokes once at each size, as there.
        tolerance: sizes within this share of the best count as equivalent.
        search: how the memory sizes are gone through; ``invocations`` is a grid's.
        latency_target: a duration that the recommended memory size must keep.
        min_headroom: share of the memory size that must stay unused there, by Max Memory Used.
        risk: accepted probability that a search recommends a size worse than the best by more than the tolerance.
        limits: where a run ends in any case; a grid has none of time.
        prior: what an earlier run measured.
        price: prices given by the user in place of the table's.
        peer: what else aws-lambda-power-tuning's input said, where the request came from one.
        include_payload: keep the payloads in the result.
        lift_log_level: publish the run's versions with the system log level INFO where the function has WARN.
        monthly_invocations: how often the function is invoked in a month of 30 days; None to ask CloudWatch.
        check: compare versions instead of memory sizes; the sizes are then those of the versions.
        seed: every random choice of the run follows from it.
    """

    function_arn: FunctionArn
    memory_sizes_mb: tuple[int, ...] = DEFAULT_MEMORY_SIZES_MB
    invocations: int = DEFAULT_INVOCATIONS
    payloads: tuple[Payload, ...] = (EMPTY,)
    payload_use: PayloadUse = PayloadUse.IN_TURN
    payload_s3: str | None = None
    payload_form: PayloadForm = PayloadForm.EVENT
    strategy: Strategy = Strategy.COST
    balanced_weight: float = 0.5
    parallel: int = 1
    sizes_at_once: int = DEFAULT_SIZES_AT_ONCE
    sleep_ms: int = 0
    cold_starts: int = 0
    only_cold_starts: bool = False
    pre_processor_arn: str | None = None
    post_processor_arn: str | None = None
    allowed_exceptions: tuple[str, ...] = ()
    apply: bool = False
    apply_alias: str | None = None
    canary: Canary | None = None
    isolate: bool = False
    architecture: Architecture | None = None
    assume_portable: bool = False
    role: TargetRole | None = None
    dry_run: bool = False
    tolerance: float = 0.05
    search: SearchKind = SearchKind.GRID
    latency_target: LatencyTarget | None = None
    min_headroom: float | None = None
    risk: float = 0.05
    limits: Limits = NO_LIMITS
    prior: Prior | None = None
    price: Price | None = None
    peer: PeerInput | None = None
    include_payload: bool = False
    lift_log_level: bool = False
    monthly_invocations: int | None = None
    check: CheckRequest | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.memory_sizes_mb:
            raise UsageError("No memory size to measure was given.", next_step="Give at least one, such as 512.")
        for size in self.memory_sizes_mb:
            if not MIN_MEMORY_MB <= size <= MAX_MEMORY_MB:
                raise UsageError(
                    f"{size} MB is not a memory size: Lambda takes {MIN_MEMORY_MB} to {MAX_MEMORY_MB} MB.",
                    next_step="Correct the memory sizes and run again.",
                )
        object.__setattr__(self, "memory_sizes_mb", tuple(sorted(set(self.memory_sizes_mb))))
        if len(self.memory_sizes_mb) > MAX_MEMORY_SIZES:
            raise UsageError(
                f"{len(self.memory_sizes_mb)} memory sizes are more than the {MAX_MEMORY_SIZES} that one run takes.",
                next_step="Give fewer; all is every 64 MB.",
            )
        between("The number of invocations", self.invocations, MIN_INVOCATIONS, MAX_INVOCATIONS)
        between("The number of parallel invocations", self.parallel, 1, MAX_PARALLEL)
        between("The number of memory sizes at once", self.sizes_at_once, 1, MAX_SIZES_AT_ONCE)
        between("The pause in milliseconds", self.sleep_ms, 0, MAX_SLEEP_MS)
        between("The number of cold starts", self.cold_starts, 0, MAX_COLD_STARTS)
        between("The balanced weight", self.balanced_weight, 0, 1)
        between("The tolerance", self.tolerance, 0, 1)
        if self.monthly_invocations is not None:
            between("The number of invocations in a month", self.monthly_invocations, 1, MAX_MONTHLY_INVOCATIONS)
        check_names(self)
        check_isolation(self)
        check_payloads(self)
        check_search(self)
        check_check(self)

    @property
    def objective(self) -> Objective:
        """What is looked for."""
        return Objective(
            strategy=self.strategy,
            balanced_weight=self.balanced_weight,
            latency_target=self.latency_target,
            min_headroom=self.min_headroom,
            tolerance=self.tolerance,
            risk=self.risk,
        )

    @property
    def cold_starts_wanted(self) -> int:
        """Cold starts to bring about at each memory size; 0 leaves it to chance."""
        return self.invocations if self.only_cold_starts else self.cold_starts

    @property
    def first_batch(self) -> int:
        """Invocations at each memory size that are planned from the start.

        Several payloads get one invocation more, with the first of them: it is the cold start, and would
        otherwise leave its payload one warm invocation short. Cold starts on purpose take that one's place.
        """
        if self.dry_run:
            return 1
        if self.only_cold_starts:
            return self.invocations
        spare = 1 if self.mixes_payloads else 0
        return self.invocations + max(spare, self.cold_starts - (0 if spare else 1), 0)

    @property
    def mixes_payloads(self) -> bool:
        """Whether the warm statistics need each payload as often as it was planned."""
        return len(self.payloads) > 1 and self.payload_use is not PayloadUse.ONCE

    def turns(self) -> tuple[int, ...]:
        """Indices into ``payloads`` for the measured invocations at a memory size."""
        return turn_order(self.payloads, self.payload_use, self.invocations, self.seed)

    def payload_at(self, turns: tuple[int, ...], memory_mb: int, order: int) -> int:
        """The index of the payload of an invocation.

        Args:
            turns: what `turns` gives.
            memory_mb: its memory size.
            order: its number at that size.
        """
        if self.payload_use is PayloadUse.ONCE:
            return (self.memory_sizes_mb.index(memory_mb) * self.first_batch + order) % len(self.payloads)
        # Several payloads begin with one invocation more than planned: see `first_batch`.
        ahead = max(self.first_batch - self.invocations, 0) if self.mixes_payloads else 0
        return turns[(order if order < ahead else order - ahead) % len(turns)]

    def planned_mix(self) -> Counter[int]:
        """How often each payload is to be measured warm at each memory size."""
        return Counter(self.turns())

    def warm_mix(self) -> Counter[int] | None:
        """How often each payload is in the warm statistics of a memory size; None where they take every warm sample."""
        mixed = self.mixes_payloads and not self.dry_run and self.check is None
        return self.planned_mix() if mixed else None

    def without_payload_texts(self) -> Self:
        """The request as it stands in a result: each payload by its hash and size."""
        from dataclasses import replace

        return replace(self, payloads=tuple(payload.without_text() for payload in self.payloads))


def parse_memory_sizes(text: str) -> tuple[int, ...]:
    """Read ``128,256,512`` or ``all``.

    Raises:
        UsageError: a part is not a whole number. The range is checked by `TuningRequest`.
    """
    if text.strip().lower() == "all":
        return ALL_MEMORY_SIZES_MB
    sizes = []
    for part in text.split(","):
        # Python refuses to convert thousands of digits, and no memory size has more than these.
        given = part.strip()
        if not re.fullmatch("[0-9]{1,9}", given):
            raise UsageError(
                f"'{given}' is not a memory size in MB.",
                next_step="Give whole numbers separated by commas, such as 128,512,1024, or all.",
            )
        sizes.append(int(given))
    return tuple(sizes)
