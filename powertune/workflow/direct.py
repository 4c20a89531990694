"""Drives the steps from this process: the same steps, in the same order, as the state machine."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.work import RunInput
from powertune.errors import NotRestored, PowertuneError
from powertune.wire import to_data
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps import run_step

Json = dict[str, Any]

MEASURED_AT_ONCE = 40
"""Memory sizes measured at the same time, as many as an inline Map of Step Functions runs."""

_WAIT_S = 2.0


def run_direct(services: Services, request: TuningRequest, run_id: str) -> TuningResult:
    """Run a tuning from the terminal.

    The function is restored on every way out that Python can see: return, error, Ctrl-C.

    Raises:
        PowertuneError: as the steps do; NotRestored wins over any other.
    """

    def step(name: str, data: Json) -> Json:
        return run_step(services, name, data)

    run: Json = to_data(RunInput(run_id=run_id, request=request))
    try:
        state = step("preflight", run)
    except BaseException:
        # Only the lease can have been taken; what went wrong says more than why that could not be undone.
        with contextlib.suppress(NotRestored):
            step("restore", run)
        raise
    try:
        state = _rounds(step, services, state)
    except BaseException:
        step("restore", state)
        raise
    restoration = step("restore", state)
    step("finish", {**state, "restoration": restoration, "aws_calls": dict(services.session.calls)})
    return Archive(services.store, run_id).result()


def _rounds(step: Callable[[str, Json], Json], services: Services, state: Json) -> Json:
    while not state["finished"]:
        state = step("plan", state)
        if state["finished"]:
            break
        state = step("publish", state)
        while state["to_publish"]:
            state = step("publish", state)
        tasks = state["to_measure"]
        with ThreadPoolExecutor(max_workers=MEASURED_AT_ONCE) as pool:
            state = {**state, "measured": list(pool.map(lambda task: _measure(step, task), tasks))}
        state = step("collect", state)
        while not state["collected"]:
            services.clock.sleep(_WAIT_S)
            state = step("collect", state)
        state = step("score", state)
    return state


def _measure(step: Callable[[str, Json], Json], task: Json) -> Json:
    """Measure one size to the end; its failure is recorded and survived."""
    try:
        task = step("measure", task)
        while task["remaining"] > 0:
            task = step("measure", task)
    except PowertuneError as error:
        return {**task, "remaining": 0, "failure": error.message}
    return task
