"""How often the function is invoked: one read before a run invokes anything, and no run fails or waits for it."""

import json
import socketserver
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest
from both_drivers import by_state_machine, directly, services_of
from botocore.exceptions import EndpointConnectionError
from click.testing import CliRunner
from fake_account import FakeAccount
from fake_aws import ARN, FakeAws, refusal
from plan_aws import PlanAws

from powertune.aws import session as sessions
from powertune.aws.session import AwsSession, Credentials
from powertune.cli import run as run_module
from powertune.domain.function import FunctionArn
from powertune.domain.request import MAX_MONTHLY_INVOCATIONS, TuningRequest
from powertune.domain.result import Environment
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.errors import AwsError, UsageError
from powertune.measure.traffic import hourly_invocations
from powertune.pricing.loads import in_a_month
from powertune.workflow.direct import run_direct
from powertune.workflow.preview import preview

READ = "cloudwatch:get_metric_statistics"
HOURS = (600.0, 0.0, 5_000.0, 1.0)
SEEN = MonthlyTraffic(invocations=round(5_601 * 30 / 14), source=TrafficSource.CLOUDWATCH, days=14)


def request(**more):
    options = {"memory_sizes_mb": (512, 1024), "invocations": 3, **more}
    return TuningRequest(function_arn=FunctionArn.parse(ARN), **options)


def busy(**more):
    aws = FakeAws(**more)
    aws.hourly = HOURS
    return aws


# --- a run ------------------------------------------------------------------------------------------------------


def test_the_metric_of_14_days_is_taken_for_a_month_of_30():
    result = directly(busy(), request())
    assert result.traffic == SEEN
    assert result.spend.aws_calls["cloudwatch:GetMetricStatistics"] == 1


def test_it_is_the_same_through_the_state_machine(monkeypatch):
    result, _ = by_state_machine(busy(), request(), monkeypatch)
    assert result.traffic == SEEN


def test_it_is_read_once_and_before_anything_is_written_or_invoked():
    aws = busy()
    directly(aws, request())
    place = aws.log.index(READ)
    assert aws.log.count(READ) == 1
    assert place < aws.log.index("lambda:create_alias") < aws.log.index("lambda:invoke")


def test_a_function_without_traffic_has_none_which_is_not_unknown():
    result = directly(FakeAws(), request())
    assert result.traffic == MonthlyTraffic(invocations=0, source=TrafficSource.CLOUDWATCH, days=14)


UNREACHABLE = EndpointConnectionError(endpoint_url="https://monitoring.us-east-1.amazonaws.com")


@pytest.mark.parametrize(
    "trouble",
    [
        refusal("GetMetricStatistics", "AccessDenied", status=403),
        refusal("GetMetricStatistics", "Throttling"),
        refusal("GetMetricStatistics", "InternalServiceFault", status=500),
        refusal("GetMetricStatistics", "InvalidAction"),
        UNREACHABLE,
    ],
    ids=lambda error: getattr(error, "response", {}).get("Error", {}).get("Code", "unreachable"),
)
def test_where_it_cannot_be_read_the_run_is_the_same_and_says_nothing_of_it(trouble):
    def fault(number, service, operation, when):
        if service == "cloudwatch" and when == "before":
            raise trouble

    denied, plain = directly(busy(fault=fault), request()), directly(busy(), request())
    assert denied.traffic is None
    assert denied.restored
    assert denied.warnings == plain.warnings
    assert denied.memory_sizes == plain.memory_sizes
    assert denied.recommendation == plain.recommendation


def test_what_is_wrong_in_the_code_is_not_taken_for_an_answer_of_aws():
    def fault(number, service, operation, when):
        if service == "cloudwatch":
            raise KeyError("a mistake")

    with pytest.raises(KeyError, match="a mistake"):
        directly(busy(fault=fault), request())


def test_what_the_user_gives_is_taken_and_nothing_is_read():
    aws = busy()
    result = directly(aws, request(monthly_invocations=1_200_000))
    assert result.traffic == MonthlyTraffic(invocations=1_200_000, source=TrafficSource.GIVEN)
    assert READ not in aws.log


@pytest.mark.parametrize("kind", ["local", "endpoint"])
def test_no_endpoint_but_aws_is_asked(kind):
    aws = busy()
    result = run_direct(replace(services_of(aws), environment=Environment(kind=kind)), request(), "run-1")
    assert result.traffic is None
    assert READ not in aws.log


def test_what_the_user_gives_holds_on_any_endpoint():
    services = replace(services_of(FakeAws()), environment=Environment(kind="local"))
    assert run_direct(services, request(monthly_invocations=7), "run-1").traffic.invocations == 7


def test_of_a_clone_the_functions_own_metric_is_read_before_the_clone_is_made(monkeypatch):
    aws = FakeAccount()
    aws.serve_code(monkeypatch)
    aws.hourly = HOURS  # the fake refuses any other function's name
    result = directly(aws, request(isolate=True))
    assert result.function.clone is not None
    assert result.traffic == SEEN
    assert aws.log.index(READ) < aws.log.index("lambda:create_function")


def test_a_run_and_an_estimate_count_the_same_month():
    aws = busy()
    hours = hourly_invocations(aws.client("cloudwatch"), FunctionArn.parse(ARN), 1_790_000_000)
    assert in_a_month(round(sum(hours)), 14) == directly(busy(), request()).traffic.invocations


# --- the plan ---------------------------------------------------------------------------------------------------


def test_a_plan_reads_no_metric_and_names_the_permission_that_a_run_would_miss():
    aws = PlanAws(missing=("cloudwatch:GetMetricStatistics",))
    plan = preview(services_of(aws), request(), place="direct")
    assert plan.permissions.missing == ("cloudwatch:GetMetricStatistics on *",)
    assert plan.refusals == ()
    assert READ not in aws.log


# --- the client -------------------------------------------------------------------------------------------------


class Endpoint(socketserver.ThreadingTCPServer):
    """Answers every request in one way, or never."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, status, text):
        asked = self.asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                asked.append(self.path)
                if status is None:
                    time.sleep(5)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def session(self):
        return AwsSession(
            region="us-east-1",
            endpoint_url=f"http://127.0.0.1:{self.server_address[1]}",
            credentials=Credentials(access_key="a", secret_key="b"),
        )


@pytest.fixture
def endpoint():
    made = []

    def make(status, text=b""):
        made.append(Endpoint(status, text))
        return made[-1]

    yield make
    for one in made:
        one.shutdown()
        one.server_close()


def test_a_throttled_read_is_tried_twice_and_given_up(endpoint):
    text = json.dumps({"__type": "com.amazonaws.cloudwatch#ThrottlingException", "message": "Rate exceeded"}).encode()
    server = endpoint(400, text)
    with pytest.raises(AwsError):
        hourly_invocations(server.session().quick_client("cloudwatch"), FunctionArn.parse(ARN), 1_790_000_000)
    assert len(server.asked) == sessions._QUICK_ATTEMPTS == 2


def test_an_endpoint_that_is_silent_is_given_up_soon(endpoint, monkeypatch):
    monkeypatch.setattr(sessions, "_QUICK_READ_S", 0.2)
    server = endpoint(None)
    began = time.monotonic()
    with pytest.raises(AwsError, match="did not answer"):
        hourly_invocations(server.session().quick_client("cloudwatch"), FunctionArn.parse(ARN), 1_790_000_000)
    assert time.monotonic() - began < 4
    assert len(server.asked) == sessions._QUICK_ATTEMPTS


def test_the_longest_wait_is_ten_seconds_and_a_pause():
    longest_s = sessions._QUICK_ATTEMPTS * (sessions._QUICK_CONNECT_S + sessions._QUICK_READ_S)
    config = AwsSession(region="us-east-1").quick_client("cloudwatch").meta.config
    assert longest_s <= 10
    assert (config.connect_timeout, config.read_timeout) == (sessions._QUICK_CONNECT_S, sessions._QUICK_READ_S)


def test_its_calls_are_counted_with_all_others(endpoint):
    session = endpoint(400, b"{}").session()
    with pytest.raises(AwsError):
        hourly_invocations(session.quick_client("cloudwatch"), FunctionArn.parse(ARN), 1_790_000_000)
    assert session.calls == {"cloudwatch:GetMetricStatistics": 1}


# --- the option -------------------------------------------------------------------------------------------------


class Asked(Exception):
    """What would have been run."""


@pytest.fixture
def outcome(monkeypatch):
    def stop(asked, options, *, direct, stack_needed):
        raise Asked(asked)

    monkeypatch.setattr(run_module, "aws_place", stop)

    def with_options(*options, arn=("--function-arn", ARN)):
        return CliRunner().invoke(run_module.command, [*arn, *map(str, options)]).exception

    return with_options


def test_monthly_invocations_go_into_the_request(outcome):
    assert outcome("--monthly-invocations", 1_200_000).args[0].monthly_invocations == 1_200_000
    assert outcome().args[0].monthly_invocations is None


def test_they_go_with_an_input_of_the_other_tool_and_change_nothing_else_of_it(outcome, tmp_path):
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"lambdaARN": ARN, "powerValues": [512, 1024], "num": 5}), encoding="utf-8")
    plain = outcome("--input", path, "--seed", 1, arn=()).args[0]
    given = outcome("--input", path, "--seed", 1, "--monthly-invocations", 9, arn=()).args[0]
    assert given == replace(plain, monthly_invocations=9)


@pytest.mark.parametrize("number", [0, -1, MAX_MONTHLY_INVOCATIONS + 1])
def test_a_number_that_is_no_traffic_is_refused(outcome, number):
    error = outcome("--monthly-invocations", number)
    assert isinstance(error, UsageError)
    assert f"The number of invocations in a month is {number}" in str(error)
