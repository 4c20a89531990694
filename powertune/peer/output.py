"""A result as aws-lambda-power-tuning's execution output, with powertune's figures in it."""

import base64
import struct
from typing import Any
from urllib.parse import quote

from powertune.domain.result import SizeResult, TuningResult
from powertune.errors import UsageError

VISUALIZATION_URL = "https://lambda-power-tuning.show/"
_CURRENCIES = ("USD", "CNY")
_UNESCAPED = "!~*'()"  # beside letters, digits and -_. : what JavaScript's encodeURIComponent leaves


def peer_output(result: TuningResult) -> dict[str, Any] | None:
    """The output in aws-lambda-power-tuning's shape; None for a dry run, as there.

    ``cost`` is the mean cost of an invocation and ``duration`` its mean in milliseconds: of warm invocations, or
    of cold starts where only those were measured. Memory sizes that failed are left out.

    Raises:
        ValueError: nothing is recommended, so there is no such output.
    """
    if result.request.dry_run:
        return None
    figures = _figures(result)
    if result.recommendation is None or result.recommendation.memory_mb not in figures:
        raise ValueError("a result without a recommendation has no output in aws-lambda-power-tuning's form")
    power = result.recommendation.memory_mb
    duration_ms, cost = figures[power]
    output: dict[str, Any] = {
        "power": power,
        "cost": cost,
        "duration": duration_ms,
        "stateMachine": {
            "executionCost": float(result.spend.workflow_cost.amount),
            "lambdaCost": float(result.spend.lambda_cost.amount),
            "visualization": visualization_url(result),
        },
    }
    peer = result.request.peer
    if peer is not None and peer.include_output_results:
        output["stats"] = [
            {"value": memory_mb, "averagePrice": figures[memory_mb][1], "averageDuration": figures[memory_mb][0]}
            for memory_mb in peer.power_values_mb
            if memory_mb in figures
        ]
    return output


def visualization_url(result: TuningResult, base_url: str = VISUALIZATION_URL) -> str:
    """The address of the chart. Its figures stand behind the #, which browsers do not send."""
    return f"{_base(base_url, result.price.currency)}#{_encoded(result)}"


def chart_url(result: TuningResult) -> str:
    """The address of the chart of a result that somebody wants to see: of one that the chart can show rightly.

    Raises:
        UsageError: nothing was measured, or the chart would name a wrong currency.
    """
    if result.request.dry_run:
        raise UsageError(
            "A dry run measures nothing, so there is nothing to draw.", next_step="Give the result of a whole run."
        )
    if not _figures(result):
        raise UsageError(
            "No memory size of this run has both a duration and a cost, so there is nothing to draw.",
            next_step="powertune report RESULT says why nothing was measured.",
        )
    if result.price.currency not in _CURRENCIES:
        raise UsageError(
            f"The chart of aws-lambda-power-tuning knows {' and '.join(_CURRENCIES)}, and this run's costs are in "
            f"{result.price.currency}.",
            next_step="Use --format html, which shows every currency.",
        )
    return visualization_url(result)


def comparison_url(
    first: TuningResult, second: TuningResult, names: tuple[str, str], base_url: str = VISUALIZATION_URL
) -> str:
    """The address of the chart with two results in it, such as one for each architecture.

    Raises:
        UsageError: their costs are in different currencies.
    """
    if first.price.currency != second.price.currency:
        raise UsageError(
            f"Costs in {first.price.currency} and in {second.price.currency} cannot be shown on one axis.",
            next_step="Compare results of one currency.",
        )
    titles = ";".join(quote(name, safe=_UNESCAPED) for name in names)
    return f"{_base(base_url, first.price.currency)}#{_encoded(first)};{_encoded(second)};{titles}"


def _base(base_url: str, currency: str) -> str:
    return f"{base_url}?currency=CNY" if currency == "CNY" else base_url


def _encoded(result: TuningResult) -> str:
    """Memory sizes as 16-bit integers, milliseconds and costs as 32-bit floats, all little-endian, in base64."""
    figures = sorted(_figures(result).items())
    many = len(figures)
    parts = (
        struct.pack(f"<{many}h", *(memory_mb for memory_mb, _ in figures)),
        struct.pack(f"<{many}f", *(duration_ms for _, (duration_ms, _) in figures)),
        struct.pack(f"<{many}f", *(cost for _, (_, cost) in figures)),
    )
    return ";".join(base64.b64encode(part).decode("ascii") for part in parts)


def _figures(result: TuningResult) -> dict[int, tuple[float, float]]:
    """Milliseconds and cost of an invocation at each memory size that was measured."""
    cold = result.request.only_cold_starts
    found = ((size.memory_mb, _of_size(size, cold=cold)) for size in result.memory_sizes)
    return {memory_mb: pair for memory_mb, pair in found if pair is not None}


def _of_size(size: SizeResult, *, cold: bool) -> tuple[float, float] | None:
    duration, cost = size.compared_duration(cold=cold), size.compared_cost(cold=cold)
    if duration is None or cost is None:
        return None
    return duration.mean, float(cost.per_invocation.amount)
