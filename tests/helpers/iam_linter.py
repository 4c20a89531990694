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
    detail = finding.detail if isinstance(finding.detail, list) else [finding.detail]
    return [one.get("action") if isinstance(one, dict) else None for one in detail]
