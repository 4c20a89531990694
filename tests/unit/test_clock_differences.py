"""A machine whose clock is wrong finds its records all the same, says so, and dates its results rightly."""

import threading
from email.utils import formatdate

import pytest
from botocore.awsrequest import AWSResponse
from fake_aws import ARN, REGION, FakeAws, FakeClock, refusal

from powertune.aws.clock import ClockDifference
from powertune.aws.errors import explained
from powertune.aws.session import AwsSession, Credentials
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment
from powertune.errors import AwsError
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.services import Services

NOW_MS = 1_790_000_000_000
MINUTE_MS = 60_000


class Fixed:
    def __init__(self, ms):
        self.ms = ms

    def now_ms(self):
        return self.ms


def date_at(ms):
    return formatdate(ms // 1000, usegmt=True)


def difference(ahead_ms):
    found = ClockDifference(Fixed(NOW_MS + ahead_ms))
    found.note(date_at(NOW_MS))
    return found


# --- what answers tell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_ms", [-4 * MINUTE_MS, -61_000, -6_000, 6_000, 61_000, 4 * MINUTE_MS])
def test_the_difference_is_known_to_the_second(ahead_ms):
    least, most = difference(ahead_ms).ahead_ms
    assert least == most == difference(ahead_ms).certain_ms
    assert abs(most - ahead_ms) <= 500


@pytest.mark.parametrize("ahead_ms", [-4_000, -500, 0, 999, 4_000])
def test_what_may_be_an_answers_way_is_no_difference(ahead_ms):
    assert difference(ahead_ms).ahead_ms == (0, 0)


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "Thu, 99 Nov 2026 07:44:11 GMT", "Thu, 26 Nov 99999 07:44:11 GMT"]
)
def test_an_answer_without_a_readable_date_tells_nothing(date):
    found = ClockDifference(Fixed(NOW_MS))
    found.note(date)
    assert (found.ahead_ms, found.certain_ms) == ((0, 0), 0)


def test_a_clock_that_was_set_right_half_way_was_wrong_for_a_while_and_is_not_wrong_for_certain():
    clock = Fixed(NOW_MS + 4 * MINUTE_MS)
    found = ClockDifference(clock)
    found.note(date_at(NOW_MS))
    clock.ms = NOW_MS + 1000
    found.note(date_at(NOW_MS + 1000))
    assert found.ahead_ms == (0, pytest.approx(4 * MINUTE_MS, abs=500))
    assert found.certain_ms == 0


def test_many_threads_note_together():
    clock = Fixed(NOW_MS)
    found = ClockDifference(clock)
    dates = [date_at(NOW_MS + 1000 * offset) for offset in range(-300, 301, 100)]
    threads = [threading.Thread(target=lambda date=date: [found.note(date) for _ in range(50)]) for date in dates]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found.ahead_ms == (-300_500, 299_500)


def answering(client, date, status=200):
    """A client whose calls get an answer of this date, without a network."""
    answers = []

    def answer(request, **_):
        answers.append(request.url)
        body = b"{}" if status == 200 else b'{"__type": "ServiceException"}'
        headers = {"Date": date, "Content-Type": "application/json"}
        response = AWSResponse(request.url, status, headers, None)
        response._content = body
        return response

    client.meta.events.register("before-send", answer)
    return answers


@pytest.fixture
def session():
    made = AwsSession(region=REGION, credentials=Credentials(access_key="a", secret_key="b"))
    made.clock_difference = ClockDifference(Fixed(NOW_MS))
    return made


def test_a_client_notes_the_date_of_every_answer(session):
    client = session.client("lambda")
    answering(client, date_at(NOW_MS - 3 * MINUTE_MS))
    client.get_function_configuration(FunctionName=ARN)
    assert session.clock_difference.certain_ms == pytest.approx(3 * MINUTE_MS, abs=500)


def test_a_refusal_tells_the_date_too(session):
    client = session.client("lambda")
    answering(client, date_at(NOW_MS + 4 * MINUTE_MS), status=400)
    with pytest.raises(AwsError), explained("reading"):
        client.get_function_configuration(FunctionName=ARN)
    assert session.clock_difference.certain_ms == pytest.approx(-4 * MINUTE_MS, abs=500)


def test_all_regions_of_a_session_note_together(session):
    other = session.reaching(region="eu-west-1")
    client = other.client("logs")
    answering(client, date_at(NOW_MS - 2 * MINUTE_MS))
    client.describe_log_groups()
    assert session.clock_difference.certain_ms == pytest.approx(2 * MINUTE_MS, abs=500)


def test_an_invocation_tells_nothing_of_the_clock(session):
    # Its answer may bear the date of the request, and the function may run for minutes.
    client = session.invoker(timeout_s=900, parallel=1)
    asked = answering(client, date_at(NOW_MS - 10 * MINUTE_MS))
    client.invoke(FunctionName=ARN)
    assert asked
    assert session.clock_difference.ahead_ms == (0, 0)


# --- what a run makes of it ------------------------------------------------------------------------------------


class ShiftedClock(FakeClock):
    """This machine's clock, which is so much ahead of AWS's."""

    def __init__(self, ahead_ms):
        super().__init__()
        self.ms += ahead_ms
        self.ahead_ms = ahead_ms

    def aws_ms(self):
        return self.ms - self.ahead_ms


class DatedAws(FakeAws):
    """Its answers bear the date of AWS's clock, and a query finds what is between its two moments, and nothing else."""

    def __init__(self, clock):
        super().__init__(duration_ms=lambda memory_mb: 50.0)
        self.machine = clock
        self.clock_difference = ClockDifference(clock)
        self.windows = []

    def performed(self, operation, arguments):
        answer = super().performed(operation, arguments)
        if operation == "invoke":
            self.reports[-1]["at"] = self.machine.aws_ms()
        self.clock_difference.note(date_at(self.machine.aws_ms()))
        return answer

    def start_query(self, startTime, endTime, **_):
        self.windows.append((startTime, endTime))
        return {"queryId": "q"}

    def get_query_results(self, queryId):
        start_s, end_s = self.windows[-1]
        found = {one["request_id"] for one in self.reports if start_s <= one["at"] // 1000 <= end_s}
        answer = super().get_query_results(queryId)
        rows = [row for row in answer["results"] if row[0]["value"] in found]
        return {**answer, "results": rows}


def run(ahead_ms):
    clock = ShiftedClock(ahead_ms)
    aws = DatedAws(clock)
    request = TuningRequest(function_arn=FunctionArn.parse(ARN), memory_sizes_mb=(128, 512), invocations=3)
    services = Services(session=aws, store=MemoryStore(), clock=clock, environment=Environment(kind="aws"))
    return aws, run_direct(services, request, "run")


@pytest.mark.parametrize("minutes", [-4.5, -2, 2, 4.5])
def test_a_machine_whose_clock_is_off_finds_its_records_and_says_so(minutes):
    _, result = run(round(minutes * MINUTE_MS))
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}
    [warning] = [one for one in result.warnings if "clock" in one]
    where = "ahead of" if minutes > 0 else "behind"
    assert warning.startswith(f"This machine's clock is {abs(minutes):.1f} minutes {where} AWS's")


@pytest.mark.parametrize("ahead_ms", [0, 2_000, -2_000, 30_000, -30_000])
def test_a_small_difference_is_not_mentioned(ahead_ms):
    _, result = run(ahead_ms)
    assert {sample.sources for sample in result.samples} == {("tail", "insights", "xray")}
    assert result.warnings == ()


def test_a_right_clock_leaves_the_query_as_it_is():
    aws, result = run(0)
    first_ms = min(sample.sent_at_ms for sample in result.samples)
    assert all(start_s == (first_ms - MINUTE_MS) // 1000 for start_s, _ in aws.windows)


@pytest.mark.parametrize("minutes", [-4, 0, 4])
def test_a_result_has_aws_s_time_so_that_runs_of_two_machines_stand_in_their_order(minutes):
    _, result = run(minutes * MINUTE_MS)
    # AWS's clock stood at 14:13:20 when the run began.
    assert "2026-09-21T14:13:19Z" <= result.started_at <= "2026-09-21T14:13:22Z"
    assert result.started_at <= result.finished_at < "2026-09-21T14:13:40Z"


@pytest.mark.parametrize(("code", "message"), [
    ("InvalidSignatureException", "Signature expired: 20261126T074411Z is now earlier than 20261126T075011Z"),
    ("InvalidSignatureException", "Signature not yet current: 20261126T074411Z is still later than 20261126T073011Z"),
    ("RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
])  # fmt: skip
def test_a_clock_that_aws_refuses_is_named_as_the_reason(code, message):
    with pytest.raises(AwsError, match="this machine's clock is wrong") as refused, explained("reading", "orders"):
        raise refusal("Get", code, message, 403)
    assert "Set the clock right" in refused.value.next_step
    assert "profile" not in str(refused.value)
