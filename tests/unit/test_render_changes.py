"""Growths and their intervals as text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.render import changes

SHARES = st.floats(-1, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.2134, "+21 %"),
        (-0.0063, "−0.6 %"),
        (0.0, "0 %"),
        (0.0003, "0 %"),
        (-0.0003, "0 %"),
        (0.0006, "+0.1 %"),
        (0.0996, "+10 %"),
        (-1.0, "−100 %"),
        (8.5, "+850 %"),
        (133_999.0, "134,000 times"),
        (None, "–"),
        (math.inf, "–"),
        (math.nan, "–"),
    ],
)
def test_a_growth_has_its_sign_and_two_digits(share: float | None, text: str) -> None:
    assert changes.growth(share) == text


@pytest.mark.parametrize(
    ("share", "beside", "text"),
    [(0.0504, 0.05, "+5.04 %"), (0.05, 0.05, "+5.0 %"), (0.0498, 0.05, "+4.98 %"), (0.2004, 0.2, "+20.04 %")],
)
def test_what_differs_from_a_threshold_is_not_written_like_it(share: float, beside: float, text: str) -> None:
    assert changes.growth(share, beside=beside) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.18, 0.24, "+18 % to +24 %"),
        (-0.021, 0.16, "−2.1 % to +16 %"),
        (0.18, None, "+18 % or more"),
        (None, 0.24, "+24 % or less"),
        (None, None, "–"),
        (math.nan, math.inf, "–"),
    ],
)
def test_an_interval_says_where_it_has_no_end(low: float | None, high: float | None, text: str) -> None:
    assert changes.interval(low, high) == text


def test_a_difference_of_shares_is_in_points_said_once() -> None:
    assert changes.points(0.158) == "+16 points"
    assert changes.interval(0.049, 0.27, in_points=True) == "+4.9 to +27 points"
    assert changes.interval(0.002, None, in_points=True) == "+0.2 points or more"
    assert (changes.exact_points(0.01), changes.exact_points(0.005)) == ("1 point", "0.5 points")


def test_what_somebody_gave_keeps_all_its_digits() -> None:
    texts = [changes.exact_percent(share) for share in (0.05, 0.99, 0.999, 0.0725, 0.07, 10.0)]
    assert texts == ["5 %", "99 %", "99.9 %", "7.25 %", "7 %", "1,000 %"]


@given(share=SHARES, threshold=st.floats(0.001, 10))
def test_the_side_of_a_threshold_on_which_a_growth_lies_can_be_read(share: float, threshold: float) -> None:
    text = changes.growth(share, beside=threshold)
    if text.endswith(" times") or abs(share - threshold) <= 1e-6:
        return
    read = float(text.removesuffix(" %").replace("−", "-").replace(",", "")) / 100
    assert (read > threshold) == (share > threshold) or abs(read - threshold) < 5e-7


@given(low=SHARES, width=st.floats(0, 10))
def test_every_interval_is_text_on_one_line(low: float, width: float) -> None:
    assert " to " in changes.interval(low, low + width)
