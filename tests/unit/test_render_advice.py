"""What the report says to look at next: each advice where the data support it, and not where they do not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from html_page import Page
from searched_runs import searched
from shown_runs import cold_run, dry_run

from powertune.domain.function import Architecture
from powertune.domain.result import (
    ArchitectureRun,
    Distribution,
    Drift,
    Environment,
    Interval,
    SizeResult,
    TuningResult,
)
from powertune.domain.sample import Source
from powertune.render.html import render_html
from powertune.render.page.advice import Advice, advice

Make = Callable[..., TuningResult]
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"


def given(result: TuningResult, about: str) -> Advice | None:
    found = [one for one in advice(result) if one.about == about]
    assert len(found) < 2
    return found[0] if found else None


def at_best(result: TuningResult, **changes: Any) -> TuningResult:
    """The result with something else said of the recommended size."""
    best = result.recommendation
    assert best is not None
    rows = tuple(replace(size, **changes) if size.memory_mb == best.memory_mb else size for size in result.memory_sizes)
    return replace(result, memory_sizes=rows)


def best_of(result: TuningResult) -> SizeResult:
    best = result.recommendation
    assert best is not None
    return next(size for size in result.memory_sizes if size.memory_mb == best.memory_mb)


def warm(result: TuningResult, **changes: Any) -> TuningResult:
    """The result with other warm durations at the recommended size."""
    statistics = best_of(result).warm
    assert statistics.duration_ms is not None
    return at_best(result, warm=replace(statistics, duration_ms=replace(statistics.duration_ms, **changes)))


def test_a_recommended_size_that_is_nearly_full_is_told_with_what_was_used(make_result: Make) -> None:
    found = given(at_best(make_result(), max_memory_used_mb=1700), "memory")
    assert found is not None
    assert "At 1,769 MB the function used 1,700 MB of 1,769 MB, 96 %" in found.found
    assert found.command == f"powertune run --function-arn {ARN} --min-headroom 0.2"
    assert given(at_best(make_result(), max_memory_used_mb=1500), "memory") is None
    assert given(at_best(make_result(), max_memory_used_mb=None), "memory") is None


def test_a_duration_near_the_timeout_is_told_with_both(make_result: Make) -> None:
    found = given(warm(make_result(), maximum=25_000.0), "timeout")
    assert found is not None
    assert "The slowest invocation at 1,769 MB took 25.0 s, 83 % of the timeout of 30 s." in found.found
    assert given(warm(make_result(), maximum=20_000.0), "timeout") is None


def test_failures_at_the_recommended_size_are_told_with_their_number(make_result: Make) -> None:
    found = given(at_best(make_result(), errors=2, exhausted=1), "errors")
    assert found is not None
    assert "2 of 10 invocations at 1,769 MB failed" in found.found
    assert "1 of them timed out or ran out of memory." in found.found
    assert found.command == f"powertune logs {ARN}"
    local = given(replace(at_best(make_result(), errors=2), environment=Environment(kind="local")), "errors")
    assert local is not None
    assert local.command is None
    assert given(make_result(), "errors") is None


def cold_mean(mean: float) -> Distribution:
    return Distribution(
        count=3,
        mean=mean,
        mean_interval=None,
        **dict.fromkeys(("p50", "p90", "p95", "p99", "minimum", "maximum"), mean),
    )


@pytest.mark.parametrize(("init_ms", "wait_ms", "said"), [(900.0, 1300.0, True), (90, 100, False), (300, 1300, False)])
def test_an_init_that_is_most_of_what_a_caller_waits_is_told(
    make_result: Make, init_ms: float, wait_ms: float, *, said: bool
) -> None:
    result = make_result()
    cold = replace(best_of(result).cold, samples=3, init_ms=cold_mean(init_ms), latency_ms=cold_mean(wait_ms))
    found = given(at_best(result, cold=cold), "cold starts")
    assert (found is not None) is said
    if found is not None:
        assert "waits 1.30 s, of which the init is 900 ms, 69 % (mean of 3 cold starts)." in found.found
        assert found.command is not None
        assert found.command.endswith("--cold-starts 10")
        asked = replace(at_best(result, cold=cold), request=replace(result.request, cold_starts=3))
        told = given(asked, "cold starts")
        assert told is not None
        assert told.command is None


def test_a_restore_is_called_one(make_result: Make) -> None:
    found = given(cold_run(make_result, restore=True), "cold starts")
    assert found is None  # a tenth of the wait
    result = make_result()
    cold = replace(best_of(result).cold, init_ms=None, restore_ms=cold_mean(800.0), latency_ms=cold_mean(1000.0))
    told = given(at_best(result, cold=cold), "cold starts")
    assert told is not None
    assert "the restore is 800 ms" in told.found
    assert "SnapStart" not in told.then


def test_a_drift_at_the_recommended_size_is_told_with_early_and_late(make_result: Make) -> None:
    drift = Drift(early_ms=500.0, late_ms=400.0, p_value=0.001)
    found = given(at_best(make_result(), drift=drift), "drift")
    assert found is not None
    assert "Durations at 1,769 MB went from 500 ms to 400 ms" in found.found
    assert found.command == f"powertune run --function-arn {ARN} --memory-sizes 1769 --invocations 40"
    assert given(make_result(), "drift") is None


def test_a_mean_that_is_known_to_less_than_the_tolerance_asks_for_so_many_more_invocations(make_result: Make) -> None:
    result = make_result()
    found = given(warm(result, mean=400.0, mean_interval=Interval(low=360.0, high=440.0)), "spread")
    assert found is not None
    assert "known to 10 % only; sizes count as alike within 5 %" in found.found
    assert found.command == f"powertune run --function-arn {ARN} --invocations 40"
    assert given(warm(result, mean=400.0, mean_interval=Interval(low=390.0, high=410.0)), "spread") is None
    assert given(searched(make_result, noise=0.5), "spread") is None


def test_a_present_size_that_was_not_measured_is_to_be_measured_too(make_result: Make) -> None:
    found = given(make_result(present_mb=640), "present size")
    assert found is not None
    assert "The present 640 MB was not measured" in found.found
    assert found.command == f"powertune run --function-arn {ARN} --memory-sizes 640,1769"
    assert given(make_result(), "present size") is None
    # One that failed was tried, and the page says what came of it.
    assert given(make_result(present_mb=128), "present size") is None


def flattened(result: TuningResult, spread: float, half_ms: float = 0.0) -> TuningResult:
    rows = []
    for index, size in enumerate(result.memory_sizes):
        found = size.warm.duration_ms
        mean = 200.0 * (1 + spread * (index % 2))
        interval = Interval(low=mean - half_ms, high=mean + half_ms)
        changed = None if found is None else replace(found, mean=mean, mean_interval=interval)
        rows.append(replace(size, warm=replace(size.warm, duration_ms=changed)))
    best = result.recommendation
    assert best is not None
    assert best.change is not None
    change = replace(best.change, duration_within_noise=True)
    return replace(result, memory_sizes=tuple(rows), recommendation=replace(best, change=change))


def test_durations_that_do_not_follow_the_memory_size_are_told(make_result: Make) -> None:
    found = given(flattened(make_result(), 0.05), "waiting")
    assert found is not None
    assert "From 256 MB to 3,008 MB all means lie between 200 ms and 210 ms" in found.found
    vague = given(flattened(make_result(), 0.024, half_ms=30), "waiting")
    assert vague is not None
    assert "all means are about 200 ms:" in vague.found  # 204.8 ± 30 ms in the table is 200 ± 30 ms
    assert given(flattened(make_result(), 0.2), "waiting") is None
    assert given(make_result(), "waiting") is None


def test_nothing_is_said_to_be_flat_where_the_recommendation_promises_speed(make_result: Make) -> None:
    flat = flattened(make_result(), 0.05)
    best = flat.recommendation
    assert best is not None
    assert best.change is not None
    surely = replace(best, change=replace(best.change, duration=-0.04, duration_within_noise=False))
    assert given(replace(flat, recommendation=surely), "waiting") is None


def test_sizes_where_some_invocations_ran_out_are_not_to_be_set_blindly(make_result: Make) -> None:
    result = make_result()
    rows = tuple(
        replace(size, errors=2, exhausted=2) if size.memory_mb == 256 else size for size in result.memory_sizes
    )
    found = given(replace(result, memory_sizes=rows), "exhausted")
    assert found is not None
    assert "at 256 MB, though others succeeded there" in found.found
    assert given(result, "exhausted") is None
    # At the recommended size the failures are told as such, and it is not advised against.
    assert given(at_best(result, errors=2, exhausted=2), "exhausted") is None


def test_the_other_instruction_set_is_advised_only_where_a_run_could_try_it(make_result: Make) -> None:
    result = make_result()
    found = given(result, "architecture")
    assert found is not None
    assert found.found == "Only arm64 was measured; x86_64 has prices and speeds of its own."
    assert found.command == f"powertune run --function-arn {ARN} --architectures x86_64,arm64"
    tried = replace(result, architectures=(ArchitectureRun(architecture=Architecture.X86_64, failure="no"),))
    image = replace(result, function=replace(result.function, runtime=None))
    local = replace(result, environment=Environment(kind="local"))
    for other in (tried, image, local):
        assert given(other, "architecture") is None


def untraced(result: TuningResult) -> TuningResult:
    samples = tuple(replace(s, parts=None, trace_id=None, sources=(Source.TAIL,)) for s in result.samples)
    return replace(result, samples=samples)


def test_tracing_is_advised_where_no_invocation_was_traced(make_result: Make) -> None:
    found = given(untraced(make_result()), "traces")
    assert found is not None
    assert "None of 60 invocations was traced" in found.found
    assert found.command == (
        f"aws lambda update-function-configuration --region eu-central-1 --function-name {ARN} "
        "--tracing-config Mode=Active"
    )
    assert given(make_result(), "traces") is None
    assert given(replace(untraced(make_result()), environment=Environment(kind="local")), "traces") is None


def test_a_dry_run_gives_no_advice_and_no_section(make_result: Make) -> None:
    assert advice(dry_run(make_result)) == ()
    assert 'id="advice"' not in render_html(dry_run(make_result))


def test_where_there_is_nothing_to_say_there_is_no_section(make_result: Make) -> None:
    tried = (ArchitectureRun(architecture=Architecture.X86_64, failure="no"),)
    source = render_html(make_result(architectures=tried))
    assert 'id="advice"' not in source
    assert "What to look at next" not in source


def test_the_section_has_every_advice_with_its_command(make_result: Make) -> None:
    result = at_best(untraced(make_result(present_mb=640)), max_memory_used_mb=1769, errors=1)
    section = Page(render_html(result)).section("advice")
    said = advice(result)
    assert [one.about for one in said] == ["memory", "errors", "present size", "architecture", "traces"]
    for one in said:
        assert " ".join(one.then.split()) in section
        assert one.command is not None
        assert one.command in section


def test_every_command_names_the_function_by_its_whole_arn(make_result: Make) -> None:
    # A name alone is another function of that name where another region or account is the default.
    result = at_best(untraced(make_result(present_mb=640)), max_memory_used_mb=1769, errors=1)
    commands = [one.command for one in advice(result) if one.command is not None]
    assert len(commands) == 5
    assert all(ARN in command.split() for command in commands)


def test_no_command_is_made_of_a_text_that_is_no_arn(make_result: Make) -> None:
    result = make_result()
    hostile = replace(result, function=replace(result.function, arn="x; rm -rf /", name="$(reboot)"))
    for one in advice(untraced(hostile)):
        assert "rm -" not in (one.command or "")
        assert "reboot" not in (one.command or "")
        assert one.command is None or "ARN" in one.command
