"""Both instruction sets stand side by side, in the report and on the terminal, and that a clone was measured."""

from dataclasses import replace

import pytest
from html_page import Page
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.render import sentence
from powertune.render.architectures import architecture_lines, clone_note, spent_beside
from powertune.render.html import render_html
from powertune.render.paper import Paper
from powertune.render.safe import cells
from powertune.render.text.terminal import render_terminal
from powertune.workflow.steps.ending import why_not_applied


@pytest.fixture
def both(make_result):
    own, other = result_on(make_result, ARM), result_on(make_result, X86, factor="1.5")
    return combined({ARM: own, X86: other}, {}, ARM)


@pytest.fixture
def half(make_result):
    reason = "orders may not run on x86_64. It has <b>compiled</b> files."
    return combined({ARM: result_on(make_result, ARM)}, {X86: reason}, ARM)


def test_the_terminal_shows_both_with_the_verdict(both):
    text = render_terminal(both, width=110)
    lines = text.splitlines()
    assert "Keep arm64: compared with 1,769 MB on x86_64" in text
    (x86,) = [line for line in lines if line.startswith("x86_64 ")]
    (arm,) = [line for line in lines if line.startswith("arm64 ")]
    assert "1,769 MB" in x86
    assert arm.endswith("better, present")
    assert "The other run spent" in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_of_the_small_table_is_wider_than_the_terminal(both, half, width):
    for result in (both, half):
        assert all(cells(line) <= width for line in architecture_lines(result, Paper(width=width)))
        assert all(cells(line) <= width for line in render_terminal(result, width=width).splitlines())


def test_an_instruction_set_that_was_refused_has_its_reason_in_place_of_figures(half):
    assert any(
        line.startswith("x86_64") and "not measured: orders may not" in line
        for line in architecture_lines(half, Paper(width=200))
    )
    assert "x86_64 was not measured" in render_terminal(half, width=100)


def test_a_run_on_one_instruction_set_has_no_such_table(make_result):
    result = make_result()
    assert architecture_lines(result, Paper(width=100)) == []
    assert spent_beside(result) == ""
    assert clone_note(result) == ""
    assert "Instruction sets" not in render_html(result)


def test_the_report_has_a_section_with_both_and_no_markup_of_others(both, half):
    page = render_html(both)
    assert page.count('id="architectures"') == 1
    assert "Keep arm64" in page
    assert "deleted by now" in page
    refused = render_html(half)
    assert "<b>compiled</b>" not in refused
    assert "not measured: " in refused
    assert Page(refused) is not None


def test_a_clone_that_is_still_there_is_not_called_deleted(both):
    assert "NOT deleted" in clone_note(replace(both, restored=False))


def test_an_amount_that_is_not_known_in_full_is_called_the_least(both):
    other = both.architectures[0]
    lines = tuple(replace(line, cost=None) for line in other.spend.lines)
    result = replace(both, architectures=(replace(other, spend=replace(other.spend, lines=lines)),))
    assert "at least" in spent_beside(result)


def test_an_answer_for_another_instruction_set_than_the_functions_says_so_first(make_result):
    own, other = result_on(make_result, ARM, factor="1.5"), result_on(make_result, X86)
    result = combined({ARM: own, X86: other}, {}, ARM)
    assert result.function.architecture is X86
    said = "Use 1,769 MB on x86_64 instead of 512 MB on arm64: "
    assert f"\n{said}" in render_terminal(result, width=200)
    page = render_html(result)
    assert said in page
    assert "now 512 MB on arm64" in page


def test_another_instruction_set_is_compared_with_the_function_as_it_is(make_result):
    own, other = result_on(make_result, ARM, factor="1.5"), result_on(make_result, X86)
    result = combined({ARM: own, X86: other}, {}, ARM)
    before = next(size for size in own.memory_sizes if size.memory_mb == 512)
    after = next(size for size in other.memory_sizes if size.memory_mb == 1769)
    change = result.recommendation.change
    assert change.duration == pytest.approx(after.warm.duration_ms.mean / before.warm.duration_ms.mean - 1)
    assert change.cost == pytest.approx(float(after.cost.per_invocation.amount / before.cost.per_invocation.amount) - 1)
    table = Page(render_html(result)).section("sizes")
    assert "present" not in table
    assert "present" not in render_terminal(result, width=200).split("Use 1,769")[0]


def test_another_instruction_set_without_the_present_size_on_the_own_one_is_not_compared(make_result):
    own, other = result_on(make_result, ARM, works=False), result_on(make_result, X86)
    result = combined({ARM: own, X86: other}, {}, ARM)
    assert result.recommendation.change is None
    assert sentence.answer(result).startswith("Use 1,769 MB on x86_64 in place of arm64: ")


def test_what_was_measured_on_another_instruction_set_is_written_into_no_template(make_result):
    assert why_not_applied(result_on(make_result, X86)) == "it was measured on x86_64, and the function has arm64"
