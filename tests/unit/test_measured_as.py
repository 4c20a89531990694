"""Which samples a size's statistics are of is said alike by the figures, the tables, the charts and the estimates."""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from html_page import Page

from powertune.decide.outcome import latencies_of
from powertune.decide.peer_numbers import peer_numbers
from powertune.decide.summary import size_result
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.result import TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.pricing.bill import invocation_cost
from powertune.pricing.loads import result_loads
from powertune.render.html import render_html
from powertune.render.page.durations import durations_by_size
from powertune.render.text.csv_tables import samples_csv

Make = Callable[..., TuningResult]
SIZES_MB = (512, 1769)


@pytest.fixture
def mixed(make_result: Make) -> TuningResult:
    """Two payloads of which four warm invocations each were planned, and six or seven were made."""
    base = make_result(sizes_mb=SIZES_MB, failing_mb=(), best_mb=None, invocations=14, cold=1)
    payloads = tuple(Payload.of(f'{{"a":{index}}}', weight=1.0).without_text() for index in range(2))
    request = replace(base.request, payloads=payloads, payload_use=PayloadUse.WEIGHTED, invocations=8)
    samples = tuple(replace(one, payload=one.order % 2) for one in base.samples)
    rows = tuple(
        size_result(
            memory_mb,
            [one for one in samples if one.memory_mb == memory_mb],
            lambda billed_ms, mb: invocation_cost(billed_ms, mb, base.price),
            mix=request.warm_mix(),
        )
        for memory_mb in SIZES_MB
    )
    return replace(base, request=request, samples=samples, memory_sizes=rows)


def test_each_payload_counts_as_often_as_planned_at_each_size(mixed: TuningResult) -> None:
    counted = Counter(
        (sample.memory_mb, sample.payload, use) for sample, use in measured_as(mixed.samples, mixed.request.warm_mix())
    )
    warm = {key: count for key, count in counted.items() if key[2] is MeasuredAs.WARM}
    assert warm == {(memory_mb, payload, MeasuredAs.WARM): 4 for memory_mb in SIZES_MB for payload in (0, 1)}
    assert [(size.warm.samples, size.cold.samples, size.set_aside) for size in mixed.memory_sizes] == [(8, 1, 5)] * 2


def test_without_a_mix_every_usable_sample_counts(mixed: TuningResult) -> None:
    assert Counter(use for _, use in measured_as(mixed.samples, None)) == {MeasuredAs.WARM: 26, MeasuredAs.COLD: 2}


def test_the_table_of_samples_says_it(mixed: TuningResult) -> None:
    rows = csv.DictReader(io.StringIO("".join(samples_csv(mixed))))
    assert Counter((row["memory_mb"], row["measured_as"]) for row in rows) == {
        (memory_mb, name): count for memory_mb in ("512", "1769") for name, count in (("warm", 8), ("cold", 1), ("", 5))
    }


def test_the_page_says_and_draws_it(mixed: TuningResult) -> None:
    text = Page(render_html(mixed)).text
    assert re.findall(r"(warm sample|cold start|set aside) \((\d+)\)", text)[:3] == [
        ("warm sample", "16"),
        ("cold start", "2"),
        ("set aside", "10"),
    ]
    assert [one.found.count for one in durations_by_size(mixed) if one.values or one.quartiles] == [8, 1, 8, 1]


def test_a_month_is_estimated_from_the_same_samples(mixed: TuningResult) -> None:
    loads, _ = result_loads(mixed, 1_000_000)
    for load, size in zip(loads, mixed.memory_sizes, strict=True):
        assert size.warm.billed_ms is not None
        assert load.warm_billed_ms == pytest.approx(Fraction(size.warm.billed_ms.mean))


def test_a_latency_target_with_cold_starts_is_held_against_the_same_samples(mixed: TuningResult) -> None:
    target = LatencyTarget(statistic=LatencyStatistic.MEAN, limit_ms=1000.0, cold_share=1e-9)
    found = latencies_of(mixed.samples, target, mixed.request.warm_mix())
    assert found is not None
    for size in mixed.memory_sizes:
        assert size.warm.duration_ms is not None
        assert found[size.memory_mb] == pytest.approx(size.warm.duration_ms.mean)


def test_what_the_peer_would_have_said_is_held_against_the_same_samples(mixed: TuningResult) -> None:
    for size in peer_numbers(mixed).sizes:
        assert not [part for part in size.duration_parts if part.cause.value == "other" and abs(part.share) > 1e-9]
