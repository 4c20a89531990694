"""The fake AWS with IAM: every call must be allowed, on the resource that it names, by the policy in force."""

import json
import re
from contextlib import contextmanager
from types import SimpleNamespace

from asl_walker import Failed, Walker
from fake_aws import ACCOUNT, REGION, FakeAws, refusal

from powertune.permissions import allows
from powertune.workflow import tasks
from powertune.workflow.stack import definition

STATE_MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:powertune"
FUNCTIONS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
PREFIXES = {"stepfunctions": "states"}
ACTIONS = {"invoke": "InvokeFunction", "list_objects_v2": "ListBucket"}
"""Where the name of an action is not that of the call (Service Authorization Reference)."""


def action_of(service, operation):
    name = ACTIONS.get(operation) or re.sub("(^|_)([a-z])", lambda part: part[2].upper(), operation)
    return f"{PREFIXES.get(service, service)}:{name}"


class PolicedAws(FakeAws):
    """``policy`` holds the statements in force; ``used`` what was let through, ``denied`` what was not."""

    def __init__(self, policy, **arguments):
        super().__init__(**arguments)
        self.policy = policy
        self.used = []
        self.denied = []
        self._log_group = None

    def reaching(self, *, region=None, role=None):
        return self

    @contextmanager
    def under(self, policy):
        before, self.policy = self.policy, policy
        try:
            yield
        finally:
            self.policy = before

    def call(self, service, operation, arguments):
        self.check(action_of(service, operation), self._resource(service, operation, arguments))
        if operation == "start_execution":  # the fake's lock is for the threads within it
            return self.start_execution(**arguments)
        return super().call(service, operation, arguments)

    def check(self, action, resource):
        if not allows(self.policy, action, resource):
            self.denied.append((action, resource))
            raise refusal(action, "AccessDeniedException", f"not authorized to perform {action} on {resource}", 403)
        self.used.append((action, resource))

    def get_object(self, Bucket, Key):
        if Key not in self.objects:  # without this permission S3 answers 403 (S3 API Reference, API_GetObject)
            self.check("s3:ListBucket", f"arn:aws:s3:::{Bucket}")
        return super().get_object(Bucket, Key)

    def _resource(self, service, operation, given):
        if service == "lambda":
            qualifier = given.get("Qualifier")
            return given["FunctionName"] + (f":{qualifier}" if qualifier else "")
        if operation in ("start_query", "get_query_results"):
            self._log_group = given.get("logGroupName") or self._log_group
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self._log_group}:*"
        if service == "s3":
            return f"arn:aws:s3:::{given['Bucket']}" + (f"/{given['Key']}" if "Key" in given else "")
        if service == "stepfunctions":
            return given.get("executionArn") or given["stateMachineArn"]
        return "*"


class PolicedStack(PolicedAws):
    """The same with the state machine on it: its tasks run with the policies of their roles."""

    def __init__(self, policy, roles, clock, monkeypatch, **arguments):
        super().__init__(policy, **arguments)
        self._roles = roles
        self._executions = {}
        monkeypatch.setattr(tasks, "_session", lambda: self)
        monkeypatch.setattr(tasks, "SystemClock", lambda: clock)
        monkeypatch.setenv("POWERTUNE_BUCKET", f"powertune-{ACCOUNT}-{REGION}")

    def describe_state_machine(self, stateMachineArn):
        return {"stateMachineArn": stateMachineArn}

    def start_execution(self, stateMachineArn, name, input):  # noqa: A002 - as AWS names it
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:powertune:{name}"
        text = definition(
            partition="aws",
            worker_arn=f"{FUNCTIONS}:powertune-worker",
            planner_arn=f"{FUNCTIONS}:powertune-planner",
        )
        walker = Walker(text, self._task, name=name, arn=arn)
        self._executions[arn] = {"executionArn": arn, "status": "SUCCEEDED"}
        try:
            walker.run(json.loads(input))
        except Failed as error:
            kind, cause = error.args
            self._executions[arn].update(status="FAILED", error=kind, cause=cause)
        return {"executionArn": arn}

    def describe_execution(self, executionArn):
        return self._executions[executionArn]

    def _task(self, function_arn, payload):
        with self.under(self._roles["state-machine"]):
            self.check("lambda:InvokeFunction", function_arn)
        context = SimpleNamespace(memory_limit_in_mb="512", get_remaining_time_in_millis=lambda: 900_000)
        with self.under(self._roles[function_arn.rpartition("-")[2]]):
            return json.loads(json.dumps(tasks.handler(payload, context)))
