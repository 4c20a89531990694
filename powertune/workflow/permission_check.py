"""Asks IAM which of the permissions that a run needs its caller lacks. Nothing is done but reading."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from powertune.aws.errors import explained
from powertune.domain.plan import Permissions
from powertune.errors import AwsError

_ACTIONS_PER_CALL = 100
_ASSUMED = re.compile(r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")

LIMITS_OF_THE_CHECK = (
    "IAM's simulation knows the policies of the caller and its permissions boundary; policies on resources, of the "
    "organisation and of the session may still forbid something."
)
"""AWS docs, IAM/latest/UserGuide/access_policies_testing-policies and IAM/latest/APIReference."""


def check_permissions(session: Any, needed: Iterable[tuple[str, str]]) -> Permissions:
    """Which of the actions the caller may not do.

    Args:
        session: the caller's.
        needed: actions and the resources that they are done on.
    """
    try:
        with explained("asking who the caller is"):
            caller = str(session.client("sts").get_caller_identity()["Arn"])
    except AwsError as error:
        return _unchecked(None, error.message)
    iam = session.client("iam")
    principal, why = _principal(iam, caller)
    if principal is None:
        return _unchecked(caller, why)
    try:
        missing = tuple(_missing(iam, principal, needed))
    except AwsError as error:
        return _unchecked(principal, error.message)
    return Permissions(principal=principal, missing=missing, note=LIMITS_OF_THE_CHECK)


def _unchecked(principal: str | None, why: str) -> Permissions:
    return Permissions(principal=principal, missing=None, note=f"Not checked: {why}")


def _principal(iam: Any, caller: str) -> tuple[str | None, str]:
    """The user or role whose policies IAM can simulate, or why there is none.

    A session of a role names the role without its path, which IAM wants (AWS docs,
    IAM/latest/UserGuide/reference_identifiers): so the role is looked up where that is allowed.
    """
    if caller.endswith(":root"):
        return None, "the caller is the account itself, of which IAM simulates nothing; no policy limits it."
    assumed = _ASSUMED.fullmatch(caller)
    if assumed is None:
        if ":user/" in caller:
            return caller, ""
        return None, f"IAM cannot simulate the policies of {caller}."
    role = assumed["role"]
    try:
        with explained("reading the caller's role"):
            return str(iam.get_role(RoleName=role)["Role"]["Arn"]), ""
    except AwsError:
        return f"arn:{assumed['partition']}:iam::{assumed['account']}:role/{role}", ""


def _missing(iam: Any, principal: str, needed: Iterable[tuple[str, str]]) -> Iterator[str]:
    by_resource: dict[str, list[str]] = defaultdict(list)
    for action, resource in needed:
        by_resource[resource].append(action)
    for resource, actions in by_resource.items():
        for start in range(0, len(actions), _ACTIONS_PER_CALL):
            for action in _denied(iam, principal, actions[start : start + _ACTIONS_PER_CALL], resource):
                yield f"{action} on {resource}"


def _denied(iam: Any, principal: str, actions: list[str], resource: str) -> Iterator[str]:
    more: dict[str, str] = {}
    while True:
        with explained("simulating the caller's policies"):
            answer = iam.simulate_principal_policy(
                PolicySourceArn=principal, ActionNames=actions, ResourceArns=[resource], **more
            )
        for result in answer.get("EvaluationResults") or ():
            if result["EvalDecision"] != "allowed":
                yield str(result["EvalActionName"])
        if not answer.get("IsTruncated"):
            return
        more = {"Marker": answer["Marker"]}
