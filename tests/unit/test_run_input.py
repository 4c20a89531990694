"""An execution input of the other tool may come from a file or from standard input."""

import json

import pytest
from click.testing import CliRunner

from powertune.cli import run
from powertune.errors import UsageError

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


class Asked(Exception):
    """What would have been run."""


@pytest.fixture
def asked(monkeypatch):
    def stop(request, options, *, direct, stack_needed):
        raise Asked(request)

    monkeypatch.setattr(run, "aws_place", stop)

    def with_options(*options, given):
        done = CliRunner().invoke(run.command, options, input=given)
        if isinstance(done.exception, Asked):
            return done.exception.args[0]
        raise done.exception

    return with_options


def test_standard_input_is_read_once_and_names_the_function(asked):
    request = asked("--input", "-", given=json.dumps({"lambdaARN": ARN, "num": 7, "powerValues": [512]}))
    assert (str(request.function_arn), request.invocations, request.memory_sizes_mb) == (ARN, 7, (512,))


def test_an_arn_on_the_command_line_takes_the_place_of_that_in_the_input(asked, tmp_path):
    file = tmp_path / "input.json"
    file.write_text(json.dumps({"lambdaARN": ARN, "num": 7}))
    other = ARN.replace("orders", "bills")
    assert str(asked("--input", str(file), "--function-arn", other, given="").function_arn) == other


def test_standard_input_that_is_no_json_is_refused(asked):
    with pytest.raises(UsageError, match="is not JSON"):
        asked("--input", "-", given="lambdaARN: x")
