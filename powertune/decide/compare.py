"""Two sets of measurements compared: by how much a figure grew, within which interval, and whether chance explains it.

Both ends of an interval are one-sided: but with probability ``alpha`` the true change lies above ``low``, and but with
the same it lies below ``high``. Nothing here takes a distribution of the durations for granted, save that a mean of
many is nearly normal; and no growth is claimed on that alone, because a permutation test must agree.

Invocations in one execution environment share its host's luck, so that environments are what counts (see
`powertune.decide.environments`).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from powertune.decide.environments import Floats, Side, spread_of

_FEWEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A figure of two sides, and how it changed.

    ``change``, ``low`` and ``high`` are shares of ``before``, or differences of shares that failed; None is unknown, or
    without an end. ``p_value`` is that of the test that the figure grew by no more than the threshold. ``needed``
    is how many values each side must have for a comparison, where there are too few. ``p_shrunk`` is that of the test
    that it shrank by no more than the threshold, where the interval says that it shrank by more.
    """

    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None
    needed: int | None = None
    p_shrunk: float | None = None


def mean_effect(before: Side, after: Side, *, alpha: float, threshold: float, seed: int) -> Effect:
    """How the mean grew.

    The interval of the ratio of the means is that of the delta method on its logarithm, with Welch's degrees of freedom
    (B. L. Welch, 1947). The test deals the invocations out anew, and the environments too, where there are enough of
    them to reject ``alpha`` (R. A. Fisher, 1935; E. J. G. Pitman, 1937): of both the larger probability counts. Either
    alone can be misled, the first by the luck of environments, the second where these are of unequal size and a few
    invocations are very slow.
    """
    old, new = float(before.values.mean()), float(after.values.mean())
    needed = fewest_for_permutations(alpha)
    if old == new == 0:
        return _NOTHING_TWICE
    if not (old > 0 and new > 0 and math.isfinite(old + new)):
        return _unknown(old, new, None)
    if min(len(before.values), len(after.values)) < needed:
        return _unknown(old, new, needed)
    spreads = spread_of(before), spread_of(after)
    squares = [spread.variance / mean**2 for spread, mean in zip(spreads, (old, new), strict=True)]
    total = sum(squares)
    centre = math.log(new / old)
    half = 0.0
    if total > 0:
        freedom = total**2 / sum(
            square**2 / spread.freedom for square, spread in zip(squares, spreads, strict=True) if square > 0
        )
        half = float(special.stdtrit(freedom, 1 - alpha)) * math.sqrt(total)
    pairs = [(before.values, after.values)]
    units, others = (spread.units for spread in spreads)
    if min(len(units), len(others)) >= needed and not all(one.independent for one in (before, after)):
        pairs.append((units, others))
    high = _expm1(centre + half)
    return Effect(
        before=old,
        after=new,
        change=new / old - 1,
        low=math.expm1(centre - half),
        high=high,
        p_value=max(permutation_p(one, two / (1 + threshold), alpha=alpha, seed=seed) for one, two in pairs),
        p_shrunk=None
        if high is None or high >= -threshold
        else max(permutation_p(two, one * (1 - threshold), alpha=alpha, seed=seed) for one, two in pairs),
    )


def quantile_effect(before: Side, after: Side, share: float, *, alpha: float, threshold: float) -> Effect:
    """How a quantile grew.

    The interval of each side is that of its order statistics (W. R. Thompson, 1936); both are put together by
    recovering their variances (G. Y. Zou and A. Donner, 2008) on the logarithm of the ratio. The test is exact: how
    many of each side lie above the joint quantile.
    """
    old, new = (float(np.quantile(side.values, share)) for side in (before, after))
    needed = math.ceil(math.log(alpha) / math.log(max(share, 1 - share)))
    if old == new == 0:
        return _NOTHING_TWICE
    if not (old > 0 and new > 0 and math.isfinite(old + new)):
        return _unknown(old, new, None)
    if min(len(before.values), len(after.values)) < _FEWEST:
        return _unknown(old, new, needed)
    (old_low, old_high), (new_low, new_high) = (
        order_bounds(side.values, share, alpha, _effective(side, middle))
        for side, middle in ((before, old), (after, new))
    )
    centre = math.log(new / old)
    low = _joint(centre, _gap(new, new_low), _gap(old_high, old), sign=-1)
    high = _joint(centre, _gap(new_high, new), _gap(old, old_low), sign=1)
    return Effect(
        before=old,
        after=new,
        change=new / old - 1,
        low=low,
        high=high,
        p_value=exceedance_p(before.values, after.values / (1 + threshold), share),
        p_shrunk=exceedance_p(after.values, before.values * (1 - threshold), share),
        needed=needed if low is None or high is None else None,
    )


def _effective(side: Side, quantile: float) -> float:
    """How many independent invocations would tell as much of a quantile.

    By the figures themselves, and by which of them lie above it: a heavy tail hides from the mean what environments do
    to the middle.
    """
    above = replace(side, values=(side.values > quantile).astype(float))
    return min(spread_of(side).effective, spread_of(above).effective)


def shares_effect(failed_before: int, ran_before: int, failed_after: int, ran_after: int, *, alpha: float) -> Effect:
    """How the share that failed grew, as a difference.

    The interval is the hybrid of two of Wilson's (R. G. Newcombe, 1998, method 10), the test Fisher's exact one that it
    did not grow at all.
    """
    old, new = failed_before / ran_before, failed_after / ran_after
    z = -float(special.ndtri(alpha))
    old_low, old_high = _wilson(failed_before, ran_before, z)
    new_low, new_high = _wilson(failed_after, ran_after, z)
    difference = new - old
    return Effect(
        before=old,
        after=new,
        change=difference,
        low=difference - math.hypot(new - new_low, old_high - old),
        high=difference + math.hypot(new_high - new, old - old_low),
        p_value=_hypergeometric_p(failed_after, ran_after, failed_before + failed_after, ran_before + ran_after),
    )


def fewest_for_permutations(alpha: float) -> int:
    """How many values each side must have for a permutation test to reject at ``alpha``."""
    count = 2
    while 1 / math.comb(2 * count, count) > alpha:
        count += 1
    return count


def permutation_p(before: Floats, after: Floats, *, alpha: float, seed: int) -> float:
    """Share of the ways to deal the values out in which the second side's mean is at least as large; one-sided.

    From random ways, enough of them to tell ``alpha``, this one counted among them (B. Phipson and G. K. Smyth, 2010).
    """
    pooled = np.concatenate([before, after])
    observed = float(after.sum())
    # Equal sums differ in their last digits by the order of adding.
    least = observed - 1e-9 * abs(observed)
    wanted = min(math.ceil(2 / alpha), _MOST_WAYS)
    generator = np.random.default_rng(seed)
    reached, tried = 0, 0
    while tried < wanted:
        ways = min(max(_VALUES_AT_ONCE // len(pooled), 1), wanted - tried)
        keys = generator.random((ways, len(pooled)), dtype=np.float32)
        # The places of the smallest keys are a random choice, without the cost of sorting all.
        places = np.argpartition(keys, len(after) - 1, axis=1)[:, : len(after)]
        reached += int((pooled[places].sum(axis=1) >= least).sum())
        tried += ways
        if reached > _CLEARLY_CHANCE:
            break
    return (reached + 1) / (tried + 1)


_MOST_WAYS = 100_000
"""Enough for the smallest ``alpha`` that a check of the highest confidence has: about 1 in 60,000."""
_VALUES_AT_ONCE = 100_000
_CLEARLY_CHANCE = 50
"""After so many ways that are at least as extreme, further ones would only sharpen a figure that is large."""


def exceedance_p(before: Floats, after: Floats, share: float) -> float:
    """Probability that so many of the second side lie above the joint quantile, if both were of one distribution."""
    pooled = np.concatenate([before, after])
    above = float(np.quantile(pooled, share, method="lower"))
    return _hypergeometric_p(int((after > above).sum()), len(after), int((pooled > above).sum()), len(pooled))


def order_bounds(values: Floats, share: float, alpha: float, effective: float) -> tuple[float | None, float | None]:
    """Bounds of a quantile, each wrong with probability ``alpha``; None where there are too few values for it.

    With fewer ``effective`` values than there are, the ranks are those of so many, and stand for the same shares
    (E. L. Korn and B. I. Graubard, 1998).
    """
    count = max(int(effective), 1)
    ordered = np.sort(values)
    below = special.bdtr(np.arange(count), count, share)  # that at most k values lie below the quantile
    lows = np.flatnonzero(below <= alpha)
    highs = np.flatnonzero(special.bdtrc(np.arange(count), count, share) <= alpha)
    low = None if not len(lows) else _at(ordered, math.floor((lows[-1] + 1) / count * len(ordered) + 1e-9))
    high = None if not len(highs) else _at(ordered, math.ceil((highs[0] + 1) / count * len(ordered) - 1e-9))
    return low, high


def _at(ordered: Floats, place: int) -> float:
    return float(ordered[min(max(place, 1), len(ordered)) - 1])


def _gap(high: float | None, low: float | None) -> float | None:
    """How far apart two durations are, as logarithms; None where one has no bound, or is nothing at all."""
    if high is None or low is None or low <= 0:
        return None
    return math.log(high / low)


def _joint(centre: float, own: float | None, other: float | None, *, sign: int) -> float | None:
    if own is None or other is None:
        return None
    return _expm1(centre + sign * math.hypot(own, other))


def _expm1(value: float) -> float | None:
    return math.expm1(value) if value < _LARGEST_LOG else None


_LARGEST_LOG = 30.0
"""A growth beyond e to the 30 is no bound that says anything."""


def _unknown(old: float, new: float, needed: int | None) -> Effect:
    known = [one if math.isfinite(one) else None for one in (old, new)]
    change = new / old - 1 if old > 0 and None not in known else None
    return Effect(before=known[0], after=known[1], change=change, low=None, high=None, p_value=None, needed=needed)


_NOTHING_TWICE = Effect(before=0.0, after=0.0, change=0.0, low=0.0, high=0.0, p_value=1.0)


def _wilson(failed: int, ran: int, z: float) -> tuple[float, float]:
    share, square = failed / ran, z * z
    centre = (share + square / (2 * ran)) / (1 + square / ran)
    half = z / (1 + square / ran) * math.sqrt(share * (1 - share) / ran + square / (4 * ran * ran))
    return max(centre - half, 0.0), min(centre + half, 1.0)


def _hypergeometric_p(marked: int, drawn: int, all_marked: int, whole: int) -> float:
    """Probability of at least so many marked among those drawn."""
    most = min(drawn, all_marked)
    counts = np.arange(marked, most + 1)
    logs = (
        _log_choose(all_marked, counts)
        + _log_choose(whole - all_marked, drawn - counts)
        - _log_choose(whole, np.asarray(drawn))
    )
    return float(min(np.exp(logs).sum(), 1.0))


def _log_choose(whole: int, part: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]") -> Floats:
    found: Floats = special.gammaln(whole + 1) - special.gammaln(part + 1) - special.gammaln(whole - part + 1)
    return found
