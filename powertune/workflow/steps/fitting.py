"""How many invocations at the same time fit into what was reserved for a function."""

from dataclasses import replace
from typing import Any

from powertune.aws.errors import explained
from powertune.decide.bounds import lanes_of
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.errors import FunctionRefused
from powertune.workflow.steps.lasting import MOST_IN_FLIGHT


def within_concurrency(client: Any, request: TuningRequest) -> tuple[TuningRequest, tuple[str, ...]]:
    """The request with as many sizes at once as the function's reserved concurrency allows, and what to say of that.

    Raises:
        FunctionRefused: not even one size fits.
    """
    reserved = _reserved(client, request.function_arn)
    lanes, widest = lanes_of(request, most_in_flight=MOST_IN_FLIGHT)
    if reserved is None or reserved >= lanes * widest:
        return request, ()
    if reserved == 0:
        raise FunctionRefused(
            f"{request.function_arn.name} has a reserved concurrency of 0: AWS lets no invocation through.",
            next_step="Raise the reserved concurrency, or remove it.",
        )
    if reserved < widest:
        raise FunctionRefused(
            f"{request.function_arn.name} has a reserved concurrency of {reserved}, less than the {widest} parallel "
            "invocations or cold starts asked for.",
            next_step="Lower --parallel or --cold-starts, or raise the reserved concurrency.",
        )
    note = (
        f"The function has a reserved concurrency of {reserved}, so fewer memory sizes were invoked at the same time "
        f"({reserved // widest} instead of {lanes})."
    )
    return replace(request, sizes_at_once=reserved // widest), (note,)


def sides_within_concurrency(client: Any, request: TuningRequest, sides: int) -> tuple[TuningRequest, tuple[str, ...]]:
    """The request with as many invocations at once as the function's reserved concurrency allows for its sides.

    Raises:
        FunctionRefused: not even one invocation fits, or not the cold starts asked for.
    """
    reserved = _reserved(client, request.function_arn)
    if reserved is None:
        return request, ()
    name, at_once = request.function_arn.name, min(sides, request.sizes_at_once)
    _, widest = lanes_of(request, most_in_flight=MOST_IN_FLIGHT)
    if reserved >= at_once * widest:
        return request, ()
    if reserved == 0:
        raise FunctionRefused(
            f"{name} has a reserved concurrency of 0: AWS lets no invocation through.",
            next_step="Raise the reserved concurrency, or remove it.",
        )
    cold = min(request.cold_starts, widest)
    if cold > reserved:
        raise FunctionRefused(
            f"{name} has a reserved concurrency of {reserved}, less than the {cold} cold starts asked for.",
            next_step="Lower --cold-starts, or raise the reserved concurrency.",
        )
    at_once = min(at_once, reserved // max(1, cold))
    parallel = min(request.parallel, max(1, reserved // at_once))
    turns = "" if sides == 1 else ", both versions at once" if at_once > 1 else ", one version at a time"
    note = (
        f"The function has a reserved concurrency of {reserved}, so fewer invocations were made at the same time: "
        f"{parallel} of a version{turns}."
    )
    return replace(request, parallel=parallel, sizes_at_once=at_once), (note,)


def _reserved(client: Any, arn: FunctionArn) -> int | None:
    """The most invocations of a function at the same time that were reserved for it; None where none were."""
    with explained("reading the reserved concurrency", arn.name):
        answer = client.get_function_concurrency(FunctionName=str(arn))
    reserved: int | None = answer.get("ReservedConcurrentExecutions")
    return reserved
