"""Every text that the result of a check can hold may be hostile, and every figure odd: no form of it breaks."""

import csv
import io
import re
from dataclasses import replace
from typing import Any

import checks
import hostile
import pytest
from hostile import TEXTS, hostile_check
from html_page import Page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from read_back import junit_outcomes, markdown_tables

from powertune.domain.check import Metric, Verdict
from powertune.domain.result import MetricResult, TuningResult
from powertune.render.checks.csv_table import check_csv, check_samples_csv
from powertune.render.checks.junit import check_error_junit, render_check_junit
from powertune.render.checks.markdown import render_check_markdown
from powertune.render.checks.text import render_check_terminal
from powertune.render.html import render_html
from powertune.render.safe import cells

_CONTROLS = "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
_MADE: dict[str, TuningResult] = {}


@pytest.fixture(params=TEXTS, ids=str)
def result(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TuningResult:
    if request.param not in _MADE:
        monkeypatch.setattr(hostile, "HOSTILE", TEXTS[request.param])
        _MADE[request.param] = hostile_check()
    return _MADE[request.param]


def test_no_text_steers_the_terminal_or_widens_a_line(result: TuningResult) -> None:
    for width in (20, 80, 200):
        text = render_check_terminal(result, width=width)
        text.encode("utf-8")
        assert not re.search(_CONTROLS, text)
        assert max(cells(line) for line in text.split("\n")) <= width
        assert text.split("\n", 20)[0]
    render_check_terminal(result, width=80, ascii_only=True).encode("ascii")


def test_no_text_becomes_anything_in_markdown(result: TuningResult) -> None:
    text = render_check_markdown(result)
    text.encode("utf-8")
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    left = re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)
    assert set(re.findall(r"</?(\w+)", left)) <= {
        "p",
        "strong",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert not re.search(r"@|://|#\d|[^\W_]\.(example|invalid)|:smile:", left)
    (table,) = markdown_tables(text)
    assert len(table) == len(Metric) + 1
    assert len({len(row) for row in table}) == 1
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]", text)


def test_no_cell_of_csv_is_a_formula_or_breaks_a_line(result: TuningResult) -> None:
    for text in (check_csv(result), "".join(check_samples_csv(result))):
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert len(rows) == text.count("\n")
        texts = [cell for row in rows[1:] for cell in row if not re.fullmatch(r"-?[\d.e-]+", cell)]
        assert not [cell for cell in texts if cell[:1] in tuple("=+-@\t\r")]


def test_the_file_for_continuous_integration_can_be_read(result: TuningResult) -> None:
    assert junit_outcomes(render_check_junit(result, trend_fails=True))["mean duration"] == "failure"


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_the_file_of_a_check_that_could_not_run_can_be_read(text: str) -> None:
    (suite,) = JUnitXml.fromstring(check_error_junit(text, text).encode())
    assert (suite.tests, suite.errors) == (1, 1)


def test_no_text_becomes_an_element_of_the_page(result: TuningResult) -> None:
    page = Page(render_html(result))
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "object", "embed", "b0"}
    attributes = {name for _, found in page.elements for name in found}
    assert not {name for name in attributes if name.startswith("on")}
    assert len(page.scripts) == 3


_FIGURE = st.none() | st.floats(0, 1e15)
_CHANGE = st.none() | st.floats(-1, 1e15)


@st.composite
def metrics(draw: Any) -> tuple[MetricResult, ...]:
    """What a file may say of a check: whatever no rule of it refuses."""
    return tuple(
        MetricResult(
            metric=metric,
            verdict=draw(st.none() | st.sampled_from(Verdict)),
            deciding=draw(st.booleans()),
            before=draw(_FIGURE),
            after=draw(_FIGURE),
            before_count=draw(st.integers(0, 10**15)),
            after_count=draw(st.integers(0, 10**15)),
            change=draw(_CHANGE),
            low=draw(_CHANGE),
            high=draw(_CHANGE),
            p_value=draw(st.none() | st.floats(0, 1)),
            threshold=draw(st.floats(0, 10)),
            reason=draw(st.none() | st.text(max_size=5)),
            needed=draw(st.none() | st.integers(0, 10**15)),
        )
        for metric in draw(st.permutations(Metric))[: draw(st.integers(0, 8))]
    )


_USUAL = checks.worse()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(found=metrics(), verdict=st.none() | st.sampled_from(Verdict), width=st.integers(20, 160))
def test_no_figures_break_any_form(found: tuple[MetricResult, ...], verdict: Verdict | None, width: int) -> None:
    assert _USUAL.check is not None
    odd = replace(_USUAL, check=replace(_USUAL.check, metrics=found, verdict=verdict))
    assert max(map(cells, render_check_terminal(odd, width=width).splitlines())) <= width
    render_check_markdown(odd)
    junit_outcomes(render_check_junit(odd))
    check_csv(odd)
    assert Page(render_html(odd)).open == []
