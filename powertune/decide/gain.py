"""Whether a recommendation is worth a change of the function."""

from powertune.domain.request import TuningRequest
from powertune.domain.result import Change
from powertune.domain.search import Strategy


def is_gain(change: Change, request: TuningRequest) -> bool:
    """Whether something that the user asked for gets better beyond the noise.

    For cost that is the cost, or the duration where the function does not get dearer for it; for speed the other way
    round; for a balance, or a latency target, either. What changes within the noise may be chance, and does not count.
    """
    cheaper = change.cost < 0 and not change.cost_within_noise
    faster = change.duration < 0 and not change.duration_within_noise
    dearer = change.cost > 0 and not change.cost_within_noise
    slower = change.duration > 0 and not change.duration_within_noise
    if request.latency_target is not None or request.strategy is Strategy.BALANCED:
        return cheaper or faster
    if request.strategy is Strategy.SPEED:
        return faster or (cheaper and not slower)
    return cheaper or (faster and not dearer)
