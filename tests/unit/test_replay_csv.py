"""Recorded invocations in a CSV file: what is read, what is computed, what is refused."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded import csv_text

from powertune.domain.search import LatencyStatistic, LatencyTarget, parse_latency_target
from powertune.errors import UsageError
from powertune.measure.recorded import chosen, parse_recordings, read_recordings, write_recording

HEADER = "source,function,memory_mb,duration_ms,billed_ms,cold"
ROW = ("made", "orders", 512, 100.5, 101, 0)


def samples(*rows, **more):
    (found,) = parse_recordings(csv_text(rows, **more), "x.csv")
    return found.samples


def test_a_line_is_one_invocation():
    (sample,) = samples(ROW)
    assert (sample.memory_mb, sample.duration_ms, sample.billed_ms, sample.cold) == (512, 100.5, 101, False)
    assert sample.is_warm_measurement


def test_functions_of_different_sources_are_kept_apart_in_the_order_of_the_file():
    rows = [("b", "orders", 512, 1, 1, 0), ("a", "orders", 512, 2, 2, 0), ("b", "orders", 128, 3, 3, 0)]
    found = parse_recordings(csv_text(rows), "x.csv")
    assert [(one.source, one.function, len(one.samples)) for one in found] == [("b", "orders", 2), ("a", "orders", 1)]


@pytest.mark.parametrize(
    ("duration", "cold", "init", "billed"),
    [
        ("100", "0", "", 100),
        ("100.001", "0", "", 101),
        ("0", "", "", 1),
        ("0.3", "0", "", 1),
        ("100.1", "1", "250.9", 351),
        ("100.1", "1", "", 101),
        ("100.1", "0", "250.9", 101),
        # In binary fractions 0.1 + 0.2 is more than 0.3.
        ("10.1", "1", "0.9", 11),
    ],
)
def test_a_blank_bill_is_the_duration_rounded_up_and_the_init_of_a_cold_start(duration, cold, init, billed):
    header = "source,function,memory_mb,duration_ms,billed_ms,cold,init_ms"
    (sample,) = samples(("made", "orders", 512, duration, "", cold, init), header=header)
    assert sample.billed_ms == billed


@pytest.mark.parametrize(
    ("text", "cold"), [("1", True), ("0", False), ("", False), ("1.0", True), ("0.0", False), ("True", True)]
)
def test_a_blank_cold_is_a_measurement_like_a_warm_one(text, cold):
    (sample,) = samples(("made", "orders", 512, 100, 100, text))
    assert sample.cold is cold


def test_whole_numbers_may_be_written_with_a_fraction_of_zero_and_lines_may_be_blank():
    text = csv_text([("made", "orders", "512.0", "1e2", "100.0", "1.0")]).replace("\n", "\r\n\r\n")
    ((sample,),) = (one.samples for one in parse_recordings("\r\n" + text, "x.csv"))
    assert (sample.memory_mb, sample.duration_ms, sample.billed_ms) == (512, 100.0, 100)


def test_columns_may_stand_in_any_order_and_others_are_not_read():
    header = "cold,note,billed_ms,duration_ms,memory_mb,function,source"
    (sample,) = samples((0, '"a, b"', 7, 6.5, 256, "orders", "made"), header=header)
    assert (sample.memory_mb, sample.billed_ms) == (256, 7)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (("made", "orders", 512, "abc", 1, 0), "duration_ms is 'abc', and should be a number, not negative"),
        (("made", "orders", 512, "-1", 1, 0), "duration_ms is '-1'"),
        (("made", "orders", 512, "nan", 1, 0), "duration_ms is 'nan'"),
        (("made", "orders", 512, "inf", 1, 0), "duration_ms is 'inf'"),
        (("made", "orders", 512, "", 1, 0), "duration_ms is blank"),
        (("made", "orders", "", 1, 1, 0), "memory_mb is blank"),
        (("made", "orders", 64, 1, 1, 0), "memory_mb is '64', and should be 128 to 10240 whole MB"),
        (("made", "orders", 512.5, 1, 1, 0), "memory_mb is '512.5'"),
        (("made", "orders", 512, 1, 1.5, 0), "billed_ms is '1.5', and should be whole milliseconds"),
        (("made", "orders", 512, 1, -1, 0), "billed_ms is '-1'"),
        (("made", "orders", 512, 1, 1, "yes"), "cold is 'yes', and should be 1, 0 or blank"),
        (("", "orders", 512, 1, 1, 0), "source is blank"),
        (("made", "", 512, 1, 1, 0), "function is blank"),
        (("made", "orders", 512, 1, 1), "there are 5 fields, and 6 columns"),
        (("made", "orders", 512, 1, 1, 0, 9), "there are 7 fields, and 6 columns"),
        (("made", '"orders"x', 512, 1, 1, 0), "this is not CSV"),
        (("made", "\x1b[31m", 512, 1, 1, 0), r"function is '\x1b[31m', and should be a name"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_the_value(row, why):
    with pytest.raises(UsageError, match=re.escape(f"x.csv, line 3: {why}")):
        parse_recordings(csv_text([ROW, row]), "x.csv")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "x.csv holds no recorded invocation"),
        (csv_text([]), "x.csv holds no recorded invocation"),
        ("source,function,memory_mb\na,b,512\n", "x.csv has no column duration_ms, billed_ms, cold"),
        (
            csv_text([(*ROW, 1)], "source,function,memory_mb,duration_ms,billed_ms,cold,cold"),
            "has the column cold twice",
        ),
    ],
)
def test_a_file_without_its_columns_or_without_a_line_is_refused(text, why):
    with pytest.raises(UsageError, match=why):
        parse_recordings(text, "x.csv")


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    for path, why in ((tmp_path / "none.csv", "cannot be read: No such file"), (tmp_path, "cannot be read: Is a dir")):
        with pytest.raises(UsageError, match=why):
            read_recordings(path)
    (tmp_path / "utf16.csv").write_text(csv_text([ROW]), encoding="utf-16")
    with pytest.raises(UsageError, match="is not text in UTF-8"):
        read_recordings(tmp_path / "utf16.csv")
    (tmp_path / "bom.csv").write_text(csv_text([ROW]), encoding="utf-8-sig")
    assert len(read_recordings(tmp_path / "bom.csv")) == 1


def test_functions_are_chosen_by_name_and_an_unknown_one_is_refused():
    found = parse_recordings(csv_text([ROW, ("made", "stock", 512, 1, 1, 0)]), "x.csv")
    assert [one.function for one in chosen(found, ["stock"])] == ["stock"]
    assert len(chosen(found, [])) == 2
    with pytest.raises(UsageError, match="There is no function 'nobody'") as refused:
        chosen(found, ["stock", "nobody"])
    assert refused.value.next_step == "There are: orders, stock."


NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs"), exclude_characters="\u00a0"), min_size=1).map(str.strip)
MEASURED = st.tuples(
    st.integers(128, 10_240), st.floats(0, 900_000), st.one_of(st.none(), st.integers(0, 900_000)), st.booleans()
)


@given(function=NAMES.filter(str.isprintable).filter(bool), rows=st.lists(MEASURED, min_size=1, max_size=8))
def test_what_is_written_is_read_again_the_same(tmp_path_factory, function, rows):
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("source", "function", "memory_mb", "duration_ms", "billed_ms", "cold"))
    for size, duration, billed, cold in rows:
        writer.writerow(("made", function, size, f"{duration:.6f}", "" if billed is None else billed, int(cold)))
    (read,) = parse_recordings(text.getvalue(), "x.csv")
    assert [sample.memory_mb for sample in read.samples] == [size for size, *_ in rows]
    for sample, (_, duration, billed, cold) in zip(read.samples, rows, strict=True):
        assert sample.cold is cold
        assert sample.billed_ms == (max(math.ceil(float(f"{duration:.6f}")), 1) if billed is None else billed)
    path = tmp_path_factory.mktemp("csv") / "again.csv"
    write_recording(path, read)
    assert read_recordings(path) == (read,)


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    for body in (text, csv_text([]) + text):
        refused = None
        try:
            assert parse_recordings(body, "x.csv")
        except UsageError as error:
            refused = error
        assert refused is None or refused.message.startswith("x.csv")


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    (found,) = parse_recordings(csv_text([ROW]), "x.csv")
    path = tmp_path / "kept.csv"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="is there already, and was left as it is"):
        write_recording(path, found)
    assert path.read_text(encoding="utf-8") == "mine"


# --- latency targets ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "statistic", "limit_ms"),
    [
        ("p95=800ms", "p95", 800.0),
        ("mean=1.5s", "mean", 1500.0),
        (" P99 = 0.25 s ", "p99", 250.0),
        ("p50=12.5ms", "p50", 12.5),
        ("p90=900s", "p90", 900_000.0),
    ],
)
def test_a_latency_target_is_a_figure_and_its_limit(text, statistic, limit_ms):
    assert parse_latency_target(text) == LatencyTarget(statistic=LatencyStatistic(statistic), limit_ms=limit_ms)


@pytest.mark.parametrize(
    "text", ["", "p95", "p95=", "p95=800", "p42=800ms", "p95>800ms", "800ms", "p95=1e3ms", "p95=١ms"]
)
def test_what_is_no_latency_target_is_refused(text):
    with pytest.raises(UsageError, match="is not a latency target"):
        parse_latency_target(text)


@pytest.mark.parametrize("text", ["mean=0ms", "p95=0.0s", "p95=901s"])
def test_a_latency_target_that_nothing_or_everything_keeps_is_refused(text):
    with pytest.raises(UsageError, match="must lie above 0"):
        parse_latency_target(text)
