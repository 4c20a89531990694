"""Drives the steps from this process: the same steps, in the same order, as the state machine."""

from collections.abc import Callable
from typing import Any

from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.work import RunInput
from powertune.errors import NotRestored, PowertuneError, ProcessorFails
from powertune.wire import to_data
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps import run_step
from powertune.workflow.steps.canary import LOOK_EVERY_S

Json = dict[str, Any]

_WAIT_S = 2.0
_FIRST_WRITES = ("lambda:CreateAlias", "lambda:CreateFunction")
"""What a run may have written by the end of its preflight: its lease, or a clone."""


def run_direct(services: Services, request: TuningRequest, run_id: str) -> TuningResult:
    """Run a tuning from the terminal.

    The function is restored on every way out that Python can see: return, error, Ctrl-C.

    Raises:
        PowertuneError: as the steps do; NotRestored wins over any other.
    """

    def step(name: str, data: Json) -> Json:
        return run_step(services, name, data) or {}

    run: Json = to_data(RunInput(run_id=run_id, request=request))
    try:
        state = step("preflight", run)
    except BaseException:
        try:
            step("restore", run)
        except NotRestored:
            # Where nothing was written yet, what went wrong says more than why it could not be looked at.
            if any(services.session.calls[call] for call in _FIRST_WRITES):
                raise
        raise
    try:
        state = _rounds(step, services, state)
    except BaseException:
        step("restore", state)
        raise
    state["restoration"] = step("restore", state)
    if state["apply"]:
        try:
            state = _watched(step, services, step("apply", state))
        except BaseException:
            step("restore", state)
            raise
    step("finish", {**state, "aws_calls": dict(services.session.calls)})
    return Archive(services.store, run_id).result()


def _watched(step: Callable[[str, Json], Json], services: Services, state: Json) -> Json:
    """Look at the canary until it is over; a wish to stop is met within a second."""
    while state["watching"]:
        for _ in range(LOOK_EVERY_S):
            if services.stop_requested():
                break
            services.clock.sleep(1.0)
        state = step("canary", state)
    return state


def _rounds(step: Callable[[str, Json], Json], services: Services, state: Json) -> Json:
    state = step("plan", state)
    while not state["finished"]:
        state = step("publish", state)
        while state["to_publish"]:
            state = step("publish", state)
        state = _measured(step, state)
        state = step("collect", state)
        while not state["collected"]:
            services.clock.sleep(_WAIT_S)
            state = step("collect", state)
        state = step("plan", state)
    return step("score", state)


def _measured(step: Callable[[str, Json], Json], state: Json) -> Json:
    """Measure to the end; after an early one, what was written down by then goes on to be collected."""
    try:
        while not state["measured"]:
            state = step("measure", state)
    except ProcessorFails:
        raise
    except PowertuneError as error:
        return {**state, "measure_failure": {"Cause": error.message}}
    return state
