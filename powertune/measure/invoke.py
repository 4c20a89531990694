"""Invokes a variant, each call exactly once."""

import base64
import json
import re
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn
from powertune.domain.sample import Invocation, Outcome, ReportLine
from powertune.measure.report_line import find_report

_MAX_ERROR_TEXT = 500
_PLATFORM_PREFIX = re.compile(r"^RequestId: [0-9a-f-]{36} (?:Error: )?")
_MAX_THROTTLES = 8
_SURELY_NOT_RUN = frozenset(
    {
        "TooManyRequestsException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
    }
)
"""Errors after which the function did not run (AWS docs, lambda/latest/api/API_Invoke): these alone are retried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to invoke: an alias of one version at one memory size."""

    arn: FunctionArn
    alias: str
    version: str
    memory_mb: int
    traced: bool


class Invoker:
    """Invokes one target, several times and perhaps in parallel.

    Args:
        client: a Lambda client that does not retry (`AwsSession.invoker`).
        target: what to invoke.
        payload: the event as JSON text.
        clock: for time stamps and for waiting out throttles.
    """

    def __init__(self, client: Any, target: Target, payload: str, clock: Clock) -> None:
        self._client = client
        self._target = target
        self._payload = payload.encode()
        self._clock = clock
        client.meta.events.register("before-call.lambda.Invoke", _set_trace_header, unique_id="powertune-trace")

    def run(
        self,
        orders: range,
        *,
        parallel: int,
        may_start: Callable[[], bool],
        on_done: Callable[[Invocation], None],
    ) -> list[Invocation]:
        """Invoke once for each order number, as long as ``may_start`` allows the next one.

        ``on_done`` is called after each invocation, one call at a time. Invocations under way are always
        waited for. The result is in order of the order numbers, which have no gap.
        """
        done: list[Invocation] = []
        upcoming = iter(orders)
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    order = next(upcoming, None) if may_start() else None
                if order is None:
                    return
                invocation = self._invoke(order)
                with lock:
                    done.append(invocation)
                    on_done(invocation)

        if parallel == 1:
            work()
        else:
            with ThreadPoolExecutor(max_workers=parallel) as pool:
                for future in [pool.submit(work) for _ in range(parallel)]:
                    future.result()
        return sorted(done, key=lambda invocation: invocation.order)

    def _invoke(self, order: int) -> Invocation:
        from aws_xray_sdk.core.models.trace_header import TraceHeader
        from aws_xray_sdk.core.models.traceid import TraceId
        from botocore.exceptions import BotoCoreError, ClientError

        trace_id: str = TraceId().to_id()
        # A header of its own for each call: inside Lambda botocore would put all calls into the task's own trace.
        header = TraceHeader(root=trace_id, parent=secrets.token_hex(8), sampled=1 if self._target.traced else 0)
        client_arguments = {
            "FunctionName": str(self._target.arn),
            "Qualifier": self._target.alias,
            "LogType": "Tail",
            "Payload": self._payload,
        }
        for attempt in range(_MAX_THROTTLES + 1):
            sent_at_ms = self._clock.now_ms()
            try:
                response = self._send(client_arguments, header.to_header_str())
            except ClientError as error:
                code = code_of(error)
                if code not in _SURELY_NOT_RUN:
                    if _is_server_fault(error):
                        return self._unanswered(order, sent_at_ms, Outcome.LOST, code)
                    with explained("invoking the function", self._target.arn.name):
                        raise
                if attempt == _MAX_THROTTLES:
                    return self._unanswered(order, sent_at_ms, Outcome.THROTTLED, code)
                self._clock.sleep(_retry_after_s(error, attempt))
            except BotoCoreError as error:
                # It may have run and be billed: sending it again would run it twice.
                return self._unanswered(order, sent_at_ms, Outcome.LOST, type(error).__name__)
            else:
                return self._answered(order, sent_at_ms, trace_id, response)
        raise AssertionError("the loop above returns")

    def _send(self, arguments: dict[str, Any], header: str) -> dict[str, Any]:
        _TRACE_HEADER.value = header
        response: dict[str, Any] = self._client.invoke(**arguments)
        response["Payload"] = response["Payload"].read()
        return response

    def _answered(self, order: int, sent_at_ms: int, trace_id: str, response: dict[str, Any]) -> Invocation:
        request_id: str = response["ResponseMetadata"]["RequestId"]
        tail = base64.b64decode(response.get("LogResult", "")).decode(errors="replace")
        report = find_report(tail, request_id)
        outcome, error_type, error_message = _outcome(response, report)
        return Invocation(
            memory_mb=self._target.memory_mb,
            version=response.get("ExecutedVersion", self._target.version),
            order=order,
            request_id=request_id,
            trace_id=trace_id if self._target.traced else None,
            outcome=outcome,
            sent_at_ms=sent_at_ms,
            error_type=error_type,
            error_message=error_message,
            report=report,
        )

    def _unanswered(self, order: int, sent_at_ms: int, outcome: Outcome, why: str) -> Invocation:
        return Invocation(
            memory_mb=self._target.memory_mb,
            version=self._target.version,
            order=order,
            request_id=None,
            trace_id=None,
            outcome=outcome,
            sent_at_ms=sent_at_ms,
            error_type=why,
        )


_TRACE_HEADER = threading.local()


def _set_trace_header(params: dict[str, Any], **_: object) -> None:
    params["headers"]["X-Amzn-Trace-Id"] = _TRACE_HEADER.value


def _is_server_fault(error: Any) -> bool:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500


def _retry_after_s(error: Any, attempt: int) -> float:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = headers.get("retry-after", "")
    return float(told) if told.isdigit() else min(0.25 * 2**attempt, 10.0)


def _outcome(response: dict[str, Any], report: ReportLine | None) -> tuple[Outcome, str | None, str | None]:
    if not response.get("FunctionError"):
        return Outcome.OK, None, None
    try:
        body = json.loads(response["Payload"])
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    error_type = str(body.get("errorType") or "") or None
    message = _PLATFORM_PREFIX.sub("", str(body.get("errorMessage") or ""))[:_MAX_ERROR_TEXT] or None
    logged = report.error_type if report else None
    if error_type == "Sandbox.Timedout" or "Task timed out after" in (message or ""):
        return Outcome.TIMEOUT, error_type or "Sandbox.Timedout", message
    if "Runtime.OutOfMemory" in (error_type, logged) or _killed_at_limit(message, report):
        return Outcome.OUT_OF_MEMORY, "Runtime.OutOfMemory", message
    return Outcome.ERROR, error_type, message


def _killed_at_limit(message: str | None, report: ReportLine | None) -> bool:
    return (
        "signal: killed" in (message or "")
        and report is not None
        and report.max_memory_used_mb is not None
        and report.max_memory_used_mb == report.memory_mb
    )
