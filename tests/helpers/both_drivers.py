"""A request run on the fake AWS by each of the two drivers."""

import json
from types import SimpleNamespace

from asl_walker import Walker
from fake_aws import FakeClock

from powertune.domain.result import Environment
from powertune.store import MemoryStore
from powertune.wire import to_data
from powertune.workflow import tasks
from powertune.workflow.archive import Archive
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services
from powertune.workflow.stack import definition


def services_of(aws, store=None, **more):
    return Services(
        session=aws, store=store or MemoryStore(), clock=FakeClock(), environment=Environment(kind="aws"), **more
    )


def directly(aws, request):
    return run_direct(services_of(aws), request, "run-1")


def by_state_machine(aws, request, monkeypatch, *, task_ms=900_000, execution_arn=None):
    """The result, and the names of the states entered. No task function has more time than ``task_ms``."""
    store = MemoryStore()
    clock = FakeClock()
    began = 0

    def left_ms():
        return task_ms - (clock.ms - began)

    def invoke(_, payload):
        nonlocal began
        began = clock.ms
        return json.loads(json.dumps(tasks.handler(payload, SimpleNamespace(memory_limit_in_mb="512"))))

    in_task = Services(
        session=aws,
        store=store,
        clock=clock,
        environment=Environment(kind="aws"),
        time_left_ms=left_ms,
        execution_arn=execution_arn,
    )
    monkeypatch.setattr(tasks, "_session", lambda *_, **__: aws)
    monkeypatch.setattr(tasks, "_services", lambda *_, **__: in_task)
    walker = Walker(definition(partition="aws", worker_arn="w", planner_arn="p"), invoke, name="run-1")
    walker.run({"request": to_data(request)})
    return Archive(store, "run-1").result(), walker.entered
