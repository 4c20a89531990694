import base64
import dataclasses
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from html_page import Page
from shown_runs import full_run

from powertune.domain.payload import Payload
from powertune.domain.price import Price
from powertune.domain.result import SizeStatus, Statistics, TuningResult
from powertune.render import figures, sentence
from powertune.render.html import render_html
from powertune.render.page.charts import charts
from powertune.render.page.points import PointKind, Spread, cost_per_million, kinds
from powertune.render.safe import chart_text, one_line, script_json

Make = Callable[..., TuningResult]
BREAKOUT = "</script><script>boom()</script><img src=x onerror=boom()><!--"
HOSTILE = BREAKOUT + "\u2028\u202e'\"><a href='javascript:boom()'>&lt;b>"


def hostile_copy(value: Any, text: str = HOSTILE) -> Any:
    """The same data with ``text`` in every field that holds text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        copy = object.__new__(type(value))
        for field in dataclasses.fields(value):
            object.__setattr__(copy, field.name, hostile_copy(getattr(value, field.name), text))
        return copy
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return text
    if isinstance(value, tuple):
        return tuple(hostile_copy(item, text) for item in value)
    if isinstance(value, dict):
        return {f"{text}{number}": item for number, item in enumerate(value.values())}
    return value


def charts_of(source: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(Page(source).scripts[0])
    return data


def points(chart: dict[str, Any], role: str) -> list[float]:
    return [y for trace in chart["data"] if trace["meta"] == role for y in trace["y"]]


def test_the_first_words_are_the_answer_and_what_it_is_about(make_result: Make) -> None:
    result = make_result()
    page = Page(render_html(result))
    assert page.text.count(sentence.answer(result)) == 2  # title and first heading
    for part in ("orders-api", result.function.arn, "eu-central-1", "arm64", "python3.13", result.run_id):
        assert part in page.text
    assert "24 November 2026, 11:34 UTC" in page.text


def test_the_table_has_every_size_with_the_figures_of_the_terminal(make_result: Make) -> None:
    result = make_result()
    text = Page(render_html(result)).text
    for size in result.memory_sizes:
        assert figures.memory(size.memory_mb) in text
        if size.status is SizeStatus.MEASURED:
            assert size.warm.duration_ms is not None
            assert figures.duration_estimate(size.warm.duration_ms.mean, size.warm.duration_ms.mean_interval) in text
        else:
            assert size.reason is not None
            assert text.count(size.reason) >= 2


def test_every_sample_is_a_point_of_its_kind(make_result: Make) -> None:
    result = make_result(cold=2)
    chart = charts_of(render_html(result))["duration"]
    assert len(points(chart, "warm")) == 5 * 8
    assert len(points(chart, "cold")) == 5 * 2
    assert len(points(chart, "failed")) == 10
    assert len(points(chart, "mean")) == 5
    symbols = [trace["marker"]["symbol"] for trace in chart["data"]]
    assert len(set(symbols)) == len(symbols)


def test_a_cold_start_is_drawn_with_the_init_that_its_caller_waits_for(make_result: Make) -> None:
    result = make_result(sizes_mb=(1024,), failing_mb=(), best_mb=1024, present_mb=1024, equivalent_mb=())
    cold = result.samples[0]
    assert cold.init_ms is not None
    assert cold.duration_ms is not None
    chart = charts_of(render_html(result))["duration"]
    assert points(chart, "cold") == pytest.approx([cold.duration_ms + cold.init_ms], rel=1e-4)


def test_the_points_of_the_cost_chart_have_the_mean_cost_of_their_size(make_result: Make) -> None:
    result = make_result()
    size = result.memory_sizes[3]
    assert size.cost is not None
    costs = [
        cost_per_million(sample, size, result.price)
        for sample, kind in kinds(result.samples, None)
        if sample.memory_mb == size.memory_mb and kind is PointKind.WARM
    ]
    drawn = [cost for cost in costs if cost is not None]
    assert sum(drawn) / len(drawn) == pytest.approx(float(size.cost.per_million.amount))


def test_means_are_joined_by_straight_lines_only(make_result: Make) -> None:
    made = charts(make_result())
    for name in ("duration", "cost"):
        for trace in made[name]["data"]:
            assert trace["mode"] == "markers" or trace["line"]["shape"] == "linear"


def test_points_of_neighbouring_sizes_never_meet() -> None:
    sizes = [128, 192, 256, 10_176, 10_240]
    spread = Spread(sizes)
    for low, high in itertools.pairwise(sizes):
        assert max(spread.reach(kind, low)[1] for kind in PointKind) < min(
            spread.reach(kind, high)[0] for kind in PointKind
        )
        assert spread.band(low)[1] < spread.band(high)[0]


def test_the_policy_allows_the_two_scripts_of_the_page_and_nothing_else(make_result: Make) -> None:
    page = Page(render_html(make_result()))
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a)
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in page.scripts[1:]]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{hashes[0]}' 'sha256-{hashes[1]}';" in policy
    assert "unsafe-eval" not in policy
    assert "http" not in policy


def test_the_page_refers_to_nothing_outside_itself(make_result: Make) -> None:
    page = Page(render_html(make_result()))
    for _, attributes in page.elements:
        for name in ("src", "href", "action", "srcset", "poster"):
            assert (attributes.get(name) or "#").startswith("#")


def test_hostile_text_in_every_field_becomes_text_and_nothing_else(make_result: Make) -> None:
    clean = replace(full_run(make_result), warnings=("w",))
    source = render_html(hostile_copy(clean))
    page, harmless = Page(source), Page(render_html(hostile_copy(clean, "harmless")))
    assert not page.open
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "boom()" in page.text
    outside_plotly = source.replace(page.scripts[1], "")
    assert not re.search(r"<(?:script|img|a)[^>]*boom", outside_plotly)
    for character in "\u2028\u202e":
        assert character not in outside_plotly


def test_hostile_text_in_a_chart_is_not_read_as_plotlys_html(make_result: Make) -> None:
    hostile = hostile_copy(full_run(make_result))
    for chart in charts(hostile).values():
        for text in _texts(chart):
            assert not re.search(r"<(?!br>)", text), text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        # A template of ours ends the hover with plotly's own <extra> element.
        yield value.replace("<extra></extra>", "")
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


def test_the_payload_is_kept_out_of_the_page(make_result: Make) -> None:
    result = make_result()
    payload = Payload.of('{"password": "hunter2"}')
    source = render_html(replace(result, request=replace(result.request, payloads=(payload,))))
    assert "hunter2" not in source
    assert payload.sha256 not in source
    assert "23 bytes" in source


def test_lone_surrogates_and_control_characters_leave_valid_utf_8(make_result: Make) -> None:
    source = render_html(make_result(warnings=("\ud800 \x00 \x1b[31m red",)))
    assert source.encode("utf-8")
    assert "� � �[31m red" in Page(source).text


def test_a_local_run_says_that_nothing_was_billed(make_result: Make, local_environment: Any) -> None:
    text = Page(render_html(make_result(environment=local_environment))).text
    assert "not on AWS: nothing was billed, and costs are AWS list prices" in text
    assert "token bucket" in text
    assert "This run was not billed" in text


def test_sources_and_disagreements_are_counted(make_result: Make) -> None:
    text = Page(render_html(make_result())).text
    assert "60 of 60 samples are confirmed by Logs Insights." in text
    assert "30 of 60 samples are confirmed by X-Ray." in text
    assert "In 6 samples the sources disagree." in text
    assert "128 MB, invocation 8: billed duration: 81 ms in the log tail" in text


def test_without_traces_there_is_no_chart_of_parts(make_result: Make) -> None:
    result = make_result()
    untraced = replace(result, memory_sizes=tuple(replace(size, trace_parts=None) for size in result.memory_sizes))
    assert "chart-parts" in render_html(result)
    assert "chart-parts" not in Page(render_html(untraced)).text
    assert set(charts(result)) - set(charts(untraced)) == {"parts"}


def test_every_chart_has_its_alternative_in_words(make_result: Make) -> None:
    page = Page(render_html(make_result()))
    ids = {attributes.get("id") for _, attributes in page.elements}
    drawn = [attributes for _, attributes in page.elements if attributes.get("role") == "img"]
    assert len(drawn) == len(charts(make_result()))
    for attributes in drawn:
        assert attributes["aria-labelledby"] in ids
        assert attributes["aria-describedby"] in ids
    assert re.search(
        r"1,769 MB: mean \d+ ± \d+ ms, from \d+ ms to \d+ ms in 9 warm samples; 1 cold, \d+ ms\.", page.text
    )


@pytest.mark.parametrize(
    "shape",
    [
        {"sizes_mb": (), "best_mb": None},
        {"sizes_mb": (512,), "best_mb": 512, "equivalent_mb": ()},
        {"failing_mb": (128, 256, 512, 1024, 1769, 3008), "best_mb": None},
        {
            "sizes_mb": tuple(range(128, 128 + 64 * 128, 64)),
            "best_mb": 512,
            "equivalent_mb": (576,),
            "invocations": 3,
        },
    ],
    ids=["no size", "one size", "all failed", "128 sizes"],
)
def test_unusual_runs_make_a_whole_page(make_result: Make, shape: dict[str, Any]) -> None:
    if not shape.get("sizes_mb", (1,)):
        result = replace(make_result(best_mb=None), memory_sizes=(), samples=())
    else:
        result = make_result(**shape)
    page = Page(render_html(result))
    assert not page.open
    assert sentence.answer(result) in page.text


def test_numbers_that_are_unknown_are_dashes(make_result: Make) -> None:
    result = make_result()
    empty = replace(
        result.memory_sizes[2],
        warm=Statistics(samples=0),
        cold=Statistics(samples=0),
        cost=None,
        max_memory_used_mb=None,
    )
    page = Page(render_html(replace(result, memory_sizes=(empty,), recommendation=None)))
    assert "512 MB present – – – – – – – – 10 1 0" in re.sub(r"\s+", " ", " ".join(page.words))


def test_prices_are_shown_with_their_date_and_currency(make_result: Make) -> None:
    price: Price = replace(
        make_result().price, currency="CNY", region="cn-north-1", per_state_transition=Decimal("0.0001")
    )
    text = Page(render_html(make_result(price=price))).text
    assert "CN¥0.0000133334 per GB-second" in text
    assert "2026-11-23" in text


def test_json_in_a_script_element_cannot_close_it() -> None:
    text = script_json({"x": "</script><!--\u2028&"})
    assert json.loads(text) == {"x": "</script><!--\u2028&"}
    assert not set("<>&\u2028") & set(text)


def test_text_is_flattened_and_cut() -> None:
    assert one_line(" a\n\tb\u2029c ") == "a b c"
    assert one_line("abcdef", 4) == "abc…"
    assert chart_text('<b>&"') == '&lt;b&gt;&amp;"'
