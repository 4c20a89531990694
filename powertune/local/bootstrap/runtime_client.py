"""Pure-Python stand-in for awslambdaric's compiled Runtime API client.

awslambdaric ships that extension for Linux and for one version of Python at a time. Where the handler's
interpreter is another, this module takes its place under the same name and with the same four functions.
"""

import http.client
import os
from typing import Any

_PREFIX = "/2018-06-01/runtime/invocation/"
_STATE: dict[str, Any] = {"agent": "powertune", "connection": None}


def initialize_client(user_agent: str) -> None:
    """Note how to introduce ourselves."""
    _STATE["agent"] = user_agent


def _request(
    method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[bytes, http.client.HTTPResponse]:
    if _STATE["connection"] is None:
        # No timeout: the next event may be long in coming.
        _STATE["connection"] = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection = _STATE["connection"]
    connection.request(method, path, body, {"User-Agent": _STATE["agent"], **(headers or {})})
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 400:
        raise RuntimeError(f"the Runtime API answered {response.status}")
    return answer, response


def next() -> tuple[bytes, dict[str, str]]:  # noqa: A001 - the extension's own name
    """Wait for the next event: its body and headers."""
    body, response = _request("GET", _PREFIX + "next")
    return body, {name.title(): value for name, value in response.getheaders()}


def post_invocation_result(
    invoke_id: str,
    result_data: bytes,
    content_type: str,
    invocation_id: str | None = None,  # noqa: ARG001
) -> None:
    """Send what the handler returned."""
    _request("POST", f"{_PREFIX}{invoke_id}/response", result_data, {"Content-Type": content_type})


def post_error(
    invoke_id: str,
    error_response_data: str | bytes,
    xray_fault: str,  # noqa: ARG001
    invocation_id: str | None = None,  # noqa: ARG001
) -> None:
    """Send what the handler raised."""
    data = error_response_data.encode() if isinstance(error_response_data, str) else error_response_data
    _request("POST", f"{_PREFIX}{invoke_id}/error", data, {"Content-Type": "application/json"})
