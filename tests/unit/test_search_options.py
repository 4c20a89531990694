"""The options of a search: which kind they mean, what they limit, and what they take from an earlier run."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner

from powertune.cli import run
from powertune.domain.payload import Payload
from powertune.domain.request import DEFAULT_MEMORY_SIZES_MB, SEARCHED_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.search import NO_LIMITS, LatencyStatistic, LatencyTarget, Limits, SearchKind
from powertune.errors import UsageError
from powertune.wire import dumps

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"


class Asked(Exception):
    """What would have been run."""


@pytest.fixture
def outcome(monkeypatch):
    def stop(request, options, *, direct, stack_needed):
        raise Asked(request)

    monkeypatch.setattr(run, "aws_place", stop)

    def with_options(*options, given=""):
        return CliRunner().invoke(run.command, ["--function-arn", ARN, *map(str, options)], input=given).exception

    return with_options


@pytest.fixture
def asked(outcome):
    def with_options(*options) -> TuningRequest:
        found = outcome(*options)
        assert isinstance(found, Asked), found
        return found.args[0]

    return with_options


@pytest.fixture
def refused(outcome):
    def with_options(*options):
        found = outcome(*options)
        assert isinstance(found, UsageError), found
        assert found.next_step
        return str(found)

    return with_options


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(str(number) for number in range(99)))
    return path


def test_without_options_a_run_searches_sizes_over_the_whole_range(asked):
    made = asked()
    assert made.search is SearchKind.ADAPTIVE
    assert made.memory_sizes_mb == SEARCHED_MEMORY_SIZES_MB
    assert made.limits == NO_LIMITS


@pytest.mark.parametrize(
    "options",
    [
        ("--memory-sizes", "128,512"),
        ("--invocations", 12),
        ("--cold-starts", 3),
        ("--only-cold-starts",),
        ("--dry-run",),
        ("--search", "grid"),
        ("--payload-s3", "s3://bucket/events.jsonl"),
    ],
)
def test_what_only_a_grid_has_makes_it_a_grid(asked, options):
    assert asked(*options).search is SearchKind.GRID


def test_several_events_make_it_a_grid(asked, events):
    assert asked("--payloads", events, "--invocations", 99).search is SearchKind.GRID
    once = asked("--payloads", events, "--each-payload-once")
    assert once.search is SearchKind.GRID
    assert once.memory_sizes_mb == DEFAULT_MEMORY_SIZES_MB


@pytest.mark.parametrize(
    ("option", "more"),
    [
        ("--invocations", (12,)), ("--cold-starts", (3,)), ("--only-cold-starts", ()), ("--dry-run", ()),
        ("--each-payload-once", ()), ("--payload-s3", ("s3://bucket/events.jsonl",)),
    ],
)  # fmt: skip
def test_an_adaptive_search_that_was_asked_for_goes_with_none_of_these(refused, option, more):
    said = refused("--search", "adaptive", option, *more)
    assert f"so {option} does not go with it" in said
    assert "--search grid" in said


def test_sizes_that_were_given_are_those_that_an_adaptive_search_chooses_from(asked):
    made = asked("--search", "adaptive", "--memory-sizes", "512,128")
    assert (made.search, made.memory_sizes_mb) == (SearchKind.ADAPTIVE, (128, 512))


def test_a_search_that_there_is_not_is_refused(refused):
    assert "'random' is no search" in refused("--search", "random")


@pytest.mark.parametrize(
    ("option", "value"),
    [("--max-time", "90s"), ("--prior", "result.json")],
)
def test_a_limit_of_time_and_an_earlier_run_are_refused_with_a_grid(refused, option, value):
    assert f"{option} is for the adaptive search, and --search grid" in refused("--search", "grid", option, value)
    assert "Add --search adaptive." in refused("--memory-sizes", "128,512", option, value)
    assert "and --dry-run asks for a grid" in refused("--dry-run", option, value)


def test_limits_of_invocations_and_money_go_with_a_grid(asked):
    made = asked("--memory-sizes", "128,512", "--max-invocations", 20, "--max-spend", "0.01")
    assert (made.search, made.limits) == (SearchKind.GRID, Limits(max_invocations=20, max_spend=Decimal("0.01")))


def test_a_dry_run_has_no_memory_sizes_to_choose(refused):
    assert "present memory size" in refused("--dry-run", "--memory-sizes", "128,512")


def test_limits_are_read(asked):
    made = asked("--max-invocations", 7, "--max-spend", "0.05", "--max-time", "1.5m")
    assert made.limits == Limits(max_invocations=7, max_spend=Decimal("0.05"), max_time_ms=90_000.0)


@pytest.mark.parametrize(
    ("text", "ms"), [("1500ms", 1500.0), ("90s", 90_000.0), (" 5 M ", 300_000.0), ("0.5h", 1_800_000.0)]
)
def test_a_time_has_its_unit(asked, text, ms):
    assert asked("--max-time", text).limits.max_time_ms == ms


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--max-time", text) for text in ("90", "0s", "-1s", "1d", "s", "")),
        *(("--max-spend", text) for text in ("0", "-1", "much", "1e9", "")),
        ("--min-headroom", 1),
        ("--latency-target", "800ms"),
    ],
)
def test_a_figure_that_cannot_be_meant_is_refused(refused, option, value):
    assert refused(f"{option}={value}")


@pytest.mark.parametrize("kind", list(SearchKind))
def test_what_is_looked_for_goes_with_both_kinds(asked, kind):
    made = asked(
        "--search", kind, "--latency-target", "p99=2s,cold=0.02", "--min-headroom", 0.2, "--risk", 0.1,
        "--tolerance", 0.02,
    )  # fmt: skip
    assert made.latency_target == LatencyTarget(statistic=LatencyStatistic.P99, limit_ms=2000.0, cold_share=0.02)
    assert (made.min_headroom, made.risk, made.tolerance) == (0.2, 0.1, 0.02)


@pytest.mark.parametrize("option", [("--search", "adaptive"), ("--max-time", "1s"), ("--latency-target", "p50=1s")])
def test_an_input_of_the_other_tool_says_itself_what_to_measure(outcome, option):
    found = outcome("--input", "-", *option, given=json.dumps({"lambdaARN": ARN}))
    assert f"{option[0]} and --input both say what to measure" in str(found)


def test_an_input_of_the_other_tool_is_a_grid(outcome):
    found = outcome("--input", "-", given=json.dumps({"lambdaARN": ARN, "num": 7}))
    assert found.args[0].search is SearchKind.GRID


# --- an earlier run -----------------------------------------------------------------------------------------


@pytest.fixture
def earlier(tmp_path, make_result):
    def write(**changes):
        path = tmp_path / "result.json"
        result = make_result(invocations=12, failing_mb=(128,))
        path.write_text(dumps(replace(result, **changes)))
        return path, result

    return write


def test_the_latest_five_warm_measurements_of_each_size_come_from_an_earlier_run(asked, earlier):
    path, result = earlier()
    prior = asked("--prior", path).prior
    assert (prior.run_id, prior.code_sha256) == (result.run_id, result.function.code_sha256)
    assert prior.architecture is result.function.architecture
    assert {sample.memory_mb for sample in prior.samples} == {256, 512, 1024, 1769, 3008}
    for size in (256, 3008):
        warm = [sample for sample in result.samples if sample.memory_mb == size and sample.is_warm_measurement]
        assert [(one.duration_ms, one.billed_ms) for one in prior.samples if one.memory_mb == size] == [
            (one.duration_ms, one.billed_ms) for one in warm[-5:]
        ]


def test_an_earlier_run_of_another_function_is_refused(refused, earlier, make_result):
    other = make_result().function
    path, _ = earlier(function=replace(other, arn=other.arn.replace("orders-api", "bills")))
    assert "bills, not of" in refused("--prior", path)


def test_an_earlier_run_with_another_event_is_refused(refused, earlier):
    path, _ = earlier()
    assert "had another event" in refused("--prior", path, "--payload", '{"size": 3}')


def test_an_earlier_run_with_several_events_is_refused(refused, earlier, make_result):
    mixed = replace(make_result().request, payloads=(Payload.of("1"), Payload.of("2")))
    path, _ = earlier(request=mixed)
    assert "had another event" in refused("--prior", path)


def test_an_earlier_run_without_a_warm_measurement_is_refused(refused, earlier):
    path, _ = earlier(samples=(), memory_sizes=(), recommendation=None)
    assert "no warm measurement" in refused("--prior", path)


def test_a_file_that_is_no_result_is_refused(refused, tmp_path):
    path = tmp_path / "result.json"
    path.write_text("{}")
    assert "not a whole powertune result" in refused("--prior", path)
    assert "cannot be read" in refused("--prior", tmp_path / "none.json")
