"""Sends Invoke so that nothing runs twice: only what surely did not run is sent again."""

from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of

_MAX_THROTTLES = 8
SURELY_NOT_RUN = frozenset(
    {
        "TooManyRequestsException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
    }
)
"""Errors after which the function did not run (AWS docs, lambda/latest/api/API_Invoke): these alone are retried."""


class NeverRan(Exception):
    """AWS went on refusing with an error after which nothing ran; the text is its code."""


class NoAnswer(Exception):
    """The call was sent, and no answer came: it may have run. The text is what went wrong."""


def send(client: Any, arguments: dict[str, Any], clock: Clock) -> tuple[dict[str, Any], int]:
    """Call Invoke with a client that does not retry, and read the answer's payload.

    Returns:
        The answer, its ``Payload`` as bytes, and when it was sent (epoch milliseconds).

    Raises:
        NeverRan: after eight pauses it is still throttled, or not ready.
        NoAnswer: a server fault or a lost connection.
        ClientError: botocore's, where AWS refuses the call.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    for attempt in range(_MAX_THROTTLES + 1):
        sent_at_ms = clock.now_ms()
        try:
            response: dict[str, Any] = client.invoke(**arguments)
            response["Payload"] = response["Payload"].read()
        except ClientError as error:
            code = code_of(error)
            if code in SURELY_NOT_RUN:
                if attempt == _MAX_THROTTLES:
                    raise NeverRan(code) from None
                clock.sleep(_retry_after_s(error, attempt))
            elif _is_server_fault(error):
                raise NoAnswer(code) from None
            else:
                raise
        except BotoCoreError as error:
            raise NoAnswer(type(error).__name__) from None
        else:
            return response, sent_at_ms
    raise AssertionError("the loop above returns or raises")


def _is_server_fault(error: Any) -> bool:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) >= 500


def _retry_after_s(error: Any, attempt: int) -> float:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    told = headers.get("retry-after", "")
    return float(told) if told.isdigit() else min(0.25 * 2**attempt, 10.0)
