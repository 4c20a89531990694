"""A Logs Insights query is started, waited for, read to its last page, and stopped where it costs too much."""

import pytest
from fake_aws import FakeClock, refusal
from fake_logs import ScriptedLogs

from powertune.errors import AwsError, FunctionNotFound
from powertune.measure.insights_query import (
    LogGroupMissing,
    LogsDenied,
    QueryFailed,
    QueryQuotaUsedUp,
    QueryRefused,
    run_query,
)

RUNNING = {"status": "Running", "results": [{"a": "partial"}]}


def ask(logs, clock=None, **more):
    arguments = {"start_s": 10, "end_s": 20, "limit": 1000, "clock": clock or FakeClock(), **more}
    return run_query(logs, "group", "fields @message", **arguments)


def test_a_query_is_waited_for_and_partial_rows_are_not_taken_for_its_answer():
    logs = ScriptedLogs([{"status": "Scheduled"}, RUNNING, {"status": "Unknown"}, [{"a": "1"}, {"b": "2"}]])
    answer = ask(logs)
    assert answer.rows == ({"a": "1"}, {"b": "2"})
    assert answer.bytes_scanned == 100
    assert logs.queries == [
        {"logGroupName": "group", "startTime": 10, "endTime": 20, "queryString": "fields @message", "limit": 1000}
    ]
    assert logs.stopped == []


def test_every_page_is_read():
    pages = [
        {"status": "Complete", "results": [{"a": "1"}], "nextToken": "one", "statistics": {"bytesScanned": 7.0}},
        {"status": "Complete", "results": [{"a": "2"}], "nextToken": "two"},
        {"status": "Complete", "results": [{"a": "3"}]},
    ]
    logs = ScriptedLogs(pages)
    answer = ask(logs)
    assert [row["a"] for row in answer.rows] == ["1", "2", "3"]
    assert answer.bytes_scanned == 7
    assert logs.pages == [{}, {"nextToken": "one"}, {"nextToken": "two"}]


def test_a_page_that_leads_to_itself_ends_the_reading():
    logs = ScriptedLogs([{"status": "Complete", "results": [{"a": "1"}], "nextToken": "one"}])
    assert len(ask(logs).rows) == 2


@pytest.mark.parametrize(
    "statistics", [{}, {"bytesScanned": None}, {"bytesScanned": float("nan")}, {"bytesScanned": "many"}]
)
def test_bytes_that_aws_does_not_say_are_unknown_and_not_zero(statistics):
    assert ask(ScriptedLogs([{"status": "Complete", "statistics": statistics}])).bytes_scanned is None


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_comes_to_nothing_is_started_once_more(status):
    logs = ScriptedLogs([{"status": status, "statistics": {"bytesScanned": 5.0}}], [[{"a": "1"}]])
    answer = ask(logs)
    assert answer.rows == ({"a": "1"},)
    assert answer.bytes_scanned == 105
    assert len(logs.queries) == 2


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Timeout"])
def test_a_query_that_comes_to_nothing_twice_says_how_it_ended(status):
    logs = ScriptedLogs([{"status": status}])
    with pytest.raises(QueryFailed, match=f"over group ended as {status}, twice"):
        ask(logs)
    assert len(logs.queries) == 2


def test_a_query_that_takes_too_long_is_stopped_and_not_started_again():
    logs, clock = ScriptedLogs([RUNNING]), FakeClock()
    began_ms = clock.ms
    with pytest.raises(QueryFailed, match="longer than 60 s and was stopped"):
        ask(logs, clock)
    assert logs.stopped == ["0"]
    assert len(logs.queries) == 1
    assert 60_000 <= clock.ms - began_ms < 63_000


def test_that_a_query_could_not_be_stopped_does_not_hide_why_it_was_given_up():
    class Unstoppable(ScriptedLogs):
        def stop_query(self, queryId):
            raise refusal("StopQuery", "InvalidParameterException", "the query has ended")

    with pytest.raises(QueryFailed, match="longer than 60 s"):
        ask(Unstoppable([RUNNING]))


def test_an_interrupt_stops_the_query():
    class Interrupted(ScriptedLogs):
        def get_query_results(self, queryId):
            raise KeyboardInterrupt

    logs = Interrupted([RUNNING])
    with pytest.raises(KeyboardInterrupt):
        ask(logs)
    assert logs.stopped == ["0"]


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_a_query_that_may_not_be_started_yet_is_tried_again(code):
    busy, clock = refusal("StartQuery", code, "too many"), FakeClock()
    began_ms = clock.ms
    answer = ask(ScriptedLogs(busy, busy, [[{"a": "1"}]]), clock)
    assert answer.rows == ({"a": "1"},)
    assert clock.ms - began_ms >= 1500


@pytest.mark.parametrize("code", ["LimitExceededException", "ThrottlingException"])
def test_a_quota_that_stays_used_up_is_named_after_half_a_minute(code):
    clock = FakeClock()
    began_ms = clock.ms
    with pytest.raises(QueryQuotaUsedUp, match="quota of Logs Insights queries is used up"):
        ask(ScriptedLogs(refusal("StartQuery", code, "too many")), clock)
    assert 15_000 < clock.ms - began_ms <= 31_000


def test_results_that_are_asked_for_too_often_are_asked_for_again():
    logs = ScriptedLogs([refusal("GetQueryResults", "ThrottlingException", "slower"), [{"a": "1"}]])
    assert ask(logs).rows == ({"a": "1"},)
    assert len(logs.queries) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ResourceNotFoundException", LogGroupMissing),
        ("AccessDeniedException", LogsDenied),
        ("MalformedQueryException", QueryRefused),
        ("InvalidParameterException", QueryRefused),
    ],
)
def test_a_caller_can_tell_why_a_query_was_not_started(code, kind):
    logs = ScriptedLogs(refusal("StartQuery", code, "because"))
    with pytest.raises(kind) as told:
        ask(logs)
    assert told.value.exit_code == 3
    assert told.value.next_step
    assert len(logs.queries) == 1


def test_a_missing_log_group_is_named_and_still_counts_as_not_found():
    with pytest.raises(FunctionNotFound, match="The log group group is not there"):
        ask(ScriptedLogs(refusal("StartQuery", "ResourceNotFoundException")))


def test_a_query_that_aws_has_lost_is_not_taken_for_a_missing_log_group():
    with pytest.raises(QueryFailed, match="was lost"):
        ask(ScriptedLogs([refusal("GetQueryResults", "ResourceNotFoundException", "no such query")]))


def test_an_error_of_another_kind_stays_what_it_is():
    with pytest.raises(AwsError, match="InternalThing") as told:
        ask(ScriptedLogs(refusal("StartQuery", "InternalThing")))
    assert type(told.value) is AwsError
