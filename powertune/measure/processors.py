"""Functions that are called before and after each invocation, to set up and clear away what it needs."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.sample import ProcessorCall, ReportLine
from powertune.errors import AwsError, ProcessorFails
from powertune.measure.report_line import find_report
from powertune.measure.sending import NeverRan, NoAnswer, send


def report_of(response: dict[str, Any]) -> ReportLine | None:
    """The REPORT record in the log tail of an answer to Invoke; None where it is not there whole."""
    tail = base64.b64decode(response.get("LogResult") or "").decode(errors="replace")
    return find_report(tail, response["ResponseMetadata"]["RequestId"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Processors:
    """The pre- and post-processor of a run.

    ``client_for`` makes a Lambda client of a region that does not retry: a processor may be anywhere.
    """

    client_for: Callable[[str], Any]
    pre_arn: str | None
    post_arn: str | None
    clock: Clock

    def before(self, payload: bytes) -> tuple[bytes, tuple[ProcessorCall, ...]]:
        """Call the pre-processor with the payload.

        Returns:
            What to send: its answer, or the payload itself where it answers ``null`` or nothing; and the call.

        Raises:
            ProcessorFails: it failed, or could not be called.
        """
        if self.pre_arn is None:
            return payload, ()
        answer, report = self._call("pre-processor", self.pre_arn, payload)
        # A set-up function that returns nothing means the payload as it is.
        return (payload if answer.strip() in (b"", b"null") else answer), report

    def after(self, answer: bytes) -> tuple[ProcessorCall, ...]:
        """Call the post-processor with what the function answered, an error's body too; gives the call.

        Raises:
            ProcessorFails: it failed, or could not be called.
        """
        if self.post_arn is None:
            return ()
        return self._call("post-processor", self.post_arn, answer)[1]

    def _call(self, role: str, arn: str, payload: bytes) -> tuple[bytes, tuple[ProcessorCall, ...]]:
        parts = arn.split(":")
        region, name, qualifier = parts[3], parts[6], parts[7:]
        arguments = {"FunctionName": ":".join(parts[:7]), "LogType": "Tail", "Payload": payload}
        if qualifier:
            arguments["Qualifier"] = qualifier[0]
        try:
            with explained(f"invoking the {role} {name}"):
                response, _ = send(self.client_for(region), arguments, self.clock)
        except AwsError as error:
            raise ProcessorFails(
                f"The {role} could not be called: {error.message}", next_step=error.next_step
            ) from None
        except (NeverRan, NoAnswer) as error:
            raise ProcessorFails(f"The {role} {name} gave no answer: {error}.", next_step="Run again.") from None
        if response.get("FunctionError"):
            raise ProcessorFails(
                f"The {role} {name} failed{_why(response['Payload'])}, so the measuring was ended.",
                next_step="Look at its log, mend it, and run again.",
            )
        return response["Payload"], (ProcessorCall(arn=arn, report=report_of(response)),)


def _why(answer: bytes) -> str:
    try:
        body = json.loads(answer)
        return f" with {body['errorType']}"
    except (ValueError, KeyError, TypeError):
        return ""
