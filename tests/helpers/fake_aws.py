"""A small AWS in memory, strict where the embedded endpoint is lax, with faults on demand.

Behaviour that matters here, and its source: RevisionId is checked on every write and an update in progress refuses
further ones (AWS docs, lambda/latest/dg/functions-states); PublishVersion returns the existing version when nothing
changed since (lambda/latest/api/API_PublishVersion); DeleteFunction without a qualifier deletes the function.
"""

import base64
import copy
import io
import itertools
import json
import threading
from collections import Counter
from types import SimpleNamespace

from botocore.exceptions import ClientError

from powertune.aws.clock import ClockDifference

ACCOUNT = "123456789012"
REGION = "us-east-1"
NAME = "orders"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{NAME}"


class Killed(BaseException):
    """The process died here."""


class FakeClock:
    """Time that passes only when somebody sleeps or asks."""

    def __init__(self):
        self.ms = 1_790_000_000_000

    def now_ms(self):
        self.ms += 1
        return self.ms

    def sleep(self, seconds):
        self.ms += int(seconds * 1000)


def refusal(operation, code, message="no", status=400):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )


class FakeAws:
    """Session, clients and state in one. ``fault(n, service, operation, when)`` may raise around the n-th call."""

    region = REGION
    role = None

    def __init__(self, *, memory_mb=512, fault=None, duration_ms=lambda memory_mb: 50_000 / memory_mb, tracing=True):
        self.calls = Counter()
        self.clock_difference = ClockDifference(FakeClock())
        self.log = []
        self.fault = fault or (lambda *_: None)
        self.duration_ms = duration_ms
        self.objects = {}
        self.reports = []
        self.serial = 0  # sets the request ids of several such functions apart
        self.invoked = []
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._pending_reads = 0
        self.latest = {
            "FunctionName": NAME,
            "FunctionArn": ARN,
            "MemorySize": memory_mb,
            "Timeout": 30,
            "Handler": "app.handler",
            "Runtime": "python3.12",
            "Architectures": ["x86_64"],
            "CodeSha256": "c0de",
            "Description": "takes payments",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "TracingConfig": {"Mode": "Active" if tracing else "PassThrough"},
            "RevisionId": "r0",
            "Version": "$LATEST",
        }
        self.versions = {}
        self.aliases = {}
        self.ready = {}  # environments that are kept ready, by alias
        self._published_from = None
        self._next_version = 1
        self.reserved = None
        self.environments = 1  # so many invocations of a version are cold starts
        self.answer = lambda payload: {}  # what the function answers
        self.others = {}  # other functions, by name
        self.log_class = "STANDARD"
        self.trace_destination = "XRay"
        self.failing_sizes_mb = ()  # an update to one of these is accepted, and fails later
        self.hourly = ()  # invocations of the function in hours of the last days, as CloudWatch counts them

    # --- what a user of the function can see ---------------------------------------------------------------

    def visible(self):
        """The function as its owner knows it, without the revision, which any update changes."""
        latest = {key: value for key, value in self.latest.items() if key not in ("RevisionId", "LastUpdateStatus")}
        return copy.deepcopy((latest, self.versions, self.aliases))

    # --- the session -----------------------------------------------------------------------------------------

    def client(self, service):
        return _Client(self, service)

    def quick_client(self, service):
        return self.client(service)

    def reaching(self, *, region=None, role=None):
        return self

    def invoker(self, *, timeout_s, parallel, region=None):
        return _Client(self, "lambda")

    def call(self, service, operation, arguments):
        with self._lock:  # a run invokes several sizes at the same time
            number = len(self.log)
            self.log.append(f"{service}:{operation}")
            # As `AwsSession` counts: by AWS's name, and before the call is sent.
            self.calls[f"{service}:{operation.title().replace('_', '')}"] += 1
            self.fault(number, service, operation, "before")
            answer = self.performed(operation, arguments)
            self.fault(number, service, operation, "after")
            return answer

    def performed(self, operation, arguments):
        return getattr(self, operation)(**arguments)

    # --- Lambda ------------------------------------------------------------------------------------------------

    def _revise(self):
        self.latest["RevisionId"] = f"r{next(self._ids)}"

    def get_function_configuration(self, FunctionName, Qualifier=None):
        if FunctionName.rpartition(":")[2] != NAME:
            return {"Timeout": 10, "Architectures": ["x86_64"]}
        if Qualifier in (None, "$LATEST"):
            if self._pending_reads:
                self._pending_reads -= 1
                if not self._pending_reads:
                    failed = self.latest["MemorySize"] in self.failing_sizes_mb
                    self.latest["LastUpdateStatus"] = "Failed" if failed else "Successful"
            return copy.deepcopy(self.latest)
        version = self.aliases[Qualifier]["FunctionVersion"] if Qualifier in self.aliases else Qualifier
        if version not in self.versions:
            raise refusal("GetFunctionConfiguration", "ResourceNotFoundException", "no such version", 404)
        return copy.deepcopy(self.versions[version])

    def get_function_concurrency(self, FunctionName):
        return {} if self.reserved is None else {"ReservedConcurrentExecutions": self.reserved}

    def _check_writable(self, operation, RevisionId):
        if self.latest["LastUpdateStatus"] == "InProgress":
            raise refusal(operation, "ResourceConflictException", "An update is in progress", 409)
        if RevisionId is not None and RevisionId != self.latest["RevisionId"]:
            raise refusal(operation, "PreconditionFailedException", "The RevisionId is stale", 412)

    def update_function_configuration(self, FunctionName, MemorySize, RevisionId=None, **more):
        self._check_writable("UpdateFunctionConfiguration", RevisionId)
        self.latest.update(MemorySize=MemorySize, LastUpdateStatus="InProgress", **more)
        self._pending_reads = 2
        self._revise()
        return copy.deepcopy(self.latest)

    def publish_version(self, FunctionName, CodeSha256=None, RevisionId=None, Description=""):
        self._check_writable("PublishVersion", RevisionId)
        if self._published_from == self.latest["RevisionId"]:
            return copy.deepcopy(self.versions[max(self.versions, key=int)])
        number = str(self._next_version)
        self._next_version += 1
        self._published_from = self.latest["RevisionId"]
        version = {**copy.deepcopy(self.latest), "Version": number, "FunctionArn": f"{ARN}:{number}"}
        self.versions[number] = {**version, "Description": Description or version["Description"]}
        return copy.deepcopy(self.versions[number])

    def _check_versions(self, operation, FunctionVersion, RoutingConfig=None):
        """A weighted alias has two published versions (AWS docs, lambda/latest/dg/configuring-alias-routing)."""
        weights = (RoutingConfig or {}).get("AdditionalVersionWeights") or {}
        for version in (FunctionVersion, *weights):
            if version != "$LATEST" and version not in self.versions:
                raise refusal(operation, "ResourceNotFoundException", "no such version", 404)
        if weights and "$LATEST" in (FunctionVersion, *weights):
            raise refusal(operation, "InvalidParameterValueException", "$LATEST is not supported with weights")

    def create_alias(self, FunctionName, Name, FunctionVersion, Description=""):
        if Name in self.aliases:
            raise refusal("CreateAlias", "ResourceConflictException", "Alias already exists", 409)
        self._check_versions("CreateAlias", FunctionVersion)
        self.aliases[Name] = {
            "Name": Name,
            "FunctionVersion": FunctionVersion,
            "Description": Description,
            "RevisionId": f"r{next(self._ids)}",
        }
        return dict(self.aliases[Name])

    def _alias(self, operation, Name):
        if Name not in self.aliases:
            raise refusal(operation, "ResourceNotFoundException", "Alias not found", 404)
        return self.aliases[Name]

    def get_provisioned_concurrency_config(self, FunctionName, Qualifier):
        if Qualifier not in self.ready:
            raise refusal("GetProvisioned…", "ProvisionedConcurrencyConfigNotFoundException", status=404)
        return {"RequestedProvisionedConcurrentExecutions": self.ready[Qualifier]}

    def get_alias(self, FunctionName, Name):
        return dict(self._alias("GetAlias", Name))

    def update_alias(self, FunctionName, Name, RevisionId=None, **changes):
        alias = self._alias("UpdateAlias", Name)
        if RevisionId not in (None, alias["RevisionId"]):
            raise refusal("UpdateAlias", "PreconditionFailedException", "The RevisionId is stale", 412)
        routing = changes.get("RoutingConfig", alias.get("RoutingConfig"))
        self._check_versions("UpdateAlias", changes.get("FunctionVersion", alias["FunctionVersion"]), routing)
        if "RoutingConfig" in changes and not changes["RoutingConfig"]["AdditionalVersionWeights"]:
            del changes["RoutingConfig"]
            alias.pop("RoutingConfig", None)
        alias.update(changes, RevisionId=f"r{next(self._ids)}")
        return dict(alias)

    def delete_alias(self, FunctionName, Name):
        self._alias("DeleteAlias", Name)
        del self.aliases[Name]

    def delete_function(self, FunctionName, Qualifier=None):
        assert Qualifier is not None, "this would have deleted the user's function"
        if Qualifier not in self.versions:
            raise refusal("DeleteFunction", "ResourceNotFoundException", "no such version", 404)
        if any(
            Qualifier in (alias["FunctionVersion"], *alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))
            for alias in self.aliases.values()
        ):
            raise refusal("DeleteFunction", "ResourceConflictException", "an alias references it", 409)
        del self.versions[Qualifier]

    def list_aliases(self, FunctionName):
        return [{"Aliases": [alias]} for alias in copy.deepcopy(list(self.aliases.values()))]

    def list_versions_by_function(self, FunctionName):
        return [{"Versions": [version]} for version in copy.deepcopy([self.latest, *self.versions.values()])]

    def invoke(self, FunctionName, LogType, Payload, Qualifier=None):
        name = FunctionName.rpartition(":")[2]
        if name != NAME:
            return self._invoke_other(name, Payload)
        version = self._invoked(Qualifier)
        memory_mb, number = version["MemorySize"], len(self.reports)
        request_id = f"{number:08x}-0000-4000-8000-{self.serial:012d}"
        duration = self.duration_of(version)
        earlier = sum(report["version"] == version["Version"] for report in self.reports)
        cold = earlier < self.environments
        init = 100.0 if cold else None
        billed = int(-(-(duration + (init or 0)) // 1))
        text = (
            f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {memory_mb} MB\tMax Memory Used: 40 MB\t"
            + (f"Init Duration: {init:.2f} ms\t" if init else "")
            + "\n"
        )
        report = {"request_id": request_id, "version": version["Version"], "duration": round(duration, 2)}
        self.reports.append({**report, "text": text, "billed": billed, "init": init, "at": 1_790_000_000_000 + number})
        self.invoked.append((Qualifier, Payload))
        answer = self.answer_of(version, Payload)
        failed = {"FunctionError": "Unhandled"} if isinstance(answer, dict) and "errorType" in answer else {}
        return {
            "StatusCode": 200,
            "ExecutedVersion": version["Version"],
            "LogResult": base64.b64encode(text.encode()).decode(),
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            "ResponseMetadata": {"RequestId": request_id},
            **failed,
        }

    def _invoked(self, Qualifier):
        """What a qualifier leads to: an alias by its main version, a version, or ``$LATEST``."""
        version = self.aliases[Qualifier]["FunctionVersion"] if Qualifier in self.aliases else Qualifier
        if version in (None, "$LATEST"):
            return self.latest
        if version not in self.versions:
            raise refusal("Invoke", "ResourceNotFoundException", f"Function not found: {ARN}:{version}", 404)
        return self.versions[version]

    def duration_of(self, version):
        """How long a version runs, in milliseconds."""
        return self.duration_ms(version["MemorySize"])

    def answer_of(self, version, payload):
        """What a version answers."""
        return self.answer(payload)

    def stream_of(self, report):
        """The log stream of an invocation, without its beginning: one for each execution environment."""
        return "abc"

    def _invoke_other(self, name, payload):
        answer = self.others[name](payload)
        failed = {"FunctionError": "Unhandled"} if isinstance(answer, dict) and "errorType" in answer else {}
        request_id = f"{next(self._ids):08x}-0000-4000-8000-00000000000a"
        text = f"REPORT RequestId: {request_id}\tDuration: 2.50 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\t\n"
        return {
            "StatusCode": 200,
            "LogResult": base64.b64encode(text.encode()).decode(),
            "Payload": io.BytesIO(b"" if answer is None else json.dumps(answer).encode()),
            "ResponseMetadata": {"RequestId": request_id},
            **failed,
        }

    # --- CloudWatch Logs, X-Ray, S3, Step Functions --------------------------------------------------------

    def get_metric_statistics(self, Dimensions, StartTime, EndTime, **asked):
        assert asked == {
            "Namespace": "AWS/Lambda", "MetricName": "Invocations", "Period": 3600, "Statistics": ["Sum"],
        }  # fmt: skip
        assert Dimensions == [{"Name": "FunctionName", "Value": NAME}]
        assert (EndTime - StartTime).days == 14
        return {"Datapoints": [{"Sum": count} for count in self.hourly]}

    def describe_log_groups(self, logGroupNamePrefix):
        return {"logGroups": [{"logGroupName": logGroupNamePrefix, "logGroupClass": self.log_class}]}

    def get_trace_segment_destination(self):
        return {"Destination": self.trace_destination, "Status": "ACTIVE"}

    def start_query(self, **_):
        return {"queryId": "q"}

    def get_query_results(self, queryId):
        group = self.latest.get("LoggingConfig", {}).get("LogGroup")
        # In a group that is not the function's own, a stream has its name too (monitoring-cloudwatchlogs-loggroups).
        name = "" if group in (None, f"/aws/lambda/{NAME}") else NAME
        rows = [
            {
                "rid": report["request_id"],
                "@message": report["text"],
                "@logStream": f"2026/11/24/{name}[{report['version']}]{self.stream_of(report)}",
                "@timestamp": "2026-11-24 00:00:00.000",
                "durationMs": str(report["duration"]),
                "billedMs": str(report["billed"]),
                "maxMemoryMb": "40",
                **({"initMs": str(report["init"])} if report["init"] else {}),
            }
            for report in self.reports
        ]
        results = [[{"field": key, "value": value} for key, value in row.items()] for row in rows]
        return {"status": "Complete", "results": results, "statistics": {"bytesScanned": 1000.0}}

    def batch_get_traces(self, TraceIds):
        document = {"origin": "AWS::Lambda::Function", "name": NAME, "start_time": 1.0, "end_time": 1.05}
        segments = [{"Id": "s", "Document": json.dumps({**document, "subsegments": []})}]
        return {"Traces": [{"Id": trace, "Segments": segments} for trace in TraceIds], "UnprocessedTraceIds": []}

    def put_object(self, Bucket, Key, Body):
        self.objects[Key] = Body

    def get_object(self, Bucket, Key):
        if Key not in self.objects:
            raise refusal("GetObject", "NoSuchKey", status=404)
        return {"Body": io.BytesIO(self.objects[Key])}

    def list_objects_v2(self, Bucket, Prefix, Delimiter=None, ExpectedBucketOwner=ACCOUNT):
        if ExpectedBucketOwner != ACCOUNT:
            raise refusal("ListObjectsV2", "AccessDenied", status=403)
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        if Delimiter is None:
            return [{"Contents": [{"Key": key} for key in keys]}]
        names = dict.fromkeys(key[len(Prefix) :].partition(Delimiter)[0] for key in keys)
        return [{"CommonPrefixes": [{"Prefix": f"{Prefix}{name}{Delimiter}"}]} for name in names]

    def get_execution_history(self, executionArn, includeExecutionData):
        return [{"events": [{"type": "TaskStateEntered"}] * 3 + [{"type": "TaskSucceeded"}]}]


class _Client:
    def __init__(self, aws, service):
        self._aws = aws
        self._service = service
        self.meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_, **__: None))

    def get_paginator(self, operation):
        return SimpleNamespace(paginate=lambda **arguments: self._aws.call(self._service, operation, arguments))

    def __getattr__(self, operation):
        return lambda **arguments: self._aws.call(self._service, operation, arguments)
