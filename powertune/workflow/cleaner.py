"""The function that finishes the undo of an execution that ended abnormally; EventBridge calls it.

A state machine that is stopped, or runs out of time, runs none of its states any more, not even the one that
restores (AWS docs, step-functions/latest/dg/concepts-error-handling). EventBridge tells of it by a "Step Functions
Execution Status Change" (step-functions/latest/dg/eventbridge-integration), and asks again where this fails.
"""

import json
from typing import Any

from powertune.aws.clock import Clock, SystemClock
from powertune.workflow.tasks import handler as run_task

ABNORMAL = ("FAILED", "TIMED_OUT", "ABORTED")

PASSES = 2
_PAUSE_S = 20.0
"""A task outlives its execution: what it was doing may take effect after the first look at the function."""


def handler(event: dict[str, Any], context: Any, *, clock: Clock | None = None) -> dict[str, Any] | None:
    """Restore the function of one execution, twice. Safe to repeat.

    First of all, word is left for a task that is still at work: it undoes what it does after both looks.

    ``event`` is the status change. The input of the execution stands in it, or, where it was too large for that,
    the request lies in the store.

    Returns:
        How the last look ended; None for an execution that did not end abnormally.

    Raises:
        NotRestored: something could not be undone.
    """
    detail = event["detail"]
    if detail["status"] not in ABNORMAL:
        return None
    task = {
        "step": "restore",
        "input": json.loads(detail.get("input") or "{}"),
        "execution": detail["executionArn"],
        "name": detail["name"],
        "ended": True,
    }
    for again in range(PASSES):
        if again:
            (clock or SystemClock()).sleep(_PAUSE_S)
        answer = run_task(task, context)
        print(json.dumps({"execution": detail["executionArn"], "status": detail["status"], **(answer or {})}))  # noqa: T201 - its log
    return answer
