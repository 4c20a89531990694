"""The fake AWS with a function that has versions to compare, invoked by number as a check does."""

import base64
import io
import json

from fake_aws import ARN, FakeAws, FakeClock, refusal

from powertune.domain.check import LATEST, CheckRequest, CheckSettings
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

RUN_ID = "20261124T120000-abc123"
FUNCTION = FunctionArn.parse(ARN)
WRITES = ("create", "update", "delete", "publish", "put", "add", "remove", "tag", "untag")


class CheckedAws(FakeAws):
    """Versions 1 and 2 with the aliases live and staging, and ``$LATEST`` with newer code.

    ``durations`` says how long a version takes, in ms; ``answers`` what it answers, by version, in place of success;
    ``throttled`` says of each invocation whether AWS lets it not through.
    """

    def __init__(self, *, durations=None, answers=None, throttled=lambda number: False, **more):
        super().__init__(**more)
        self.durations = durations or {}
        self.answers = answers or {}
        self.throttled = throttled
        self.tried = 0
        self.written = []  # every call that writes, as operation and arguments
        for number, alias in (("1", "live"), ("2", "staging")):
            self.latest["CodeSha256"] = f"c0de{number}"
            self._revise()
            self.publish_version(ARN, Description=f"release {number}")
            self.create_alias(ARN, alias, number)
        self.latest["CodeSha256"] = "c0de3"
        self._revise()
        self.made_ms = FakeClock().ms

    def performed(self, operation, arguments):
        if operation.startswith(WRITES) and operation != "put_object":
            self.written.append((operation, arguments.get("Name")))
        return super().performed(operation, arguments)

    def get_function_configuration(self, FunctionName, Qualifier=None):
        return super().get_function_configuration(FunctionName, None if Qualifier == LATEST else Qualifier)

    def invoke(self, FunctionName, LogType, Payload, Qualifier=None):
        assert Qualifier == LATEST or Qualifier.isdigit(), "a check invokes versions by number"
        self.tried += 1
        if self.throttled(self.tried):
            raise refusal("Invoke", "TooManyRequestsException", "Rate Exceeded.", 429)
        found = self.latest if Qualifier == LATEST else self.versions.get(Qualifier)
        if found is None:
            raise refusal("Invoke", "ResourceNotFoundException", f"Function not found: {FunctionName}:{Qualifier}", 404)
        number, version = len(self.reports), found["Version"]
        earlier = sum(report["version"] == version for report in self.reports)
        # A little noise, the same for every version and every time.
        duration = self.durations.get(version, 50.0) * (1 + ((earlier * 7919) % 13 - 6) / 400)
        init = 100.0 if earlier < self.environments else None
        billed = int(-(-(duration + (init or 0)) // 1))
        request_id = f"{number:08x}-0000-4000-8000-{self.serial:012d}"
        text = (
            f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {found['MemorySize']} MB\tMax Memory Used: 40 MB\t"
            + (f"Init Duration: {init:.2f} ms\t" if init else "") + "\n"
        )  # fmt: skip
        self.reports.append({
            "request_id": request_id, "version": version, "duration": round(duration, 2), "text": text,
            "billed": billed, "init": init, "at": self.made_ms + number,
        })  # fmt: skip
        self.invoked.append((Qualifier, Payload))
        answer = self.answers.get(version, {})
        failed = {"FunctionError": "Unhandled"} if "errorType" in answer else {}
        return {
            "StatusCode": 200,
            "ExecutedVersion": version,
            "LogResult": base64.b64encode(text.encode()).decode(),
            "Payload": io.BytesIO(json.dumps(answer).encode()),
            "ResponseMetadata": {"RequestId": request_id},
            **failed,
        }

    @property
    def written_besides_the_lease(self):
        return [one for one in self.written if one[1] != "powertune-lease"]


def check_request(*, qualifier="staging", against="live", most=50, limits=None, settings=None, parallel=5, **check):
    """A check of version 2 against version 1, both at most so often."""
    given = {} if limits is None else {"limits": limits}
    return TuningRequest(
        function_arn=FUNCTION,
        parallel=parallel,
        check=CheckRequest(
            settings=settings or CheckSettings(max_invocations=most), qualifier=qualifier, against=against, **check
        ),
        **given,
    )


def services_of(aws, *, store=None, clock=None, **more):
    return Services(
        session=aws, store=store or MemoryStore(), clock=clock or FakeClock(), environment=Environment(kind="aws"),
        **more,
    )  # fmt: skip


def check(aws, request=None, *, run_id=RUN_ID, **more):
    """A check from the terminal."""
    return run_direct(services_of(aws, **more), request or check_request(), run_id)
