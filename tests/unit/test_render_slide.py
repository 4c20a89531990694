"""What stands on the page that a slide is drawn from."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from html_page import Page
from searched_runs import searched_until
from shown_runs import full_run

from powertune.domain.result import Environment, TuningResult
from powertune.render import sentence, slide
from powertune.render.certainty import how_sure
from powertune.render.slide import slide_html

HOSTILE = "</script><script>window.hit=1</script><img src=x onerror='hit=1'>\u202e🎉" + "x" * 400
Make = Callable[..., TuningResult]


def part(page: Page, name: str) -> list[dict[str, str | None]]:
    return [attributes for _, attributes in page.elements if attributes.get("data-part") == name]


def charts(page: Page) -> dict:
    return json.loads(page.scripts[0])


def test_a_slide_has_the_answer_the_function_the_run_and_both_charts(make_result: Make) -> None:
    result = make_result()
    page = Page(slide_html(result))
    assert sentence.answer(result) in page.text
    for words in ("orders-api", "eu-central-1", "arm64", "24 November 2026", "run 20261124-113402-7f3a", "powertune"):
        assert words in page.text
    assert set(charts(page)) == {"duration", "cost"}
    assert [attributes["data-chart"] for _, attributes in page.elements if "data-chart" in attributes] == [
        "duration",
        "cost",
    ]
    assert page.open == []


def test_its_key_counts_all_samples(make_result: Make) -> None:
    assert "warm sample (45)" in Page(slide_html(make_result())).text


def test_hostile_text_is_text(make_result: Make) -> None:
    result = full_run(make_result)
    function = replace(result.function, name=HOSTILE, region=HOSTILE)
    page = Page(slide_html(replace(result, run_id=HOSTILE, function=function)))
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert len(page.scripts) == 3
    assert page.open == []


def test_a_local_run_says_so_on_the_slide(make_result: Make, local_environment: Environment) -> None:
    assert "Measured on one machine, not on AWS" in Page(slide_html(make_result(environment=local_environment))).text


def test_a_function_that_is_left_changed_is_said_on_the_slide(make_result: Make) -> None:
    assert "NOT put back" in Page(slide_html(make_result(restored=False))).text


def test_a_searchs_claim_is_on_the_slide(make_result: Make) -> None:
    result = searched_until(
        make_result, lambda found: found.search is not None and found.search.regret_bound is not None
    )
    assert how_sure(result)[1:] in Page(slide_html(result)).text


def test_without_a_claim_there_is_no_note(make_result: Make) -> None:
    assert part(Page(slide_html(make_result())), "note") == []


def test_nothing_to_draw_is_said(make_result: Make) -> None:
    result = make_result(failing_mb=(128, 256, 512, 1024, 1769, 3008), best_mb=None, samples=())
    page = Page(slide_html(result))
    assert "Nothing to draw" in page.text
    assert charts(page) == {}


def test_of_very_many_samples_some_are_drawn_and_that_is_said(
    make_result: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result()
    assert "are drawn" not in Page(slide_html(result)).text
    monkeypatch.setattr(slide, "MOST_DRAWN", 30)
    text = Page(slide_html(result)).text
    assert "30 of 60 samples are drawn" in text
    assert "warm sample (45)" in text
