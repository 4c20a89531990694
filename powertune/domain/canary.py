"""How a new version is tried on a share of the real traffic before it gets all of it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from powertune.errors import UsageError

_TEXT = re.compile(r"([0-9]{1,2}(?:\.[0-9]{1,3})?)%/([0-9]{1,5})(s|m|h)")
_UNIT_S = {"s": 1, "m": 60, "h": 3600}
LONGEST_S = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """``share`` of an alias's traffic, above 0 and below 1, for ``watch_s`` seconds."""

    share: float
    watch_s: int


def parse_canary(text: str) -> Canary:
    """Read ``10%/10m``.

    Raises:
        UsageError: it is not of this form, or the share or the time cannot be meant.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None or not Decimal(match[1]):
        raise UsageError(
            f"'{text}' is not a canary.", next_step="Write a share of the traffic and a time, such as 10%/10m."
        )
    canary = Canary(share=float(Decimal(match[1]) / 100), watch_s=int(match[2]) * _UNIT_S[match[3]])
    check_canary(canary)
    return canary


def check_canary(canary: Canary) -> None:
    """Refuse a share that is none, and a time that cannot be watched.

    Raises:
        UsageError: which.
    """
    if not 0 < canary.share < 1:
        raise UsageError(
            f"A canary's share of {canary.share} cannot be meant: it lies above 0 and below 1.", next_step="Correct it."
        )
    if not 60 <= canary.watch_s <= LONGEST_S:
        raise UsageError(
            f"A canary of {canary.watch_s} seconds cannot be watched: CloudWatch counts by the minute, and powertune "
            "waits 12 hours at most.",
            next_step="Give from 1m to 12h.",
        )


class CanaryOutcome(StrEnum):
    """How the watch over a canary ended; the alias was put back in all cases but the first."""

    PASSED = "passed"
    MORE_ERRORS = "more-errors"  # the new version fails more often than the old one, beyond chance
    SLOWER = "slower"  # it takes longer than was promised
    TOO_QUIET = "too-quiet"  # too few invocations to tell
    UNREADABLE = "unreadable"  # CloudWatch did not answer
    CHANGED = "changed"  # somebody else changed the function or the alias meanwhile
    STOPPED = "stopped"  # the user ended it


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTraffic:
    """What CloudWatch counted of one version behind an alias.

    ``duration_ms`` is the mean of its durations, without inits; None where there was no invocation.
    """

    invocations: int
    errors: int
    duration_ms: float | None

    @property
    def error_rate(self) -> float | None:
        """Share of the invocations that failed; None where there was none."""
        return self.errors / self.invocations if self.invocations else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """How a new version did on its share of an alias's invocations, beside the old one at the same time.

    Attributes:
        alias: whose invocations they were.
        share: the new version's share.
        watch_s: how long it was to be watched.
        watched_s: how long it was.
        old_version: the version that the alias had.
        new_version: the version that the run published.
        old: what CloudWatch counted of the old one; None where it could not be read.
        new: the same of the new one.
        promised: its mean duration as a share of the old one's, as measured by the run; None where that is not known.
        error_p_value: probability that chance alone gives the new version so many of the errors; None where nothing
            was compared.
        outcome: how it ended.
        reason: the same in a sentence.
    """

    alias: str
    share: float
    watch_s: int
    watched_s: int
    old_version: str
    new_version: str
    old: VersionTraffic | None
    new: VersionTraffic | None
    promised: float | None
    error_p_value: float | None
    outcome: CanaryOutcome
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryWatch:
    """A canary under way, as it travels between the steps of a run.

    ``memory_mb`` is the memory size of the new version. ``until_ms`` is when the last look is due; both times are
    epoch milliseconds. ``looks`` counts those that were made.
    """

    alias: str
    share: float
    watch_s: int
    memory_mb: int
    old_version: str
    new_version: str
    promised: float | None
    started_at_ms: int
    until_ms: int
    looks: int = 0
