"""What is recommended so far, and what is claimed of it."""

import numpy as np

from powertune.decide.adaptive_choice import SEEN
from powertune.decide.adaptive_signs import remarks
from powertune.decide.adaptive_view import View
from powertune.decide.choice import missed_words
from powertune.decide.curve_prior import Floats
from powertune.decide.losses import MISSED
from powertune.domain.search import Objective, Verdict

CAUTION = 0.5
"""Share of the risk asked for at which the search is sure: the estimate is somewhat too confident."""
UNEVEN = 0.15
"""Strength of residuals from which the curve is uneven."""
ROUGH_CHANCE = 0.1
"""Probability of such residuals from which nothing wide is claimed."""
WIDER = 1.25
"""Factor on a bound wider than the tolerance: over recorded functions those were often just too narrow."""


def verdict_of(view: View, objective: Objective, confirmed: list[int]) -> tuple[Verdict, bool]:
    """What is known, and whether the risk is as low as was asked for.

    Args:
        view: everything known.
        objective: what the best means.
        confirmed: indices of the sizes that may be recommended.
    """
    notes = (*remarks(view.sizes_mb, view.data, view.draws), *_target_note(view, objective))
    if not confirmed:
        return Verdict(memory_mb=None, regret_bound=None, risk=None, stop_reason=None, notes=notes), False
    risks = (view.losses > objective.tolerance).mean(axis=0)
    wanted = view.wanted.mean(axis=0)
    chosen = min(confirmed, key=lambda at: (wanted[at], at))
    risk = float(risks[chosen])
    sure = risk < objective.risk * CAUTION and _shows_a_curve(view)
    expected = view.losses.mean(axis=0)
    best = float(expected[confirmed].min())
    near = [at for at in confirmed if expected[at] <= best + objective.tolerance or at == chosen]
    verdict = Verdict(
        memory_mb=view.sizes_mb[chosen],
        regret_bound=objective.tolerance if sure else _wide_bound(view, objective, view.losses[:, chosen]),
        risk=risk,
        stop_reason=None,
        equivalent_mb=tuple(view.sizes_mb[at] for at in near),
        notes=notes,
    )
    return verdict, sure


def _shows_a_curve(view: View) -> bool:
    return len(view.data) >= min(SEEN, int(view.allowed.sum()))


def _wide_bound(view: View, objective: Objective, losses: Floats) -> float | None:
    """A bound wider than the tolerance; None where the model's word is worth little.

    Far from what it is sure of, the model is too confident: over recorded functions its wide bounds were broken
    more often than it said. So they are taken at a quarter of the risk, and widened.
    """
    if not _shows_a_curve(view) or float(np.mean(view.draws.strength >= UNEVEN)) > ROUGH_CHANCE:
        return None
    bound = float(np.quantile(losses, 1 - objective.risk / 4)) * WIDER
    if objective.latency_target is not None and bound >= MISSED:
        return None
    return max(objective.tolerance, bound)


def _target_note(view: View, objective: Objective) -> tuple[str, ...]:
    target = objective.latency_target
    if target is None or view.latencies is None:
        return ()
    kept = (view.latencies[:, view.allowed] <= target.limit_ms).any(axis=1)
    figures = np.where(view.allowed & (view.own > 0), np.median(view.latencies, axis=0), np.inf)
    nearest = int(np.argmin(figures))
    if float(kept.mean()) >= 0.5 or not np.isfinite(figures[nearest]):
        return ()
    return (missed_words(view.sizes_mb[nearest], float(figures[nearest]), target),)
