from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from html_page import Page
from shown_runs import full_run

from powertune.domain.price import Money
from powertune.domain.result import Environment, SpendLine, TuningResult
from powertune.render.bill import spend_lines, spent
from powertune.render.html import render_html
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def line(what: str, cost: str | None, quantity: float = 2, unit: str = "calls") -> SpendLine:
    return SpendLine(what=what, quantity=quantity, unit=unit, cost=None if cost is None else usd(cost))


def with_lines(result: TuningResult, *others: SpendLine) -> TuningResult:
    """The result with these lines after the function's own."""
    rest = sum((one.cost.amount for one in others if one.cost is not None), Decimal(0))
    own = line("invocations of the function", "0.001", 60, "invocations")
    return replace(
        result,
        spend=replace(
            result.spend,
            gb_seconds=12.34,
            lambda_cost=usd("0.001"),
            workflow_cost=usd(str(rest)),
            total_cost=usd(str(rest + Decimal("0.001"))),
            lines=(own, *others),
        ),
    )


def test_the_report_lists_every_line_of_the_bill_with_quantity_unit_and_cost(make_result: Make) -> None:
    section = Page(render_html(full_run(make_result))).section("bill")
    assert "Invocations of the function 60 invocations $0.000688" in section
    assert "State transitions 34 transitions $0.000850" in section
    assert "Log queries 1.23 MB scanned no known price" in section
    assert "Traces recorded 60 traces $0.000300" in section
    assert "Total at least $0.00184" in section
    assert "The function's own invocations took 50.7 GB-seconds." in section


def test_invocations_without_a_cost_lack_a_record_and_not_a_price(make_result: Make) -> None:
    section = Page(render_html(full_run(make_result))).section("bill")
    assert "Pre- and post-processors 1 invocation no record of what was billed" in section


def test_a_bill_with_every_price_known_says_no_at_least(make_result: Make) -> None:
    result = with_lines(make_result(), line("state transitions", "0.0005"))
    assert "Total $0.00150" in Page(render_html(result)).section("bill")
    assert "at least" not in render_html(result).split("<script")[0]
    assert "at least" not in spent(result)


def test_an_older_result_without_lines_has_the_bill_that_its_totals_give(make_result: Make) -> None:
    result = make_result()
    old = replace(result, spend=replace(result.spend, lines=()))
    section = Page(render_html(old)).section("bill")
    assert "Invocations of the function 60 invocations $0.000641" in section
    assert "State transitions 34 transitions $0.000850" in section
    assert "Total $0.00149" in section
    assert "$0.000641 for the function (60 invocations, 47.2 GB-seconds) and $0.000850 for state transitions." in spent(
        old
    )


def test_an_older_result_of_a_direct_run_has_no_line_of_transitions(make_result: Make) -> None:
    spend = replace(make_result().spend, lines=(), state_transitions=0, workflow_cost=usd("0"))
    assert [one.what for one in spend_lines(spend)] == ["invocations of the function"]


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ((), "The run spent $0.00100 at list prices: $0.00100 for the function (60 invocations, 12.3 GB-seconds)."),
        ((line("state transitions", "0.0005"),), " and $0.000500 for state transitions."),
        (
            (line("state transitions", "0.0005"), line("task functions", "0.0001")),
            " and $0.000600 for all else, mostly state transitions.",
        ),
        ((line("a", "0.0003"), line("b", "0.0003")), " and $0.000600 for all else."),
        (
            (line("a", "0.0003"), line("log queries", None), line("traces recorded", None)),
            " and $0.000300 for a; not counted, because its cost is not known: log queries, traces recorded.",
        ),
    ],
    ids=["alone", "one more", "mostly one", "none more than half", "unknown"],
)
def test_one_sentence_says_what_was_spent_and_on_what(
    make_result: Make, others: tuple[SpendLine, ...], said: str
) -> None:
    assert spent(with_lines(make_result(), *others)).endswith(said)


def test_an_incomplete_sum_is_at_least_that(make_result: Make, local_environment: Environment) -> None:
    result = with_lines(make_result(), line("log queries", None))
    assert spent(result).startswith("The run spent at least $0.00100 at list prices: ")
    local = replace(result, environment=local_environment)
    assert spent(local).startswith("The run was not billed; on AWS it would list at $0.00100 or more: ")


def test_hostile_words_in_a_line_steer_no_terminal(make_result: Make) -> None:
    hostile = line("\x1b[2J\u202eevil\nline", None, unit="\x9b31m")
    text = render_terminal(with_lines(make_result(), hostile, line("\x1b[31mred", "0.1")), width=60)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "evil line" in " ".join(text.split())
