"""Where powertune's own services take the place of MiniStack's.

MiniStack looks these names up when it uses them, so replacing them is enough. Each is checked to be there first:
a MiniStack that has moved one is refused with its name, never half replaced.
"""

import contextvars
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from powertune.errors import LocalExtraMissing

Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Response]]
Execute = Callable[[dict[str, Any], Any, str, str | None], "Executed"]
"""MiniStack's function record, event, request id and trace header to the outcome."""

_JSON = {"Content-Type": "application/x-amz-json-1.1"}
_FULL_PAGE = 10_000
_QUERY_OPERATIONS = frozenset({"StartQuery", "GetQueryResults", "StopQuery", "DescribeQueries"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What an invocation came to: the decoded payload, whether it is an error, and the log tail."""

    payload: Any
    is_error: bool
    log_tail: str
    trace_header: str | None


@dataclass(slots=True)
class _Call:
    """What one HTTP request and the invocation in it have to tell each other."""

    is_invoke: bool = False
    trace_header: str | None = None
    request_id: str | None = None


_CALL: contextvars.ContextVar[_Call | None] = contextvars.ContextVar("powertune_call", default=None)


def install(*, execute: Execute, queries: Callable[[str, Any], Awaitable[tuple[int, Any]]], xray: Handler) -> None:
    """Replace Lambda execution, log writing, Logs Insights and X-Ray.

    Raises:
        LocalExtraMissing: the installed MiniStack lacks a name that powertune replaces.
    """
    from ministack import app
    from ministack.core import router
    from ministack.services import lambda_svc

    _require(app, "SERVICE_HANDLERS", "call_service_handler_sync", "app")
    _require(router, "SERVICE_PATTERNS")
    _require(lambda_svc, "_execute_function_warm", "_emit_lambda_logs")
    router.SERVICE_PATTERNS["xray"] = {"credential_scope": "xray"}
    handlers = app.SERVICE_HANDLERS
    handlers["xray"] = xray
    handlers["lambda"] = _lambda_handler(handlers["lambda"])
    handlers["logs"] = _logs_handler(handlers["logs"], queries)
    lambda_svc._execute_function_warm = _executor(execute)
    lambda_svc._emit_lambda_logs = lambda *_, **__: None


def _require(module: Any, *names: str) -> None:
    for name in names:
        if not hasattr(module, name):
            import ministack

            raise LocalExtraMissing(
                f"MiniStack {getattr(ministack, '__version__', '?')} has no {module.__name__}.{name}, which "
                "powertune's embedded endpoint replaces.",
                next_step="Install the versions that powertune names: pip install 'powertune[local]'.",
            )


def with_request_ids(app: Any) -> Any:
    """The ASGI application, answering an invocation with the request id that is in its logs, as AWS does."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        call = _Call()
        _CALL.set(call)

        async def send_with_id(message: Any) -> None:
            if message["type"] == "http.response.start" and call.request_id is not None:
                others = [(key, value) for key, value in message["headers"] if key.lower() != b"x-amzn-requestid"]
                message = {**message, "headers": [*others, (b"x-amzn-requestid", call.request_id.encode())]}
            await send(message)

        await app(scope, receive, send_with_id)

    return wrapped


def _lambda_handler(original: Handler) -> Handler:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        call = _CALL.get()
        if call is None or not (method == "POST" and path.endswith("/invocations")):
            return await original(method, path, headers, body, query)
        if not _is_json(body):
            message = json.dumps({"Type": "User", "message": "Could not parse request body into json."})
            error = {"Content-Type": "application/json", "x-amzn-errortype": "InvalidRequestContentException"}
            return 400, error, message.encode()
        call.is_invoke = True
        call.trace_header = headers.get("x-amzn-trace-id")
        status, answered, payload = await original(method, path, headers, body, query)
        if call.trace_header:
            answered["X-Amzn-Trace-Id"] = call.trace_header
        return status, answered, payload

    return handle


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body or b"null")
    except ValueError:
        return False
    return True


def _executor(execute: Execute) -> Callable[[dict[str, Any], Any, str], dict[str, Any]]:
    def run(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        call = _CALL.get()
        # A state machine's tasks inherit the context of the request that started it; they are not that request.
        invoke = call if call is not None and call.is_invoke and call.request_id is None else None
        executed = execute(func, event, request_id, invoke.trace_header if invoke else None)
        if invoke is not None:
            invoke.request_id = request_id
            invoke.trace_header = executed.trace_header
        return {"body": executed.payload, "error": executed.is_error, "log": executed.log_tail}

    return run


def _logs_handler(original: Handler, queries: Callable[[str, Any], Awaitable[tuple[int, Any]]]) -> Handler:
    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation not in _QUERY_OPERATIONS:
            return await original(method, path, headers, body, query)
        status, answer = await queries(operation, json.loads(body or b"{}"))
        return status, dict(_JSON), json.dumps(answer).encode()

    return handle


class Logs:
    """Writes and reads log events through MiniStack's own CloudWatch Logs handler."""

    def __init__(self) -> None:
        from ministack import app

        self._handler: Handler = app.SERVICE_HANDLERS["logs"]
        self._call_sync = app.call_service_handler_sync
        self._known: set[tuple[str, str]] = set()

    def write(self, group: str, stream: str, events: Any) -> None:
        """Append events to a stream, from a worker thread; group and stream are made when new."""
        if (group, stream) not in self._known:
            self._sync("CreateLogGroup", {"logGroupName": group})
            self._sync("CreateLogStream", {"logGroupName": group, "logStreamName": stream})
            self._known.add((group, stream))
        records = [{"timestamp": timestamp_ms, "message": message} for timestamp_ms, message in events]
        request = {"logGroupName": group, "logStreamName": stream, "logEvents": records}
        if self._sync("PutLogEvents", request) >= 400:
            self._known.discard((group, stream))

    def _sync(self, operation: str, request: dict[str, Any]) -> int:
        status, _, _ = self._call_sync(self._handler, "POST", "/", _target(operation), json.dumps(request).encode(), {})
        return int(status)

    async def events(self, group: str, start_ms: int, end_ms: int) -> list[dict[str, Any]] | None:
        """All events of a group between two moments, ends included; None where there is no such group.

        MiniStack's FilterLogEvents has no second page, so a full answer is asked for again in two halves.
        """
        request = {"logGroupName": group, "startTime": start_ms, "endTime": end_ms}
        status, _, body = await self._handler("POST", "/", _target("FilterLogEvents"), json.dumps(request).encode(), {})
        if status >= 400:
            return None
        found: list[dict[str, Any]] = json.loads(body)["events"]
        if len(found) < _FULL_PAGE or start_ms >= end_ms:
            return found
        middle_ms = (start_ms + end_ms) // 2
        first = await self.events(group, start_ms, middle_ms)
        second = await self.events(group, middle_ms + 1, end_ms)
        return [*(first or []), *(second or [])]


def _target(operation: str) -> dict[str, str]:
    return {"x-amz-target": f"Logs_20140328.{operation}", "content-type": "application/x-amz-json-1.1"}
