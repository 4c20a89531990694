"""A function's own last two weeks: its traffic from CloudWatch, its billed durations from its logs."""

from fractions import Fraction

import pytest
from fake_aws import FakeClock, refusal
from fake_logs import EngineLogs, ScriptedLogs, event, json_report, text_report

from powertune.domain.estimate import Traffic
from powertune.domain.function import Architecture, FunctionArn
from powertune.errors import AwsError, FunctionNotFound, FunctionRefused, UsageError
from powertune.measure.traffic import read_traffic
from powertune.pricing.loads import traffic_load

ARN = FunctionArn.parse("arn:aws:lambda:eu-west-1:123456789012:function:orders")
DAY_MS = 86_400_000
NOW_MS = FakeClock().ms


class FakeFunction:
    """Lambda's configuration and CloudWatch's metrics; every call is kept."""

    def __init__(self, logs, *, invocations=(10.0, 4.0), log_bytes=2_000.0, **configuration):
        self.logs = logs
        self.metrics = {"Invocations": list(invocations), "IncomingBytes": [log_bytes]}
        self.configuration = {"MemorySize": 512, "Architectures": ["arm64"], **configuration}
        self.called = []

    def client(self, service):
        return self.logs if service == "logs" else self

    def get_function_configuration(self, **arguments):
        self.called.append(("GetFunctionConfiguration", arguments))
        if isinstance(self.configuration.get("MemorySize"), Exception):
            raise self.configuration["MemorySize"]
        return self.configuration

    def get_metric_statistics(self, **arguments):
        self.called.append(("GetMetricStatistics", arguments))
        return {"Datapoints": [{"Sum": value} for value in self.metrics[arguments["MetricName"]]]}


def cold_text(number, billed, init):
    return text_report(number, billed=billed, more=f"Init Duration: {init:.2f} ms\t")


def at(days_ago, message, **where):
    return event(message, NOW_MS - int(days_ago * DAY_MS), **where)


def test_text_and_json_records_are_counted_warm_and_cold_apart():
    logs = EngineLogs([
        at(1, text_report(1, billed=11)), at(1.1, text_report(2, billed=13)), at(2, cold_text(3, 700, 650.5)),
        at(3, json_report(4, billed=20)), at(3.2, json_report(5, billed=333, initDurationMs=300.1)),
        at(4, text_report(6, billed=154, more="Restore Duration: 325.93 ms\tBilled Restore Duration: 26 ms\t")),
        at(0.5, "REPORT of sales"), at(0.5, "START RequestId: x"),
    ])  # fmt: skip
    traffic = read_traffic(FakeFunction(logs, invocations=(3.0, 0.0, 3.0)), ARN, FakeClock())
    assert (traffic.warm_records, traffic.warm_billed_total_ms) == (3, 44)
    assert (traffic.cold_records, traffic.cold_billed_total_ms) == (3, 1187)
    assert (traffic.invocations, traffic.hours_with_traffic, traffic.days) == (6, 2, 14)
    assert (traffic.memory_mb, traffic.architecture, traffic.ephemeral_mb) == (512, Architecture.ARM64, 512)
    assert traffic.bytes_scanned > 500
    load = traffic_load(traffic)
    assert load.invocations == round(6 * 30 / 14)
    assert (load.warm_billed_ms, load.cold_billed_ms) == (Fraction(44, 3), Fraction(1187, 3))
    assert load.cold_start_share == Fraction(1, 2)
    assert load.billed_ms == Fraction(1231, 6)


def test_only_the_last_14_days_are_asked_for_and_nothing_is_changed_or_invoked():
    logs = EngineLogs([at(13.9, text_report(1, billed=11)), at(14.1, text_report(2, billed=99))])
    function = FakeFunction(logs)
    traffic = read_traffic(function, ARN, FakeClock())
    assert (traffic.warm_records, traffic.warm_billed_total_ms) == (1, 11)
    assert [name for name, _ in function.called] == ["GetFunctionConfiguration", "GetMetricStatistics"]
    asked = function.called[1][1]
    assert (asked["EndTime"] - asked["StartTime"]).days == 14
    assert asked["Dimensions"] == [{"Name": "FunctionName", "Value": "orders"}]
    assert (asked["Namespace"], asked["Statistics"]) == ("AWS/Lambda", ["Sum"])


def test_a_shared_log_group_gives_only_the_functions_own_records():
    own = "2026/09/21/orders[7][0123456789abcdef]"
    others = "2026/09/21/past-orders[7][0123456789abcdef]", "2026/09/21/orders-archive[1][0123456789abcdef]"
    logs = EngineLogs(
        [at(1, text_report(1, billed=11), stream=own, group="/shop"),
         *(at(1, text_report(2, billed=99), stream=stream, group="/shop") for stream in others)], group="/shop",
    )  # fmt: skip
    traffic = read_traffic(FakeFunction(logs, LoggingConfig={"LogGroup": "/shop"}), ARN, FakeClock())
    assert (traffic.warm_records, traffic.warm_billed_total_ms, traffic.log_group) == (1, 11, "/shop")


def test_what_a_temporary_clone_left_in_the_functions_own_log_group_is_no_traffic():
    streams = "2026/09/21/[7]0123456789abcdef", "2026/09/21/powertune-clone-run-1[7][0123456789abcdef]"
    logs = EngineLogs(
        [at(1, text_report(number, billed=11), stream=stream) for number, stream in enumerate(streams)]
    )  # fmt: skip
    traffic = read_traffic(FakeFunction(logs), ARN, FakeClock())
    assert (traffic.warm_records, traffic.warm_billed_total_ms) == (1, 11)


def test_what_the_query_will_scan_can_refuse_it_before_it_is_started():
    logs = EngineLogs([at(1, text_report(1))])
    told = []

    def too_much(scanned):
        told.append(scanned)
        raise UsageError("too much")

    with pytest.raises(UsageError, match="too much"):
        read_traffic(FakeFunction(logs, log_bytes=7e12), ARN, FakeClock(), too_much)
    assert told == [7e12]
    assert logs.queries == []


def test_a_function_without_traffic_is_not_asked_for_its_logs():
    logs = EngineLogs([])
    traffic = read_traffic(FakeFunction(logs, invocations=()), ARN, FakeClock(), pytest.fail)
    assert (traffic.invocations, traffic.bytes_scanned, logs.queries) == (0, 0, [])
    with pytest.raises(UsageError, match="There were no invocations in the last 14 days"):
        traffic_load(traffic)


def test_traffic_without_records_is_not_priced():
    traffic = read_traffic(FakeFunction(EngineLogs([])), ARN, FakeClock())
    with pytest.raises(UsageError, match="no records of invocations in /aws/lambda/orders in the last 14 days"):
        traffic_load(traffic)


def test_what_makes_the_figures_weak_is_said():
    small = text_report(3, billed=2, memory=256)
    logs = EngineLogs([at(1, text_report(1)), at(2, small)])
    function = FakeFunction(
        logs, invocations=(100.0,), LoggingConfig={"SystemLogLevel": "WARN"}, SnapStart={"ApplyOn": "PublishedVersions"}
    )
    notes = " ".join(read_traffic(function, ARN, FakeClock()).notes)
    assert "only failed invocations leave a record" in notes
    assert "the records of 2 invocations, and the metric counts 100" in notes
    assert "The memory size of orders changed in these days" in notes
    assert "SnapStart is on" in notes


def test_a_quiet_function_of_one_size_has_nothing_to_remark():
    logs = EngineLogs([at(1, text_report(1)), at(2, text_report(2))])
    assert read_traffic(FakeFunction(logs, invocations=(2.0,)), ARN, FakeClock()).notes == ()


@pytest.mark.parametrize("rows", [
    [{"cold": "maybe", "records": "1", "totalMs": "3"}],
    [{"records": "1", "totalMs": "3"}],
    [{"cold": "0", "records": "one", "totalMs": "3"}],
    [{"cold": "0", "records": "1"}],
])  # fmt: skip
def test_an_answer_that_is_not_understood_is_refused_and_not_guessed(rows):
    with pytest.raises(AwsError, match="is not understood"):
        read_traffic(FakeFunction(ScriptedLogs([rows])), ARN, FakeClock())


@pytest.mark.parametrize(("true", "false"), [("1", "0"), ("true", "false"), ("True", "False")])
def test_truth_is_understood_in_either_spelling(true, false):
    rows = [{"cold": true, "records": "1", "totalMs": "700"}, {"cold": false, "records": "3", "totalMs": "30"}]
    traffic = read_traffic(FakeFunction(ScriptedLogs([rows])), ARN, FakeClock())
    assert (traffic.cold_records, traffic.cold_billed_total_ms, traffic.warm_records) == (1, 700, 3)


def test_a_function_that_is_not_there_or_has_no_price_is_refused():
    missing = refusal("GetFunctionConfiguration", "ResourceNotFoundException", "Function not found")
    with pytest.raises(FunctionNotFound, match="orders"):
        read_traffic(FakeFunction(EngineLogs([]), MemorySize=missing), ARN, FakeClock())
    with pytest.raises(FunctionRefused, match="Managed Instances"):
        read_traffic(FakeFunction(EngineLogs([]), CapacityProviderConfig={"x": 1}), ARN, FakeClock())


def test_where_every_invocation_was_cold_the_mean_is_theirs():
    traffic = Traffic(
        function_arn=str(ARN), memory_mb=512, architecture=Architecture.X86_64, ephemeral_mb=512, days=14,
        invocations=14, hours_with_traffic=14, warm_records=0, cold_records=14, warm_billed_total_ms=0,
        cold_billed_total_ms=1400, log_group="/g", bytes_scanned=None,
    )  # fmt: skip
    load = traffic_load(traffic)
    assert (load.billed_ms, load.invocations, load.cold_start_share) == (100, 30, 1)
