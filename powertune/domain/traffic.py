"""How often a function is invoked, as far as a result says it."""

from dataclasses import dataclass
from enum import StrEnum


class TrafficSource(StrEnum):
    """Who says how often a function is invoked."""

    CLOUDWATCH = "cloudwatch"  # its own metric, read before the run invoked anything
    GIVEN = "given"  # the user


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyTraffic:
    """Invocations in a month of 30 days.

    ``days`` is over how many days they were counted; None where the user gave them. ``cold_start_share`` is the share
    of cold starts among them, None where nothing says it: no metric of Lambda counts cold starts.
    """

    invocations: int
    source: TrafficSource
    days: int | None = None
    cold_start_share: float | None = None
