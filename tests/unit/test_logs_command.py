"""``powertune logs`` where AWS has something to say against it: sentences, next steps and exit codes."""

import json
from types import SimpleNamespace

import pytest
from fake_aws import ARN, NAME, FakeClock, refusal
from fake_logs import EngineLogs, ScriptedLogs, event, text_report

from powertune.cli.main import main

GROUP = f"/aws/lambda/{NAME}"


class Functions:
    meta = SimpleNamespace(endpoint_url="https://lambda.us-east-1.amazonaws.com")

    def __init__(self, configuration):
        self.configuration = configuration
        self.asked = []

    def get_function_configuration(self, FunctionName):
        self.asked.append(FunctionName)
        if isinstance(self.configuration, Exception):
            raise self.configuration
        return {"FunctionArn": ARN, "Architectures": ["x86_64"], **self.configuration}


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command against fakes; gives its exit code, output and errors."""

    def call(*arguments, logs, configuration=None):
        functions = Functions({} if configuration is None else configuration)

        class Session:
            def __init__(self, **chosen):
                self.chosen = chosen

            def client(self, service):
                return {"lambda": functions, "logs": logs}[service]

        monkeypatch.setattr("powertune.aws.session.AwsSession", Session)
        monkeypatch.setattr("powertune.aws.clock.SystemClock", FakeClock)
        with pytest.raises(SystemExit) as ended:
            main(["logs", *arguments])
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


def now_event(message, **where):
    return event(message, FakeClock().ms - 60_000, **where)


class Logs(ScriptedLogs):
    """Scripted queries, with a log group of a class."""

    def __init__(self, *scripts, group_class="STANDARD"):
        super().__init__(*scripts)
        self.group_class = group_class

    def describe_log_groups(self, logGroupNamePrefix):
        return {"logGroups": [{"logGroupName": logGroupNamePrefix, "logGroupClass": self.group_class}]}


def test_a_log_group_that_only_delivers_is_refused_before_any_query(run):
    logs = Logs([[]], group_class="DELIVERY")
    code, _, err = run(NAME, logs=logs)
    assert code == 3
    assert "class DELIVERY" in err
    assert "Read the logs where they are delivered to" in err
    assert logs.queries == []


@pytest.mark.parametrize(
    ("aws_code", "said", "next_step"),
    [
        ("ResourceNotFoundException", f"The log group {GROUP} is not there.", "Lambda makes it"),
        ("AccessDeniedException", "AWS denied asking Logs Insights", "logs:StartQuery"),
        ("LimitExceededException", "quota of Logs Insights queries is used up", "Run again when"),
    ],
)
def test_a_query_that_aws_does_not_take_is_told_with_a_next_step(run, aws_code, said, next_step):
    code, out, err = run(NAME, logs=Logs(refusal("StartQuery", aws_code, "because")))
    assert (code, out) == (3, "")
    assert said in err
    assert next_step in err


def test_a_function_that_does_not_exist_is_named(run):
    missing = refusal("GetFunctionConfiguration", "ResourceNotFoundException", "Function not found")
    code, _, err = run("nobody", logs=Logs([[]]), configuration=missing)
    assert code == 3
    assert "nobody" in err


def test_a_group_whose_class_may_not_be_looked_at_is_read_all_the_same(run):
    class Closed(EngineLogs):
        def describe_log_groups(self, logGroupNamePrefix):
            raise refusal("DescribeLogGroups", "AccessDeniedException")

    code, out, _ = run(NAME, logs=Closed([now_event(text_report(1))]))
    assert code == 0
    assert "512 MB" in out
    assert f"Log group {GROUP}, Text format" in out


def test_nothing_in_the_window_is_a_sentence_for_each_report(run):
    code, out, err = run(NAME, "--since", "3h", logs=EngineLogs([]))
    assert (code, err) == (0, "")
    assert out.count("No record of an invocation of orders in the last 3h.") == 3


def test_the_window_ends_now_and_is_as_long_as_asked_for(run):
    logs = EngineLogs([])
    run(NAME, "--since", "2d", "--query", "latency", logs=logs)
    (query,) = logs.queries
    assert query["endTime"] == FakeClock().ms // 1000
    assert query["endTime"] - query["startTime"] == 2 * 86_400


@pytest.mark.parametrize("since", ["", "0h", "24", "1y", "-3h", "99999w", "1.5h"])
def test_a_length_of_time_that_is_none_is_refused(run, since):
    code, _, err = run(NAME, "--since", since, logs=EngineLogs([]))
    assert code == 2
    assert "is no length of time" in err


@pytest.mark.parametrize("function", [f"{NAME}:live", f"{ARN}:live", "a b", "arn:aws:s3:::bucket", ""])
def test_what_is_no_function_alone_is_refused(run, function):
    code, _, err = run(function, logs=EngineLogs([]))
    assert code == 2
    assert err.startswith("powertune: ")


def test_a_region_that_is_not_the_arns_is_refused(run):
    code, _, err = run(ARN, "--region", "eu-west-1", logs=EngineLogs([]))
    assert code == 2
    assert "The function is in us-east-1, not in eu-west-1." in err


@pytest.mark.parametrize("name", [NAME, ARN])
def test_name_and_arn_lead_to_the_same_log_group(run, name):
    logs = EngineLogs([now_event(text_report(1))])
    assert run(name, logs=logs)[0] == 0
    assert {query["logGroupName"] for query in logs.queries} == {GROUP}


def test_an_unknown_price_leaves_costs_out_and_says_so(run):
    elsewhere = {"FunctionArn": ARN.replace("us-east-1", "us-iso-east-1")}
    logs = EngineLogs([now_event(text_report(1))])
    code, out, _ = run(NAME, "--json", logs=logs, configuration=elsewhere)
    found = json.loads(out)
    assert code == 0
    assert found["price"] is None
    assert [row["cost"] for row in found["expensive"]["rows"]] == [None]
    assert found["expensive"]["scan_cost"] is None
    assert any("Costs are left out" in note for note in found["notes"])
    told = run(NAME, logs=logs, configuration=elsewhere)[1]
    assert "Note: Costs are left out" in told
    assert "list price" not in told.replace("Note:", "")


def test_bytes_that_aws_does_not_say_are_not_told_as_nothing(run):
    code, out, _ = run(NAME, "--query", "latency", logs=Logs([{"status": "Complete"}]))
    assert code == 0
    assert "AWS did not say how much the query scanned." in out


def test_a_log_level_that_drops_successes_is_told(run):
    quiet = {"LoggingConfig": {"LogFormat": "JSON", "LogGroup": GROUP, "SystemLogLevel": "WARN"}}
    code, out, _ = run(NAME, logs=EngineLogs([]), configuration=quiet)
    assert code == 0
    assert "only failed invocations leave a record" in out


def test_text_from_the_logs_cannot_steer_the_terminal(run):
    rows = [{"billedMs": "1", "memoryMb": "128", "requestId": "a\x1b[2Jb", "@logStream": "\x1b]0;evil\x07"}]
    _, out, _ = run(NAME, "--query", "expensive", logs=Logs([rows]))
    assert "\x1b" not in out
    assert "\x07" not in out


def test_help_shows_examples(run):
    code, out, _ = run("--help", logs=None)
    assert code == 0
    assert "powertune logs orders --query expensive" in out
