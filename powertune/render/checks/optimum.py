"""Whether another memory size would be better now, in words."""

from powertune.domain.result import Optimum
from powertune.render import figures


def optimum_words(optimum: Optimum | None) -> str:
    """``Memory size no longer optimal: 512 → 768 MB saves 11 % of the cost.``; empty where it was not asked for."""
    if optimum is None:
        return ""
    now = figures.memory(optimum.from_memory_mb)
    if not optimum.moved:
        return f"Memory size still optimal: {now} (run {optimum.run_id})."
    move = f"{figures.count(optimum.from_memory_mb)} → {figures.memory(optimum.to_memory_mb)}"
    gains, price = _gains(optimum)
    what = f" {' and '.join(gains)}" if gains else " is better now"
    if price:
        what += f", {price}"
    cost = f"{figures.money(optimum.expected_cost_per_million)} per million invocations"
    return f"Memory size no longer optimal: {move}{what} ({cost}; run {optimum.run_id})."


def _gains(optimum: Optimum) -> tuple[list[str], str]:
    """What a move gains, and in words what it takes for that."""
    gains, price = [], ""
    if optimum.cost_change is not None and figures.difference(optimum.cost_change) != "same":
        if optimum.cost_change < 0:
            gains.append(f"saves {figures.percent(optimum.cost_change)} of the cost")
        else:
            price = f"for {figures.percent(optimum.cost_change)} more cost"
    if optimum.duration_change is not None and figures.difference(optimum.duration_change) != "same":
        said = figures.faster(optimum.duration_change)
        if optimum.duration_change < 0:
            gains.append(f"is {said}")
        else:
            price = f"but is {said}"
    return gains, price
