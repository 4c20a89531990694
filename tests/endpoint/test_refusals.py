"""Bad input is refused before anything is started: one clear sentence, and the documented exit code."""

import socket
import sys

import pytest
from command_line import EXAMPLES, powertune

ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "either --function-arn or --local"),
        (("--function-arn", ARN, "--local", "x"), "either --function-arn or --local"),
        (("--function-arn", "orders"), "not the ARN of a Lambda function"),
        (("--function-arn", ARN + ":live"), "version or alias 'live'"),
        (("--function-arn", ARN, "--memory-sizes", "64"), "64 MB is not a memory size"),
        (("--function-arn", ARN, "--memory-sizes", "10241"), "10241 MB is not a memory size"),
        (("--function-arn", ARN, "--memory-sizes", "big"), "'big' is not a memory size"),
        (("--function-arn", ARN, "--payload", "{size: 3}"), "payload is not JSON"),
        (("--function-arn", ARN, "--payload", "@no-such-file"), "The file no-such-file cannot be read"),
        (("--function-arn", ARN, "--strategy", "best"), "'best' is no strategy"),
        (("--function-arn", ARN, "--balanced-weight", "2"), "balanced weight"),
        (("--function-arn", ARN, "--invocations", "0"), "number of invocations"),
        (("--function-arn", ARN, "--payload", "1", "--payload-s3", "s3://events/one.json"), "both give the event"),
        (("--function-arn", ARN, "--payload-s3", "https://events/one.json"), "not an S3 reference"),
        (("--function-arn", ARN, "--each-payload-once"), "1 payloads are too few for 60 invocations"),
        (("--function-arn", ARN, "--pre-processor", "set-up"), "cannot be the pre-processor"),
        (("--function-arn", ARN, "--apply-alias", "live"), "goes with applying it"),
        (("--function-arn", ARN, "--apply", "--apply-alias", "powertune-x"), "begins like those that powertune makes"),
        (("--function-arn", ARN, "--sleep-ms", "-1"), "pause in milliseconds is -1"),
        (("--function-arn", ARN, "--cold-starts", "5000"), "number of cold starts is 5000"),
        (("--local", EXAMPLES / "primes", "--price", "0,0"), "--price"),
        (("--input", "no-such-file"), "The file no-such-file cannot be read"),
        (("--input", EXAMPLES / "README.md"), "is not JSON"),
        (("--input", EXAMPLES / "primes" / "none.json", "--memory-sizes", "512"), "both say what to measure"),
        (("--function-arn", ARN, "--region", "eu-west-1"), "in us-east-1, not in eu-west-1"),
        (("--function-arn", ARN, "--python", sys.executable), "--python goes with --local"),
        (("--local", EXAMPLES / "primes", "--output-dir", __file__ + "/below"), "Nothing can be written to"),
        (("--local", "no-such-folder"), "no folder 'no-such-folder'"),
        (("--local", f"{EXAMPLES / 'primes'}:app.missing"), "defines no 'missing'"),
        (("--local", f"{EXAMPLES / 'primes'}:other.handler"), "needs a file other.py"),
        (("--local", EXAMPLES / "primes", "--python", "no-such-python"), "no Python interpreter"),
        (("--local", EXAMPLES / "primes", "--region", "xx-nowhere-1"), "no Lambda price"),
    ],
)
def test_a_request_that_cannot_be_meant_ends_with_code_2(arguments, said, tmp_path):
    ended = powertune("run", *arguments, cwd=tmp_path)
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert ended.out == ""
    assert not any(tmp_path.iterdir())


def test_an_unknown_option_ends_with_code_2():
    assert powertune("run", "--no-such-option").code == 2


def test_a_folder_of_another_language_is_refused_with_a_clear_sentence(tmp_path):
    (tmp_path / "package.json").write_text("{}")
    ended = powertune("run", "--local", tmp_path)
    assert ended.code == 2
    assert "looks like Node.js" in ended.err
    assert "Python handlers only" in ended.err


def test_a_missing_extra_says_how_to_install_it(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['ministack'] = None\n")
    ended = powertune("run", "--local", EXAMPLES / "primes", PYTHONPATH=str(tmp_path))
    assert ended.code == 2
    assert "powertune[local]" in ended.err


def test_a_port_that_is_taken_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = powertune("local", "serve", "--port", taken.getsockname()[1])
    assert ended.code == 2
    assert "cannot be used" in ended.err


def test_without_credentials_the_run_says_so_with_code_3():
    ended = powertune("run", "--function-arn", ARN, "--direct", HOME="/nonexistent")
    assert ended.code == 3
    assert "credentials" in ended.err
