"""Invokes a variant, each call exactly once."""

import json
import re
import secrets
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.function import FunctionArn
from powertune.domain.sample import Invocation, Outcome, ReportLine
from powertune.measure.processors import Processors, report_of
from powertune.measure.sending import NeverRan, NoAnswer, send

_MAX_ERROR_TEXT = 500
_PLATFORM_PREFIX = re.compile(r"^RequestId: [0-9a-f-]{36} (?:Error: )?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to invoke: an alias of one version at one memory size."""

    alias: str
    version: str
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One invocation to be made: its order number at its memory size, and the index of its payload."""

    order: int
    payload: int


class Invoker:
    """Invokes one function at any of its variants, one call or several at the same time.

    Args:
        client: a Lambda client that does not retry (`AwsSession.invoker`).
        arn: the function.
        payloads: the events as JSON text.
        clock: for time stamps and for waiting out throttles.
        traced: whether each call asks for a trace.
        allowed_exceptions: error types that count as a normal answer.
        processors: what is called around each invocation.
    """

    def __init__(
        self,
        client: Any,
        arn: FunctionArn,
        payloads: Sequence[str],
        clock: Clock,
        *,
        traced: bool,
        allowed_exceptions: Collection[str] = (),
        processors: Processors | None = None,
    ) -> None:
        self._client = client
        self._arn = arn
        self._payloads = [payload.encode() for payload in payloads]
        self._clock = clock
        self._traced = traced
        self._allowed = frozenset(allowed_exceptions)
        self._processors = processors
        client.meta.events.register("before-call.lambda.Invoke", _set_trace_header, unique_id="powertune-trace")

    def burst(self, target: Target, calls: Sequence[Call], on_done: Callable[[Invocation], None]) -> None:
        """Make calls at the same time, and wait for all of them.

        ``on_done`` is told of each call that was made, from several threads, also where a later part fails.

        Raises:
            AwsError: AWS refuses a call.
            ProcessorFails: a processor around a call failed.
        """
        if len(calls) == 1:
            self.invoke(target, calls[0], on_done)
            return
        with ThreadPoolExecutor(max_workers=len(calls)) as pool:
            futures = [pool.submit(self.invoke, target, call, on_done) for call in calls]
        for future in futures:
            future.result()

    def invoke(self, target: Target, call: Call, on_done: Callable[[Invocation], None]) -> None:
        """Make one call, exactly once: what may have run is never sent again.

        Raises:
            AwsError: AWS refuses the call.
            ProcessorFails: a processor around it failed.
        """
        payload = self._payloads[call.payload]
        if self._processors is None:
            on_done(self._invoke(target, call, payload)[0])
            return
        payload, records = self._processors.before(payload)
        invocation, answer = self._invoke(target, call, payload)
        try:
            if answer is not None:
                records = (*records, *self._processors.after(answer))
        finally:
            on_done(replace(invocation, processors=records))

    def _invoke(self, target: Target, call: Call, payload: bytes) -> tuple[Invocation, bytes | None]:
        from aws_xray_sdk.core.models.trace_header import TraceHeader
        from aws_xray_sdk.core.models.traceid import TraceId

        trace_id: str = TraceId().to_id()
        # A header of its own for each call: inside Lambda botocore would put all calls into the task's own trace.
        header = TraceHeader(root=trace_id, parent=secrets.token_hex(8), sampled=1 if self._traced else 0)
        arguments = {
            "FunctionName": str(self._arn),
            "Qualifier": target.alias,
            "LogType": "Tail",
            "Payload": payload,
        }
        began_ms = self._clock.now_ms()
        _TRACE_HEADER.value = header.to_header_str()
        try:
            with explained("invoking the function", self._arn.name):
                response, sent_at_ms = send(self._client, arguments, self._clock)
        except NeverRan as error:
            return self._unanswered(target, call, began_ms, Outcome.THROTTLED, str(error)), None
        except NoAnswer as error:
            # It may have run and be billed: sending it again would run it twice.
            return self._unanswered(target, call, began_ms, Outcome.LOST, str(error)), None
        finally:
            _TRACE_HEADER.value = None
        return self._answered(target, call, sent_at_ms, trace_id, response), response["Payload"]

    def _answered(
        self, target: Target, call: Call, sent_at_ms: int, trace_id: str, response: dict[str, Any]
    ) -> Invocation:
        request_id: str = response["ResponseMetadata"]["RequestId"]
        report = report_of(response)
        outcome, error_type, error_message = _outcome(response, report)
        if outcome is Outcome.ERROR and error_type in self._allowed:
            outcome = Outcome.OK
        return Invocation(
            memory_mb=target.memory_mb,
            version=response.get("ExecutedVersion", target.version),
            order=call.order,
            payload=call.payload,
            request_id=request_id,
            trace_id=trace_id if self._traced else None,
            outcome=outcome,
            sent_at_ms=sent_at_ms,
            error_type=error_type,
            error_message=error_message,
            report=report,
        )

    def _unanswered(self, target: Target, call: Call, sent_at_ms: int, outcome: Outcome, why: str) -> Invocation:
        return Invocation(
            memory_mb=target.memory_mb,
            version=target.version,
            order=call.order,
            payload=call.payload,
            request_id=None,
            trace_id=None,
            outcome=outcome,
            sent_at_ms=sent_at_ms,
            error_type=why,
        )


_TRACE_HEADER = threading.local()


def _set_trace_header(params: dict[str, Any], **_: object) -> None:
    header = getattr(_TRACE_HEADER, "value", None)
    if header is not None:
        params["headers"]["X-Amzn-Trace-Id"] = header


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
