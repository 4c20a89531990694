"""The task functions of the state machine: decode, run one step, encode."""

import contextlib
import functools
import hashlib
import os
import re
import time
from collections import Counter
from typing import Any

from powertune.aws.clock import SystemClock
from powertune.aws.session import AwsSession
from powertune.domain.events import Phase, Progress
from powertune.domain.result import Environment
from powertune.errors import PowertuneError, UsageError
from powertune.store import S3Store, Store
from powertune.wire import WireError
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps import run_step, target_of

_PROGRESS_EVERY_S = 1.0
_WRITING = ("preflight", "publish", "apply", "canary")
"""The steps that change a function, or make a clone of it."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Run one step.

    ``event`` is ``{"step": NAME, "input": {...}, "execution": ARN, "name": EXECUTION NAME}``; the answer is
    what the step returns, with the AWS calls and the duration of this task added to its own. ``ended`` is in an event
    that comes after the execution's end, to restore.

    A task outlives an execution that is stopped. Whoever undoes that leaves word first; a task that finds it undoes
    what it has just done itself, since the other may have looked before that was there.
    """
    began = time.monotonic()
    data: dict[str, Any] = {**event["input"], "run_id": run_id_of(event["name"])}
    data.pop("failure", None)
    session = _session()
    before = Counter(session.calls)
    services = _services(session, data, event["execution"], context)
    archive = Archive(services.store, data["run_id"])
    if event.get("ended"):
        # The undo goes on where the word cannot be left.
        with contextlib.suppress(PowertuneError):
            archive.end()
    try:
        answer = run_step(services, event["step"], data)
    finally:
        if event["step"] in _WRITING and archive.has_ended():
            run_step(services, "restore", data)
    if answer is not None and "aws_calls" in answer:
        answer["aws_calls"] = dict(Counter(answer["aws_calls"]) + (Counter(session.calls) - before))
        milliseconds = int((time.monotonic() - began) * 1000) + 1
        answer["task_mb_ms"] += milliseconds * int(context.memory_limit_in_mb)
        answer["task_calls"] += 1
    return answer


def run_id_of(execution_name: str) -> str:
    """The run id of an execution: its name, or a short hash of it where it would not do in the name of an alias."""
    if re.fullmatch("[A-Za-z0-9_-]{1,60}", execution_name):
        return execution_name
    return f"run-{hashlib.sha256(execution_name.encode()).hexdigest()[:16]}"


@functools.cache
def _session() -> AwsSession:
    return AwsSession()


def _warm_up() -> None:
    """Do at init what every first step would do: there it costs no invocation's time, nor a neighbour's CPU."""
    from powertune.wire import to_data

    to_data(Progress(phase=Phase.PREFLIGHT))
    session = _session()
    for service in ("s3", "lambda", "logs", "xray", "stepfunctions"):
        session.client(service)


if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    _warm_up()


def _reaching(home: AwsSession, store: Store, data: dict[str, Any]) -> AwsSession:
    """The session that reaches the run's function, which may be in another region, or behind a role."""
    try:
        target = target_of(store, data)
    except (UsageError, WireError):  # the step says what is wrong with it
        target = None
    return home if target is None else home.reaching(region=target[0].region, role=target[1])


def _services(home: AwsSession, data: dict[str, Any], execution_arn: str, context: Any) -> Services:
    store = S3Store(home.client("s3"), os.environ["POWERTUNE_BUCKET"])
    archive = Archive(store, data["run_id"])
    told_at = 0.0

    def tell(progress: Progress) -> None:
        nonlocal told_at
        last = progress.invocations_done == progress.invocations_planned
        if progress.phase is not Phase.MEASURE or last or time.monotonic() - told_at > _PROGRESS_EVERY_S:
            told_at = time.monotonic()
            # Nobody hears it where the store cannot be written to; the restoring must not end for that.
            with contextlib.suppress(PowertuneError):
                archive.tell(_moment(progress))

    return Services(
        session=_reaching(home, store, data),
        home=home,
        store=store,
        clock=SystemClock(),
        environment=environment_from(os.environ.get("POWERTUNE_ENVIRONMENT", "")),
        progress=tell,
        time_left_ms=lambda: float(context.get_remaining_time_in_millis()),
        stop_requested=archive.stop_requested,
        execution_arn=execution_arn,
        holder="the state machine " + execution_arn.split(":")[-2],
    )


def environment_from(text: str) -> Environment:
    """The environment that the stack was made with; AWS where it says nothing."""
    if not text:
        return Environment(kind="aws")
    from powertune.wire import loads

    return loads(text, Environment)


def _moment(progress: Progress) -> dict[str, object]:
    return {
        "phase": progress.phase.value,
        "detail": progress.detail,
        "invocations_done": progress.invocations_done,
        "invocations_planned": progress.invocations_planned,
        "spent": None if progress.spent is None else str(progress.spent),
        "currency": progress.currency,
    }
