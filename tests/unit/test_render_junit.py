"""A result as JUnit XML, read back by a parser that continuous integration might use."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml, Properties
from read_back import junit_outcomes
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run
from two_architectures import ARM, X86, result_on

from powertune.decide.architectures import combined
from powertune.domain.result import Environment, SizeStatus, TuningResult
from powertune.domain.search import LatencyStatistic, LatencyTarget
from powertune.render import sentence
from powertune.render.text.junit import render_junit
from powertune.render.text.junit_xml import Case, Outcome, Suite, document, seconds_text, xml_text

Make = Callable[..., TuningResult]
ALL_MB = (128, 256, 512, 1024, 1769, 3008)
SIZES = ("128 MB", "256 MB", "512 MB", "1,024 MB", "1,769 MB", "3,008 MB")


def suites_of(result: TuningResult) -> list:
    return list(JUnitXml.fromstring(render_junit(result).encode()))


def case_of(result: TuningResult, name: str):
    return next(case for case in suites_of(result)[0] if case.name == name)


def test_each_size_is_a_case_and_so_are_the_recommendation_and_the_restore(make_result: Make) -> None:
    outcomes = junit_outcomes(render_junit(make_result()))
    assert outcomes == {
        "128 MB": "failure",
        **dict.fromkeys(SIZES[1:], "passed"),
        "recommendation": "passed",
        "function put back": "passed",
    }


def test_the_counts_are_those_of_the_cases(make_result: Make) -> None:
    result = make_result()
    missing = replace(result.memory_sizes[1], status=SizeStatus.NOT_MEASURED, reason="The run was stopped before.")
    result = replace(result, memory_sizes=(result.memory_sizes[0], missing, *result.memory_sizes[2:]), restored=False)
    (suite,) = suites_of(result)
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 1, 1, 1)
    whole = JUnitXml.fromstring(render_junit(result).encode())
    assert (whole.tests, whole.failures, whole.errors) == (8, 1, 1)
    counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == counted


def test_the_time_of_a_size_is_its_mean_duration(make_result: Make) -> None:
    result = make_result()
    size = result.memory_sizes[4]
    assert size.warm.duration_ms is not None
    element = ElementTree.fromstring(render_junit(result)).find(".//testcase[@name='1,769 MB']")
    assert element is not None
    assert Decimal(element.attrib["time"]) * 1000 == Decimal(repr(size.warm.duration_ms.mean))
    assert "time" not in ElementTree.fromstring(render_junit(result)).find(".//testcase[@name='128 MB']").attrib


def test_the_suite_says_when_the_run_was_and_how_long_it_took(make_result: Make) -> None:
    (suite,) = suites_of(make_result())
    assert (suite.name, suite.timestamp, suite.time) == ("orders-api (arm64)", "2026-11-24T11:34:02", 192.0)
    known = {one.name: one.value for one in suite.properties()}
    assert known["run_id"] == "20261124-113402-7f3a"
    assert known["recommended_memory_mb"] == "1769"
    assert known["function_arn"] == make_result().function.arn


def test_a_run_whose_times_are_none_has_neither(make_result: Make) -> None:
    (suite,) = suites_of(make_result(started_at="once", finished_at="later"))
    assert suite.timestamp is None
    (suite,) = suites_of(make_result(finished_at="2020-01-01T00:00:00+00:00"))
    assert "time=" not in ElementTree.tostring(suite._elem, encoding="unicode").split(">")[0]


def test_the_figures_of_a_size_stand_in_its_output_and_its_properties(make_result: Make) -> None:
    case = case_of(make_result(), "1,769 MB")
    assert case.system_out.splitlines()[:2] == ["Recommended", "Warm mean: 407 ± 10 ms"]
    assert "Per million: $9.58 ± 0.23" in case.system_out
    assert "Errors: 0" in case.system_out
    known = {one.name: one.value for one in case.child(Properties)}
    assert known["recommended"] == "true"
    assert float(known["p95_ms"]) == pytest.approx(424.456)


def test_a_failed_size_says_why(make_result: Make) -> None:
    (found,) = case_of(make_result(), "128 MB").result
    assert found.message == make_result().memory_sizes[0].reason
    assert found.type == "AllInvocationsFailed"


def test_what_was_left_out_is_skipped_with_its_reason(make_result: Make) -> None:
    result = make_result()
    missing = replace(result.memory_sizes[0], status=SizeStatus.NOT_MEASURED, reason="The run was stopped before.")
    (found,) = case_of(replace(result, memory_sizes=(missing, *result.memory_sizes[1:])), "128 MB").result
    assert (type(found).__name__, found.message) == ("Skipped", "The run was stopped before.")


def test_that_nothing_can_be_recommended_is_an_error(make_result: Make) -> None:
    result = make_result(failing_mb=ALL_MB, best_mb=None)
    (found,) = case_of(result, "recommendation").result
    assert (type(found).__name__, found.message) == ("Error", "No memory size could be measured.")
    assert set(junit_outcomes(render_junit(result)).values()) == {"failure", "error", "passed"}


def test_that_the_function_was_not_put_back_is_an_error(make_result: Make) -> None:
    (found,) = case_of(make_result(restored=False), "function put back").result
    assert (type(found).__name__, found.message) == ("Error", "The function was NOT put back to 512 MB.")


def test_a_dry_run_recommends_nothing_and_that_is_no_error(make_result: Make) -> None:
    outcomes = junit_outcomes(render_junit(dry_run(make_result)))
    assert outcomes["recommendation"] == "skipped"
    assert [outcomes[name] for name in SIZES] == ["failure", *["passed"] * 5]


def test_a_latency_target_that_no_size_keeps_is_a_failure(make_result: Make) -> None:
    result = searched(make_result, latency_target=LatencyTarget(statistic=LatencyStatistic.P95, limit_ms=1.0))
    (found,) = case_of(result, "recommendation").result
    assert type(found).__name__ == "Failure"
    assert found.message.startswith("No measured memory size keeps p95 within 1 ms")


def test_the_recommendation_says_the_sentence_and_its_reasons(make_result: Make) -> None:
    result = full_run(make_result)
    said = case_of(result, "recommendation").system_out.splitlines()
    assert said[0] == sentence.answer(result)
    assert result.recommendation is not None
    assert result.recommendation.reasons[0] in said
    assert any(line.startswith("The function was set to 1,769 MB") for line in said)


def test_warnings_and_the_bill_are_the_output_of_the_suite(make_result: Make) -> None:
    text = render_junit(make_result())
    out = ElementTree.fromstring(text).find("testsuite/system-out").text
    assert out.splitlines()[0] == f"Warning: {make_result().warnings[0]}"
    assert out.splitlines()[1].startswith("The run spent $0.0")


def test_a_run_that_was_not_on_aws_says_so_first_of_all(make_result: Make) -> None:
    result = make_result(environment=Environment(kind="local", cpu_method="quota", cores=2))
    out = ElementTree.fromstring(render_junit(result)).find("testsuite/system-out").text
    assert out.splitlines()[0] == sentence.where(result)
    assert "not on AWS" in out.splitlines()[0]


def test_cold_starts_have_their_figures(make_result: Make) -> None:
    assert "Cold start: " in case_of(cold_run(make_result), "256 MB").system_out


def test_each_instruction_set_is_a_suite(make_result: Make) -> None:
    both = combined({ARM: result_on(make_result, ARM), X86: result_on(make_result, X86)}, {}, ARM)
    assert [suite.name for suite in suites_of(both)] == ["orders-api (arm64)", "orders-api (x86_64)"]
    assert [len(list(suite)) for suite in suites_of(both)] == [5, 4]
    # When the other one ran is not in the result.
    assert [suite.timestamp for suite in suites_of(both)] == ["2026-11-24T11:34:02", None]
    refused = combined({ARM: result_on(make_result, ARM)}, {X86: "It may not run there."}, ARM)
    (found,) = next(iter(suites_of(refused)[1])).result
    assert (type(found).__name__, found.message) == ("Error", "x86_64 was not measured: It may not run there.")


def test_a_file_has_nothing_but_the_usual_elements_in_the_usual_order(make_result: Make) -> None:
    root = ElementTree.fromstring(render_junit(make_result(restored=False)))
    order = ["properties", "failure", "error", "skipped", "system-out"]
    assert root.tag == "testsuites"
    for suite in root:
        assert [child.tag for child in suite] == ["properties", *["testcase"] * 8, "system-out"]
        for case in suite.iter("testcase"):
            places = [order.index(child.tag) for child in case]
            assert places == sorted(set(places))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    hostile=st.text(max_size=60), more=st.sampled_from(["]]><x>&amp;\x00", "\ufffe\x1b[31m\u202e", "\ud800", "'\"\n\t"])
)
def test_any_text_makes_a_file_that_can_be_read(make_result: Make, hostile: str, more: str) -> None:
    text = hostile + more
    result = make_result(sizes_mb=(128, 512), best_mb=512, equivalent_mb=(), warnings=(text,), run_id=text)
    result = replace(
        result,
        memory_sizes=(replace(result.memory_sizes[0], reason=text), result.memory_sizes[1]),
        function=replace(result.function, name=text, arn=text, runtime=text),
    )
    written = render_junit(result)
    written.encode("utf-8")
    assert "\x1b" not in written
    assert "\u202e" not in written
    assert junit_outcomes(written) == {
        "128 MB": "failure",
        "512 MB": "passed",
        "recommendation": "passed",
        "function put back": "passed",
    }


def test_a_long_reason_is_cut_in_the_message_and_whole_in_the_details(make_result: Make) -> None:
    result = make_result()
    long = replace(result.memory_sizes[0], reason="It broke. " * 100)
    (found,) = case_of(replace(result, memory_sizes=(long, *result.memory_sizes[1:])), "128 MB").result
    assert len(found.message) == 600
    assert found.text == ("It broke. " * 100).strip()


@given(st.characters())
def test_what_xml_cannot_carry_is_replaced_and_all_else_is_kept(character: str) -> None:
    written = xml_text(f"a{character}b")
    read = ElementTree.fromstring(f"<x>{written.replace('&', '&amp;').replace('<', '&lt;')}</x>").text
    assert read in (written, written.replace("\r", "\n"))
    code = ord(character)
    allowed = code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
    assert written == (f"a{character}b" if allowed else "a\ufffdb")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [("0.00001", "0.00001"), ("1E-7", "0.0000001"), ("900", "900"), ("0.40", "0.4"), ("1E+3", "1000")],
)
def test_seconds_have_no_exponent(seconds: str, text: str) -> None:
    assert seconds_text(Decimal(seconds)) == text


def test_the_writer_knows_nothing_of_memory_sizes() -> None:
    """It is for whatever has cases: what went wrong beside what passed."""
    cases = (
        Case(name="a", classname="c", seconds=Decimal("0.5")),
        Case(name="b", classname="c", outcome=Outcome.FAILURE, kind="Slower", message="12 % slower", details="More"),
    )
    (suite,) = JUnitXml.fromstring(document("n", [Suite(name="s", cases=cases, properties={"k": "v"})]).encode())
    (passed, failed) = suite
    assert (passed.time, passed.is_passed) == (0.5, True)
    assert [(one.message, one.type, one.text) for one in failed.result] == [("12 % slower", "Slower", "More")]
