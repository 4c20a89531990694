"""The main job: one command, a tuned function, a report."""

import json
import re
from pathlib import Path

import pytest
from command_line import EXAMPLES, powertune

from powertune.render.html import render_html
from powertune.wire import from_data, read_result

SIZES = [128, 256, 512, 1024, 1769, 3008]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Each example tuned once, with a grid's defaults."""
    done = {}

    def run(example):
        if example not in done:
            folder = tmp_path_factory.mktemp(example)
            ended = powertune("run", "--local", EXAMPLES / example, "--search", "grid", "--output-dir", folder)
            assert ended.code == 0, ended.err
            (path,) = folder.glob("*/result.json")
            done[example] = (ended, path, read_result(path))
        return done[example]

    return run


@pytest.mark.parametrize("example", ["primes", "waiting", "hungry"])
def test_the_run_ends_with_a_recommendation_a_result_and_a_report(runs, example):
    ended, path, result = runs(example)
    assert result.restored
    assert [size.memory_mb for size in result.memory_sizes] == SIZES
    assert result.recommendation.memory_mb in SIZES
    assert result.environment.kind == "local"
    assert result.environment.cpu_method == "token-bucket"
    assert path.with_name("report.html").read_text(encoding="utf-8") == render_html(result)
    assert f"{result.recommendation.memory_mb:,} MB" in ended.out


@pytest.mark.parametrize("example", ["primes", "waiting"])
def test_every_size_has_at_least_five_warm_samples_and_its_cold_start_apart(runs, example):
    _, _, result = runs(example)
    for size in result.memory_sizes:
        assert size.warm.samples >= 5
        assert size.cold_starts == 1
        assert size.cold.init_ms is not None


@pytest.mark.parametrize("example", ["primes", "waiting", "hungry"])
def test_every_sample_is_confirmed_by_the_tail_by_insights_and_by_xray(runs, example):
    _, _, result = runs(example)
    assert len(result.samples) >= 40
    for sample in result.samples:
        assert set(sample.sources) == {"tail", "insights", "xray"}
        assert sample.disagreements == ()
        assert sample.misfit is None
        assert sample.request_id
        assert sample.trace_id


def products(result):
    """Mean warm duration times memory size, up to the size that comes with one core."""
    sizes = [size for size in result.memory_sizes if size.memory_mb <= 1769]
    assert len(sizes) == 5
    return [size.warm.duration_ms.mean * size.memory_mb for size in sizes]


def spread(values):
    middle = sum(values) / len(values)
    return max(abs(value / middle - 1) for value in values)


def test_for_primes_duration_times_memory_is_constant_up_to_one_core(runs, tmp_path):
    """A neighbour on the machine can spoil one run, but a wrong share of the CPU spoils every one."""
    _, _, result = runs("primes")
    spreads = [spread(products(result))]
    while spreads[-1] >= 0.15 and len(spreads) < 4:
        folder = tmp_path / str(len(spreads))
        ended = powertune("run", "--local", EXAMPLES / "primes", "--search", "grid", "--output-dir", folder)
        assert ended.code == 0
        (path,) = folder.glob("*/result.json")
        spreads.append(spread(products(read_result(path))))
    assert spreads[-1] < 0.15, spreads


def test_for_waiting_duration_is_the_same_everywhere_and_the_smallest_size_is_recommended(runs):
    _, _, result = runs("waiting")
    means = [size.warm.duration_ms.mean for size in result.memory_sizes]
    assert max(means) / min(means) < 1.05
    assert result.recommendation.memory_mb == 128


def test_for_hungry_the_sizes_that_are_too_small_say_out_of_memory_and_the_others_are_scored(runs):
    _, _, result = runs("hungry")
    sizes = {size.memory_mb: size for size in result.memory_sizes}
    for too_small in (128, 256):
        assert sizes[too_small].status == "failed"
        assert "out of memory" in sizes[too_small].reason
    assert sizes[512].status == "measured"
    assert result.recommendation.memory_mb >= 512


@pytest.mark.parametrize("example", ["primes", "waiting"])
def test_xray_agrees_with_the_records_within_a_millisecond(runs, example):
    _, _, result = runs(example)
    for sample in result.samples:
        assert abs(sample.parts.duration_ms - sample.duration_ms) < 1
        assert (sample.parts.init_ms is not None) == bool(sample.cold)


def test_costs_follow_from_each_samples_billed_duration(runs):
    _, _, result = runs("primes")
    for size in result.memory_sizes:
        billed = [
            sample.billed_ms
            for sample in result.samples
            if sample.memory_mb == size.memory_mb and sample.is_warm_measurement
        ]
        expected = sum(ms * size.memory_mb / 1024 / 1000 * 0.0000166667 + 0.0000002 for ms in billed) / len(billed)
        assert float(size.cost.per_invocation.amount) == pytest.approx(expected, rel=1e-9)


def test_json_goes_to_stdout_alone_and_is_the_result(tmp_path):
    ended = powertune(
        "run", "--local", EXAMPLES / "waiting", "--memory-sizes", "512,128", "--invocations", 3, "--json",
        "--payload", '{"seconds": 0.02}', "--output-dir", tmp_path, "--strategy", "speed",
    )  # fmt: skip
    data = ended.json
    report = Path(data.pop("report"))
    assert report.is_file()
    assert data == json.loads(report.with_name("result.json").read_text(encoding="utf-8"))
    result = from_data(data, type(read_result(report.with_name("result.json"))))
    assert [size.memory_mb for size in result.memory_sizes] == [128, 512]
    assert result.request.strategy == "speed"
    assert ended.err == ""


def test_direct_gives_the_same_kind_of_answer_without_the_state_machine(tmp_path):
    ended = powertune(
        "run", "--local", EXAMPLES / "waiting", "--memory-sizes", "128,256", "--invocations", 3, "--json", "--direct",
        "--payload", '{"seconds": 0.02}', "--output-dir", tmp_path,
    )  # fmt: skip
    assert ended.json["spend"]["state_transitions"] == 0
    assert ended.json["restored"]
    assert len(ended.json["samples"]) == 6


def test_parallel_invocations_use_environments_of_their_own(tmp_path):
    ended = powertune(
        "run", "--local", EXAMPLES / "waiting", "--memory-sizes", "128", "--invocations", 12, "--parallel", 3, "--json",
        "--payload", '{"seconds": 0.3}', "--output-dir", tmp_path,
    )  # fmt: skip
    (size,) = ended.json["memory_sizes"]
    assert size["cold_starts"] == 3
    assert size["warm"]["samples"] == 9


def test_a_handler_that_fails_at_every_size_ends_with_code_4_and_its_own_words(tmp_path):
    folder = tmp_path / "orders"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context):\n    raise RuntimeError('the table is gone')\n")
    ended = powertune("run", "--local", folder, "--memory-sizes", "128,512", "--output-dir", tmp_path / "out")
    assert ended.code == 4
    assert "the table is gone" in ended.err
    (path,) = (tmp_path / "out").glob("*/result.json")
    result = read_result(path)
    assert result.restored
    assert result.recommendation is None


def test_a_size_that_times_out_is_reported_and_the_others_are_scored(tmp_path):
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "app.py").write_text(
        "import time\n"
        "def handler(event, context):\n"
        "    end = time.process_time() + 0.15\n"
        "    while time.process_time() < end:\n"
        "        pass\n"
    )
    (folder / "powertune.toml").write_text("timeout_s = 1\n")
    ended = powertune(
        "run", "--local", folder, "--memory-sizes", "128,1024", "--invocations", 4, "--json",
        "--output-dir", tmp_path / "out",
    )  # fmt: skip
    small, large = ended.json["memory_sizes"]
    assert (small["status"], large["status"]) == ("failed", "measured")
    assert "timed out" in small["reason"]
    assert ended.json["recommendation"]["memory_mb"] == 1024


def test_the_table_fits_a_terminal_of_80_columns(runs):
    ended, _, _ = runs("primes")
    assert all(len(line) <= 100 for line in ended.out.splitlines() if not re.search(r"[/\\]", line))
