"""`powertune run` with what puts a recommendation into effect."""

import contextlib
import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from fake_aws import ARN, FakeClock, refusal
from fake_traffic import NEW_MB, OLD_MB, TrafficAws, without_revisions

from powertune.cli import run
from powertune.cli.run_drive import Place
from powertune.domain.result import Environment
from powertune.errors import CanaryRolledBack, FunctionRefused, Stopped, UsageError
from powertune.wire import read_result

TEMPLATE = """\
Resources:
  Orders:   # the one
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      MemorySize: 512
"""


class TaggedAws(TrafficAws):
    """Made by CloudFormation, as the function's tags say."""

    def list_tags(self, Resource):
        return {"Tags": {"aws:cloudformation:logical-id": "Orders"}}


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Calls `run` against a fake AWS."""

    def call(*options, aws=None, kind="aws", **luck):
        aws = aws or TaggedAws(**luck)

        @contextlib.contextmanager
        def place(request, given, **_):
            line = SimpleNamespace(say=lambda _: None, show=lambda _: None)
            yield Place(session=aws, stack=None, environment=Environment(kind=kind), line=line), request

        monkeypatch.setattr(run, "aws_place", place)
        monkeypatch.setattr("powertune.aws.clock.SystemClock", FakeClock)
        given = (
            "--function-arn",
            ARN,
            "--direct",
            "--yes",
            "--search",
            "grid",
            "--strategy",
            "speed",
            "--invocations",
            "4",
        )
        sizes = () if "--memory-sizes" in options else ("--memory-sizes", f"{OLD_MB},{NEW_MB}")
        folder = ("--output-dir", str(tmp_path / "results"))
        done = CliRunner().invoke(run.command, [*given, *sizes, *folder, *map(str, options)], standalone_mode=False)
        done.aws = aws
        return done

    return call


@pytest.fixture
def template(tmp_path):
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def result_in(tmp_path):
    (path,) = (tmp_path / "results").glob("*/result.json")
    return read_result(path)


def test_the_line_to_change_is_printed_for_each_tool(call):
    done = call()
    assert "SAM, CloudFormation  MemorySize: 1024\n" in done.output
    assert "Terraform            memory_size = 1024\n" in done.output


@pytest.mark.parametrize(
    ("options", "kind"),
    [(("--json",), "aws"), (("--memory-sizes", "512"), "aws"), ((), "local")],
)
def test_no_line_is_printed_where_nothing_is_to_be_changed_or_a_script_reads(call, options, kind):
    done = call(*options, kind=kind)
    assert done.exception is None
    assert "memory_size =" not in done.output


def test_json_holds_what_was_applied_and_how_the_canary_went(call):
    data = json.loads(call("--apply", "--alias", "live", "--canary", "10%/10m", "--json").stdout)
    assert (data["applied"]["memory_mb"], data["canary"]["outcome"]) == (NEW_MB, "passed")


def test_a_canary_that_passes_is_told_with_its_figures(call):
    done = call("--apply", "--alias", "live", "--canary", "10%/10m")
    assert done.return_value == 0
    text = " ".join(done.output.split())
    assert "The function was set to 1,024 MB; version 3 was published with it and the alias live points at it." in text
    assert "Its canary passed: 0 of 660 invocations failed with the new version" in text


def test_a_canary_that_does_not_pass_has_its_own_exit_code_and_the_result_is_kept(call, tmp_path, template):
    done = call(
        "--apply", "--alias", "live", "--canary", "10%/10m", "--write-template", template,
        error_rate=lambda memory_mb: 0.3 if memory_mb == NEW_MB else 0.0,
    )  # fmt: skip
    assert isinstance(done.exception, CanaryRolledBack)
    assert done.exception.exit_code == 7
    assert "points at version 1 alone again" in done.exception.message
    text = " ".join(done.output.split())
    assert "The canary of version 3 on 10 % of the invocations of live ended after 2 minutes, and was undone" in text
    assert "was not changed: the canary did not pass." in text
    assert "memory_size =" not in done.output
    assert result_in(tmp_path).canary.outcome == "more-errors"
    assert template.read_text() == TEMPLATE


def test_a_stopped_canary_ends_as_stopped(call, monkeypatch, tmp_path):
    aws = TaggedAws()
    monkeypatch.setattr("powertune.cli.interrupt.StopWish.__call__", lambda _: "RoutingConfig" in aws.aliases["live"])
    before = without_revisions(aws)
    done = call("--apply", "--alias", "live", "--canary", "10%/10m", aws=aws)
    assert isinstance(done.exception, Stopped)
    assert result_in(tmp_path).canary.outcome == "stopped"
    assert without_revisions(aws) == before


def test_a_run_stopped_before_applying_ends_as_stopped_and_its_result_is_kept(call, monkeypatch, tmp_path, template):
    aws = TaggedAws()
    monkeypatch.setattr(
        "powertune.cli.interrupt.StopWish.__call__",
        lambda _: bool(aws.invoked) and "powertune-lease" not in aws.aliases,
    )
    before = without_revisions(aws)
    done = call("--apply", "--write-template", template, aws=aws)
    assert isinstance(done.exception, Stopped)
    assert done.exception.exit_code == 130
    assert "was not changed: you stopped the run." in done.output
    assert result_in(tmp_path).recommendation.memory_mb == NEW_MB
    assert template.read_text() == TEMPLATE
    assert without_revisions(aws) == before


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--canary", "10%/10m"), "needs an alias"),
        (("--apply", "--canary", "10%/10m"), "needs an alias"),
        (("--apply", "--alias", "live", "--canary", "10"), "is not a canary"),
        (("--template-resource", "Orders"), "goes with --write-template"),
        (("--write-template", "nowhere.yaml"), "There is no file nowhere.yaml"),
        (("--write-template", "nowhere.yaml", "--isolate", "--architectures", "arm64"), "find another one better"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything(call, options, why):
    done = call(*options)
    assert isinstance(done.exception, UsageError)
    assert why in done.exception.message
    assert done.aws.log == []


def test_a_canary_with_local_is_refused_before_the_endpoint_is_started():
    done = CliRunner().invoke(
        run.command, ["--local", "examples/primes", "--apply", "--alias", "live", "--canary", "10%/10m"],
        standalone_mode=False,
    )  # fmt: skip
    assert isinstance(done.exception, UsageError)
    assert "--local has neither" in done.exception.message


def test_an_alias_that_could_not_be_moved_is_refused_before_anything_is_spent(call):
    done = call("--apply", "--alias", "tuned", "--canary", "10%/10m")
    assert isinstance(done.exception, FunctionRefused)
    assert not done.aws.invoked


# --- the template ------------------------------------------------------------------------------------------------


def test_the_recommended_size_is_written_into_the_template_found_by_the_functions_tag(call, template):
    two = TEMPLATE + TEMPLATE.partition("\n")[2].replace("Orders", "Mails")
    template.write_text(two)
    done = call("--write-template", template)
    assert template.read_text() == two.replace("MemorySize: 512", "MemorySize: 1024", 1)
    assert f"Wrote 1024 instead of 512 to {template}: MemorySize of Orders (line 6)." in done.output.replace("\n", " ")
    assert "memory_size =" not in done.output


def test_with_json_what_was_written_is_told_on_the_other_stream(call, template):
    done = call("--write-template", template, "--json")
    assert json.loads(done.stdout)["recommendation"]["memory_mb"] == NEW_MB
    assert "Wrote 1024" in done.stderr


def test_tags_that_may_not_be_read_leave_the_only_function(call, template):
    class Mute(TrafficAws):
        def list_tags(self, Resource):
            raise refusal("ListTags", "AccessDeniedException")

    call("--write-template", template, aws=Mute())
    assert "MemorySize: 1024" in template.read_text()


def test_a_template_that_cannot_be_changed_is_refused_before_anything_is_spent(call, template):
    template.write_text(TEMPLATE.replace("512", "!If [Big, 1, 2]"))
    done = call("--write-template", template)
    assert isinstance(done.exception, UsageError)
    assert "MemorySize of Orders (line 6) is !If, not a number" in done.exception.message
    assert not done.aws.invoked


def test_a_difference_within_the_noise_is_not_written(call, template):
    drawn = {512: iter([100.0, 104.0, 96.0, 140.0] * 9), 600: iter([100.0, 80.0, 96.0, 120.0] * 9)}
    done = call(
        "--memory-sizes", "512,600", "--tolerance", "0", "--write-template", template,
        duration_ms=lambda memory_mb: next(drawn[memory_mb]),
    )  # fmt: skip
    assert "was not changed: neither its duration nor its cost differs" in done.output
    assert template.read_text() == TEMPLATE


def test_a_template_that_says_another_size_than_the_function_has_gets_the_recommended_one(call, template):
    template.write_text(TEMPLATE.replace("512", "256"))
    done = call("--write-template", template, aws=TaggedAws(memory_mb=NEW_MB))
    assert "Wrote 1024 instead of 256" in done.output
    assert template.read_text() == TEMPLATE.replace("512", "1024")


def test_nothing_is_written_where_the_template_is_right_already(call, template):
    template.write_text(TEMPLATE.replace("512", "1024"))
    before = template.stat().st_mtime_ns
    done = call("--write-template", template)
    assert "has 1024 already: MemorySize of Orders (line 6)." in done.output.replace("\n", " ")
    assert template.stat().st_mtime_ns == before


def test_a_template_that_changed_during_the_run_is_read_again(call, template):
    class Editing(TaggedAws):
        def invoke(self, **arguments):
            template.write_text("# a new first line\n" + TEMPLATE)
            return super().invoke(**arguments)

    call("--write-template", template, aws=Editing())
    assert template.read_text() == "# a new first line\n" + TEMPLATE.replace("512", "1024")


def test_a_template_that_broke_during_the_run_is_left_and_the_result_stands(call, template):
    class Breaking(TaggedAws):
        def invoke(self, **arguments):
            template.write_text("a: [")
            return super().invoke(**arguments)

    done = call("--write-template", template, aws=Breaking())
    assert done.return_value == 0
    assert "was not changed: The template cannot be read" in done.output
    assert template.read_text() == "a: ["
