"""``powertune replay``: one line of JSON for each function and seed, a table for people, refusals in sentences."""

import json
import re
from types import SimpleNamespace

import pytest
from recorded import csv_text

from powertune.cli.main import main
from powertune.domain.search import SearchKind

KEYS = [
    "source", "function", "seed", "recommended_memory_mb", "invocations", "gb_seconds", "memory_sizes",
    "claimed_regret_bound", "stop_reason",
]  # fmt: skip
BOTH = pytest.mark.parametrize("kind", [kind.value for kind in SearchKind])


def rows(function, sizes, *, cold=False, source="made"):
    """Noisy durations, each as often as the next: work over the share of a CPU, and a wait."""
    for size in sizes:
        for number in range(8):
            yield source, function, size, round((100 + 100_000 / min(size, 1769)) * (1 + number / 40), 3), "", 0
        if cold:
            yield source, function, size, 900, 1300, 1


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "durations.csv"
    path.write_text(
        csv_text(
            [*rows("orders", (128, 256, 512, 1024, 2048, 4096), cold=True), *rows("stock", (192, 640, 1280, 5120))]
        ),
        encoding="utf-8",
    )
    return path


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("POWERTUNE_PRICES", str(tmp_path / "prices.json"))

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["replay", *map(str, arguments)])
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err)

    return run


def lines(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


@BOTH
def test_there_is_one_line_for_each_function_and_seed_with_these_keys(run, file, kind):
    found = lines(run(file, "--search", kind, "--seeds", 2, "--json"))
    assert [(line["function"], line["seed"]) for line in found] == [
        *(("orders", seed) for seed in range(2)),
        *(("stock", seed) for seed in range(2)),
    ]
    recorded = {"orders": {"128", "256", "512", "1024", "2048", "4096"}, "stock": {"192", "640", "1280", "5120"}}
    for line in found:
        assert list(line) == KEYS
        assert line["source"] == "made"
        assert line["memory_sizes"].keys() <= recorded[line["function"]]
        assert sum(line["memory_sizes"].values()) == line["invocations"] > 0
        assert str(line["recommended_memory_mb"]) in line["memory_sizes"]
        assert line["gb_seconds"] > 0
        assert isinstance(line["stop_reason"], str)
        assert line["claimed_regret_bound"] is None or 0 <= line["claimed_regret_bound"] < 1


@BOTH
def test_the_same_file_seed_and_options_give_the_same_lines(run, file, kind):
    arguments = (file, "--search", kind, "--seeds", 2, "--json", "--strategy", "balanced", "--balanced-weight", "0.3")
    assert run(*arguments).out == run(*arguments).out


@BOTH
def test_a_function_gets_the_same_answer_whatever_else_is_in_the_file(run, file, tmp_path, kind):
    alone = tmp_path / "alone.csv"
    alone.write_text(csv_text(rows("stock", (192, 640, 1280, 5120))), encoding="utf-8")
    expected = run(alone, "--search", kind, "--seeds", 2, "--json").out
    assert run(file, "--search", kind, "--seeds", 2, "--json", "--function", "stock").out == expected
    assert run(file, "--search", kind, "--seeds", 2, "--json").out.endswith(expected)


def test_many_searches_give_the_same_lines_in_the_same_order_as_few(run, file):
    many = run(file, "--search", "grid", "--seeds", 30, "--json").out.splitlines()
    few = run(file, "--search", "grid", "--seeds", 2, "--json").out.splitlines()
    assert len(many) == 60
    assert [many[0], many[1], many[30], many[31]] == few


def test_all_that_was_billed_is_counted_the_cold_start_too(run, tmp_path):
    path = tmp_path / "flat.csv"
    flat = [("made", "flat", size, 100, 100, 0) for size in (512, 1024)]
    path.write_text(csv_text([*flat, ("made", "flat", 512, 100, 600, 1)]), encoding="utf-8")
    (line,) = lines(run(path, "--search", "grid", "--json"))
    assert line["gb_seconds"] == pytest.approx(((9 * 100 + 600) * 512 + 10 * 100 * 1024) / 1_024_000)


@BOTH
def test_limits_are_kept(run, file, kind):
    for line in lines(run(file, "--search", kind, "--json", "--max-invocations", 7, "--seeds", 2)):
        assert line["invocations"] <= 7
    for line in lines(run(file, "--search", kind, "--json", "--max-spend", "0.00001", "--seeds", 2)):
        spent = line["gb_seconds"] * 1.66667e-5 + line["invocations"] * 2e-7
        assert spent <= 0.00001
    for line in lines(run(file, "--search", kind, "--json", "--max-time", "3s", "--seeds", 2)):
        assert line["gb_seconds"] <= 3 * 4
        assert line["stop_reason"] == "max-time"


def test_a_latency_target_may_count_cold_starts(run, file):
    warm = lines(run(file, "--json", "--function", "orders", "--search", "grid", "--latency-target", "mean=0.4s"))
    cold = ("--latency-target", "mean=0.4s,cold=0.3")
    mixed = lines(run(file, "--json", "--function", "orders", "--search", "grid", *cold))
    assert warm[0]["recommended_memory_mb"] < mixed[0]["recommended_memory_mb"]


@BOTH
def test_strategies_and_a_latency_target_are_given_to_the_planner(run, file, kind):
    def recommended(*options):
        (line,) = lines(run(file, "--search", kind, "--json", "--function", "orders", *options))
        return line["recommended_memory_mb"]

    assert recommended() == 128
    assert recommended("--strategy", "speed") in (2048, 4096)
    assert recommended("--latency-target", "mean=0.3s") in (512, 1024)


def test_a_grid_takes_the_recorded_sizes_nearest_its_own_and_says_so(run, file):
    done = run(file, "--search", "grid", "--json")
    assert list(lines(done)[1]["memory_sizes"]) == ["192", "640", "1280", "5120"][:3]
    assert "stock: the grid is 192, 640, 1280 MB, the recorded sizes nearest its default ones." in done.err
    named = run(file, "--search", "grid", "--json", "--function", "stock", "--memory-sizes", "5120,192")
    assert list(lines(named)[0]["memory_sizes"]) == ["192", "5120"]
    assert named.err == ""


def test_the_table_says_what_was_recommended_and_what_it_took(run, file):
    done = run(file, "--search", "grid", "--seeds", 4)
    assert done.code == 0
    head, _, columns, orders, stock, *_ = done.out.splitlines()
    assert head.startswith("grid search, cheapest, 4 seeds, prices of us-east-1 for x86_64 as of ")
    assert re.split(" {2,}", columns) == [
        "Function", "Recorded sizes", "Recommended", "Invocations", "GB-seconds", "Of a full grid", "Ended",
    ]  # fmt: skip
    assert orders.split()[:8] == ["orders", "6", "of", "128-4096", "MB", "128", "MB", "(4)"]
    assert "complete" in stock
    assert "5120" in stock


def test_a_note_names_its_function_where_there_are_several(run, file):
    options = ("--latency-target", "p95=1ms", "--search", "grid")
    for name in ("orders", "stock"):
        assert f"Note: {name}: No measured memory size keeps p95 within 1 ms" in run(file, *options).out
    assert "Note: No measured memory size" in run(file, *options, "--function", "stock").out


def test_prices_are_those_of_the_region_and_architecture(run, file):
    assert "prices of eu-west-1 for arm64" in run(
        file, "--search", "grid", "--region", "eu-west-1", "--architecture", "arm64"
    ).out  # fmt: skip
    nowhere = run(file, "--region", "mars-1")
    assert nowhere.code == 2
    assert "no Lambda price for x86_64 in mars-1" in nowhere.err


def test_a_function_with_one_size_has_that_one_recommended(run, tmp_path):
    path = tmp_path / "one.csv"
    path.write_text(csv_text(rows("orders", (512,))), encoding="utf-8")
    for kind in SearchKind:
        (line,) = lines(run(path, "--search", kind.value, "--json"))
        assert line["recommended_memory_mb"] == 512


def test_a_size_with_cold_starts_only_is_left_out_and_named(run, tmp_path):
    path = tmp_path / "cold.csv"
    some = [*rows("orders", (256, 512, 1024)), ("made", "orders", 128, 900, 1000, 1)]
    path.write_text(csv_text(some), encoding="utf-8")
    done = run(path, "--search", "grid", "--json")
    assert "128" not in lines(done)[0]["memory_sizes"]
    assert "orders: only cold starts were recorded at 128 MB; left out." in done.err
    path.write_text(csv_text([("made", "orders", 128, 900, 1000, 1)]), encoding="utf-8")
    refused = run(path)
    assert refused.code == 2
    assert "Only cold starts were recorded of orders" in refused.err
    assert "leave the column cold blank" in refused.err


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--function", "nobody"), "There is no function 'nobody' in the file."),
        (("--latency-target", "fast"), "'fast' is not a latency target."),
        (("--memory-sizes", "512,640"), "orders was not recorded at 640 MB."),
        (("--memory-sizes", "big"), "'big' is not a memory size in MB."),
        (("--max-spend", "0"), "--max-spend is an amount above 0, not '0'."),
        (("--max-spend", "-1"), "--max-spend is an amount above 0, not '-1'."),
        (("--max-time", "5"), "--max-time is a time above 0, not '5'."),
        (("--min-headroom", "0.2"), "What memory was used is known from logs alone"),
        (("--architecture", "mips"), "'mips' is no architecture."),
        (("--since", "3d"), "--since goes with --from-logs."),
        (("--save", "x.csv"), "--save goes with --from-logs."),
        (("--from-logs", "orders"), "There must be something to replay, and one thing only."),
        (("--tolerance", "0"), "'--tolerance'"),
        (("--risk", "1"), "'--risk'"),
        (("--seeds", "0"), "'--seeds'"),
        (("--search", "guess"), "'--search'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(run, file, options, why):
    done = run(file, *options)
    assert (done.code, done.out) == (2, "")
    assert why in done.err


def test_nothing_to_replay_and_a_bad_file_are_refused(run, tmp_path):
    assert "Give FILE.csv or --from-logs FUNCTION." in run().err
    missing = run(tmp_path / "none.csv")
    assert missing.code == 2
    assert "none.csv cannot be read: No such file or directory." in missing.err
