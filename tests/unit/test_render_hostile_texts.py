"""Every text that a result can hold may be hostile: no form of the answer as text lets it do anything."""

import csv
import io
import re
from collections.abc import Callable

import hostile
import pytest
from hostile import TEXTS, hostile_result
from markdown_it import MarkdownIt
from read_back import junit_outcomes, markdown_tables

from powertune.domain.result import TuningResult
from powertune.errors import UsageError
from powertune.peer import chart_url
from powertune.render.safe import cells
from powertune.render.text.csv_tables import samples_csv, sizes_csv
from powertune.render.text.junit import render_junit
from powertune.render.text.markdown import render_markdown
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]
_RESULTS: dict[str, TuningResult] = {}


@pytest.fixture(params=TEXTS, ids=str)
def result(request: pytest.FixtureRequest, make_result: Make, monkeypatch: pytest.MonkeyPatch) -> TuningResult:
    if request.param not in _RESULTS:
        monkeypatch.setattr(hostile, "HOSTILE", TEXTS[request.param])
        _RESULTS[request.param] = hostile_result(make_result)
    return _RESULTS[request.param]


def test_no_text_steers_the_terminal_or_widens_a_line(result: TuningResult) -> None:
    for width in (20, 80, 200):
        text = render_terminal(result, width=width, chart=True)
        text.encode("utf-8")
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert max(cells(line) for line in text.split("\n")) <= width
    render_terminal(result, width=80, chart=True, ascii_only=True).encode("ascii")


def test_no_text_becomes_anything_in_markdown(result: TuningResult) -> None:
    text = render_markdown(result)
    text.encode("utf-8")
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    left = re.sub(r"<code>.*?</code>", "", page, flags=re.DOTALL)
    tags = set(re.findall(r"</?(\w+)", left))
    assert tags <= {"p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    assert not re.search(r"@|://|#\d|[^\W_]\.(example|invalid)|:smile:", left)
    sizes, beside = markdown_tables(text)
    assert [row[0] for row in sizes[1:]] == ["128 MB", "256 MB", "512 MB", "1,024 MB", "1,769 MB", "3,008 MB"]
    assert len(beside) == 3
    assert all(len({len(row) for row in table}) == 1 for table in (sizes, beside))
    assert all(line.count("\u2068") == line.count("\u2069") for line in text.splitlines())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067]", text)


def test_no_cell_of_csv_is_a_formula_or_breaks_a_line(result: TuningResult) -> None:
    for text in (sizes_csv(result), "".join(samples_csv(result))):
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert {len(row) for row in rows} == {len(rows[0])}
        assert len(rows) == text.count("\n")
        texts = [cell for row in rows[1:] for cell in row if not re.fullmatch(r"-?[\d.e-]+", cell)]
        assert not [cell for cell in texts if cell[:1] in tuple("=+-@\t\r")]


def test_the_file_for_continuous_integration_can_be_read(result: TuningResult) -> None:
    outcomes = junit_outcomes(render_junit(result))
    assert len(outcomes) == 8
    assert outcomes["128 MB"] == "failure"


def test_an_unknown_currency_gets_no_chart(result: TuningResult) -> None:
    with pytest.raises(UsageError):
        chart_url(result)
