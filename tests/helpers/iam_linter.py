"""parliament, an IAM linter that is not ours, and what it finds that is as it should be."""

import json
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it finds its data through pkg_resources
    from parliament import analyze_policy_string

EXPLAINED = {
    ("RESOURCE_MISMATCH", "states:DescribeExecution"): "It wants executions of Standard and of Express state machines "
    "in one statement; powertune's is Standard, and has no others.",
    (
        "RESOURCE_MISMATCH",
        "states:ListExecutions",
    ): "It wants a map run as well, and there are none.",
    ("RESOURCE_MISMATCH", "codestar-connections:UseConnection"): "CodeConnections has two names, and an ARN has one of "
    "them; a pipeline's role has the action by both.",
    **{
        ("RESOURCE_STAR", f"ec2:{action}"): "Lambda refuses a function in a VPC whose role has these on anything "
        "narrower (AWS docs, lambda/latest/dg/configuration-vpc)."
        for action in (
            "AssignPrivateIpAddresses",
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "UnassignPrivateIpAddresses",
        )
    },
}


def findings(policy):
    """What the linter says of a policy, without what is explained."""
    found = analyze_policy_string(json.dumps(policy)).findings
    return [
        f"{one.issue}: {one.detail}"
        for one in found
        if not all((one.issue, action) in EXPLAINED for action in _actions(one))
    ]


def _actions(finding):
    if str(finding.detail).startswith("Unknown condition lambda:SourceFunctionArn for action ec2:"):
        # A key of all calls that a function's code makes, whatever the service (AWS docs,
        # lambda/latest/dg/permissions-source-function-arn).
        return []
    detail = finding.detail if isinstance(finding.detail, list) else [finding.detail]
    return [one.get("action") if isinstance(one, dict) else one for one in detail]
