"""What the one invocation of each size of a dry run is said to be of: a cold start only where it was one."""

from collections.abc import Callable
from dataclasses import replace

from html_page import Page
from shown_runs import dry_run

from powertune.domain.result import SizeResult, Statistics, TuningResult
from powertune.render.html import render_html
from powertune.render.text.markdown import render_markdown
from powertune.render.text.size_columns import legend
from powertune.render.text.terminal import render_terminal

Make = Callable[..., TuningResult]


def at_one_size_cold(warm: TuningResult, cold: TuningResult) -> TuningResult:
    def its(size: SizeResult, other: SizeResult) -> SizeResult:
        return other if size.memory_mb == 512 else replace(size, cold=Statistics(samples=0))

    return replace(warm, memory_sizes=tuple(map(its, warm.memory_sizes, cold.memory_sizes)))


def test_an_init_is_included_where_there_was_one(make_result: Make) -> None:
    cold, warm = dry_run(make_result), dry_run(make_result, cold=False)
    waited = "what the caller waited for one invocation"
    assert legend(cold) == f"{waited}, init included"
    assert legend(warm) == f"{waited}; none of them was a cold start"
    assert legend(at_one_size_cold(warm, cold)) == f"{waited}, init included where it was a cold start"


def test_no_form_speaks_of_inits_where_all_environments_had_started(make_result: Make) -> None:
    warm = dry_run(make_result, cold=False)
    for text in (render_terminal(warm, width=120, chart=True), render_markdown(warm), Page(render_html(warm)).text):
        assert "init included" not in text
        assert "init plus" not in text
        assert "includes its init" not in text
    assert "init plus" in Page(render_html(dry_run(make_result))).text
