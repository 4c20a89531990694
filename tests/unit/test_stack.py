"""Where a run takes place is what the endpoint says, never a guess."""

from types import SimpleNamespace

import pytest
from fake_aws import refusal

from powertune.domain.result import Environment
from powertune.wire import dumps
from powertune.workflow.stack import environment_of

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
