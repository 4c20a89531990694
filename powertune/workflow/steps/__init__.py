"""What a run does, step by step. Each takes `Services` and plain data, and gives plain data back.

`run_step` is the one entrance: the state machine's tasks and the direct driver both come through it, with the
same JSON.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from powertune.domain.function import FunctionArn
from powertune.domain.work import MeasureTask, Restoration, RunInput, RunState
from powertune.errors import UsageError
from powertune.wire import from_data, to_data
from powertune.workflow.services import Services
from powertune.workflow.steps import begin, collecting, ending, measuring, publishing, scoring

Json = dict[str, Any]


class Role(StrEnum):
    """Which of the two task functions runs a step: only the planner carries numpy and scipy."""

    WORKER = "worker"
    PLANNER = "planner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as the drivers see it."""

    role: Role
    run: Callable[[Services, Json], Json]


def _on_state(step: Callable[[Services, RunState], RunState]) -> Callable[[Services, Json], Json]:
    def run(services: Services, data: Json) -> Json:
        state: Json = to_data(step(services, from_data(data, RunState)))
        return state

    return run


def _preflight(services: Services, data: Json) -> Json:
    state: Json = to_data(begin.preflight(services, from_data(data, RunInput)))
    return state


def _measure(services: Services, data: Json) -> Json:
    task: Json = to_data(measuring.measure(services, from_data(data, MeasureTask)))
    return task


def _restore(services: Services, data: Json) -> Json:
    try:
        arn = _function_of(services, data)
    except UsageError:  # without the ARN of a function there was nothing to change
        unchanged: Json = to_data(Restoration(restored=True))
        return unchanged
    restoration: Json = to_data(ending.restore(services, data["run_id"], arn))
    return restoration


def _function_of(services: Services, data: Json) -> FunctionArn:
    """The function of a run, from its state, or from its input where the run ended before it had a state."""
    if "snapshot" in data:
        return FunctionArn.parse(data["snapshot"]["arn"])
    if data.get("request"):
        return FunctionArn.parse(data["request"]["function_arn"])
    from powertune.workflow.archive import Archive

    return Archive(services.store, data["run_id"]).request().function_arn


def _finish(services: Services, data: Json) -> Json:
    restoration = from_data(data["restoration"], Restoration)
    rest = {key: value for key, value in data.items() if key != "restoration"}
    state: Json = to_data(ending.finish(services, from_data(rest, RunState), restoration))
    return state


STEPS: dict[str, Step] = {
    "preflight": Step(role=Role.WORKER, run=_preflight),
    "plan": Step(role=Role.PLANNER, run=_on_state(begin.plan)),
    "publish": Step(role=Role.WORKER, run=_on_state(publishing.publish)),
    "measure": Step(role=Role.WORKER, run=_measure),
    "collect": Step(role=Role.WORKER, run=_on_state(collecting.collect)),
    "score": Step(role=Role.PLANNER, run=_on_state(scoring.score)),
    "restore": Step(role=Role.WORKER, run=_restore),
    "finish": Step(role=Role.WORKER, run=_finish),
}


def run_step(services: Services, name: str, data: Json) -> Json:
    """Run a step on decoded JSON.

    Raises:
        PowertuneError: as the step does.
        WireError: the data is not what the step takes.
    """
    return STEPS[name].run(services, data)
