"""A result in Markdown: a table that is one, and no foreign word that becomes anything but words."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from read_back import markdown_tables, markdown_tokens, words
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.domain.result import Environment, TuningResult
from powertune.render import sentence
from powertune.render.safe import one_line
from powertune.render.text import markdown_text
from powertune.render.text.markdown import render_markdown

Make = Callable[..., TuningResult]
PIECES = (
    *("`", "``", "|", "\\", "\\|", "*", "**", "_", "~~", "<b>", "</td>", "<!--", "&amp;", "&#64;", "[x](y)", "![i](j)"),
    *("@all", "@octo/team", "#12", "GH-7", "!3", "http://e.example/x", "www.e.example", "a@b.example", "mailto:a@b.c"),
    *(
        "$x$",
        "$1",
        ":smile:",
        "-",
        "+",
        "1.",
        "1)",
        "===",
        "---",
        ">",
        "#",
        "\t",
        "\n",
        "    ",
        "e.example",
        "a1b2c3d4",
    ),
    *("שלום", "مرحبا", "\u202e", "\u200b", "é", "😀", "x_y", "end.", "(", ")", "plain", "words", "^", "[^1]"),
)
OF_OUR_OWN = {"p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
hostile_texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4) | st.just(" "), max_size=10).map("".join)


def code_removed(text: str) -> str:
    """The words that a reader may still make something of: those outside code."""
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


def test_the_sentence_comes_first_and_in_bold(make_result: Make) -> None:
    result = make_result()
    text = render_markdown(result)
    assert text.startswith(f"**{sentence.answer(result)}**\n\n")
    first = markdown_tokens(text)[1].children
    assert first is not None
    assert [child.type for child in first if child.type.startswith("strong")] == ["strong_open", "strong_close"]


def test_the_table_is_one_with_a_row_for_each_size(make_result: Make) -> None:
    (table,) = markdown_tables(render_markdown(make_result()))
    assert table[0][:2] == ["Memory", "Warm mean"]
    assert [row[0] for row in table[1:]] == ["128 MB", "256 MB", "512 MB", "1,024 MB", "1,769 MB", "3,008 MB"]
    assert {len(row) for row in table} == {9}
    assert [row[-1] for row in table[1:]] == ["failed", "", "present", "equivalent", "recommended", ""]


def test_the_table_can_be_read_where_nothing_renders_it(make_result: Make) -> None:
    lines = [line for line in render_markdown(make_result()).splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1


def test_function_run_reasons_warnings_and_bill_are_in_it(make_result: Make) -> None:
    result = full_run(make_result)
    text = render_markdown(result)
    assert "`orders-api` · `eu-central-1` · arm64 · `python3.13` · strategy cost" in text
    assert f"Run `{result.run_id}`, 24 November 2026, 11:37 UTC; function `{result.function.arn}`" in text
    assert f"- **Warning:** {result.warnings[0]}" in text
    assert "The function was set to 1,769 MB" in text
    assert "The run spent at least $" in text
    assert result.recommendation is not None
    assert f"- {result.recommendation.reasons[0]}" in text


def test_a_failed_size_has_its_reason_below_the_table(make_result: Make) -> None:
    assert "- 128 MB failed: All 10 invocations failed: `Runtime.OutOfMemory` (RequestId" in render_markdown(
        make_result()
    )


def test_how_sure_a_search_is_stands_among_the_reasons(make_result: Make) -> None:
    assert "- The search is 95 % sure that " in render_markdown(searched(make_result))


def test_what_is_left_on_the_function_stands_right_after_the_sentence(make_result: Make) -> None:
    parts = render_markdown(make_result(restored=False)).split("\n\n")
    assert parts[1] == "**The function was NOT put back to 512 MB.**"
    assert "NOT put back" not in render_markdown(make_result())


def test_a_local_run_says_so_before_its_figures(make_result: Make, local_environment: Environment) -> None:
    text = render_markdown(make_result(environment=local_environment))
    assert text.index("not on AWS") < text.index(" Memory |")


def test_intervals_are_spoken_of_only_where_there_are_any(make_result: Make) -> None:
    assert "± half its 95 % interval" in render_markdown(make_result())
    assert "interval" not in render_markdown(make_result(invocations=3)).split("\n\n- ")[0]
    assert "±" not in render_markdown(dry_run(make_result))


def test_cold_starts_are_called_so(make_result: Make) -> None:
    text = render_markdown(cold_run(make_result))
    assert "· cold starts\n" in text
    assert "Cold start: init and duration, ± half its 95 % interval." in text


def test_of_many_sizes_the_marked_ones_are_always_shown(make_result: Make) -> None:
    sizes = tuple(range(128, 128 + 128 * 64, 64))
    result = make_result(sizes_mb=sizes, failing_mb=sizes[:40], present_mb=5056, best_mb=5120, equivalent_mb=())
    text = render_markdown(result)
    (table,) = markdown_tables(text)
    assert len(table) <= 25
    assert {"5,056 MB", "5,120 MB", "128 MB", "8,256 MB"} <= {row[0] for row in table}
    assert f"{len(table) - 1} of 128 memory sizes are shown." in text
    assert "576 MB and 32 more failed: " in text
    assert len(text) < 20_000


def test_two_instruction_sets_have_a_table_of_their_own(make_result: Make) -> None:
    both = combined({ARM: result_on(make_result, ARM), X86: result_on(make_result, X86, factor="1.5")}, {}, ARM)
    _, beside = markdown_tables(render_markdown(both))
    assert [row[0] for row in beside] == ["Instruction set", "x86_64", "arm64"]
    assert beside[2][-1] == "better, present"


def test_an_instruction_set_that_was_refused_says_why_once(make_result: Make) -> None:
    refused = combined({ARM: result_on(make_result, ARM)}, {X86: "It has <b>compiled</b> @files | x."}, ARM)
    for result in (refused, replace(refused, warnings=())):
        text = render_markdown(result)
        assert text.count("It has `<b>compiled</b> @files |` x.") == 1
        assert markdown_tables(text)[1][1][-1] == "not measured"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(hostile=hostile_texts)
def test_no_foreign_text_becomes_markup_a_link_or_a_mention(make_result: Make, hostile: str) -> None:
    result = make_result(sizes_mb=(128, 512), best_mb=512, equivalent_mb=(), warnings=(hostile,), run_id=hostile)
    assert result.recommendation is not None
    result = replace(
        result,
        memory_sizes=(replace(result.memory_sizes[0], reason=hostile), result.memory_sizes[1]),
        recommendation=replace(result.recommendation, reasons=(hostile,)),
        function=replace(result.function, name=hostile, region=hostile, runtime=hostile, arn=hostile),
        price=replace(result.price, currency=hostile),
    )
    text = render_markdown(result)
    text.encode("utf-8")
    left = code_removed(text)
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
    assert "@" not in left
    assert "://" not in left
    assert not re.search(r"#\d|[^\W_]\.example", left)
    (table,) = markdown_tables(text)
    assert [row[0] for row in table] == ["Memory", "128 MB", "512 MB"]
    assert {len(row) for row in table} == {9}


@given(text=hostile_texts)
def test_a_text_reads_as_it_was_written(text: str) -> None:
    written = markdown_text.plain(text)
    if not written.strip():
        return
    said = words(markdown_tokens(written)[1]).strip("\u2068\u2069")
    assert " ".join(said.split()) == one_line(text)


@given(text=hostile_texts, other=hostile_texts)
def test_a_cell_stays_a_cell_whatever_is_in_it(text: str, other: str) -> None:
    cells = (markdown_text.plain(text), markdown_text.code(other))
    (table,) = markdown_tables(markdown_text.table(("A", "B"), (cells, cells)))
    assert [len(row) for row in table] == [2, 2, 2]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Ordinary words, 12 % of them (or more).", "Ordinary words, 12 % of them (or more)."),
        ("x86_64 costs $1.20 and 407 ± 10 ms", "x86_64 costs $1.20 and 407 ± 10 ms"),
        ("ask @team or see http://a.example, now", "ask `@team` or see `http://a.example`, now"),
        ("* not a list", "`*` not a list"),
        ("- not a list", "`-` not a list"),
        ("1. not a list", "`1`. not a list"),
        ("1.5 is a number", "1.5 is a number"),
        ("a ` tick and ``two", "a `` ` `` tick and ``` ``two ```"),
        ("see #12 and GH-12", "see `#12` and `GH-12`"),
        ("שלום 12", "\u2068שלום 12\u2069"),
        ("", ""),
    ],
)
def test_ordinary_words_stay_as_they_are_and_all_else_is_code(text: str, written: str) -> None:
    assert markdown_text.plain(text) == written
