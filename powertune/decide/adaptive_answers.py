"""All that one search can answer, beside the goal that it was made for."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from powertune.decide.adaptive_claim import CAUTION
from powertune.decide.adaptive_view import View
from powertune.decide.curve_prior import Floats
from powertune.decide.losses import Judge
from powertune.decide.words import megabytes
from powertune.domain.result import Answer, Goal
from powertune.domain.search import Objective, Strategy

STRATEGIES = {Goal.COST: Strategy.COST, Goal.SPEED: Strategy.SPEED, Goal.BALANCED: Strategy.BALANCED}
"""The goals that need nothing but a strategy."""
_ALIKE = 0.95


def goal_of(objective: Objective) -> Goal:
    """The goal that a search is made for."""
    return Goal.LATENCY_TARGET if objective.latency_target is not None else Goal(objective.strategy.value)


def other_answers(
    view: View, objective: Objective, rates: tuple[float, float], confirmed: Sequence[int], asked: Answer
) -> tuple[Answer, ...]:
    """The answer asked for, and beside it one for each other goal, from the same draws.

    Args:
        view: everything known.
        objective: what the search was made for.
        rates: per GB-second and per request.
        confirmed: indices of the sizes that may be recommended.
        asked: the answer to the search's own goal.
    """
    goals = [*STRATEGIES, *([Goal.LATENCY_TARGET] if objective.latency_target is not None else [])]
    return tuple(asked if goal is asked.goal else _answer(view, objective, rates, confirmed, goal) for goal in goals)


def _answer(
    view: View, objective: Objective, rates: tuple[float, float], confirmed: Sequence[int], goal: Goal
) -> Answer:
    if not confirmed:
        return Answer(goal=goal, memory_mb=None, note="No memory size was measured often enough.")
    wanted = replace(objective, strategy=STRATEGIES[goal], latency_target=None)
    judge = Judge(view.sizes_mb, wanted, per_gb_second=rates[0], per_request=rates[1])
    losses = judge.losses(view.draws, view.costs, view.allowed)
    expected = (losses + judge.preferences(view.draws, view.costs)).mean(axis=0)
    chosen = min(confirmed, key=lambda at: (expected[at], at))
    risk = float(np.mean(losses[:, chosen] > objective.tolerance))
    if risk < objective.risk * CAUTION:
        return Answer(goal=goal, memory_mb=view.sizes_mb[chosen], regret_bound=objective.tolerance, risk=risk)
    elsewhere = int(np.argmin(np.where(view.allowed, expected, np.inf)))
    where = "" if elsewhere == chosen else f" It may lie near {megabytes(view.sizes_mb[elsewhere])}."
    note = f"This run was not made to find it, and does not say for sure.{where}"
    return Answer(goal=goal, memory_mb=view.sizes_mb[chosen], risk=risk, note=note)


def surely_differ(figures: Floats, one: int, other: int) -> bool:
    """Whether one of two columns of draws is the larger in nearly all rows."""
    larger = float(np.mean(figures[:, one] > figures[:, other]))
    return max(larger, float(np.mean(figures[:, one] < figures[:, other]))) >= _ALIKE
