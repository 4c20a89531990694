"""`powertune run --plan`, and the question before a run that may cost much."""

import contextlib
import json
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from fake_aws import ARN
from plan_aws import PlanAws

from powertune.cli import plan_options, run
from powertune.cli.run_drive import Place
from powertune.domain.result import Environment
from powertune.errors import FunctionRefused, Stopped, UsageError

NO_LINE = SimpleNamespace(say=lambda _: None, show=lambda _: None)


class Started(Exception):
    """The run began."""


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Calls `run` against the fake; a run that would begin raises `Started`."""

    def call(*options, aws=None, kind="aws", stack=None, terminal=False, answer=None):
        aws = aws or PlanAws()

        @contextlib.contextmanager
        def place(request, given, *, direct, stack_needed):
            assert stack_needed is not given["plan"]
            found = None if direct else stack
            yield Place(session=aws, stack=found, environment=Environment(kind=kind), line=NO_LINE), request

        def begin(*_):
            raise Started

        monkeypatch.setattr(run, "aws_place", place)
        monkeypatch.setattr(run, "drive_all", begin)
        streams = SimpleNamespace(isatty=lambda: terminal)
        monkeypatch.setattr(plan_options, "sys", SimpleNamespace(stdin=streams, stderr=streams))
        arguments = ["--function-arn", ARN, "--output-dir", str(tmp_path), *map(str, options)]
        done = CliRunner().invoke(run.command, arguments, input=answer, standalone_mode=False)
        done.aws = aws
        return done

    return call


def refused(done):
    assert isinstance(done.exception, UsageError), done.exception
    return done.exception.message


def test_a_plan_is_printed_and_nothing_is_started(call):
    done = call("--plan", "--direct", "--memory-sizes", "128,512")
    assert (done.exception, done.return_value) == (None, 0)
    text = " ".join(done.stdout.split())
    assert text.startswith("Plan · orders · us-east-1 · x86_64 · python3.12")
    assert "Where the steps run in this process" in text
    assert "Memory sizes 128, 512 MB" in text
    assert "60 invocations of the function; 20 planned" in text
    assert text.endswith("This was a plan: nothing was invoked, and nothing was changed.")
    assert done.aws.written == []


def test_a_plan_is_json_where_it_is_asked_for(call):
    for form in (["--json"], ["--output-format", "json"]):
        data = json.loads(call("--plan", "--direct", "--memory-sizes", "128,512", *form).stdout)
        assert data["most_invocations"] == 60
        assert data["cost"]["invocations"]["currency"] == "USD"
        assert data["refusals"] == []
    assert "no form of" in refused(call("--plan", "--direct", "--output-format", "power-tuning"))


def test_without_a_state_machine_the_plan_says_so_and_with_one_that_it_runs_the_steps(call):
    assert "add --direct, or set it up" in " ".join(call("--plan").stdout.split())
    assert "the state machine runs the steps" in call("--plan", stack=object()).stdout


def test_a_plan_that_would_not_start_ends_as_the_run_would(call):
    aws = PlanAws()
    aws.latest["DurableConfig"] = {"x": 1}
    done = call("--plan", "--direct", aws=aws)
    assert done.return_value == 3
    assert "Would not start: - orders is durable" in " ".join(done.stdout.split())
    assert isinstance(call("--direct", aws=aws).exception, FunctionRefused)


def test_each_instruction_set_has_a_plan_of_its_own(call):
    done = call("--plan", "--direct", "--architectures", "x86_64,arm64", "--json")
    plans = json.loads(done.stdout)
    assert [plan["architecture"] for plan in plans] == ["arm64", "x86_64"]
    assert [plan["isolate"] for plan in plans] == [True, True]
    text = call("--plan", "--direct", "--architectures", "x86_64,arm64").stdout
    assert text.count("This was a plan") == 2


def test_a_plan_narrow_or_wide_keeps_to_its_width(call, monkeypatch):
    for width in (60, 100, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        text = call("--plan", "--direct", "--memory-sizes", "128,512").stdout
        assert max(map(len, text.splitlines())) <= width


# --- the question --------------------------------------------------------------------------------------------------


def test_a_run_that_can_cost_little_just_starts(call):
    assert isinstance(call("--direct", "--memory-sizes", "128,512").exception, Started)


def test_where_nobody_can_be_asked_a_run_that_may_cost_much_is_refused(call):
    done = call("--direct")  # a search up to 10,240 MB of a function that may run for 30 s
    said = refused(done)
    assert "This run may cost up to $1.3" in said
    assert "above 1.00 USD, and nobody can be asked here. Nothing was started." in said
    assert "--max-spend" in done.exception.next_step
    assert done.exception.exit_code == 2
    assert done.aws.written == []


@pytest.mark.parametrize(
    "options",
    [
        ("--yes",),
        ("--max-spend", "0.5"),
        ("--max-spend", "1.00"),
        ("--confirm-above", "5"),
        ("--max-invocations", 50),
        ("--dry-run",),
    ],
)
def test_whoever_has_said_enough_is_not_asked(call, options):
    assert isinstance(call("--direct", *options).exception, Started)
    assert isinstance(call("--direct", *options, terminal=True).exception, Started)


def test_a_limit_above_what_may_be_spent_unasked_is_asked_about_itself(call):
    said = refused(call("--direct", "--max-spend", "1.2"))
    assert "may cost $1.20 for the function's invocations, its limit" in said


def test_even_the_smallest_run_is_asked_about_where_nothing_may_be_spent_unasked(call):
    assert "above 0 USD" in refused(call("--direct", "--dry-run", "--confirm-above", "0"))
    assert "an amount of 0 or more, not 'much'" in refused(call("--direct", "--confirm-above", "much"))
    assert "an amount of 0 or more" in refused(call("--direct", "--confirm-above=-1"))


def test_on_a_terminal_it_is_asked_and_yes_starts_it(call):
    done = call("--direct", terminal=True, answer="y\n")
    assert isinstance(done.exception, Started)
    assert "This run may cost up to $1.3" in done.stderr
    assert "Start it? [y/N]" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_on_a_terminal_anything_else_starts_nothing(call, answer):
    done = call("--direct", terminal=True, answer=answer)
    assert refused(done) == "Nothing was started."
    assert done.exception.exit_code == 2
    assert done.aws.written == []


def test_ctrl_c_at_the_question_starts_nothing(call, monkeypatch):
    def interrupted(*_, **__):
        raise click.Abort

    monkeypatch.setattr("click.confirm", interrupted)
    done = call("--direct", terminal=True)
    assert isinstance(done.exception, Stopped)
    assert done.exception.message == "Nothing was started."


def test_on_the_embedded_endpoint_nothing_is_asked(call):
    done = call("--direct", kind="local")
    assert isinstance(done.exception, Started)
    assert done.aws.log == []


def test_all_instruction_sets_together_are_what_is_asked_about(call):
    one = call("--direct", "--architectures", "x86_64", "--max-invocations", 100)
    assert isinstance(one.exception, Started)
    both = refused(call("--direct", "--architectures", "x86_64,arm64", "--max-invocations", 300))
    assert both.count("This run may cost up to") == 2


def test_an_input_of_the_other_tool_may_have_limits_of_powertunes(call, tmp_path):
    path = tmp_path / "input.json"
    path.write_text(json.dumps({"lambdaARN": ARN, "num": 5, "powerValues": [128, 512]}))
    plan = json.loads(call("--plan", "--direct", "--json", "--input", path, "--max-invocations", 20).stdout)
    assert (plan["planned_invocations"], plan["most_invocations"]) == (10, 20)
    assert "plans 10 invocations, more than the limit of 9" in refused(
        call("--plan", "--direct", "--input", path, "--max-invocations", 9)
    )
    assert isinstance(call("--direct", "--input", path, "--max-spend", "0.05").exception, Started)
