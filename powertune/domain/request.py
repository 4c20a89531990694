"""What the user asked for: refused here or never."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB, FunctionArn
from powertune.errors import UsageError

DEFAULT_MEMORY_SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
ALL_MEMORY_SIZES_MB = tuple(range(MIN_MEMORY_MB, MAX_MEMORY_MB + 1, 64))
DEFAULT_INVOCATIONS = 10
MIN_INVOCATIONS = 3
MAX_INVOCATIONS = 100_000
MAX_PARALLEL = 1_000
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
"""Largest synchronous payload (AWS docs, lambda/latest/dg/gettingstarted-limits)."""


class Strategy(StrEnum):
    """What the best memory size means."""

    COST = "cost"
    SPEED = "speed"
    BALANCED = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class TuningRequest:
    """One tuning, checked.

    Attributes:
        function_arn: the function, unqualified.
        memory_sizes_mb: sizes to measure, ascending, without repeats.
        invocations: invocations at each memory size, cold starts included.
        payload: the event as JSON text.
        strategy: what to optimise.
        balanced_weight: share of cost in the balanced strategy, 0 (speed only) to 1 (cost only).
        parallel: invocations at the same time at each memory size; each starts an environment of its own.
        tolerance: sizes within this share of the best count as equivalent.
        seed: every random choice of the run follows from it.
    """

    function_arn: FunctionArn
    memory_sizes_mb: tuple[int, ...] = DEFAULT_MEMORY_SIZES_MB
    invocations: int = DEFAULT_INVOCATIONS
    payload: str = "{}"
    strategy: Strategy = Strategy.COST
    balanced_weight: float = 0.5
    parallel: int = 1
    tolerance: float = 0.05
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
        _between("The number of invocations", self.invocations, MIN_INVOCATIONS, MAX_INVOCATIONS)
        _between("The number of parallel invocations", self.parallel, 1, MAX_PARALLEL)
        _between("The balanced weight", self.balanced_weight, 0, 1)
        _between("The tolerance", self.tolerance, 0, 1)
        if self.parallel >= self.invocations:
            raise UsageError(
                f"{self.invocations} invocations with {self.parallel} in parallel would all be cold starts: "
                "each parallel invocation starts an environment of its own.",
                next_step="Raise the invocations or lower the parallel ones, so that warm ones are left to measure.",
            )
        try:
            size = len(self.payload.encode())
            json.loads(self.payload, parse_constant=_not_json)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"The payload is not JSON: {error}.",
                next_step="Give JSON text, or @FILE for a file that holds it.",
            ) from None
        if size > MAX_PAYLOAD_BYTES:
            raise UsageError(
                "The payload is larger than the 6 MB that Lambda accepts.", next_step="Use a smaller event."
            )


def _between(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(f"{what} is {value}; it must lie between {low} and {high}.", next_step="Correct it.")


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")


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
        if not re.fullmatch("[0-9]{1,9}", part.strip()):
            raise UsageError(
                f"'{part.strip()}' is not a memory size in MB.",
                next_step="Give whole numbers separated by commas, such as 128,512,1024, or all.",
            )
        sizes.append(int(part))
    return tuple(sizes)
