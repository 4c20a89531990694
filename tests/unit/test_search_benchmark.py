"""The benchmark of the searches runs over a folder of data, and its baselines do what they are said to do."""

import json
import subprocess
import sys
from pathlib import Path

from recorded import csv_text

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "search"


def bench(*arguments):
    return subprocess.run(
        [sys.executable, BENCHMARK, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def test_every_method_is_measured_on_samples_and_on_published_means(tmp_path):
    sizes = (128, 256, 512, 1024, 1536, 3008)
    rows = [("calls", "orders", size, 200_000 / size + number, "", "") for size in sizes for number in range(10)]
    (tmp_path / "durations.csv").write_text(csv_text(rows), encoding="utf-8")
    means = [("means", "stock", size, 100_000 / size, 300_000 / size, 300) for size in sizes]
    (tmp_path / "curves.csv").write_text(
        csv_text(means, "source,function,memory_mb,mean_ms,p99_ms,n"), encoding="utf-8"
    )
    done = bench(tmp_path, "--seeds", 1, "--json", "--methods", "grid,peer's grid,Parrotfish's method")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {row["source"] for row in rows} == {"calls", "means", "balanced"}
    peer = [row for row in rows if row["method"] == "peer's grid"]
    assert all(row["spend"] == 1 for row in peer if row["goal"] == "cost")
    assert {row["invocations"] for row in peer} == {60}
    fish = [row for row in rows if row["method"] == "Parrotfish's method" and row["source"] == "calls"]
    assert all(row["invocations"] >= 12 for row in fish)
    table = bench(tmp_path, "--seeds", 1, "--methods", "grid").stdout
    assert "### Cheapest\n\n| method | functions | mean regret |" in table


def test_a_folder_without_data_is_a_sentence(tmp_path):
    done = bench(tmp_path)
    assert done.returncode == 1
    assert "has no durations.csv or curves.csv" in done.stderr
