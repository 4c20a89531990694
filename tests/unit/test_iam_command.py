"""``powertune iam`` prints policies that IAM takes, for what was asked for."""

import itertools
import json

import pytest
from click.testing import CliRunner
from fake_aws import ACCOUNT, ARN, REGION
from iam_linter import findings

from powertune.cli.iam import command
from powertune.errors import UsageError

LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:tools:3"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/orders"
WAYS = [*(("--mode", mode) for mode in ("direct", "stack", "readonly")),
        *(("--role", role) for role in ("worker", "planner", "cleaner", "state-machine"))]  # fmt: skip
MORE = {
    "plain": (),
    "isolate": ("--isolate", "--function-role-arn", ROLE, "--layer", LAYER),
    "apply": ("--apply", "--alias", "live", "--canary"),
    "plan": ("--plan", "--caller-arn", ROLE, "--prices"),
    "around": ("--payload-s3", "s3://events/one.json", "--processor", f"{ARN}-setup", "--processor", f"{ARN}-after:7"),
    "names": ("--log-group", "/all/logs", "--stack-name", "tuner", "--bucket", "results", "--stack-region", "eu-west-1",
              "--stack-account", "111111111111", "--kms-key-arn", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"),
    "through a role": ("--role-arn", "arn:aws:iam::999999999999:role/tuner"),
}  # fmt: skip


def printed(*arguments, arn=ARN):
    answer = CliRunner().invoke(command, ["--function-arn", arn, *arguments], catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def policy(*arguments, arn=ARN):
    return json.loads(printed(*arguments, arn=arn))


def actions(document):
    return {action for one in document["Statement"] if one["Effect"] == "Allow" for action in one["Action"]}


@pytest.mark.parametrize(("way", "more"), list(itertools.product(WAYS, MORE)), ids=str)
def test_an_iam_linter_finds_nothing_in_what_is_printed(way, more):
    assert findings(policy(*way, *MORE[more])) == []


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_linter_finds_nothing_with_everything_at_once_and_in_another_partition(way):
    everything = tuple(itertools.chain(*(more for name, more in MORE.items() if name != "through a role")))
    assert findings(policy(*way, *everything)) == []
    china = "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders"
    assert findings(policy(*way, arn=china)) == []


def test_the_linter_finds_what_is_wrong():
    document = policy("--mode", "direct")
    document["Statement"][0]["Action"] = ["lambda:GetFunctionConfigurations"]
    assert findings(document) != []
    document["Statement"][0].update(Action=["s3:GetObject"])
    assert findings(document) != []


def test_what_a_run_may_be_asked_for_is_only_allowed_where_it_is_named():
    plain = actions(policy("--mode", "direct"))
    assert "lambda:CreateFunction" not in plain
    assert actions(policy("--mode", "direct", "--isolate")) - plain >= {"lambda:CreateFunction", "iam:PassRole"}
    alias = actions(policy("--mode", "direct", "--apply", "--alias", "live"))
    assert alias - plain == {"lambda:GetProvisionedConcurrencyConfig"}
    assert actions(policy("--mode", "direct", "--canary")) - alias == {"cloudwatch:GetMetricData"}
    assert actions(policy("--mode", "direct", "--prices")) - plain == {"pricing:GetProducts"}
    assert actions(policy("--mode", "direct", "--payload-s3", "s3://b/k")) - plain == {"s3:GetObject"}


CHECK = ("--for", "check", "--baseline", "s3://keep/powertune/")
BUILD = ("--build-project", "check-orders", "--artifacts-bucket", "artifacts")


@pytest.mark.parametrize("mode", ["direct", "stack", "readonly"])
@pytest.mark.parametrize(
    "more",
    [CHECK, (*CHECK, "--retune"), (*CHECK, *BUILD), ("--for", "check", "--baseline", "stack"), (*CHECK, *MORE["names"]),
     (*CHECK, *MORE["around"]), (*CHECK, *BUILD, *MORE["through a role"])],
    ids=str,
)  # fmt: skip
def test_an_iam_linter_finds_nothing_in_the_policy_of_a_check(mode, more):
    assert findings(policy("--mode", mode, *more)) == []


def test_a_check_may_change_nothing_but_the_alias_of_its_lease():
    checks, runs = actions(policy("--mode", "direct", "--for", "check")), actions(policy("--mode", "direct"))
    changes = {"lambda:UpdateFunctionConfiguration", "lambda:PublishVersion", "lambda:DeleteFunction"}
    assert runs - checks == {*changes, "cloudwatch:GetMetricStatistics"}
    assert checks - runs == set()
    assert actions(policy("--mode", "direct", "--for", "check", "--retune")) == runs


def test_whoever_checks_through_the_stack_may_see_who_holds_the_function():
    stack = actions(policy("--mode", "stack"))
    assert actions(policy("--mode", "stack", "--for", "check")) - stack == {"lambda:GetAlias"}


def resources(document, action):
    found = [one["Resource"] for one in document["Statement"] if action in one["Action"]]
    return {resource for given in found for resource in ([given] if isinstance(given, str) else given)}


@pytest.mark.parametrize(("place", "beginning"), [
    ("s3://keep", "keep/"), ("s3://keep/", "keep/"), ("s3://keep/a/b", "keep/a/b/"), ("s3://keep/a/b/", "keep/a/b/"),
    ("stack", f"powertune-{ACCOUNT}-{REGION}/"),
])  # fmt: skip
def test_baselines_are_reached_in_their_place_and_nowhere_else(place, beginning):
    document = policy("--mode", "direct", "--for", "check", "--baseline", place)
    kept = {f"arn:aws:s3:::{beginning}{kind}/*" for kind in ("baselines", "checks")}
    assert resources(document, "s3:GetObject") == resources(document, "s3:PutObject") == kept
    assert resources(document, "s3:ListBucket") == {f"arn:aws:s3:::{beginning.partition('/')[0]}"}


def test_whoever_only_looks_at_baselines_may_not_write_them():
    document = policy("--mode", "readonly", "--baseline", "s3://keep", "--kms-key-arn", MORE["names"][-1])
    assert resources(document, "s3:PutObject") == set()
    assert resources(document, "s3:GetObject") > {"arn:aws:s3:::keep/baselines/*"}
    assert "kms:GenerateDataKey" not in actions(document)


def test_a_build_writes_its_own_log_and_reports_and_no_others():
    document = policy("--mode", "direct", *CHECK, *BUILD)
    assert resources(document, "logs:PutLogEvents") == {
        f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/codebuild/check-orders:*"
    }
    assert resources(document, "codebuild:CreateReport") == {
        f"arn:aws:codebuild:{REGION}:{ACCOUNT}:report-group/check-orders-*"
    }
    assert resources(document, "s3:GetObjectVersion") == {"arn:aws:s3:::artifacts/*"}


def test_through_a_role_the_caller_needs_only_that_role():
    [statement] = policy("--mode", "direct", "--role-arn", ROLE)["Statement"]
    assert statement == {"Sid": "ActThroughRole", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ROLE}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_every_statement_is_explained(way):
    text = printed(*way, "--isolate", "--plan", "--explain")
    document = policy(*way, "--isolate", "--plan")
    assert [block.partition(":")[0] for block in text.split("\n\n")] == [one["Sid"] for one in document["Statement"]]
    for block, one in zip(text.split("\n\n"), document["Statement"], strict=True):
        assert ("  on *" in block.splitlines()) == (one["Resource"] == "*")
        assert one["Resource"] != "*" or "AWS checks it on no resource" in " ".join(block.split())


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--mode", "direct", "--role", "worker"),
        ("--mode", "direct", "--alias", "live"),
        ("--mode", "direct", "--layer", "arn"),
        ("--mode", "direct", "--payload-s3", "bucket/key"),
        ("--mode", "direct", "--role-arn", "tuner"),
        ("--mode", "direct", "--retune"),
        ("--mode", "direct", "--for", "check", "--apply"),
        ("--mode", "direct", "--for", "check", "--isolate"),
        ("--mode", "direct", "--for", "check", "--baseline", "folder"),
        ("--mode", "direct", "--artifacts-bucket", "artifacts"),
        ("--role", "worker", "--for", "check"),
        ("--role", "worker", "--build-project", "check-orders"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments):
    with pytest.raises(UsageError):
        printed(*arguments)
