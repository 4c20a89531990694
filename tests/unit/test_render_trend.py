"""The trend of checks as people see it: sentences, the section of the page, and its charts."""

import dataclasses
import json

import pytest
from html_page import Page
from hypothesis import given
from hypothesis import strategies as st
from nights import night, nights

from powertune.decide.trend import trend_of
from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.result import ChangePoint, Trend
from powertune.render.checks.trend import trend_charts, trend_lines, trend_section
from powertune.render.checks.trend_charts import SYMBOLS
from powertune.render.document import html_document

SETTINGS = CheckSettings()
HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='hit=1'>\u202e\x1b[31m\n" + "x" * 400


def trend(entries, settings=SETTINGS) -> Trend:
    return trend_of(entries, settings)


def page_of(found: Trend) -> Page:
    return Page(
        html_document(
            version="0.1.0",
            title="trend",
            sentence="a trend",
            body=f"<main>{trend_section(found, SETTINGS)}</main>",
            charts=trend_charts(found, SETTINGS),
            skip_to=("trend", "the trend"),
        )
    )


STEP = nights([50.0] * 20 + [56.0] * 10)


def test_a_change_says_how_much_since_when_by_which_run_version_and_code():
    (line,) = trend_lines(trend(STEP), SETTINGS)
    assert line.startswith(
        "Mean duration is 12 % longer since 2026-09-21 03:00 UTC (run 20260901T000000Z-00020, version 21, "
        "code 00200020), 50.0 ms → 56.0 ms in the median. Also: p50 duration +12 % (48.5 ms → 54.3 ms), "
    )
    assert "cost +12 % ($0.415 → $0.465 per million)" in line


def test_a_creep_is_told_from_a_step():
    (line,) = trend_lines(trend(nights([50 * 1.01**at for at in range(30)])), SETTINGS)
    assert line.startswith("Mean duration grows little by little: it is 16 % longer since 2026-09-16 03:00 UTC")


def test_a_change_below_the_threshold_is_told_as_one_and_is_nothing_to_be_noted():
    found = trend(nights([50.0] * 20 + [51.5] * 10))
    (line,) = trend_lines(found, SETTINGS)
    assert line.startswith("Mean duration is 3.0 % longer since 2026-09-21 03:00 UTC, below the threshold of 5 % (run ")
    html = trend_section(found, SETTINGS)
    assert "below the threshold of 5 %" in html
    assert 'class="note"' not in html
    creep = trend(nights([50 * 1.0015**at for at in range(40)]))
    (line,) = trend_lines(creep, SETTINGS)
    assert line.startswith(
        "Mean duration grows little by little: it is 3.0 % longer since 2026-09-21 03:00 UTC than in the"
    )
    assert "below the threshold of 5 %" in line


def test_changes_of_one_check_on_both_sides_of_the_threshold_are_told_apart():
    mixed = [
        dataclasses.replace(one, duration_p95_ms=one.duration_p95_ms * (0.96 if at > 19 else 1))
        for at, one in enumerate(nights([50.0] * 20 + [53.5] * 10))
    ]
    above, below = trend_lines(trend(mixed), SETTINGS)
    assert above.startswith("Mean duration is 7.0 % longer")
    assert "threshold" not in above
    assert below.startswith("P95 duration is 2.7 % longer since 2026-09-21 03:00 UTC, below the threshold of 5 %")


def test_a_change_for_the_better_is_told_and_is_nothing_to_be_noted():
    found = trend(nights([56.0] * 20 + [50.0] * 10))
    (line,) = trend_lines(found, SETTINGS)
    assert "Mean duration is 11 % shorter since" in line
    assert 'class="note"' not in trend_section(found, SETTINGS)
    assert 'class="note"' in trend_section(trend(STEP), SETTINGS)


def test_another_memory_size_is_said_to_be_one_and_no_change():
    found = trend([*nights([80.0] * 20, memory_mb=256), *nights([50.0] * 14, first=20)])
    moved, steady = trend_lines(found, SETTINGS)
    assert moved.startswith("The memory size is 512 MB since 2026-09-21 03:00 UTC, before it was 256 MB: ")
    assert moved.endswith("only the 14 checks since then are compared.")
    assert steady == "No lasting change by more than 1 % was seen in the last 14 checks."
    lines = trend_charts(found, SETTINGS)["trend-duration-mean"]["layout"]["annotations"]
    assert [line["text"] for line in lines] == ["512 MB, 21 Sep"]


def test_too_few_checks_say_how_many_it_takes():
    assert trend_lines(trend([]), SETTINGS) == ("No check was kept yet.",)
    assert trend_lines(trend(STEP[:1]), SETTINGS) == ("1 check cannot tell a change from chance; it takes 13.",)
    certain = CheckSettings(confidence=1.0)
    assert trend_lines(trend(STEP, certain), certain) == ("30 checks cannot tell a change from chance.",)
    unknown = [dataclasses.replace(night(1, None), init_ms=None, max_memory_used_mb=None)]
    assert trend_lines(trend(unknown), SETTINGS) == ("No figure of the last 1 check can be followed.",)


def test_changes_of_memory_and_init_have_words_and_a_chart_of_their_own():
    heavier = [dataclasses.replace(one, max_memory_used_mb=80 + 40 * (at > 14)) for at, one in enumerate(STEP[:20] * 1)]
    heavier += [
        dataclasses.replace(one, max_memory_used_mb=960, init_ms=600.0) for one in nights([50.0] * 14, first=20)
    ]
    found = trend(heavier)
    assert {change.metric for change in found.changes} == {Metric.INIT, Metric.MEMORY_USED}
    text = " ".join(trend_lines(found, SETTINGS))
    assert "12.0 times as high" in text or "8.00 times" in text or "960 MB" in text
    assert list(trend_charts(found, SETTINGS)) == [
        "trend-duration-mean",
        "trend-cost",
        "trend-init",
        "trend-memory-used",
    ]


def test_every_verdict_has_a_mark_of_its_own_shape():
    assert len(set(SYMBOLS.values())) == len(SYMBOLS) == len(Verdict) + 1
    said = [*Verdict, None]
    mixed = [dataclasses.replace(one, verdict=said[at % 5]) for at, one in enumerate(STEP)]
    chart = trend_charts(trend(mixed), SETTINGS)["trend-duration-mean"]
    marks = {trace["meta"]: trace for trace in chart["data"] if trace["mode"] == "markers"}
    assert set(marks) == {"better", "same", "worse", "undecided", "none"}
    assert sum(len(trace["x"]) for trace in marks.values()) == len(STEP)
    assert len({trace["marker"]["symbol"] for trace in marks.values()}) == 5


def test_the_band_is_the_threshold_about_the_median_before_the_last_change():
    shapes = trend_charts(trend(STEP), SETTINGS)["trend-duration-mean"]["layout"]["shapes"]
    (band,) = [shape for shape in shapes if shape["name"] == "band"]
    assert (band["y0"], band["y1"]) == pytest.approx((47.5, 52.5))
    assert [shape["y0"] for shape in shapes if shape["name"] == "level"] == pytest.approx([50, 56])
    (since,) = [shape for shape in shapes if shape["name"] == "since"]
    assert since["x0"] == "2026-09-21 03:00:00"


def test_a_chart_shows_a_few_percent_and_begins_not_at_zero():
    low, high = trend_charts(trend(nights([50.0] * 20)), SETTINGS)["trend-cost"]["layout"]["yaxis"]["range"]
    assert 0.3 < low < 0.415 < high < 0.5


def test_checks_without_a_date_are_not_drawn_and_counted():
    odd = [dataclasses.replace(STEP[0], at="one day", run_id="odd"), *STEP[:4]]
    assert "Not drawn: 1 check without a date." in trend_section(trend(odd), SETTINGS)
    assert (
        sum(len(t["x"]) for t in trend_charts(trend(odd), SETTINGS)["trend-cost"]["data"] if t["mode"] == "markers")
        == 4
    )
    lost = [dataclasses.replace(one, at="") for one in STEP]
    assert trend_charts(trend(lost), SETTINGS) == {}


def test_every_chart_has_its_place_and_its_words_and_the_table_every_check():
    html = trend_section(trend(STEP), SETTINGS)
    for name in trend_charts(trend(STEP), SETTINGS):
        assert f'id="chart-{name}"' in html
        assert f'id="words-{name}"' in html
    assert html.count('<tr><th scope="row"') == len(STEP)
    assert "10 older checks not shown" in trend_section(trend(nights([50.0] * 60)), SETTINGS)


def test_hostile_words_stay_words():
    odd = [
        dataclasses.replace(
            one, run_id=f"{one.run_id}{HOSTILE}", version=HOSTILE, code_sha256=HOSTILE, currency=HOSTILE, verdict=None
        )
        for one in STEP
    ]
    found = trend(odd)
    page = page_of(found)
    html = trend_section(found, SETTINGS)
    assert "<script" not in html
    assert "<img" not in html
    assert "<img" not in json.dumps(trend_charts(found, SETTINGS))
    assert page is not None
    assert not any("\x1b" in line or "\n" in line or "\u202e" in line for line in trend_lines(found, SETTINGS))


def test_the_ends_of_the_calendar_break_nothing():
    ends = [
        dataclasses.replace(STEP[0], at="0001-01-01T00:00:00+14:00"),
        dataclasses.replace(STEP[1], at="0001-01-01T00:00:00+00:00"),
        dataclasses.replace(STEP[2], at="9999-12-31T23:59:59+00:00"),
        dataclasses.replace(STEP[3], at="9999-12-31T23:59:59-14:00"),
    ]
    chart = trend_charts(trend(ends), SETTINGS)["trend-cost"]
    assert chart["page"]["range"][0].startswith("0001") or chart["page"]["range"][0].startswith("1-01")


@given(
    st.lists(
        st.builds(
            night,
            st.integers(0, 30),
            st.none() | st.floats(1e-300, 1e300),
            memory_mb=st.sampled_from([128, 512]),
            currency=st.sampled_from(["USD", "CNY", "", HOSTILE]),
            verdict=st.sampled_from([*Verdict, None]),
            at=st.sampled_from(["", "2026-11-24T03:00:00+00:00", "2026-11-24", "2027-01-01"]) | st.text(max_size=10),
        ),
        max_size=30,
    )
)
def test_whatever_the_checks_there_are_words_and_finite_charts(entries):
    settings = CheckSettings(confidence=0.6, threshold=0.0)
    found = trend(entries, settings)
    assert all(trend_lines(found, settings))
    trend_section(found, settings)
    json.dumps(trend_charts(found, settings), allow_nan=False)


@given(
    st.lists(
        st.builds(
            ChangePoint,
            metric=st.sampled_from(Metric),
            run_id=st.sampled_from(["20260901T000000Z-00003", "20260901T000000Z-00009", "none", HOSTILE]),
            at=st.sampled_from(["2026-09-04T03:00:00+00:00", "", HOSTILE]),
            before=st.floats(0, 1e15),
            after=st.floats(0, 1e15),
            change=st.floats(-1, 1e15),
            p_value=st.floats(0, 1),
            gradual=st.booleans(),
            beyond=st.booleans(),
        ),
        max_size=6,
    ),
    st.integers(0, 12),
)
def test_whatever_a_file_says_of_a_trend_can_be_shown(found, count):
    edited = Trend(entries=tuple(nights([50.0] * count)), changes=tuple(found))
    assert all(trend_lines(edited, SETTINGS))
    assert "<script" not in trend_section(edited, SETTINGS)
    json.dumps(trend_charts(edited, SETTINGS), allow_nan=False)
