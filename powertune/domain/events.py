"""What a run tells while it works."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Phase(StrEnum):
    """Where a run is."""

    PREFLIGHT = "preflight"
    PLAN = "plan"
    PUBLISH = "publish"
    MEASURE = "measure"
    COLLECT = "collect"
    SCORE = "score"
    RESTORE = "restore"
    APPLY = "apply"
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A moment of a run. ``spent`` is the cost of the target's invocations so far, None before the first."""

    phase: Phase
    detail: str = ""
    invocations_done: int = 0
    invocations_planned: int = 0
    spent: Decimal | None = None
    currency: str = "USD"
