"""What the report says was not measured: only what is true of the result."""

from collections.abc import Callable
from dataclasses import replace

from html_page import Page
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run

from powertune.domain.function import Architecture
from powertune.domain.result import ArchitectureRun, Environment, SizeStatus, TuningResult
from powertune.domain.sample import Outcome, Source
from powertune.render.html import render_html
from powertune.render.page.unmeasured import unmeasured

Make = Callable[..., TuningResult]


def said(result: TuningResult) -> str:
    return " ".join(unmeasured(result))


def test_the_section_stands_with_how_it_was_measured(make_result: Make) -> None:
    result = make_result()
    section = Page(render_html(result)).section("how")
    assert "What was not measured" in section
    for line in unmeasured(result):
        assert line in section


def test_sizes_without_a_measurement_are_named(make_result: Make) -> None:
    assert "128 MB has no measurement" in said(make_result())
    assert "128 MB and 256 MB have no measurement" in said(make_result(failing_mb=(128, 256)))
    assert "no measurement" not in said(make_result(failing_mb=()))


def test_a_search_says_how_many_sizes_it_never_invoked(make_result: Make) -> None:
    result = searched(make_result)
    rest = 31 - len(result.memory_sizes)
    assert f"Of the 31 memory sizes that the search considered, {rest} were never invoked" in said(result)
    assert "search considered" not in said(make_result())


def test_cold_starts_that_were_not_asked_for_are_said_to_have_come_by_themselves(make_result: Make) -> None:
    assert "Cold starts were not asked for; 10 cold starts came about by themselves." in said(make_result(cold=2))
    assert "Cold starts were not asked for." in said(make_result(cold=0))
    assert "not asked for" not in said(full_run(make_result))
    assert "Warm invocations: only cold starts were asked for." in said(cold_run(make_result))


def test_missing_traces_are_counted(make_result: Make) -> None:
    result = make_result()
    assert "Where the time went" not in said(result)
    half = tuple(replace(s, parts=None, sources=(Source.TAIL,)) if s.order % 2 else s for s in result.samples)
    assert "Where the time went in 30 of 60 invocations: X-Ray had no trace of them." in said(
        replace(result, samples=half)
    )
    none = tuple(replace(s, parts=None, trace_id=None, sources=(Source.TAIL,)) for s in result.samples)
    assert "no invocation was traced" in said(replace(result, samples=none))


def test_samples_without_a_record_are_counted(make_result: Make) -> None:
    result = make_result()
    first, second, third, fourth, *rest = result.samples
    samples = (
        replace(first, duration_ms=None, billed_ms=None, outcome=Outcome.LOST),
        replace(second, billed_ms=None),
        replace(third, cold=None),
        replace(fourth, outcome=Outcome.THROTTLED),
        *rest,
    )
    text = said(replace(result, samples=samples))
    assert "For 1 of 59 invocations no record of a duration was found." in text
    assert "For 1 of 59 invocations no record says what was billed." in text
    assert "For 1 of 59 invocations no source tells warm from cold." in text
    assert "1 of 59 invocations got no answer: they may have run." in text
    assert "1 invocation never ran, because Lambda throttled it." in text
    assert "no record" not in said(make_result(failing_mb=())).replace("no record says it", "")


def test_unknown_use_of_memory_is_named(make_result: Make) -> None:
    assert "How much memory was used at 128 MB: no record says it." in said(make_result())
    assert "How much memory" not in said(make_result(failing_mb=()))


def test_the_other_instruction_set_and_other_events_are_named(make_result: Make) -> None:
    assert "The other instruction set, x86_64." in said(make_result())
    assert "Other events than the one payload" in said(make_result())
    assert "Other events" not in said(full_run(make_result))


def test_a_local_run_says_that_aws_was_not_measured(make_result: Make) -> None:
    assert "AWS itself" in said(make_result(environment=Environment(kind="local")))
    assert "AWS itself" not in said(make_result())


def test_a_dry_run_says_that_it_measures_nothing(make_result: Make) -> None:
    assert "A dry run measures nothing" in said(dry_run(make_result))
    assert "Cold starts" not in said(dry_run(make_result))


def test_a_present_size_outside_the_run_is_named(make_result: Make) -> None:
    assert "The present 640 MB: no change from it can be told." in said(make_result(present_mb=640))
    assert "The present" not in said(make_result())


def test_a_size_that_was_never_invoked_says_nothing_of_its_memory(make_result: Make) -> None:
    result = make_result(failing_mb=())
    rows = tuple(
        replace(s, status=SizeStatus.NOT_MEASURED, invocations=0, max_memory_used_mb=None) if s.memory_mb == 128 else s
        for s in result.memory_sizes
    )
    assert "How much memory" not in said(replace(result, memory_sizes=rows))


def test_every_warning_stands_on_the_page_once(make_result: Make) -> None:
    result = make_result(warnings=("Something was odd.", "Another thing.", "Something was odd."))
    page = Page(render_html(result))
    assert page.section("warnings") == "Warnings Something was odd. Another thing."
    assert page.text.count("Something was odd.") == 1


def test_warnings_of_the_run_on_the_other_instruction_set_are_shown_too(make_result: Make) -> None:
    other = ArchitectureRun(architecture=Architecture.X86_64, warnings=("It was slow.",))
    page = Page(render_html(make_result(warnings=("Odd.",), architectures=(other,))))
    assert page.section("warnings") == "Warnings Odd. On x86_64: It was slow."


def test_the_account_is_a_fact_and_a_dash_where_no_arn_names_it(make_result: Make) -> None:
    result = make_result()
    assert "Account123456789012" in Page(render_html(result)).text
    odd = replace(result, function=replace(result.function, arn="orders"))
    assert "Account–" in Page(render_html(odd)).text


def test_a_long_page_has_links_to_its_sections_and_each_leads_somewhere(make_result: Make) -> None:
    page = Page(render_html(make_result()))
    ids = {attributes.get("id") for _, attributes in page.elements}
    links = [str(attributes["href"]) for tag, attributes in page.elements if tag == "a"]
    assert len(links) > 8
    assert all(link.startswith("#") and link[1:] in ids for link in links)
