"""Restore and finish: every run passes through here, however it went."""

from dataclasses import replace
from typing import Any

from powertune.aws.errors import explained
from powertune.domain.events import Phase, Progress
from powertune.domain.function import FunctionArn
from powertune.domain.result import Money, Price, Spend
from powertune.domain.work import Restoration, RunState
from powertune.errors import AwsError, NotRestored
from powertune.pricing.bill import gb_seconds, per_gb_seconds, total, transitions_cost
from powertune.target.restore import restore as undo
from powertune.workflow.archive import Archive
from powertune.workflow.services import Services
from powertune.workflow.steps.scoring import iso


def restore(services: Services, run_id: str, arn: FunctionArn) -> Restoration:
    """Undo whatever this run did, from the record on the function alone.

    Raises:
        NotRestored: something could not be undone.
    """
    services.progress(Progress(phase=Phase.RESTORE, detail=arn.name))
    try:
        undone = undo(services.session.client("lambda"), arn, services.clock, run_id=run_id)
    except AwsError as error:
        raise NotRestored(
            f"{arn.name} was not put back as it was: {error.message}",
            next_step=f"Finish the undo with: powertune cleanup --function-arn {arn}",
        ) from error
    return Restoration(restored=True, left_alone=undone.left_alone if undone else ())


def finish(services: Services, state: RunState, restoration: Restoration) -> RunState:
    """Complete the answer with what the whole run cost and how it was undone."""
    services.progress(Progress(phase=Phase.FINISH))
    archive = Archive(services.store, state.run_id)
    draft = archive.result()
    transitions = _transitions(services)
    workflow_cost = _workflow_cost(transitions, state.task_mb_ms, draft.price)
    spend = Spend(
        invocations=draft.spend.invocations,
        gb_seconds=draft.spend.gb_seconds,
        lambda_cost=draft.spend.lambda_cost,
        workflow_cost=workflow_cost,
        total_cost=total((draft.spend.lambda_cost, workflow_cost), draft.price.currency),
        state_transitions=transitions,
        aws_calls=state.aws_calls,
    )
    archive.save_result(
        replace(
            draft,
            finished_at=iso(services.clock.now_ms()),
            spend=spend,
            restored=restoration.restored,
            warnings=(*state.warnings, *restoration.left_alone),
        )
    )
    return state


def _workflow_cost(transitions: int, task_mb_ms: int, price: Price) -> Money:
    """State transitions and the task functions' duration, at list price, without their inits."""
    tasks = Money(amount=per_gb_seconds(gb_seconds(1, task_mb_ms), price.per_gb_second), currency=price.currency)
    return total((transitions_cost(transitions, price), tasks), price.currency)


def _transitions(services: Services) -> int:
    """State transitions so far, this state included: each state entered, and each retry, is one."""
    if services.execution_arn is None:
        return 0
    events: list[dict[str, Any]] = []
    with explained("reading the execution's history"):
        pages = services.session.client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=services.execution_arn, includeExecutionData=False):
            events.extend(page["events"])
    return sum(1 for event in events if event["type"].endswith("StateEntered"))
