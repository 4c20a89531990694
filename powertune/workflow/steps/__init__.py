"""What a run does, step by step. Each takes `Services` and plain data, and gives plain data back.

`run_step` is the one entrance: the state machine's tasks and the direct driver both come through it, with the
same JSON.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from powertune.domain.function import FunctionArn
from powertune.domain.role import TargetRole
from powertune.domain.work import Restoration, RunInput, RunState, SizeFailure
from powertune.errors import UsageError
from powertune.peer import is_peer_input, request_from
from powertune.store import Store
from powertune.wire import from_data, to_data
from powertune.workflow.services import Services
from powertune.workflow.steps import (
    begin,
    canary,
    collecting,
    ending,
    isolating,
    measuring,
    planning,
    publishing,
    scoring,
)

Json = dict[str, Any]


class Role(StrEnum):
    """Which of the two task functions runs a step: only the planner carries numpy and scipy."""

    WORKER = "worker"
    PLANNER = "planner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step as the drivers see it."""

    role: Role
    run: Callable[[Services, Json], Json | None]


def _on_state(step: Callable[[Services, RunState], RunState]) -> Callable[[Services, Json], Json]:
    def run(services: Services, data: Json) -> Json:
        state: Json = to_data(step(services, from_data(data, RunState)))
        return state

    return run


def _preflight(services: Services, data: Json) -> Json:
    state: Json = to_data(begin.preflight(services, run_input(data)))
    return state


def run_input(data: Json) -> RunInput:
    """What starts a run: powertune's own input, or one in aws-lambda-power-tuning's form beside the run id.

    Raises:
        UsageError: the other form cannot be meant.
        WireError: it is neither.
    """
    if not is_peer_input(data):
        return from_data(data, RunInput)
    run_id = data["run_id"]
    # The same seed for a task that is tried again.
    seed = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:4])
    given = {key: value for key, value in data.items() if key != "run_id"}
    return RunInput(run_id=run_id, request=request_from(given, seed=seed))


def _collect(services: Services, data: Json) -> Json:
    """Collect, also after a measuring task that died: what it had written down by then counts."""
    rest = dict(data)
    died = rest.pop("measure_failure", None)
    state = from_data(rest, RunState)
    if died is not None:
        note = f"{planning.ENDED_EARLY}: {in_words(died)[:_LONGEST_REASON]}"
        # What is left is not tried again: it would end in the same way.
        failures = (
            SizeFailure(memory_mb=one.memory_mb, reason=note)
            for one in state.work
            if not one.is_over and state.check is None  # of a version, what was measured counts
        )
        state = replace(state, measured=True, warnings=(*state.warnings, note), failures=(*state.failures, *failures))
    collected: Json = to_data(collecting.collect(services, state))
    return collected


_LONGEST_REASON = 300
"""It is kept for each size, in a state that may have 256 KiB."""


def in_words(failure: Json) -> str:
    """The sentence in a failed task's Cause, which Step Functions gives as Lambda's error JSON."""
    cause = str(failure.get("Cause") or failure.get("Error") or "no cause given")
    try:
        message = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return str(message)


def _restore(services: Services, data: Json) -> Json:
    try:
        target = target_of(services.store, data)
    except UsageError:  # without the ARN of a function there was nothing to change
        target = None
    if target is None:
        unchanged: Json = to_data(Restoration(restored=True))
        return unchanged
    isolated = _is_isolated(services.store, data)
    restoration: Json = to_data(ending.restore(services, data["run_id"], target[0], isolated=isolated))
    return restoration


def target_of(store: Store, data: Json) -> tuple[FunctionArn, TargetRole | None] | None:
    """The function of a run and the role that leads to it, from its state, or from its input before it had one.

    None where there never was a request that could be read.

    Raises:
        UsageError: what there is names no function.
    """
    if "snapshot" in data:
        return FunctionArn.parse(data["snapshot"].get("clone_of") or data["snapshot"]["arn"]), _role_in(data)
    if is_peer_input(data):
        return FunctionArn.parse(str(data["lambdaARN"])), None
    if data.get("request"):
        return FunctionArn.parse(data["request"]["function_arn"]), _role_in(data["request"])
    from powertune.workflow.archive import Archive

    archive = Archive(store, data["run_id"])
    if not archive.has_request():
        return None
    request = archive.request()
    return request.function_arn, request.role


def _is_isolated(store: Store, data: Json) -> bool:
    """Whether the run may have made a clone of the function; nobody else's is looked for."""
    if "snapshot" in data:
        return bool(data["snapshot"].get("clone_of"))
    if is_peer_input(data):
        return False
    if data.get("request"):
        return bool(data["request"].get("isolate"))
    from powertune.workflow.archive import Archive

    return Archive(store, data["run_id"]).request().isolate


def _role_in(data: Json) -> TargetRole | None:
    return from_data(data["role"], TargetRole) if data.get("role") else None


def _finish(services: Services, data: Json) -> Json | None:
    restoration = from_data(data["restoration"], Restoration)
    rest = {key: value for key, value in data.items() if key != "restoration"}
    return ending.finish(services, from_data(rest, RunState), restoration)


def _apply(services: Services, data: Json) -> Json:
    return _once_restored(lambda state: ending.apply(services, isolating.back_on_target(state)), data)


def _canary(services: Services, data: Json) -> Json:
    return _once_restored(lambda state: canary.look(services, state), data)


def _once_restored(step: Callable[[RunState], RunState], data: Json) -> Json:
    """Run a step that comes after restoring; how that ended travels along."""
    rest = {key: value for key, value in data.items() if key != "restoration"}
    state: Json = to_data(step(from_data(rest, RunState)))
    return {**state, "restoration": data["restoration"]}


STEPS: dict[str, Step] = {
    "preflight": Step(role=Role.WORKER, run=_preflight),
    "plan": Step(role=Role.PLANNER, run=_on_state(planning.plan)),
    "publish": Step(role=Role.WORKER, run=_on_state(publishing.publish)),
    "measure": Step(role=Role.WORKER, run=_on_state(measuring.measure)),
    "collect": Step(role=Role.WORKER, run=_collect),
    "score": Step(role=Role.PLANNER, run=_on_state(scoring.score)),
    "restore": Step(role=Role.WORKER, run=_restore),
    "apply": Step(role=Role.WORKER, run=_apply),
    "canary": Step(role=Role.WORKER, run=_canary),
    "finish": Step(role=Role.WORKER, run=_finish),
}


def run_step(services: Services, name: str, data: Json) -> Json | None:
    """Run a step on decoded JSON.

    Raises:
        PowertuneError: as the step does.
        WireError: the data is not what the step takes.
    """
    return STEPS[name].run(services, data)
