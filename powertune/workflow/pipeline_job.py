"""Lets CodePipeline run a check: starts the state machine, and tells CodePipeline how it ended.

This file is also the code of a function of its own, in statemachine/pipeline.yaml, so it imports nothing of powertune.

CodePipeline invokes the function again as long as it answers with a continuation token, here the execution's ARN. An
action that gets no answer hangs for 20 minutes (AWS docs, codepipeline/latest/userguide/limits), so every end has one.
"""

import json
from typing import Any

LONGEST_MESSAGE = 5000
"""Characters that CodePipeline takes (PutJobFailureResult, ``failureDetails.message``)."""

_LATER = ("ThrottlingException", "ServiceUnavailable", "InternalFailure")


def handler(event: dict[str, Any], context: object) -> None:  # noqa: ARG001
    """What Lambda calls."""
    import botocore.session

    session = botocore.session.get_session()
    answer(event["CodePipeline.job"], session.create_client("stepfunctions"), session.create_client("codepipeline"))


def answer(job: dict[str, Any], states: Any, pipeline: Any) -> None:
    """Start the check of a job, or look how it stands, and tell CodePipeline.

    An answer that CodePipeline does not take is raised; Lambda then invokes the function again, twice, and a second
    start of the same job finds the execution of the first.

    Args:
        job: as CodePipeline sends it; ``UserParameters`` is JSON with ``state_machine_arn`` and ``request``.
        states: client of Step Functions.
        pipeline: client of CodePipeline.
    """
    arn = job.get("data", {}).get("continuationToken")
    try:
        if arn is None:
            arn = _start(job, states)
        execution = states.describe_execution(executionArn=arn)
    except (KeyError, TypeError, ValueError) as error:
        _fail(pipeline, job, "ConfigurationError", f"The action's UserParameters cannot be read: {error!r}.", arn)
        return
    except Exception as error:  # noqa: BLE001 - whatever it was, the action must not hang
        code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
        if arn is not None and code in _LATER:
            _go_on(pipeline, job, arn)
            return
        kind = "PermissionError" if code.startswith("AccessDenied") else "JobFailed"
        _fail(pipeline, job, kind, f"The check could not be {'followed' if arn else 'started'}: {error}", arn)
        return
    status = execution["status"]
    if status in ("RUNNING", "PENDING_REDRIVE"):
        _go_on(pipeline, job, arn)
    elif status == "SUCCEEDED":
        done = {"summary": "The check passed.", "externalExecutionId": arn}
        pipeline.put_job_success_result(jobId=job["id"], outputVariables={"ExecutionArn": arn}, executionDetails=done)
    else:
        why = ": ".join(filter(None, (execution.get("error"), execution.get("cause")))) or f"The execution is {status}."
        _fail(pipeline, job, "JobFailed", why, arn)


def _start(job: dict[str, Any], states: Any) -> str:
    asked = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
    machine, request = asked["state_machine_arn"], asked["request"]
    name = f"check-{job['id']}"
    try:
        started = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"request": request}))
    except states.exceptions.ExecutionAlreadyExists:
        return f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    return str(started["executionArn"])


def _go_on(pipeline: Any, job: dict[str, Any], arn: str) -> None:
    running = {"summary": "The check is under way.", "externalExecutionId": arn}
    pipeline.put_job_success_result(jobId=job["id"], continuationToken=arn, executionDetails=running)


def _fail(pipeline: Any, job: dict[str, Any], kind: str, message: str, arn: str | None) -> None:
    details = {"type": kind, "message": message[:LONGEST_MESSAGE]}
    if arn is not None:
        details["externalExecutionId"] = arn
    pipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
