"""An embedded endpoint behind a proxy, with functions of a user to run powertune on, and what is visible of them."""

import contextlib
import io
import itertools
import json
import tempfile
import time
import zipfile
from pathlib import Path

import boto3
import fault_answers
from botocore.config import Config
from fault_proxy import Proxy
from fault_zygote import LONGEST_PAUSE_S, Zygote

from powertune.local.endpoint import EndpointSettings, LocalEndpoint
from powertune.workflow.package import task_code

MEMORY_MB = 256
TIMEOUT_S = 2
READ_TIMEOUT_S = 2.0
_HANDLER = "def handler(event, context):\n    return event\n"
WORKING = "def handler(event, context):\n    return sum(range(600_000))\n"
"""Quicker with more memory, beyond all noise: what such a function is recommended may be applied."""
_TASKS = ("powertune-worker", "powertune-planner")
_BY_SERVICE = ("LAMBDA", "S3", "CLOUDWATCH_LOGS", "XRAY", "SFN")
_SHORTENED = """
import botocore.retries.standard
from botocore.config import Config
import powertune.aws.session as sessions
backoff = botocore.retries.standard.ExponentialBackoff
made = backoff.__init__
backoff.__init__ = lambda self, max_backoff=0, **more: made(self, {pause_s}, **more)
Config.OPTION_DEFAULTS["read_timeout"] = {read_timeout_s}
sessions.INVOKE_MARGIN_S = 0
"""
"""What `fault_zygote.shorten` does, for the task functions: it is added to the package that they begin with."""


class Lane:
    """Runs one case after the other; lanes beside each other share nothing."""

    def __init__(self, *, stack=False):
        self._stack = contextlib.ExitStack()
        try:
            self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
            self.results = self.folder / "results"
            self.endpoint = self._stack.enter_context(LocalEndpoint(EndpointSettings()))
            self.functions = self.client("lambda")
            self.states = self.client("stepfunctions")
            self.proxy = Proxy(self.endpoint.url, refusal=self._refusal)
            self._stack.callback(self.proxy.close)
            self.zygote = Zygote(self.folder)
            self._stack.callback(self.zygote.close)
            self._numbers = itertools.count()
            self._warm_up()
            if stack:
                self._prepare_stack()
        except BaseException:
            self._stack.close()
            raise

    def close(self):
        """End everything of it."""
        self._stack.close()

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.endpoint.url,
            region_name=self.endpoint.region,
            aws_access_key_id=self.endpoint.variables()["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 3}, read_timeout=30),
        )

    def _refusal(self, call):
        """What Lambda refuses and the endpoint lets pass.

        A write while an update is in progress (AWS docs, lambda/latest/dg/functions-states); PublishVersion for
        another revision or another code (lambda/latest/api/API_PublishVersion); an alias of a version that is not
        there (API_UpdateAlias), and the deletion of a version that an alias points at (API_DeleteFunction).
        """
        if call.service != "lambda":
            return None
        if call.operation in ("PublishVersion", "UpdateFunctionConfiguration"):
            return self._write_refused(call)
        if call.operation in ("CreateAlias", "UpdateAlias") and call.fields.get("FunctionVersion", "").isdigit():
            return None if call.fields["FunctionVersion"] in self._versions(call) else fault_answers.missing(call)
        if call.operation == "DeleteFunction" and call.named:
            aliases = self.functions.list_aliases(FunctionName=call.function)["Aliases"]
            pointed_at = {one["FunctionVersion"] for one in aliases}.union(*(_weights(one) for one in aliases))
            return fault_answers.referenced(call) if call.named in pointed_at else None
        return None

    def _write_refused(self, call):
        present = self.functions.get_function_configuration(FunctionName=call.function)
        if present.get("LastUpdateStatus") == "InProgress":
            return fault_answers.busy(call)
        if call.fields.get("RevisionId") not in (None, present["RevisionId"]):
            return fault_answers.changed(call)
        if call.fields.get("CodeSha256") not in (None, present["CodeSha256"]):
            return fault_answers.other_code(call)
        return None

    def _versions(self, call):
        found = self.functions.list_versions_by_function(FunctionName=call.function)["Versions"]
        return {version["Version"] for version in found}

    def variables(self, *, through_proxy=True):
        """Environment variables of a powertune command."""
        url = self.proxy.url("terminal") if through_proxy else self.endpoint.url
        return {**self.endpoint.variables(), "AWS_ENDPOINT_URL": url}

    def _warm_up(self):
        """Import and build once what every command would: in the process that they are all forked from."""
        name, arn = self.new_function(changed_since=True)
        search = ("--memory-sizes", "256,512", "--search", "adaptive", "--max-invocations", 5)
        run = ("run", "--function-arn", arn, "--direct", *search)
        for arguments in ((*run, "--output-dir", self.results), ("cleanup", "--function-arn", arn)):
            ended = self.zygote.run(*arguments, inside=True, **self.variables())
            assert ended.code == 0, ended.err
        self.delete(name)

    def _prepare_stack(self):
        """Point the task functions at the proxy: service by service, because the endpoint sets what names them all."""
        urls = {f"AWS_ENDPOINT_URL_{service}": self.proxy.url("tasks") for service in _BY_SERVICE}
        code, shortened = io.BytesIO(), _SHORTENED.format(read_timeout_s=READ_TIMEOUT_S, pause_s=LONGEST_PAUSE_S)
        with zipfile.ZipFile(io.BytesIO(task_code())) as made, zipfile.ZipFile(code, "w") as archive:
            for name in made.namelist():
                more = shortened.encode() if name == "powertune/__init__.py" else b""
                archive.writestr(name, made.read(name) + more)
        for name in _TASKS:
            self.functions.update_function_code(FunctionName=name, ZipFile=code.getvalue())
            self.settled(name)
            before = self.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
            self.functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": {**before, **urls, "OPENBLAS_NUM_THREADS": "1"}}
            )
            self.settled(name)
        # What is tried again for a minute on AWS is tried as often, but within seconds.
        machine = self.endpoint.stack.state_machine_arn
        definition = json.loads(self.states.describe_state_machine(stateMachineArn=machine)["definition"])
        for state in definition["States"].values():
            for retry in state.get("Retry", ()):
                retry.update(IntervalSeconds=1, BackoffRate=1)
        self.states.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))

    def settled(self, name, qualifier=None):
        """The configuration once it is neither pending nor being updated."""
        chosen = {"Qualifier": qualifier} if qualifier else {}
        while True:
            found = self.functions.get_function_configuration(FunctionName=name, **chosen)
            if found.get("State") != "Pending" and found.get("LastUpdateStatus") != "InProgress":
                return found
            time.sleep(0.05)

    def new_function(self, *, changed_since, handler=_HANDLER):
        """A function as a user may have it, and its ARN.

        It has versions of its own, an alias that splits traffic by weight, one that could be taken for the peer's,
        and a version and an alias that could be taken for a run's. ``changed_since``: whether ``$LATEST`` differs
        from the last version; where it does not, publishing gives that version back.
        """
        name, functions = f"orders-{next(self._numbers)}", self.functions
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", handler)
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/orders",
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            MemorySize=MEMORY_MB,
            Timeout=TIMEOUT_S,
            Description="takes payments",
            Environment={"Variables": {"STAGE": "production"}},
            TracingConfig={"Mode": "Active"},
            Tags={"team": "payments"},
        )
        self.settled(name)
        functions.publish_version(FunctionName=name, Description="release 1")
        self.change(name, Environment={"Variables": {"STAGE": "production", "RELEASE": "2"}})
        functions.publish_version(FunctionName=name, Description="powertune 512 MB")
        weights = {"AdditionalVersionWeights": {"2": 0.1}}
        functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig=weights)
        functions.create_alias(FunctionName=name, Name="RAM512", FunctionVersion="2", Description="by hand")
        functions.create_alias(FunctionName=name, Name="powertune-mine", FunctionVersion="1")
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=20)
        if changed_since:
            self.change(name, Description="takes payments and refunds")
        self.settled(name, "2")
        return name, f"arn:aws:lambda:{self.endpoint.region}:000000000000:function:{name}"

    def change(self, name, **what):
        self.settled(name)
        self.functions.update_function_configuration(FunctionName=name, **what)
        self.settled(name)

    def visible(self, name):
        """All that its owner can see of a function, without what any update changes by its nature."""
        functions = self.functions
        configuration = self.settled(name)
        for key in ("ResponseMetadata", "RevisionId", "LastModified"):
            configuration.pop(key, None)
        versions = functions.list_versions_by_function(FunctionName=name)["Versions"]
        whole = functions.get_function(FunctionName=name)
        return {
            "configuration": configuration,
            "versions": {one["Version"]: one for one in versions if one["Version"] != "$LATEST"},
            "aliases": {one["Name"]: one for one in functions.list_aliases(FunctionName=name)["Aliases"]},
            "tags": whole.get("Tags"),
            "concurrency": whole.get("Concurrency"),
        }

    def clones(self, arn):
        """The names of the clones of a function."""
        pages = self.functions.get_paginator("list_functions").paginate()
        names = [one["FunctionName"] for page in pages for one in page["Functions"]]
        clones = [name for name in names if name.startswith("powertune-clone-")]
        return [name for name in clones if self._tags(name).get("powertune:target") == arn]

    def _tags(self, name):
        return self.functions.get_function(FunctionName=name).get("Tags") or {}

    def delete(self, name):
        self.functions.delete_function(FunctionName=name)

    def running_execution(self):
        """The ARN of the execution under way; None where there is none."""
        machine = self.endpoint.stack.state_machine_arn
        found = self.states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        return found[0]["executionArn"] if found else None

    def stop_execution(self, arn):
        self.states.stop_execution(executionArn=arn)

    def last_event(self):
        """What EventBridge tells of the latest execution (step-functions/latest/dg/eventbridge-integration)."""
        machine = self.endpoint.stack.state_machine_arn
        newest = max(
            self.states.list_executions(stateMachineArn=machine)["executions"], key=lambda one: one["startDate"]
        )
        found = self.states.describe_execution(executionArn=newest["executionArn"])
        names = ("executionArn", "stateMachineArn", "name", "status", "input")
        return {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {name: found[name] for name in names},
        }

    def wait_for_executions(self, *, timeout_s=60, quiet_s=0.0):
        """Wait until no execution is under way and, if asked, no task has made a call for a while.

        StopExecution does not stop a task that is under way: Lambda runs it to its end.
        """
        deadline = time.monotonic() + timeout_s
        while self.running_execution() is not None or self.proxy.quiet_for() < quiet_s:
            if time.monotonic() > deadline:
                raise AssertionError(f"an execution is still running after {timeout_s} s")
            time.sleep(0.05)


def _weights(alias):
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


def process_at(port, peer_port):
    """The id of the process that holds the TCP connection from one local port to another; None if it is gone."""
    inode = None
    wanted = f":{port:04X}", f":{peer_port:04X}"
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(wanted[0]) and fields[2].endswith(wanted[1]):
            inode = fields[9]
    if inode in (None, "0"):
        return None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                for link in (entry / "fd").iterdir():
                    with contextlib.suppress(OSError):
                        if str(link.readlink()) == f"socket:[{inode}]":
                            return int(entry.name)
    return None
