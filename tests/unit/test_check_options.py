"""The options of `powertune check`: what is asked for, and what is refused before anything is spent."""

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from powertune.cli import check
from powertune.cli.check_options import ONLY_MEASURED, share
from powertune.domain.check import DEFAULT_PARALLEL, CheckSettings, Metric
from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.request import TuningRequest
from powertune.errors import UsageError

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders"


class Asked(Exception):
    """What would have been run."""


@pytest.fixture
def outcome(monkeypatch, tmp_path):
    def stop(request, options, *, direct, stack_needed):
        raise Asked(request)

    monkeypatch.setattr(check, "aws_place", stop)
    monkeypatch.chdir(tmp_path)
    Path("taken").write_text("a file")

    def with_options(*options, arn=ARN):
        of = () if arn is None else ("--function-arn", arn)
        return CliRunner().invoke(check.command, [*of, *map(str, options)]).exception

    return with_options


@pytest.fixture
def asked(outcome):
    def with_options(*options, arn=ARN) -> TuningRequest:
        found = outcome(*options, arn=arn)
        assert isinstance(found, Asked), found
        return found.args[0]

    return with_options


@pytest.fixture
def refused(outcome):
    def with_options(*options, arn=ARN):
        found = outcome(*options, arn=arn)
        assert isinstance(found, UsageError), found
        assert found.next_step
        return str(found)

    return with_options


def test_without_options_the_function_as_it_stands_is_compared_by_the_usual_measure(asked):
    request = asked()
    assert str(request.function_arn) == ARN
    assert request.check.settings == CheckSettings()
    assert (request.check.qualifier, request.check.against, request.check.baseline) == (None, None, None)
    assert (request.check.interleave, request.check.allow_unlike) == (True, False)
    assert (request.parallel, request.cold_starts) == (DEFAULT_PARALLEL, 0)


@pytest.mark.parametrize(
    ("text", "value"), [("5%", 0.05), ("0.05", 0.05), (".05", 0.05), (" 12.5 % ", 0.125), ("99.9%", 0.999), ("0", 0)]
)
def test_a_share_may_be_written_in_percent_or_as_a_number(text, value):
    assert share(text, "--threshold") == value


@pytest.mark.parametrize("text", ["", "%", "-5%", "5%%", "nan", "inf", "1e-2", "0,05", "٥%", "9" * 5000])
def test_what_is_no_share_is_refused_and_one_is_shown(text):
    for option, shown in (("--threshold", "5% or as 0.05"), ("--confidence", "99% or as 0.99")):
        with pytest.raises(UsageError, match="is below zero" if text == "-5%" else "is no share") as refused:
            share(text, option)
        assert refused.value.next_step == f"Write it as {shown}."
        assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    ("text", "shown"), [("5", "5% or as 0.05"), ("1", "1% or as 0.01"), ("99.9", "99.9% or as 0.999"), ("200", "200%")]
)
def test_a_number_that_may_be_meant_in_percent_is_refused_and_both_ways_to_write_it_are_shown(text, shown):
    with pytest.raises(UsageError, match="may be meant in percent") as refused:
        share(text, "--confidence")
    assert refused.value.next_step == f"Write it as {shown}."


def test_the_least_and_the_most_are_allowed(asked):
    ends = (("--threshold", "0.1%", "1000%"), ("--errors-threshold", "0", "100%"), ("--confidence", "50%", "99.9%"))
    for option, low, high in ends:
        assert asked(option, low)
        assert asked(option, high)


def test_options_make_the_measure(asked):
    settings = asked(
        "--threshold", "10%", "--errors-threshold", "0.02", "--confidence", "95%", "--max-invocations", 1000,
        "--metrics", "cost, duration-p95,cost", "--on-undecided", "fail",
    ).check.settings  # fmt: skip
    assert settings == CheckSettings(
        threshold=0.1,
        errors_threshold=0.02,
        confidence=0.95,
        max_invocations=1000,
        metrics=(Metric.DURATION_P95, Metric.COST),
        undecided_fails=True,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--threshold", "0%"), "--threshold is 0%; it must lie between 0.1% and 1000%.\nThe usual one is 5%."),
        (("--threshold", "2000%"), "it must lie between 0.1% and 1000%"),
        (("--errors-threshold", "101%"), "it must lie between 0% and 100%.\nThe usual one is 1%."),
        (("--confidence", "10%"), "--confidence is 10%; it must lie between 50% and 99.9%.\nThe usual one is 99%."),
        (("--confidence", "100%"), "confidence"),
        (("--qualifier", "007"), "'007' is no version's number.\nGive 7."),
        (("--qualifier", "0"), "'0' is no version's number"),
        (("--against", "007"), "'007' is neither a version nor an alias"),
        (("--against", "live", "--set-baseline"), "--set-baseline do not go together"),
        (("--max-invocations", "3"), "invocations of each version"),
        (("--metrics", "speed"), "'speed' is no metric"),
        (("--metrics", ""), "'' is no metric"),
        (("--parallel", "0"), "parallel"),
        (("--cold-starts", "-1"), "cold starts"),
        (("--max-spend", "much"), "--max-spend"),
        (("--wait", "soon"), "--wait"),
        (("--wait", "0s"), "--wait"),
        (("--payload", "{"), "payload"),
        (("--payload", "{}", "--payload-s3", "s3://my-bucket/key"), "both give the event"),
        (("--pre-processor", "me"), "pre-processor"),
        (("--baseline", ""), "no place for baselines"),
        (("--baseline", "https://example.com/b"), "no place for baselines"),
        (("--baseline", "s3://B"), "no place in S3"),
        (("--qualifier", ""), "neither a version nor an alias"),
        (("--against", "a/b"), "neither a version nor an alias"),
        (("--against", "live", "--require-baseline"), "--require-baseline do not go together"),
        (("--against", "live", "--no-interleave"), "--no-interleave do not go together"),
        (("--against", "live", "--compare-unlike"), "--compare-unlike do not go together"),
        (("--baseline", "b.json", "--trend"), "none for the checks"),
        (("--baseline", "b.json", "--fail-on-trend"), "none for the checks"),
        (("--retune", "--payload-s3", "s3://my-bucket/events.jsonl"), "--retune searches with one event"),
        (("--region", "us-east-1"), "is in eu-central-1"),
        (("--direct", "--stack-region", "us-east-1"), "--direct uses no state machine"),
        (("--python", "python3"), "--python goes with --local"),
        (("--output-dir", "taken/results"), "Nothing can be written"),
        (("--junit", ""), "An empty name"),
        (("--junit", "taken/check.xml"), "Nothing can be written"),
        (("--markdown", "/"), "is a folder"),
        (("--junit", "/proc/check.xml"), "Nothing can be written to /proc"),
        (("--markdown", "/proc/new/check.md"), "Nothing can be written to /proc"),
        (("--markdown", "/proc/sys/kernel/hostname"), "and nothing in it says that powertune wrote it"),
        (("--output-dir", "/proc/results"), "Nothing can be written to /proc/results"),
        (("--junit", "check", "--markdown", "./check"), "both name check, and each would replace the other"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused, options, said):
    assert said in refused(*options)


def test_the_arn_may_name_the_alias(asked, refused):
    request = asked("--against", "live", arn=f"{ARN}:staging")
    assert (str(request.function_arn), request.check.qualifier, request.check.against) == (ARN, "staging", "live")
    assert asked("--qualifier", "staging", arn=f"{ARN}:staging").check.qualifier == "staging"
    assert asked("--qualifier", "$LATEST").check.qualifier is None
    assert asked(arn=f"{ARN}:$LATEST").check.qualifier is None
    assert "names 'staging', and --qualifier 'live'" in refused("--qualifier", "live", arn=f"{ARN}:staging")


@pytest.mark.parametrize("text", ["orders", "", f"{ARN}:a:b", f"{ARN}:", "arn:aws:s3:::b", f"{ARN}:a b", f"{ARN}:é"])
def test_what_names_no_function_is_refused(refused, text):
    assert refused(arn=text)


def test_a_function_on_this_machine_has_no_versions_and_no_bucket(refused):
    for options in (("--qualifier", "live"), ("--against", "1"), ("--baseline", "stack"), ("--baseline", "s3://my-b")):
        assert options[0] in refused("--local", "here", *options, arn=None)
    assert "--profile is for AWS" in refused("--local", "here", "--profile", "me", arn=None)
    assert "either --function-arn or --local" in refused("--local", "here")
    assert "either --function-arn or --local" in refused(arn=None)


def test_events_and_what_is_around_them_are_those_of_a_run(asked, tmp_path):
    (tmp_path / "event.json").write_text('{"size": 3}')
    (tmp_path / "events.jsonl").write_text('{"payload": 1, "weight": 3}\n{"payload": 2, "weight": 1}\n')
    request = asked(
        "--payload", "@event.json", "--sleep-ms", 5, "--allow-exception", "Busy", "--seed", 7, "--max-spend", "0.05",
        "--cold-starts", 12, "--parallel", 3, "--include-payload",
        "--pre-processor", f"{ARN}-before", "--post-processor", f"{ARN}-after",
    )  # fmt: skip
    assert request.payloads == (Payload.of('{"size": 3}'),)
    assert (request.sleep_ms, request.allowed_exceptions, request.seed) == (5, ("Busy",), 7)
    assert (request.limits.max_spend, request.limits.max_invocations) == (Decimal("0.05"), None)
    assert (request.cold_starts, request.parallel, request.include_payload) == (12, 3, True)
    assert (request.pre_processor_arn, request.post_processor_arn) == (f"{ARN}-before", f"{ARN}-after")
    weighted = asked("--payloads", "events.jsonl", "--max-invocations", 200)
    assert weighted.payload_use is PayloadUse.WEIGHTED
    assert sorted(weighted.planned_mix().values()) == [50, 150], "all that may be invoked are in the mix"


def test_options_for_baselines_reach_the_request(asked):
    assert not asked("--no-interleave").check.interleave
    assert asked("--compare-unlike").check.allow_unlike


def test_files_that_somebody_else_wrote_are_not_replaced(refused, asked, tmp_path, monkeypatch):
    Path("notes.md").write_text("mine")
    Path("other.xml").write_text("<testsuites name='theirs'/>")
    assert "It is unchanged" in refused("--markdown", "notes.md")
    assert "It is unchanged" in refused("--junit", "other.xml")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "notes.md"))
    assert asked("--markdown", "notes.md")


def test_two_names_of_one_file_are_one_file(refused, asked):
    Path("check.xml").write_text("")
    Path("check.md").hardlink_to("check.xml")
    Path("link.md").symlink_to("check.xml")
    for name in ("check.md", "link.md"):
        assert "each would replace the other" in refused("--junit", "check.xml", "--markdown", name)
    assert asked("--junit", "/dev/null", "--markdown", "/dev/null")
    assert sorted(path.name for path in Path().iterdir()) == ["check.md", "check.xml", "link.md", "taken"]


def test_every_option_is_about_measuring_or_also_about_comparing():
    both = {
        *("given", "qualifier", "baseline", "compare_unlike", "threshold", "errors_threshold", "confidence", "metrics"),
        *("on_undecided", "junit", "markdown", "output_dir", "as_json"),
    }
    assert both | set(ONLY_MEASURED) == {one.name for one in check.command.params}
    assert not both & set(ONLY_MEASURED)
