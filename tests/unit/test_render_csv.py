"""Memory sizes and samples as CSV: every digit, and no text that a spreadsheet would run."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shown_runs import cold_run, dry_run, full_run
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.domain.result import Environment, TuningResult
from powertune.domain.sample import Outcome
from powertune.render.text.csv_tables import samples_csv, sizes_csv, text_cell, written

Make = Callable[..., TuningResult]
HOSTILE = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\u202e=1",
    '=HYPERLINK("http://e.example")',
    "＝1",
)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def samples_of(result: TuningResult) -> list[dict[str, str]]:
    return rows_of("".join(samples_csv(result)))


def test_each_memory_size_has_a_line_with_its_exact_figures(make_result: Make) -> None:
    result = make_result()
    for row, size in zip(rows_of(sizes_csv(result)), result.memory_sizes, strict=True):
        assert int(row["memory_mb"]) == size.memory_mb
        assert int(row["invocations"]) == size.invocations
        found, cost = size.warm.duration_ms, size.cost
        if found is None or cost is None:
            assert (row["status"], row["mean_ms"], row["cost_per_million"]) == ("failed", "", "")
            assert row["reason"] == size.reason
            continue
        assert found.mean_interval is not None
        assert cost.per_million_interval is not None
        assert [
            float(row[name]) for name in ("mean_ms", "mean_ms_low", "mean_ms_high", "p50_ms", "p95_ms", "p99_ms")
        ] == [
            found.mean,
            found.mean_interval.low,
            found.mean_interval.high,
            found.p50,
            found.p95,
            found.p99,
        ]
        assert Decimal(row["cost_per_million"]) == cost.per_million.amount
        assert Decimal(row["cost_per_invocation"]) == cost.per_invocation.amount
        assert float(row["cost_per_million_low"]) == cost.per_million_interval.low
        assert row["currency"] == "USD"
        assert row["status"] == "measured"


def test_flags_say_which_sizes_are_recommended_present_and_equivalent(make_result: Make) -> None:
    rows = rows_of(sizes_csv(make_result()))
    flags = {name: [row["memory_mb"] for row in rows if row[name] == "true"] for name in ("recommended", "present")}
    assert flags == {"recommended": ["1769"], "present": ["512"]}
    assert [row["memory_mb"] for row in rows if row["equivalent"] == "true"] == ["1024"]
    assert {row["recommended"] for row in rows} == {"true", "false"}


def test_what_the_sizes_are_compared_by_is_named(make_result: Make) -> None:
    for result, by in ((make_result(), "warm"), (cold_run(make_result), "cold"), (dry_run(make_result), "once")):
        assert {row["compared"] for row in rows_of(sizes_csv(result))} == {by}


def test_a_dry_run_says_where_the_function_worked(make_result: Make) -> None:
    assert [row["status"] for row in rows_of(sizes_csv(dry_run(make_result)))] == ["failed", *["worked"] * 5]


def test_what_is_unknown_is_an_empty_cell_and_never_a_zero(make_result: Make) -> None:
    result = make_result(invocations=3)
    rows = rows_of(sizes_csv(replace(result, samples=())))
    assert {row["mean_ms_low"] for row in rows} == {""}
    assert {row["cold_restore_mean_ms"] for row in rows} == {""}
    assert rows[0]["max_memory_used_mb"] == ""


def test_both_instruction_sets_have_their_lines(make_result: Make) -> None:
    both = combined({ARM: result_on(make_result, ARM), X86: result_on(make_result, X86)}, {}, ARM)
    rows = rows_of(sizes_csv(both))
    assert [(row["run_id"], row["architecture"], row["memory_mb"]) for row in rows] == [
        (f"run-{name}", name, size) for name in ("arm64", "x86_64") for size in ("512", "1024", "1769")
    ]
    assert {row["architecture"] for row in samples_of(both)} == {"arm64", "x86_64"}


def test_each_sample_has_a_line_with_its_exact_figures(make_result: Make) -> None:
    result = full_run(make_result)
    rows = samples_of(result)
    assert len(rows) == len(result.samples)
    for row, sample in zip(rows, result.samples, strict=True):
        assert float(row["duration_ms"]) == sample.duration_ms
        assert (row["init_ms"] == "") == (sample.init_ms is None)
        assert row["outcome"] == sample.outcome.value
        assert row["cold"] == str(sample.cold).lower()
        assert row["request_id"] == sample.request_id
        assert row["misfit"] == (sample.misfit or "")
        assert row["sources"].split() == [source.value for source in sample.sources]
        assert sample.parts is not None
        assert float(row["trace_invocation_ms"]) == sample.parts.invocation_ms
    assert rows[1]["sent_at"] == "2026-11-24T11:34:03.000Z"


def test_a_sample_says_which_statistics_it_is_in(make_result: Make) -> None:
    result = make_result()
    counts = {kind: sum(row["measured_as"] == kind for row in samples_of(result)) for kind in ("warm", "cold", "")}
    assert counts == {
        "warm": sum(sample.is_warm_measurement for sample in result.samples),
        "cold": sum(sample.is_cold_measurement for sample in result.samples),
        "": 10,
    }


def test_no_field_of_a_sample_is_left_out(make_result: Make) -> None:
    given = set(make_result().samples[0].__slots__) - {"sent_at_ms", "parts"}
    assert given <= set(samples_of(make_result())[0])


def test_a_sample_of_nothing_known_is_empty_cells(make_result: Make) -> None:
    result = make_result()
    lost = replace(
        result.samples[1],
        outcome=Outcome.LOST,
        request_id=None,
        sent_at_ms=None,
        cold=None,
        duration_ms=None,
        billed_ms=None,
        max_memory_used_mb=None,
        parts=None,
        sources=(),
        error_type=None,
        disagreements=(),
    )
    (row,) = samples_of(replace(result, samples=(lost,)))
    known = {"run_id", "architecture", "environment", "memory_mb", "version", "order", "payload", "outcome"}
    assert {name for name, value in row.items() if value} == {*known, "suppressed_init"}


def test_every_line_says_where_the_run_measured(make_result: Make) -> None:
    local = make_result(environment=Environment(kind="local", cpu_method="quota", cores=2))
    for result, where in ((make_result(), "aws"), (local, "local")):
        for row in (*rows_of(sizes_csv(result)), *samples_of(result)):
            assert row["environment"] == where


def test_a_moment_that_no_calendar_has_stays_a_number(make_result: Make) -> None:
    result = make_result()
    odd = replace(result.samples[0], sent_at_ms=10**18)
    assert samples_of(replace(result, samples=(odd,)))[0]["sent_at"] == str(10**18)


def test_many_samples_come_in_pieces_of_whole_lines(make_result: Make) -> None:
    result = make_result()
    pieces = list(samples_csv(replace(result, samples=result.samples * 150)))
    assert len(pieces) > 4
    assert all(piece.endswith("\n") for piece in pieces)
    assert len(rows_of("".join(pieces))) == 9_000
    assert max(map(len, pieces)) < 1_000_000


def test_without_sizes_or_samples_there_are_the_names_of_the_columns(make_result: Make) -> None:
    text = "".join(samples_csv(make_result(samples=())))
    assert text.startswith("run_id,architecture,environment,memory_mb,")
    assert text.count("\n") == 1
    sizes = sizes_csv(make_result(memory_sizes=(), recommendation=None))
    assert sizes == sizes_csv(make_result()).splitlines()[0] + "\n"


def test_lines_end_with_a_line_feed_alone(make_result: Make) -> None:
    assert "\r" not in sizes_csv(make_result()) + "".join(samples_csv(make_result()))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_begins_a_formula(make_result: Make, text: str) -> None:
    result = make_result(run_id=text)
    sample = replace(result.samples[0], error_type=text, error_message=text, request_id=text, version=text)
    result = replace(
        result, samples=(sample,), memory_sizes=(replace(result.memory_sizes[0], reason=text), *result.memory_sizes[1:])
    )
    for row in (*rows_of(sizes_csv(result)), *samples_of(result)):
        for value in row.values():
            assert value[:1] not in ("=", "+", "-", "@", "\t", "\r", "＝"), row
    assert rows_of(sizes_csv(result))[0]["reason"].lstrip("'") == samples_of(result)[0]["error_message"].lstrip("'")


SEPARATED = (
    "boom;=cmd|'/C calc'!A0",
    "boom; =1+1",
    'boom;"=1+1"',
    'boom; " + 1',
    "boom;\t@SUM(A1)",
    "a;b;-1",
    "boom;\n＝1",
    ";;=1",
)


@pytest.mark.parametrize("text", SEPARATED)
def test_no_cell_begins_a_formula_where_a_semicolon_parts_the_cells(make_result: Make, text: str) -> None:
    result = make_result(run_id=text)
    sample = replace(
        result.samples[0], error_type=text, error_message=text, request_id=text, disagreements=(text, text)
    )
    result = replace(
        result, samples=(sample,), memory_sizes=(replace(result.memory_sizes[0], reason=text), *result.memory_sizes[1:])
    )
    for table in (sizes_csv(result), "".join(samples_csv(result))):
        for line in table.splitlines():
            for cell in line.split(";"):
                assert cell.lstrip(' "')[:1] not in tuple("=+-@＝"), line
        (read, *_) = rows_of(table)
        assert text.split(";")[0].split()[:1] == (read.get("reason") or read["error_message"]).split(";")[0].split()[:1]


@pytest.mark.parametrize("text", ["a;b", "a; b", ";"])
def test_a_cell_with_a_semicolon_is_quoted_and_its_neighbours_are_not(text: str) -> None:
    assert "".join(written(("a", "b", "c"), [("x", text, 1.5), ("y", None, 2)])) == f'a,b,c\nx,"{text}",1.5\ny,,2\n'


def test_a_negative_number_stays_a_number() -> None:
    assert list(written(("a", "b", "c"), [(-1.5, Decimal("-0.10"), -3)])) == ["a,b,c\n-1.5,-0.1,-3\n"]


@given(st.text(max_size=40), st.text(max_size=40))
def test_texts_with_quotes_commas_and_line_ends_are_read_back_as_one_cell(text: str, other: str) -> None:
    (_, row) = csv.reader(io.StringIO("".join(written(("a", "b"), [(text, other)])), newline=""), strict=True)
    assert row == [text_cell(text), text_cell(other)]
    assert not set("".join(row)) & set("\r\n\t\x1b\u202e")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.floats(0, 900_000), st.decimals(0, 1000, allow_nan=False, places=30))
def test_numbers_are_read_back_to_the_last_digit(make_result: Make, duration_ms: float, amount: Decimal) -> None:
    result = make_result(sizes_mb=(512,), failing_mb=(), best_mb=512, equivalent_mb=())
    size = result.memory_sizes[0]
    assert size.warm.duration_ms is not None
    assert size.cost is not None
    warm = replace(size.warm, duration_ms=replace(size.warm.duration_ms, mean=duration_ms))
    cost = replace(size.cost, per_million=replace(size.cost.per_million, amount=amount))
    (row,) = rows_of(sizes_csv(replace(result, memory_sizes=(replace(size, warm=warm, cost=cost),))))
    assert float(row["mean_ms"]) == duration_ms
    assert Decimal(row["cost_per_million"]) == amount
    assert json.loads(row["mean_ms"]) == duration_ms


@pytest.mark.parametrize(("heading", "form"), [("### `csv`:", "sizes"), ("### `csv-samples`:", "samples")])
def test_the_docs_name_every_column_in_its_order(make_result: Make, heading: str, form: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    section = re.split(r"\n##+ ", text.split(heading)[1])[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    written_csv = sizes_csv(make_result()) if form == "sizes" else "".join(samples_csv(make_result()))
    assert named == written_csv.splitlines()[0].split(",")
