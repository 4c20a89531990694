"""Each invocation is made exactly once, and what became of it is named."""

import base64
import http.server
import io
import json
import threading
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from fake_aws import ARN, FakeClock

from powertune.aws.errors import explained
from powertune.aws.session import AwsSession, Credentials
from powertune.domain.function import FunctionArn
from powertune.domain.sample import Outcome
from powertune.errors import AwsError, FunctionChanged, FunctionNotFound
from powertune.measure.invoke import Call, Invoker, Target

ID = "8f5c1e5a-0000-4000-8000-0123456789ab"


def answer(payload=b"{}", error=None, report=""):
    tail = f"REPORT RequestId: {ID}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\t{report}\n"
    return {
        "StatusCode": 200, "ExecutedVersion": "3", "Payload": io.BytesIO(payload),
        "LogResult": base64.b64encode(tail.encode()).decode(), "ResponseMetadata": {"RequestId": ID},
        **({"FunctionError": error} if error else {}),
    }  # fmt: skip


def refused(code, status, retry_after=None):
    headers = {"retry-after": retry_after} if retry_after else {}
    return ClientError(
        {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}, "Invoke"
    )


class Functions:
    """A client that answers from a list, and keeps the trace header of every request."""

    def __init__(self, *answers):
        self.answers, self.headers, self.payloads = list(answers), [], []
        self.meta = SimpleNamespace(events=SimpleNamespace(register=self.register))

    def register(self, event, hook, unique_id):
        self.hook = hook

    def invoke(self, **arguments):
        self.payloads.append(arguments["Payload"])
        request = {"headers": {}}
        self.hook(request)
        self.headers.append(request["headers"]["X-Amzn-Trace-Id"])
        result = self.answers.pop(0) if self.answers else answer()
        if isinstance(result, Exception):
            raise result
        return result


def run(client, count=1, *, traced=True, clock=None, payloads=("{}",), **more):
    target = Target(alias="a", version="3", memory_mb=128)
    invoker = Invoker(client, FunctionArn.parse(ARN), payloads, clock or FakeClock(), traced=traced, **more)
    calls = [Call(order=order, payload=order % len(payloads)) for order in range(count)]
    done = []
    invoker.burst(target, calls, done.append)
    return sorted(done, key=lambda call: call.order)


def test_a_success_carries_its_report():
    (call,) = run(Functions())
    assert (call.outcome, call.request_id, call.report.duration_ms, call.version) == (Outcome.OK, ID, 5.0, "3")


def test_a_throttle_is_waited_out_as_long_as_aws_says_and_tried_again():
    clock = FakeClock()
    before = clock.ms
    (call,) = run(Functions(refused("TooManyRequestsException", 429, "7")), clock=clock)
    assert call.outcome is Outcome.OK
    assert clock.ms - before > 7_000


def test_endless_throttles_end_as_throttled():
    (call,) = run(Functions(*[refused("TooManyRequestsException", 429)] * 50))
    assert call.outcome is Outcome.THROTTLED


@pytest.mark.parametrize("lost", [
    ReadTimeoutError(endpoint_url="x"), ConnectionClosedError(endpoint_url="x"), refused("ServiceException", 500),
    refused("Gateway", 502), refused("Unavailable", 503), refused("Timeout", 504),
])  # fmt: skip
def test_a_call_that_may_have_run_is_never_sent_again(lost):
    client = Functions(lost)
    (call,) = run(client)
    assert call.outcome is Outcome.LOST
    assert call.request_id is None
    assert len(client.headers) == 1


def test_a_refusal_ends_the_batch_with_its_reason():
    with pytest.raises(AwsError, match="denied invoking the function"):
        run(Functions(refused("AccessDeniedException", 403)))


def body(kind, message):
    return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {ID} Error: {message}"}).encode()


@pytest.mark.parametrize(("payload", "report", "outcome", "message"), [
    (body("Sandbox.Timedout", "Task timed out after 3.00 seconds"), "", Outcome.TIMEOUT, "Task timed out after 3.00 s"),
    (b'{"errorMessage": "2026 x Task timed out after 3.00 seconds"}', "", Outcome.TIMEOUT, None),
    (body("Runtime.OutOfMemory", "signal: killed"), "", Outcome.OUT_OF_MEMORY, "signal: killed"),
    (body("Runtime.ExitError", "signal: killed"), "Max Memory Used: 128 MB\t", Outcome.OUT_OF_MEMORY, "signal: killed"),
    (body("Runtime.ExitError", "signal: killed"), "Max Memory Used: 90 MB\t", Outcome.ERROR, "signal: killed"),
    (b'{"errorType": "ValueError", "errorMessage": "no such order"}', "", Outcome.ERROR, "no such order"),
    (b"not json", "", Outcome.ERROR, None),
    (b"[1]", "", Outcome.ERROR, None),
])  # fmt: skip
def test_a_function_error_is_named_for_what_it_is(payload, report, outcome, message):
    (call,) = run(Functions(answer(payload, "Unhandled", report)))
    assert call.outcome is outcome
    if message:
        assert call.error_message.startswith(message)


@pytest.mark.parametrize(("traced", "sampled"), [(True, "Sampled=1"), (False, "Sampled=0")])
def test_every_invocation_has_a_trace_of_its_own(traced, sampled):
    client = Functions()
    calls = run(client, 5, traced=traced)
    assert len({header.split(";")[0] for header in client.headers}) == 5
    assert all(sampled in header for header in client.headers)
    assert all((call.trace_id is not None) == traced for call in calls)


def test_each_call_carries_the_payload_that_is_meant_for_it():
    client = Functions()
    calls = run(client, 4, payloads=('{"a": 1}', '{"b": 2}'))
    assert [call.payload for call in calls] == [0, 1, 0, 1]
    assert sorted(client.payloads) == [b'{"a": 1}'] * 2 + [b'{"b": 2}'] * 2


def test_an_allowed_exception_is_a_normal_answer_that_keeps_its_name():
    failing = answer(b'{"errorType": "NotFound", "errorMessage": "no such order"}', "Unhandled")
    (call,) = run(Functions(failing), allowed_exceptions=("NotFound",))
    assert (call.outcome, call.error_type) == (Outcome.OK, "NotFound")


def test_an_exception_that_only_begins_like_an_allowed_one_is_an_error():
    failing = answer(b'{"errorType": "NotFoundAtAll", "errorMessage": "x"}', "Unhandled")
    (call,) = run(Functions(failing), allowed_exceptions=("NotFound",))
    assert call.outcome is Outcome.ERROR


def test_a_call_that_was_made_is_told_also_where_one_beside_it_is_refused():
    done = []
    client = Functions(answer(), refused("AccessDeniedException", 403), answer())
    invoker = Invoker(client, FunctionArn.parse(ARN), ["{}"], FakeClock(), traced=True)
    with pytest.raises(AwsError, match="denied"):
        invoker.burst(
            Target(alias="a", version="3", memory_mb=128), [Call(order=n, payload=0) for n in range(3)], done.append
        )
    assert len(done) == 2


def test_botocore_sends_an_invocation_once_whatever_the_answer():
    sent = []

    class Failing(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(self.path)
            self.send_response(500)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Failing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session = AwsSession(
            region="us-east-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            credentials=Credentials(access_key="0" * 12, secret_key="x"),
        )
        (call,) = run(session.invoker(timeout_s=1, parallel=1))
        server.shutdown()
    assert call.outcome is Outcome.LOST
    assert len(sent) == 1
    assert session.calls["lambda:Invoke"] == 1


@pytest.mark.parametrize(("code", "kind", "said"), [
    ("ResourceNotFoundException", FunctionNotFound, "found nothing"),
    ("PreconditionFailedException", FunctionChanged, "not overwritten"),
    ("AccessDeniedException", AwsError, "denied"),
    ("ExpiredTokenException", AwsError, "credentials"),
    ("ThrottlingException", AwsError, "throttled"),
    ("SomethingElse", AwsError, "SomethingElse"),
])  # fmt: skip
def test_aws_errors_become_sentences(code, kind, said):
    with pytest.raises(kind, match=said) as caught, explained("reading", "orders"):
        raise refused(code, 400)
    assert "orders" in str(caught.value)
    assert caught.value.next_step
