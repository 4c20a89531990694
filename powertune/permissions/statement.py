"""Statements of IAM policies, and what they are about."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from powertune.domain.function import CLONE_PREFIX, FunctionArn

STACK = "stack"
"""The place of baselines that is the stack's bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a policy is for.

    Attributes:
        function: the function to tune.
        log_group: where it writes its logs; None for Lambda's own name for it.
        stack_name: the prefix of the names in the stack.
        stack_account: the account of the stack; None for the function's.
        stack_region: the region of the stack; None for the function's.
        bucket: the bucket of the stack; None for its usual name.
        kms_key_arn: the key that the bucket is encrypted with, where the user brought one.
        function_role_arn: the execution role of the function, which a clone gets; None for any role of the account.
        layer_arns: the versions of layers that the function has, which a clone gets.
        role_arn: the role through which the function is reached, where that is another one than the caller's.
        payload_s3: where the payload lies, as ``s3://BUCKET/KEY``.
        processor_arns: pre- and post-processor.
        caller_arn: the role or user whose permissions are looked at; None for any of the account.
        baselines: where baselines and the history of checks lie: ``s3://BUCKET/PREFIX``, or `STACK` for the stack's
            bucket.
    """

    function: FunctionArn
    log_group: str | None = None
    stack_name: str = "powertune"
    stack_account: str | None = None
    stack_region: str | None = None
    bucket: str | None = None
    kms_key_arn: str | None = None
    function_role_arn: str | None = None
    layer_arns: tuple[str, ...] = ()
    role_arn: str | None = None
    payload_s3: str | None = None
    processor_arns: tuple[str, ...] = ()
    caller_arn: str | None = None
    baselines: str | None = None

    @property
    def partition(self) -> str:
        """The partition of everything."""
        return self.function.partition

    @property
    def any_version(self) -> str:
        """Every version and alias of the function, and not the function without either."""
        return f"{self.function}:*"

    @property
    def both(self) -> tuple[str, ...]:
        """The function itself, and its versions and aliases. A name that only begins like it is neither."""
        return str(self.function), self.any_version

    @property
    def clones(self) -> tuple[str, ...]:
        """The same of temporary clones."""
        one = self.function
        clone = f"arn:{one.partition}:lambda:{one.region}:{one.account}:function:{CLONE_PREFIX}*"
        return clone, f"{clone}:*"

    @property
    def log_group_arn(self) -> str:
        """The log group of the function, with its streams."""
        one = self.function
        group = self.log_group or f"/aws/lambda/{one.name}"
        return f"arn:{one.partition}:logs:{one.region}:{one.account}:log-group:{group}:*"

    @property
    def home_account(self) -> str:
        """The account of the stack."""
        return self.stack_account or self.function.account

    @property
    def home_region(self) -> str:
        """The region of the stack."""
        return self.stack_region or self.function.region

    def home(self, service: str, rest: str) -> str:
        """The ARN of something in the stack."""
        return f"arn:{self.partition}:{service}:{self.home_region}:{self.home_account}:{rest}"

    @property
    def state_machine_arn(self) -> str:
        """The state machine of the stack."""
        return self.home("states", f"stateMachine:{self.stack_name}")

    @property
    def executions(self) -> str:
        """All its executions."""
        return self.home("states", f"execution:{self.stack_name}:*")

    @property
    def bucket_arn(self) -> str:
        """The bucket of the stack."""
        bucket = self.bucket or f"{self.stack_name}-{self.home_account}-{self.home_region}"
        return f"arn:{self.partition}:s3:::{bucket}"

    @property
    def baselines_arns(self) -> tuple[str, str]:
        """The bucket that baselines lie in, and what all of them begin with there."""
        if self.baselines == STACK:
            return self.bucket_arn, f"{self.bucket_arn}/"
        bucket, _, prefix = (self.baselines or "s3://BUCKET").removeprefix("s3://").partition("/")
        arn = f"arn:{self.partition}:s3:::{bucket}"
        return arn, f"{arn}/{prefix.rstrip('/')}/" if prefix.strip("/") else f"{arn}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a policy.

    Attributes:
        sid: its name in the policy: letters and digits.
        actions: as IAM names them, such as ``lambda:InvokeFunction``.
        resources: ARNs, with ``*`` for any text.
        why: what it is for; where a resource is ``*``, also why AWS allows nothing narrower.
        without: what still works without it; empty where a run fails.
        deny: whether it forbids.
        conditions: operator, key and value of each.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str
    without: str = ""
    deny: bool = False
    conditions: tuple[tuple[str, str, str], ...] = ()

    def matches(self, action: str, resource: str) -> bool:
        """Whether it is about an action on a resource; conditions are taken as met."""
        if action not in self.actions:
            return False
        return any(_pattern(pattern).fullmatch(resource) for pattern in self.resources)


def _pattern(resource: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in resource.split("*")), re.DOTALL)


def allows(statements: Iterable[Statement], action: str, resource: str) -> bool:
    """Whether a policy of these statements lets an action through: some statement does, and none forbids it."""
    about = [one for one in statements if one.matches(action, resource)]
    return bool(about) and not any(one.deny for one in about)


def policy_document(statements: Iterable[Statement]) -> dict[str, Any]:
    """The policy, as JSON that IAM takes."""
    return {"Version": "2012-10-17", "Statement": [_as_data(one) for one in statements]}


def _as_data(statement: Statement) -> dict[str, Any]:
    conditions: dict[str, dict[str, str]] = {}
    for operator, key, value in statement.conditions:
        conditions.setdefault(operator, {})[key] = value
    return {
        "Sid": statement.sid,
        "Effect": "Deny" if statement.deny else "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources) if len(statement.resources) > 1 else statement.resources[0],
        **({"Condition": conditions} if conditions else {}),
    }
