"""Reads what lies around a function, for a plan: quotas, event sources, other settings that matter. Nothing is written.

What the caller may not read is None: a plan says then that it was not checked.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from powertune.aws.errors import explained
from powertune.domain.function import FunctionArn
from powertune.errors import AwsError

EDGE_REGION = "us-east-1"
"""Where functions of Lambda@Edge are made (AWS docs, AmazonCloudFront/latest/DeveloperGuide/lambda-at-the-edge)."""

_EDGE_PRINCIPAL = "edgelambda.amazonaws.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLimits:
    """What an account may have in a region, and has (AWS docs, lambda/latest/api/API_GetAccountSettings).

    ``concurrent`` is of all functions together, ``unreserved`` what those without a reserved concurrency share.
    """

    concurrent: int | None
    unreserved: int | None
    code_bytes: int | None
    used_code_bytes: int | None


def account_limits(client: Any) -> AccountLimits | None:
    """The limits of the account; None where the caller may not ask."""
    try:
        with explained("reading the account's settings"):
            answer = client.get_account_settings()
    except AwsError:
        return None
    limit, usage = answer.get("AccountLimit") or {}, answer.get("AccountUsage") or {}
    return AccountLimits(
        concurrent=limit.get("ConcurrentExecutions"),
        unreserved=limit.get("UnreservedConcurrentExecutions"),
        code_bytes=limit.get("TotalCodeSize"),
        used_code_bytes=usage.get("TotalCodeSize"),
    )


def event_sources(client: Any, arn: FunctionArn) -> tuple[str, ...] | None:
    """What Lambda polls for ``$LATEST``, as ARNs of queues, streams and the like; None where the caller may not ask."""
    try:
        with explained("listing the event sources", arn.name):
            answer = client.list_event_source_mappings(FunctionName=str(arn))
    except AwsError:
        return None
    found = answer.get("EventSourceMappings") or ()
    on = (one for one in found if one.get("State") != "Disabled")
    return tuple(one.get("EventSourceArn") or "a self-managed source" for one in on)


def provisioned(client: Any, arn: FunctionArn) -> int | None:
    """Environments kept ready on versions and aliases of a function; None where the caller may not ask."""
    try:
        with explained("listing the provisioned concurrency", arn.name):
            answer = client.list_provisioned_concurrency_configs(FunctionName=str(arn))
    except AwsError:
        return None
    configs = answer.get("ProvisionedConcurrencyConfigs") or ()
    return sum(one.get("RequestedProvisionedConcurrentExecutions") or 0 for one in configs)


def is_code_signed(client: Any, arn: FunctionArn) -> bool | None:
    """Whether a code signing configuration is attached; None where the caller may not ask."""
    try:
        with explained("reading the code signing configuration", arn.name):
            answer = client.get_function_code_signing_config(FunctionName=str(arn))
    except AwsError:
        return None
    return bool(answer.get("CodeSigningConfigArn"))


def runtime_updates(client: Any, arn: FunctionArn) -> str | None:
    """When Lambda moves ``$LATEST`` to another version of its runtime: Auto, FunctionUpdate or Manual.

    None where the caller may not ask (AWS docs, lambda/latest/api/API_GetRuntimeManagementConfig).
    """
    try:
        with explained("reading the runtime management configuration", arn.name):
            answer = client.get_runtime_management_config(FunctionName=str(arn))
    except AwsError:
        return None
    mode = answer.get("UpdateRuntimeOn")
    return None if mode is None else str(mode)


def runs_at_the_edge(iam: Any, configuration: dict[str, Any], arn: FunctionArn) -> bool | None:
    """Whether CloudFront may run a function: its role then trusts Lambda@Edge.

    The role of such a function must let ``edgelambda.amazonaws.com`` assume it (AWS docs,
    AmazonCloudFront/latest/DeveloperGuide/lambda-edge-permissions). Nothing in the function itself says it. None where
    the caller may not read the role.
    """
    role = str(configuration.get("Role") or "").rpartition("/")[2]
    if arn.region != EDGE_REGION or arn.partition != "aws" or not role:
        return False
    try:
        with explained("reading the function's role"):
            found = iam.get_role(RoleName=role)["Role"]
    except AwsError:
        return None
    trust = found.get("AssumeRolePolicyDocument") or ""
    # botocore decodes the document; an endpoint may give it as text.
    return _EDGE_PRINCIPAL in (unquote(trust) if isinstance(trust, str) else str(trust))
