"""Where a run takes place is what the endpoint says, never a guess."""

from types import SimpleNamespace

import pytest
from fake_aws import refusal

from powertune.domain.result import Environment
from powertune.wire import dumps
from powertune.workflow.stack import environment_of, find_stack

LOCAL = Environment(kind="local", cpu_method="token-bucket", cores=2)


def session(url, answer=None):
    def get_function_configuration(FunctionName):
        if answer is None:
            raise refusal("GetFunctionConfiguration", "ResourceNotFoundException")
        return answer

    client = SimpleNamespace(
        meta=SimpleNamespace(endpoint_url=url), get_function_configuration=get_function_configuration
    )
    return SimpleNamespace(client=lambda service: client)


@pytest.mark.parametrize("url", [
    "https://lambda.us-east-1.amazonaws.com", "https://lambda.cn-north-1.amazonaws.com.cn",
    "https://lambda-fips.us-gov-west-1.amazonaws.com", "https://lambda.us-east-1.api.aws",
])  # fmt: skip
def test_amazons_own_domains_are_aws(url):
    assert environment_of(session(url)).kind == "aws"


def test_the_embedded_endpoint_describes_itself():
    answer = {"Environment": {"Variables": {"POWERTUNE_ENVIRONMENT": dumps(LOCAL)}}}
    assert environment_of(session("http://127.0.0.1:4566", answer)) == LOCAL


@pytest.mark.parametrize("answer", [None, {}, {"Environment": {"Variables": {"POWERTUNE_ENVIRONMENT": "{"}}}])
def test_any_other_endpoint_is_named_and_never_taken_for_aws(answer):
    environment = environment_of(session("http://amazonaws.com.example:1", answer))
    assert environment.kind == "endpoint"
    assert "http://amazonaws.com.example:1" in environment.notes[0]


def test_another_stack_is_found_by_its_name(monkeypatch):
    asked = []
    client = SimpleNamespace(describe_state_machine=lambda stateMachineArn: asked.append(stateMachineArn))
    aws = SimpleNamespace(region="eu-west-1", client=lambda service: client)
    assert find_stack(aws, "123456789012").bucket == "powertune-123456789012-eu-west-1"
    monkeypatch.setenv("POWERTUNE_NAME_PREFIX", "tuner")
    found = find_stack(aws, "123456789012", "aws-cn")
    assert found.bucket == "tuner-123456789012-eu-west-1"
    assert asked == [
        "arn:aws:states:eu-west-1:123456789012:stateMachine:powertune",
        "arn:aws-cn:states:eu-west-1:123456789012:stateMachine:tuner",
    ]
