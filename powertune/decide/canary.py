"""Whether a new version on a share of the traffic does worse than the old one beside it.

Plain arithmetic, without numpy, which the task function that asks does not have.

Errors are compared by Fisher's exact test, one-sided (R. A. Fisher, "The logic of inductive inference", Journal of the
Royal Statistical Society 98, 1935): given all errors of both versions, how probable is it that chance alone gives the
new version as many of them as it has, or more? Half of the accepted chance of a false alarm belongs to the last look;
the other half is shared out evenly among the looks before it (Bonferroni), so that many looks raise no more alarms.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from powertune.domain.canary import CanaryOutcome, VersionTraffic
from powertune.domain.result import SizeResult, TuningResult

FALSE_ALARM = 0.05
"""Accepted probability that a new version just as good as the old one is called worse for its errors."""
LEAST_INVOCATIONS = 30
"""Invocations of each version below which nothing is concluded: without an error in 30, a rate above 10 % is ruled out
at 95 % (the rule of three: 3/n; J. A. Hanley and A. Lippman-Hand, JAMA 249, 1983)."""
LEAST_FOR_SLOW = 100
"""Invocations of each version from which a longer mean duration ends a canary before its time."""
SLOW_MARGIN = 0.25
"""Share by which the new version's mean duration may exceed what was promised. It is wide: real events differ from
those of the run, and a new version's environments all start anew."""
_NEGLIGIBLE = 1e-18


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look says; ``outcome`` is None where the watch goes on."""

    outcome: CanaryOutcome | None
    reason: str
    error_p_value: float | None


def judge(old: VersionTraffic, new: VersionTraffic, *, promised: float | None, looks: int, is_last: bool) -> Verdict:
    """Judge a canary by what was counted so far.

    Args:
        old: the old version, since the canary began.
        new: the new one.
        promised: the new version's mean duration as a share of the old one's; None where it is not known, and then
            durations are not judged.
        looks: how many looks are planned in all.
        is_last: no further look follows.
    """
    chance = chance_of_errors(old, new)
    alarm = FALSE_ALARM / 2 if is_last else FALSE_ALARM / 2 / max(looks - 1, 1)
    if chance is not None and chance < alarm:
        return Verdict(
            outcome=CanaryOutcome.MORE_ERRORS,
            reason=f"{_of(new)} failed with the new version, {_of(old)} with the old one: chance alone does that with "
            f"a probability of {chance:.2g}",
            error_p_value=chance,
        )
    enough = LEAST_INVOCATIONS if is_last else LEAST_FOR_SLOW
    if min(old.invocations, new.invocations) >= enough and _is_slow(old, new, promised):
        assert old.duration_ms is not None
        assert new.duration_ms is not None
        assert promised is not None
        return Verdict(
            outcome=CanaryOutcome.SLOWER,
            reason=f"it took {new.duration_ms:,.1f} ms in the mean beside {old.duration_ms:,.1f} ms of the "
            f"old one; the run had promised {promised:.0%} of the old one's, and {SLOW_MARGIN:.0%} more is accepted",
            error_p_value=chance,
        )
    if not is_last:
        return Verdict(outcome=None, reason="", error_p_value=chance)
    if min(old.invocations, new.invocations) < LEAST_INVOCATIONS:
        return Verdict(
            outcome=CanaryOutcome.TOO_QUIET,
            reason=f"not enough traffic to tell: {new.invocations} invocations of the new version and "
            f"{old.invocations} of the old one, where {LEAST_INVOCATIONS} of each are needed",
            error_p_value=chance,
        )
    return Verdict(
        outcome=CanaryOutcome.PASSED,
        reason=f"{_of(new)} failed with the new version, {_of(old)} with the old one" + _durations(old, new, promised),
        error_p_value=chance,
    )


def chance_of_errors(old: VersionTraffic, new: VersionTraffic) -> float | None:
    """The probability that the new version has as many of all errors as it has, or more, if both are equally good.

    None where either was not invoked. 1 where the new version fails no more often than the old one.
    """
    if not old.invocations or not new.invocations:
        return None
    if new.errors * old.invocations <= old.errors * new.invocations:
        return 1.0
    # A count of errors may be ahead of that of invocations for a minute.
    drawn, others = max(new.invocations, new.errors), max(old.invocations, old.errors)
    marked, everything = new.errors + old.errors, drawn + others
    term = math.exp(
        _log_choose(marked, new.errors)
        + _log_choose(everything - marked, drawn - new.errors)
        - _log_choose(everything, drawn)
    )
    total, errors = term, new.errors
    # Above its mean, each term of the hypergeometric distribution is smaller than the one before.
    while errors < min(marked, drawn) and term > total * _NEGLIGIBLE:
        term *= (marked - errors) * (drawn - errors) / ((errors + 1) * (everything - marked - drawn + errors + 1))
        errors += 1
        total += term
    return min(total, 1.0)


def promised_share(result: TuningResult, old_memory_mb: int, new_memory_mb: int) -> float | None:
    """The mean warm duration at the new memory size as a share of that at the old one, as a run found it.

    From what was measured, or where a size was not, from the search's curve; None where neither has it.
    """
    old_ms, new_ms = (_mean_ms(result, size) for size in (old_memory_mb, new_memory_mb))
    return new_ms / old_ms if old_ms and new_ms else None


def _mean_ms(result: TuningResult, memory_mb: int) -> float | None:
    measured: Sequence[SizeResult] = [size for size in result.memory_sizes if size.memory_mb == memory_mb]
    for size in measured:
        if size.warm.duration_ms is not None:
            return size.warm.duration_ms.mean
    curve = result.search.curve if result.search is not None else ()
    return next((point.duration_ms for point in curve if point.memory_mb == memory_mb), None)


def _is_slow(old: VersionTraffic, new: VersionTraffic, promised: float | None) -> bool:
    if promised is None or not old.duration_ms or new.duration_ms is None:
        return False
    return new.duration_ms / old.duration_ms > promised * (1 + SLOW_MARGIN)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _of(traffic: VersionTraffic) -> str:
    return f"{traffic.errors:,} of {traffic.invocations:,} invocations"


def _durations(old: VersionTraffic, new: VersionTraffic, promised: float | None) -> str:
    if old.duration_ms is None or new.duration_ms is None:
        return ""
    text = f"; it took {new.duration_ms:,.1f} ms in the mean beside {old.duration_ms:,.1f} ms"
    return text if promised is not None else text + ", which the run had promised nothing of"
