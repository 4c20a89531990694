"""How durations spread: figures as in the result, bins of all samples, and what is not known."""

import itertools
import random
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from html_page import Page
from hypothesis import given
from hypothesis import strategies as st
from shown_runs import cold_run, dry_run

from powertune.domain.payload import Payload
from powertune.domain.result import TuningResult
from powertune.render import figures
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.page.distribution import distribution_charts
from powertune.render.page.durations import durations_by_size, quantile

Make = Callable[..., TuningResult]


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_those_of_the_statistics(values: list[float], share: float) -> None:
    assert quantile(sorted(values), share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9)


def test_every_size_has_its_warm_durations_and_its_cold_starts_apart(make_result: Make) -> None:
    result = make_result(cold=2)
    found = durations_by_size(result)
    assert [(one.memory_mb, one.cold) for one in found] == [
        (mb, cold) for mb in (256, 512, 1024, 1769, 3008) for cold in (False, True)
    ]
    for one in found:
        size = next(size for size in result.memory_sizes if size.memory_mb == one.memory_mb)
        assert one.found is (size.cold.latency_ms if one.cold else size.warm.duration_ms)
        assert len(one.values) == (2 if one.cold else 8)


def test_many_samples_are_counted_in_bins_that_have_all_of_them(make_result: Make) -> None:
    warm = [one for one in durations_by_size(make_result(invocations=201)) if not one.cold]
    for one in warm:
        assert one.bins is not None
        assert one.values == ()
        assert sum(one.bins.counts) == 200
        assert (one.bins.edges[0], one.bins.edges[-1]) == (one.found.minimum, one.found.maximum)
        assert all(low < high for low, high in itertools.pairwise(one.bins.edges))
        assert 6 <= len(one.bins.counts) <= 32


def test_bins_count_as_an_independent_histogram_does(make_result: Make) -> None:
    result = make_result(invocations=301)
    one = next(one for one in durations_by_size(result) if one.memory_mb == 512 and not one.cold)
    values = [s.duration_ms for s in result.samples if s.memory_mb == 512 and s.is_warm_measurement]
    assert one.bins is not None
    counts, _ = np.histogram(values, bins=one.bins.edges)
    assert one.bins.counts == tuple(counts)


def test_durations_that_reach_over_more_than_a_decade_have_bins_that_grow(make_result: Make) -> None:
    result = make_result(invocations=60, failing_mb=())
    chance = random.Random(5)
    stretched = tuple(replace(s, duration_ms=0.01 * 10 ** (7 * chance.random())) for s in result.samples)
    size = result.memory_sizes[0]
    values = [s.duration_ms or 0.0 for s in stretched if s.memory_mb == size.memory_mb and s.is_warm_measurement]
    assert size.warm.duration_ms is not None
    described = replace(size.warm.duration_ms, count=len(values), minimum=min(values), maximum=max(values))
    changed = replace(size, warm=replace(size.warm, duration_ms=described))
    one = durations_by_size(replace(result, samples=stretched, memory_sizes=(changed,)))[0]
    assert one.bins is not None
    assert one.bins.log
    assert sum(one.bins.counts) == len(values)
    steps = [high / low for low, high in itertools.pairwise(one.bins.edges)]
    assert max(steps) == pytest.approx(min(steps))


def test_samples_that_are_not_those_of_the_statistics_give_no_figures_of_their_own(make_result: Make) -> None:
    result = make_result(invocations=60)
    some = replace(result, samples=result.samples[::2])
    for one in (one for one in durations_by_size(some) if not one.cold):
        assert (one.quartiles, one.bins, one.values) == (None, None, ())
    assert "only its percentiles are known" in Page(render_html(some)).section("durations")


def test_warm_samples_beyond_the_planned_mix_are_left_out_as_in_the_statistics(make_result: Make) -> None:
    result = make_result(invocations=20, failing_mb=())
    payloads = tuple(Payload.of(f'"{index}"').without_text() for index in range(2))
    # Of 19 warm samples at each size 19 are of one payload, of which 10 were planned.
    request = replace(result.request, payloads=payloads)
    rows = tuple(
        replace(size, warm=replace(size.warm, duration_ms=replace(size.warm.duration_ms, count=10)))
        for size in result.memory_sizes
        if size.warm.duration_ms is not None
    )
    found = durations_by_size(replace(result, request=request, memory_sizes=rows))
    warm = [one for one in found if not one.cold]
    assert all(one.bins is not None and sum(one.bins.counts) == 10 for one in warm)


def test_the_strips_have_the_percentiles_of_the_result(make_result: Make) -> None:
    result = make_result(invocations=40, cold=3)
    chart = distribution_charts(result)["spread"]
    traces = {trace["meta"]: trace for trace in chart["data"]}
    known = [size.warm.duration_ms for size in result.memory_sizes if size.warm.duration_ms is not None]
    for name in ("p50", "p95", "p99"):
        wanted = [getattr(found, name) / 1000 for found in known]
        assert traces[f"{name}-warm"]["x"] == pytest.approx(wanted)
    text = traces["p95-warm"]["hovertext"][1]
    assert text == f"512 MB, warm: p95 {figures.duration(known[1].p95)}"
    assert traces["value-cold"]["marker"]["symbol"] != traces["p95-warm"]["marker"]["symbol"]


def test_each_size_can_be_seen_closely_and_the_recommended_one_is_first(make_result: Make) -> None:
    result = make_result(invocations=40)
    page = distribution_charts(result)["closely"]["page"]
    assert page["at"] == "1769-warm"
    assert set(page["series"]) == {f"{mb}-{k}" for mb in (256, 512, 1024, 1769, 3008) for k in ("warm", "cold")}
    source = render_html(result)
    assert '<option value="1769-warm" selected>1,769 MB, warm</option>' in source
    assert source.count(" selected>") == 1
    assert '<optgroup label="Cold starts">' in source


def test_the_key_says_which_row_and_colour_is_warm_and_which_cold(make_result: Make) -> None:
    key = key_of(make_result(invocations=40, cold=3))
    assert key["middle half of the warm durations (the upper row)"].count("var(--warm)") == 1
    assert key["single cold starts, where they are few (the lower row)"].count("var(--cold)") == 1
    # A single cold start at each size is a median and nothing else.
    assert "cold starts (the lower row)" in key_of(make_result(invocations=40, cold=1))
    alone = key_of(make_result(invocations=40, cold=0))
    assert "middle half of the warm durations" in alone
    assert not any("row" in text or "cold" in text for text in alone)


def key_of(result: TuningResult) -> dict[str, str]:
    """The picture of each entry of the key, by its text."""
    (found,) = re.findall(r'<section aria-labelledby="durations">.*?<ul class="key">(.*?)</ul>', render_html(result))
    return {text: picture for picture, text in re.findall(r"<li>(<svg.*?</svg>)(.*?)</li>", found)}


def test_the_words_have_the_figures_of_the_table(make_result: Make) -> None:
    result = make_result(invocations=40)
    page = Page(render_html(result))
    found = next(size for size in result.memory_sizes if size.memory_mb == 1769).warm.duration_ms
    assert found is not None
    p50, p95, p99 = (figures.duration(value) for value in (found.p50, found.p95, found.p99))
    assert f"1,769 MB, 39 warm samples; p50 {p50}, p95 {p95}, p99 {p99}; the middle half from " in page.section(
        "durations"
    )
    assert f"{p50} {p95} {p99}" in page.section("sizes")


def test_a_run_of_cold_starts_has_no_warm_strips(make_result: Make) -> None:
    made = charts(cold_run(make_result))
    assert all(trace["meta"].endswith("-cold") for trace in made["spread"]["data"])
    assert made["closely"]["page"]["at"] == "256-cold"


def test_a_dry_run_and_a_run_of_failures_have_no_spread(make_result: Make) -> None:
    failed = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None)
    for result in (dry_run(make_result), failed):
        assert not {"spread", "closely"} & set(charts(result))
        assert 'id="durations"' not in render_html(result)


def test_of_many_sizes_the_important_ones_are_drawn_first_and_the_others_offered(make_result: Make) -> None:
    sizes = tuple(range(128, 128 + 64 * 128, 64))
    many = make_result(sizes_mb=sizes, best_mb=1792, present_mb=512, equivalent_mb=(1856,), invocations=4)
    page = charts(many)["spread"]["page"]
    assert len(page["labels"]) == 127
    assert len(page["first"]) <= 12
    assert {"512 MB", "1,792 MB", "1,856 MB", "8,256 MB"} <= set(page["first"])
    assert '<option value="all">all 128</option>' in render_html(many)
    assert 'name="rows"' not in render_html(make_result())


def test_durations_that_are_all_the_same_are_one_value(make_result: Make) -> None:
    result = make_result(invocations=30)
    same = tuple(replace(s, duration_ms=80.0) for s in result.samples)
    one = next(one for one in durations_by_size(replace(result, samples=same)) if not one.cold)
    assert (one.bins, one.values) == (None, (80.0,))


def test_a_page_has_counts_in_place_of_samples(make_result: Make) -> None:
    small, large = (distribution_charts(make_result(invocations=n, cold=1)) for n in (400, 4000))
    assert len(str(large)) < 1.3 * len(str(small))
