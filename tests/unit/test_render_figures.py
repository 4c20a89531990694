import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.price import Money
from powertune.domain.result import Interval
from powertune.render import figures


def usd(text: str) -> Money:
    return Money(amount=Decimal(text), currency="USD")


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0.01, "10.0 µs"),
        (0.0852, "85.2 µs"),
        (0.9996, "1.00 ms"),
        (1, "1.00 ms"),
        (104.23, "104 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (1234, "1.23 s"),
        (900_000, "900 s"),
        (0, "0 ms"),
        (-12.34, "−12.3 ms"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_duration_has_three_digits_and_the_unit_that_fits(ms: float | None, text: str) -> None:
    assert figures.duration(ms) == text


@given(st.floats(min_value=0.001, max_value=999_000))
def test_a_written_duration_is_within_half_a_per_cent_of_the_true_one(ms: float) -> None:
    number, unit = figures.duration(ms).split(" ")
    assert float(number.replace(",", "")) * {"µs": 0.001, "ms": 1, "s": 1000}[unit] == pytest.approx(ms, rel=0.0051)
    assert float(number.replace(",", "")) < 1000


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (104.2, 101.4, 107.0, "104 ± 3 ms"),
        (104.2, 104.0, 104.4, "104.2 ± 0.2 ms"),
        (1234, 1194, 1274, "1.23 ± 0.04 s"),
        (50, 50, 50, "50.0 ms"),
        (50, -50, 150, "50 ± 100 ms"),
    ],
)
def test_an_interval_is_written_in_the_unit_of_its_mean(mean: float, low: float, high: float, text: str) -> None:
    assert figures.duration_estimate(mean, Interval(low=low, high=high)) == text


def test_a_lopsided_interval_shows_both_ends(lopsided_interval: Interval) -> None:
    assert figures.duration_estimate(104.0, lopsided_interval) == "104 ms (98 ms to 121 ms)"
    assert figures.money_estimate(usd("104"), lopsided_interval) == "$104 ($98 to $121)"


def test_a_mean_without_an_interval_stands_alone() -> None:
    assert figures.duration_estimate(104.0, None) == "104 ms"
    assert figures.money_estimate(usd("3.42"), None) == "$3.42"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0.21", "$0.210"),
        ("0.0000213456", "$0.0000213"),
        ("0.99961", "$1.00"),
        ("1", "$1.00"),
        ("12.345", "$12.34"),
        ("1234567.891", "$1,234,567.89"),
        ("0", "$0.00"),
        ("-4.2", "−$4.20"),
    ],
)
def test_money_has_cents_above_one_and_three_digits_below(amount: str, text: str) -> None:
    assert figures.money(usd(amount)) == text


@pytest.mark.parametrize(("currency", "text"), [("CNY", "CN¥3.10"), ("EUR", "EUR 3.10")])
def test_money_names_its_currency(currency: str, text: str) -> None:
    assert figures.money(Money(amount=Decimal("3.1"), currency=currency)) == text


@given(st.decimals(min_value="0.000000001", max_value="1000000", allow_nan=False))
def test_written_money_is_within_one_per_cent_and_never_in_exponent_form(amount: Decimal) -> None:
    text = figures.money(Money(amount=amount, currency="USD"))
    assert re.fullmatch(r"\$[\d,]+\.\d+", text)
    assert float(text[1:].replace(",", "")) == pytest.approx(float(amount), rel=0.0051)


def test_a_mean_cost_has_the_decimals_that_its_interval_allows() -> None:
    assert figures.money_estimate(usd("3.42"), Interval(low=3.30, high=3.54)) == "$3.42 ± 0.12"
    assert figures.money_estimate(usd("0.214"), Interval(low=0.2138, high=0.2142)) == "$0.2140 ± 0.0002"


def test_a_list_price_keeps_every_digit() -> None:
    assert figures.rate(Decimal("0.0000166667"), "USD") == "$0.0000166667"
    assert figures.rate(Decimal("2E-7"), "USD") == "$0.0000002"
    assert figures.rate(None, "USD") == "–"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.714, "71 %"),
        (-0.02, "2 %"),
        (0.004, "0.4 %"),
        (0.0001, "under 0.1 %"),
        (0, "0 %"),
        (12.4, "1,240 %"),
        (0.997, "99.7 %"),
    ],
)
def test_a_percentage_is_whole_where_that_is_enough(share: float, text: str) -> None:
    assert figures.percent(share) == text


@pytest.mark.parametrize(
    ("share", "speed", "price", "signed"),
    [
        (-0.71, "71 % faster", "71 % cheaper", "−71 %"),
        (0.12, "12 % slower", "12 % dearer", "+12 %"),
        (0.004, "as fast", "at the same cost", "same"),
    ],
)
def test_a_change_is_said_in_words_with_its_direction(share: float, speed: str, price: str, signed: str) -> None:
    assert (figures.faster(share), figures.cheaper(share), figures.difference(share)) == (
        speed,
        price,
        signed,
    )


@pytest.mark.parametrize(("seconds", "text"), [(41.6, "42 s"), (192, "3 min 12 s"), (3900, "1 h 5 min"), (None, "–")])
def test_a_span_of_time_is_written_to_the_second(seconds: float | None, text: str) -> None:
    assert figures.span(seconds) == text


def test_a_moment_is_written_in_utc_and_left_alone_where_it_is_none() -> None:
    assert figures.moment("2026-11-24T12:34:02+01:00") == "24 November 2026, 11:34 UTC"
    assert figures.moment("2026-11-24T11:34:02Z") == "24 November 2026, 11:34 UTC"
    assert figures.moment("<yesterday>") == "<yesterday>"


@pytest.mark.parametrize(("number", "text"), [(0, "0 calls"), (1, "1 call"), (1200, "1,200 calls")])
def test_one_of_something_has_no_s(number: int, text: str) -> None:
    assert figures.plural(number, "call") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1200.0, "1,200"), (0.0012345, "0.00123"), (1.5, "1.50"), (float("inf"), "–"), (float("nan"), "–")],
)
def test_a_quantity_is_whole_where_it_is(value: float, text: str) -> None:
    assert figures.quantity(value) == text


@pytest.mark.parametrize(
    ("mean", "half", "alone", "both"),
    [
        (104.37, 2.9, "104 ms", "104 ± 3 ms"),
        (104.37, 0.12, "104.37 ms", "104.37 ± 0.12 ms"),
        (104.37, 0.36, "104.4 ms", "104.4 ± 0.4 ms"),
        (104.37, 0.00002, "104.370 ms", "104.370 ± 0.00002 ms"),
        (1_234.0, 400.0, "1.2 s", "1.2 ± 0.4 s"),
        (850_123.0, 30_000.0, "850 s", "850 ± 30 s"),
        (0.0123, 0.0011, "12.3 µs", "12.3 ± 1.1 µs"),
    ],
)
def test_a_mean_has_as_many_digits_as_its_interval_allows_alone_or_with_it(mean, half, alone, both):
    interval = Interval(low=mean - half, high=mean + half)
    assert figures.duration(mean, interval) == alone
    assert figures.duration_estimate(mean, interval) == both


@pytest.mark.parametrize(
    ("amount", "half", "alone", "both"),
    [
        ("3.6812", 0.0003, "$3.6812", "$3.6812 ± 0.0003"),
        ("4.1", 0.41, "$4.10", "$4.10 ± 0.41"),
        ("1234.5", 120.0, "$1,234", "$1,234 ± 120"),
        ("0.21372", 0.04, "$0.21", "$0.21 ± 0.04"),
    ],
)
def test_a_mean_cost_keeps_its_cents_and_has_more_digits_where_the_interval_allows(amount, half, alone, both):
    interval = Interval(low=float(amount) - half, high=float(amount) + half)
    assert figures.money(usd(amount), interval) == alone
    assert figures.money_estimate(usd(amount), interval) == both


@given(st.floats(1e-2, 9e5), st.floats(1e-9, 2.0))
def test_a_rounded_mean_is_never_further_from_the_mean_than_its_interval_or_a_twentieth(mean, share):
    half = mean * share
    text = figures.duration(mean, Interval(low=mean - half, high=mean + half))
    number, unit = text.split(" ")
    shown = float(number.replace(",", "")) * {"µs": 0.001, "ms": 1.0, "s": 1000.0}[unit]
    assert abs(shown - mean) <= max(half, mean * 0.05)


def test_all_but_nothing_is_not_called_all():
    assert figures.percent(0.9996) == "over 99.9 %"
    assert figures.faster(-0.9996) == "over 99.9 % faster"
    assert figures.percent(1.0) == "100 %"
    assert figures.percent(0.994) == "99.4 %"
