"""Lines and tables of a terminal: nothing is wider than it, and no figure parts with its unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.render.paper import BOLD, Column, Paper, Table
from powertune.render.safe import cells, one_line

TABLE = (
    Column(title="Name", texts=("one", "名前"), keep=9, left=True),
    Column(title="Mean", texts=("1 ms", "1,234 ms"), keep=5),
    Column(title="p95", texts=("2 ms", ""), keep=1),
)


@given(st.text(max_size=300), st.integers(20, 60), st.booleans())
def test_no_line_is_wider_than_the_paper_and_no_word_is_lost(text: str, width: int, ascii_only: bool) -> None:
    paper = Paper(width=width, ascii_only=ascii_only)
    lines = paper.wrapped(text, first="- ")
    assert all(cells(line) <= width for line in [*lines, paper.line(one_line(text))])
    assert "".join(lines).removeprefix("- ").replace(" ", "") == paper.text(one_line(text)).replace(" ", "")


@pytest.mark.parametrize("figure", ["1,769 MB", "104 ± 3 ms", "95 %", "2.5 s", "12 µs", "3 GB"])
def test_a_figure_stays_with_its_unit(figure: str) -> None:
    for width in range(20, 60):
        lines = Paper(width=width).wrapped(f"{'word ' * 7}{figure} {figure}, and so on {figure}.")
        assert sum(line.count(figure) for line in lines) == 3


def test_lines_begin_as_they_are_told_to() -> None:
    paper = Paper(width=20)
    text = "one two three four five six"
    assert paper.wrapped(text, first="- ") == ["- one two three four", "  five six"]
    assert paper.wrapped(text, rest="    ") == ["one two three four", "    five six"]
    assert paper.wrapped("x" * 30, longest=10) == ["xxxxxxxxx…"]


def test_colour_is_there_only_where_it_is_shown() -> None:
    assert Paper(width=20, colour=True).wrapped("a", code=BOLD) == ["\x1b[1ma\x1b[0m"]
    assert Paper(width=20, colour=True).wrapped("a") == Paper(width=20).wrapped("a", code=BOLD) == ["a"]


def test_ascii_is_ascii_also_where_a_line_is_cut() -> None:
    paper = Paper(width=20, ascii_only=True)
    assert paper.line("4 ± 1 ms and much more than that") == "4 +/- 1 ms and much."
    assert paper.wrapped("“a” – 4 ± 1 µs") == ['"a" - 4 +/- 1 us']


def test_a_table_stands_in_columns() -> None:
    table = Table.fitted(TABLE, 40)
    assert [*table.head(Paper(width=40)), table.row(0), table.row(1)] == [
        "Name      Mean   p95",
        "────────────────────",
        "one       1 ms  2 ms",
        "名前  1,234 ms      ",
    ]
    assert table.row(1, columns=1) == "名前"


def test_the_most_dispensable_columns_are_left_out_and_some_stay_in_any_case() -> None:
    assert [column.title for column in Table.fitted(TABLE, 20).columns] == ["Name", "Mean", "p95"]
    assert [column.title for column in Table.fitted(TABLE, 19).columns] == ["Name", "Mean"]
    assert [column.title for column in Table.fitted(TABLE, 5).columns] == ["Name", "Mean"]
    assert [column.title for column in Table.fitted(TABLE, 5, least=3).columns] == ["Name", "Mean", "p95"]
    assert Table.fitted(TABLE, 5).head(Paper(width=5)) == ["Name…", "─────"]
