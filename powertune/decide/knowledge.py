"""What a planner knows once it is asked no more: the material of the answer."""

from dataclasses import dataclass

from powertune.domain.result import Answer, CurvePoint
from powertune.domain.search import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """An adaptive search's own words.

    Attributes:
        verdict: the recommendation and how sure it is.
        curve: every memory size modelled, ascending; empty before the first measurement.
        considered_mb: sizes of the curve that might be recommended, of which the claim is; where empty, all.
        noise: coefficient of variation of single durations; None before the first measurement.
        answers: one for each goal.
        duration_differs: whether the mean durations at the recommended and at the present size surely differ (in 95 %
            of what is plausible one is the longer); None where one of the sizes is not known.
        cost_differs: the same for their mean costs.
    """

    verdict: Verdict
    curve: tuple[CurvePoint, ...] = ()
    considered_mb: tuple[int, ...] = ()
    noise: float | None = None
    answers: tuple[Answer, ...] = ()
    duration_differs: bool | None = None
    cost_differs: bool | None = None
