"""The small chart on the terminal: bars as long as what they stand for, readable without colour."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from searched_runs import searched
from shown_runs import cold_run, dry_run

from powertune.domain.result import TuningResult
from powertune.render import means
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal
from powertune.render.text.terminal_chart import chart_lines

Make = Callable[..., TuningResult]
BAR = re.compile("[█▏▎▍▌▋▊▉]+")


def row_of(lines: list[str], size: str) -> str:
    return next(line for line in lines if re.match(rf"[* ] *{size}\b", line))


def bars_of(line: str) -> list[float]:
    """The lengths of the bars in a line, in columns."""
    return [sum((" ▏▎▍▌▋▊▉█".index(one)) / 8 for one in bar) for bar in BAR.findall(line)]


def test_bars_are_as_long_as_what_they_stand_for(make_result: Make) -> None:
    result = make_result()
    lines = chart_lines(result, 160)
    longest = max(size.warm.duration_ms.mean for size in result.memory_sizes if size.warm.duration_ms)
    dearest = max(size.cost.per_million.amount for size in result.memory_sizes if size.cost)
    for size in result.memory_sizes[1:]:
        duration, cost = bars_of(row_of(lines, f"{size.memory_mb:,} MB"))
        assert size.warm.duration_ms is not None
        assert size.cost is not None
        assert duration / 40 == pytest.approx(size.warm.duration_ms.mean / longest, abs=1 / 320)
        assert cost / 40 == pytest.approx(float(size.cost.per_million.amount / dearest), abs=1 / 320)


def test_each_bar_has_its_figure_as_the_table_writes_it(make_result: Make) -> None:
    result = make_result()
    lines = chart_lines(result, 100)
    for size in result.memory_sizes[1:]:
        row = row_of(lines, f"{size.memory_mb:,} MB")
        assert f"█ {means.duration(size.warm.duration_ms)} " in re.sub("[▏▎▍▌▋▊▉]", "█", row)
        assert means.cost(size.cost) in row


def test_recommended_present_and_failed_sizes_are_marked_in_words(make_result: Make) -> None:
    lines = chart_lines(make_result(), 100)
    assert row_of(lines, "1,769 MB").startswith("*1,769 MB")
    assert row_of(lines, "1,769 MB").endswith("  recommended")
    assert row_of(lines, "512 MB").endswith("  present")
    assert row_of(lines, "1,024 MB").endswith("  equivalent")
    assert row_of(lines, "128 MB") == "   128 MB  failed"
    assert row_of(chart_lines(make_result(present_mb=128), 100), "128 MB").endswith("failed, present")


def test_no_line_is_wider_than_the_terminal(make_result: Make) -> None:
    for result in (make_result(), cold_run(make_result), dry_run(make_result), searched(make_result)):
        for width in (20, 30, 40, 60, 80, 200):
            for ascii_only in (False, True):
                text = render_terminal(result, width=width, chart=True, ascii_only=ascii_only)
                assert max(cells(line) for line in text.splitlines()) <= width


def test_both_charts_stand_side_by_side_where_there_is_room_and_else_one_under_the_other(make_result: Make) -> None:
    wide, narrow = chart_lines(make_result(), 100), chart_lines(make_result(), 50)
    assert len(wide) == 7
    assert wide[0].split("  ")[-1] == "Per million"
    assert len(narrow) == 14
    assert [line.strip() for line in narrow if not re.search(r"\d", line)] == ["Warm mean", "Per million"]


def test_an_encoding_with_ascii_alone_gets_nothing_else(make_result: Make) -> None:
    result = make_result()
    result = replace(result, price=replace(result.price, currency="CNY"))
    text = render_terminal(result, width=100, chart=True, ascii_only=True)
    text.encode("ascii")
    assert "407 +/- 10 ms" in text
    assert re.search(r"^\*1,769 MB  #+ 407 ms +#+ ", text, re.MULTILINE)
    assert "?" not in text


def test_microseconds_are_written_in_ascii_too(make_result: Make) -> None:
    result = make_result(sizes_mb=(512,), failing_mb=(), best_mb=512, equivalent_mb=())
    size = result.memory_sizes[0]
    assert size.warm.duration_ms is not None
    quick = replace(size.warm, duration_ms=replace(size.warm.duration_ms, mean=0.0102, mean_interval=None, p95=0.011))
    result = replace(result, memory_sizes=(replace(size, warm=quick),))
    assert "10.2 us" in render_terminal(result, chart=True, ascii_only=True)


def test_the_chart_stands_below_the_table_and_only_where_it_is_wanted(make_result: Make) -> None:
    with_chart, without = render_terminal(make_result(), chart=True), render_terminal(make_result())
    assert "█" not in without
    table, chart, _ = with_chart.split("\n\n")[1:4]
    assert "─" in table
    assert "█" in chart
    assert with_chart.replace(f"{chart}\n\n", "") == without


def test_colour_is_not_needed_to_read_it(make_result: Make) -> None:
    painted = render_terminal(make_result(), chart=True, colour=True)
    assert re.sub(r"\x1b\[\d+m", "", painted) == render_terminal(make_result(), chart=True)


def test_where_nothing_was_measured_there_is_no_chart(make_result: Make) -> None:
    result = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None)
    assert chart_lines(result, 100) == []
    assert "█" not in render_terminal(result, chart=True)


def test_what_is_nearly_nothing_beside_the_longest_has_a_sliver(make_result: Make) -> None:
    result = make_result(sizes_mb=(256, 512), failing_mb=(), best_mb=512, equivalent_mb=())
    rows = []
    for size, mean in zip(result.memory_sizes, (900_000.0, 0.01), strict=True):
        assert size.warm.duration_ms is not None
        found = replace(size.warm.duration_ms, mean=mean, mean_interval=None)
        rows.append(replace(size, warm=replace(size.warm, duration_ms=found)))
    lines = chart_lines(replace(result, memory_sizes=tuple(rows)), 80)
    assert bars_of(row_of(lines, "512 MB"))[0] == 1 / 8
    assert "▏ 10.0 µs" in row_of(lines, "512 MB")


def test_a_size_without_a_cost_has_a_dash_and_no_bar(make_result: Make) -> None:
    result = make_result(sizes_mb=(256, 512), failing_mb=(), best_mb=512, equivalent_mb=())
    rows = (replace(result.memory_sizes[0], cost=None), result.memory_sizes[1])
    row = row_of(chart_lines(replace(result, memory_sizes=rows), 80), "256 MB")
    assert len(bars_of(row)) == 1
    assert row.endswith("–")


def test_of_many_sizes_some_are_drawn_and_that_is_said(make_result: Make) -> None:
    sizes = tuple(range(128, 128 + 128 * 64, 64))
    result = make_result(sizes_mb=sizes, failing_mb=(), present_mb=5056, best_mb=5120, equivalent_mb=())
    lines = chart_lines(result, 100)
    assert len(lines) <= 26
    assert row_of(lines, "5,120 MB").endswith("recommended")
    assert row_of(lines, "5,056 MB").endswith("present")
    assert re.fullmatch(r"\d+ of 128 sizes drawn", lines[-1])
