import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powertune.domain.result import Environment, TuningResult
from powertune.render import sentence
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_every_size_has_its_row(make_result: Make, width: int) -> None:
    text = render_terminal(make_result(), width=width)
    assert max(cells(line) for line in text.splitlines()) <= width
    for size in ("128 MB", "256 MB", "512 MB", "1,024 MB", "1,769 MB", "3,008 MB"):
        assert re.search(rf"^[*o ] *{size}\b", text, re.MULTILINE), size


def test_eighty_columns_hold_every_figure_of_a_size(make_result: Make) -> None:
    rows = {line.split(" MB")[0].strip("* "): line for line in render_terminal(make_result()).splitlines()}
    best = make_result().memory_sizes[4]
    assert best.warm.duration_ms is not None
    row = rows["1,769"]
    assert row.startswith("*1,769 MB  ")
    assert re.search(r"\d+ ± \d+ ms +\d+ ms +\$\d+\.\d\d +\d+ ms +141 MB  recommended$", row)
    assert rows["512"].endswith("present")
    assert rows["1,024"].endswith("equivalent")


def test_the_recommended_size_is_marked_without_colour_and_bold_with_it(make_result: Make) -> None:
    plain, painted = render_terminal(make_result()), render_terminal(make_result(), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1m*1,769 MB" in painted
    assert re.sub(r"\x1b\[\d+m", "", painted) == plain


def test_a_failed_size_shows_its_reason_in_short_and_then_in_full(make_result: Make) -> None:
    text = render_terminal(make_result())
    assert re.search(r"^ +128 MB  failed: All 10 invocations failed.*…$", text, re.MULTILINE)
    assert "exited with signal: killed)" in " ".join(text.split())


def test_the_answer_the_reasons_the_warnings_and_the_bill_follow_the_table(make_result: Make) -> None:
    result = make_result()
    text = " ".join(render_terminal(result).split())
    assert result.recommendation is not None
    places = [
        text.index(part)
        for part in (
            "3,008 MB",
            sentence.answer(result),
            result.recommendation.reasons[0],
            f"Warning: {result.warnings[0]}",
            "The run spent $0.0",
        )
    ]
    assert places == sorted(places)


def test_a_local_run_is_not_said_to_have_spent_money(make_result: Make, local_environment: Environment) -> None:
    text = " ".join(render_terminal(make_result(environment=local_environment)).split())
    assert "nothing was billed" in text
    assert "The run was not billed; on AWS it would list at $" in text
    assert "The run spent" not in text


def test_a_function_that_was_not_put_back_is_said(make_result: Make) -> None:
    assert "NOT put back to 512 MB" in render_terminal(make_result(restored=False))
    assert "NOT put back" not in render_terminal(make_result())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(hostile=st.text(max_size=300), width=st.integers(20, 120))
def test_no_text_steers_the_terminal_or_breaks_its_width(make_result: Make, hostile: str, width: int) -> None:
    result = make_result(sizes_mb=(128, 512), best_mb=512, equivalent_mb=())
    broken = replace(result.memory_sizes[0], reason=f"\x1b[2J\x9b31m{hostile}")
    result = replace(
        result,
        memory_sizes=(broken, *result.memory_sizes[1:]),
        warnings=(f"\r{hostile}\u202e",),
        function=replace(result.function, name=f"名前{hostile}"),
    )
    text = render_terminal(result, width=width)
    text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert max(cells(line) for line in text.split("\n")) <= width


def test_the_legend_speaks_of_intervals_only_where_a_size_has_one(make_result: Make) -> None:
    assert "warm mean ± half its 95 % interval; cold starts apart" in render_terminal(make_result(), width=100)
    few = render_terminal(make_result(invocations=3), width=100)
    assert "* recommended; warm mean; cold starts apart" in few
    assert "interval" not in few


def test_a_figure_stays_on_one_line_with_its_unit(make_result: Make) -> None:
    result = make_result()
    for width in range(30, 100, 3):
        for line in render_terminal(result, width=width).splitlines():
            assert not re.match(r"(%|MB|ms|±)( |$)", line.strip()), (width, line)
