"""What is measured and in which order, on the embedded endpoint, with real processes and real log lines."""

import io
import json
import zipfile
from collections import Counter
from itertools import pairwise

import pytest
from command_line import powertune

from powertune.domain.result import TuningResult
from powertune.wire import from_data

BUSY = """import time

def handler(event, context):
    end = time.process_time() + 0.1
    while time.process_time() < end:
        pass
"""
ECHO = "def handler(event, context):\n    return event\n"


class Function:
    """A function on the endpoint, and the powertune command on it."""

    def __init__(self, endpoint, folder):
        self.variables = endpoint.variables()
        self.client = endpoint.new_session().client("lambda")
        self.folder = folder

    def make(self, name, source=ECHO, **more):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", source)
        arn = self.client.create_function(
            FunctionName=name, Runtime="python3.11", Role="arn:aws:iam::000000000000:role/x", Handler="app.handler",
            Code={"ZipFile": code.getvalue()}, MemorySize=512, **more,
        )["FunctionArn"]  # fmt: skip
        self.client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        return arn

    def visible(self, arn):
        configuration = self.client.get_function_configuration(FunctionName=arn)
        for key in ("ResponseMetadata", "RevisionId", "LastModified"):
            configuration.pop(key, None)
        versions = self.client.list_versions_by_function(FunctionName=arn)["Versions"]
        return configuration, len(versions), self.client.list_aliases(FunctionName=arn)["Aliases"]

    def run(self, arn, *options, code=0):
        ended = powertune(
            "run", "--function-arn", arn, "--json", "--output-dir", self.folder, *options, **self.variables
        )
        assert ended.code == code, ended.err
        if code:
            return ended.err
        data = ended.json
        del data["report"]
        return from_data(data, TuningResult)


@pytest.fixture
def function(endpoint, tmp_path):
    return Function(endpoint, tmp_path)


def test_sizes_take_turns_in_shuffled_sweeps_and_the_seed_repeats_their_order(function):
    arn = function.make("turns")

    def order(seed):
        result = function.run(
            arn,
            "--memory-sizes",
            "1024,1769,3008",
            "--invocations",
            6,
            "--sizes-at-once",
            1,
            "--seed",
            seed,
            "--direct",
        )
        samples = sorted(result.samples, key=lambda sample: sample.sent_at_ms)
        return [sample.memory_mb for sample in samples]

    first = order(5)
    sweeps = [first[start : start + 3] for start in range(0, 18, 3)]
    assert all(sorted(sweep) == [1024, 1769, 3008] for sweep in sweeps)
    assert len({tuple(sweep) for sweep in sweeps}) > 1
    assert order(5) == first
    assert order(6) != first


def test_one_size_at_a_time_means_that_nothing_overlaps(function):
    arn = function.make("apart", "import time\ndef handler(event, context):\n    time.sleep(0.05)\n")
    result = function.run(arn, "--memory-sizes", "512,1024", "--invocations", 4, "--sizes-at-once", 1)
    samples = sorted(result.samples, key=lambda sample: sample.sent_at_ms)
    assert all(after.sent_at_ms - before.sent_at_ms >= before.duration_ms for before, after in pairwise(samples))


def test_cold_starts_on_purpose_have_statistics_of_their_own_and_leave_no_version(function):
    arn = function.make("cold")
    before = function.visible(arn)
    result = function.run(arn, "--memory-sizes", "1024,1769", "--invocations", 4, "--cold-starts", 5)
    for size in result.memory_sizes:
        assert (size.cold.samples, size.warm.samples) == (5, 3)
        assert size.cold.init_ms.count == 5
        assert size.warm.init_ms is None
    assert function.visible(arn) == before


def test_a_list_of_payloads_is_used_in_turn_at_every_size(function):
    arn = function.make("lines")
    events = function.folder / "events.jsonl"
    events.write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
    result = function.run(arn, "--memory-sizes", "1024,1769", "--invocations", 6, "--payloads", events)
    assert result.request.payload_use == "in-turn"
    assert [payload.text for payload in result.request.payloads] == [None] * 3
    for size in (1024, 1769):
        warm = [s.payload for s in result.samples if s.memory_mb == size and s.is_warm_measurement]
        assert Counter(warm) == {0: 2, 1: 2, 2: 2}


def test_a_payload_larger_than_256_kb_arrives_whole(function):
    arn = function.make("large", "def handler(event, context):\n    assert len(event['data']) == 600_000\n")
    event = function.folder / "event.json"
    event.write_text(json.dumps({"data": "x" * 600_000}))
    result = function.run(arn, "--memory-sizes", "1024", "--invocations", 3, "--payload", f"@{event}")
    assert {sample.outcome.value for sample in result.samples} == {"ok"}


JSON_WARN = {"LogFormat": "JSON", "ApplicationLogLevel": "ERROR", "SystemLogLevel": "WARN"}


def test_a_function_that_logs_no_successes_is_refused_or_lifted_and_left_as_it_was(function):
    arn = function.make("quiet", LoggingConfig=JSON_WARN)
    before = function.visible(arn)
    said = function.run(arn, "--memory-sizes", "1024", "--invocations", 3, code=3)
    assert "--lift-log-level" in said
    assert function.visible(arn) == before
    result = function.run(arn, "--memory-sizes", "512,1024", "--invocations", 3, "--lift-log-level")
    assert all(set(sample.sources) == {"tail", "insights"} for sample in result.samples)
    assert all(sample.billed_ms is not None for sample in result.samples)
    assert function.visible(arn) == before


def test_a_function_in_json_format_gives_the_same_figures_from_tail_and_insights(function):
    arn = function.make("json", LoggingConfig={"LogFormat": "JSON"}, TracingConfig={"Mode": "Active"})
    result = function.run(arn, "--memory-sizes", "512,1024", "--invocations", 4)
    for sample in result.samples:
        assert set(sample.sources) == {"tail", "insights", "xray"}
        assert sample.disagreements == ()
        assert sample.misfit is None
        assert abs(sample.parts.duration_ms - sample.duration_ms) < 1


def test_the_recommended_size_is_applied_where_that_was_asked_for(function):
    arn = function.make("applied", BUSY)
    before = function.client.publish_version(FunctionName=arn)["Version"]
    function.client.create_alias(FunctionName=arn, Name="live", FunctionVersion=before)
    result = function.run(
        arn, "--memory-sizes", "512,1769", "--invocations", 5, "--strategy", "speed", "--apply", "--apply-alias", "live"
    )
    assert result.applied.memory_mb == result.recommendation.memory_mb == 1769
    assert function.client.get_function_configuration(FunctionName=arn)["MemorySize"] == 1769
    live = function.client.get_function_configuration(FunctionName=arn, Qualifier="live")
    assert (live["MemorySize"], live["Version"]) == (1769, result.applied.version)
    assert [one["Name"] for one in function.client.list_aliases(FunctionName=arn)["Aliases"]] == ["live"]
    versions = function.client.list_versions_by_function(FunctionName=arn)["Versions"]
    assert [one["Version"] for one in versions] == ["$LATEST", before, result.applied.version]


def test_a_price_given_by_hand_is_what_all_costs_follow_from(function):
    arn = function.make("priced")
    result = function.run(arn, "--memory-sizes", "1024", "--invocations", 3, "--price", "0.00002,0.0000003,EUR")
    (size,) = result.memory_sizes
    billed_s = size.warm.billed_ms.mean / 1000
    assert float(size.cost.per_invocation.amount) == pytest.approx(0.0000003 + 0.00002 * billed_s)
    assert size.cost.per_invocation.currency == "EUR"


def test_a_dry_run_invokes_once_at_the_present_size_and_ends_well(function):
    arn = function.make("dry")
    result = function.run(arn, "--dry-run")
    present_mb = result.function.original_memory_mb
    assert [(sample.memory_mb, sample.outcome.value) for sample in result.samples] == [(present_mb, "ok")]
    assert result.recommendation is None
