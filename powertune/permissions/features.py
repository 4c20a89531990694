"""What some runs need beyond the ordinary: named, so that nobody grants it unasked."""

from enum import StrEnum

from powertune.permissions.statement import Scope, Statement


class Feature(StrEnum):
    """Something that a run may be asked for."""

    ISOLATE = "isolate"
    APPLY = "apply"
    CANARY = "canary"
    PAYLOAD_S3 = "payload-s3"
    PROCESSORS = "processors"
    PLAN = "plan"
    PRICES = "prices"
    CHECK = "check"  # in place of a run: versions are invoked as they are
    RETUNE = "retune"  # a run after a check
    BASELINES = "baselines"


NO_RESOURCE = "AWS checks it on no resource, so it is *."
"""Why a resource is ``*``, by the Service Authorization Reference."""


def isolate_statements(scope: Scope) -> tuple[Statement, ...]:
    """To make, measure and delete a temporary clone; the function itself is only read."""
    clone, _ = scope.clones
    statements = [
        Statement(
            sid="ReadFunctionCode",
            actions=("lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig"),
            resources=scope.both,
            why="The clone gets the function's code and settings, and keeps to its code signing.",
        ),
        Statement(
            sid="MakeClone",
            actions=("lambda:CreateFunction", "lambda:TagResource", "lambda:ListTags", "lambda:DeleteFunction"),
            resources=(clone,),
            why="A clone is named powertune-clone-RUN, tagged with its run and its target, and deleted as a whole.",
        ),
        Statement(
            sid="GiveCloneTheFunctionsRole",
            actions=("iam:PassRole",),
            resources=(scope.function_role_arn or f"arn:{scope.partition}:iam::{scope.function.account}:role/*",),
            why="The clone runs with the function's own execution role"
            + ("." if scope.function_role_arn else ", which is not named here: put its ARN in place of role/*."),
            conditions=(("StringEquals", "iam:PassedToService", "lambda.amazonaws.com"),),
        ),
    ]
    if scope.layer_arns:
        statements.append(
            Statement(
                sid="UseLayers",
                actions=("lambda:GetLayerVersion",),
                resources=scope.layer_arns,
                why="The clone gets the function's layers.",
            )
        )
    return tuple(statements)


def find_clone_statements(scope: Scope) -> tuple[Statement, ...]:
    """To find the clones that dead runs have left, for status and cleanup. A run knows its own by its name."""
    return (
        Statement(
            sid="FindClones",
            actions=("lambda:ListFunctions",),
            resources=("*",),
            why=f"Clones that a dead run left are found by their names. {NO_RESOURCE}",
            without="powertune status and cleanup do not know of clones.",
        ),
        Statement(
            sid="ReadClones",
            actions=("lambda:ListTags",),
            resources=scope.clones[:1],
            why="A clone's tags say whose it is.",
            without="powertune status and cleanup do not know of clones.",
        ),
    )


def alias_statements(scope: Scope) -> tuple[Statement, ...]:
    """To see whether an alias of the user's may be moved."""
    return (
        Statement(
            sid="CheckAlias",
            actions=("lambda:GetProvisionedConcurrencyConfig",),
            resources=scope.both,
            why="An alias with provisioned concurrency is not moved: Lambda would move that in its own time.",
            without="Whether an alias has provisioned concurrency is not checked before it is moved.",
        ),
    )


def canary_statements() -> tuple[Statement, ...]:
    """To watch a canary."""
    return (
        Statement(
            sid="WatchCanary",
            actions=("cloudwatch:GetMetricData",),
            resources=("*",),
            why=f"Errors and durations of the alias while it is shifted. {NO_RESOURCE}",
        ),
    )


def payload_statements(scope: Scope) -> tuple[Statement, ...]:
    """To read a payload from S3."""
    place = "BUCKET/KEY" if scope.payload_s3 is None else scope.payload_s3.removeprefix("s3://")
    return (
        Statement(
            sid="ReadPayload",
            actions=("s3:GetObject",),
            resources=(f"arn:{scope.partition}:s3:::{place}",),
            why="The payload lies there.",
        ),
    )


def processor_statements(scope: Scope) -> tuple[Statement, ...]:
    """To call the pre- and post-processor."""
    if not scope.processor_arns:
        return ()
    return (
        Statement(
            sid="CallProcessors",
            actions=("lambda:InvokeFunction",),
            resources=scope.processor_arns,
            why="The pre- and post-processor are called around each invocation.",
        ),
        Statement(
            sid="ReadProcessors",
            actions=("lambda:GetFunctionConfiguration",),
            resources=scope.processor_arns,
            why="Their timeouts bound how long one invocation takes.",
            without="Each is taken for one of a minute.",
        ),
    )


def plan_statements(scope: Scope) -> tuple[Statement, ...]:
    """To say beforehand what is missing."""
    account = f"arn:{scope.partition}:iam::{scope.function.account}"
    return (
        Statement(
            sid="ReadQuotas",
            actions=("lambda:GetAccountSettings",),
            resources=("*",),
            why=f"What concurrency and code storage the account has left. {NO_RESOURCE}",
            without="The plan says that quotas were not checked.",
        ),
        Statement(
            sid="ReadSurroundings",
            actions=(
                "lambda:GetAlias",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:ListProvisionedConcurrencyConfigs",
            ),
            resources=(str(scope.function),),
            why="Whether a run holds the function, and settings that a run's versions do not share.",
        ),
        Statement(
            sid="ReadRuntimeUpdates",
            actions=("lambda:GetRuntimeManagementConfig",),
            resources=(str(scope.function),),
            why="Whether a change of the memory size updates the runtime too.",
            without="The plan does not say that it does.",
        ),
        Statement(
            sid="ReadTraceDestination",
            actions=("xray:GetTraceSegmentDestination",),
            resources=("*",),
            why=f"Whether X-Ray can give the function's traces back. {NO_RESOURCE}",
            without="The plan takes it that X-Ray can.",
        ),
        Statement(
            sid="ReadEventSources",
            actions=("lambda:ListEventSourceMappings",),
            resources=("*",),
            why=f"What invokes $LATEST while it has a test size. {NO_RESOURCE}",
            without="The plan says that event sources could not be read.",
        ),
        Statement(
            sid="ReadRoles",
            actions=("iam:GetRole",),
            resources=(scope.function_role_arn or f"{account}:role/*",),
            why="Whether Lambda@Edge may run the function, which its execution role says, and the caller's role by its "
            "whole name" + ("." if scope.function_role_arn else "; give both in place of role/*."),
            without="The plan says that Lambda@Edge could not be ruled out.",
        ),
        Statement(
            sid="CheckOwnPermissions",
            actions=("iam:SimulatePrincipalPolicy",),
            resources=(scope.caller_arn,) if scope.caller_arn else (f"{account}:role/*", f"{account}:user/*"),
            why="Which permissions the caller lacks; give your own role or user in place of role/* and user/*.",
            without="The plan says that permissions were not checked.",
        ),
    )


def price_statements() -> tuple[Statement, ...]:
    """For ``powertune prices refresh --from-api``."""
    return (
        Statement(
            sid="ReadPrices",
            actions=("pricing:GetProducts",),
            resources=("*",),
            why=f"AWS's price list. {NO_RESOURCE}",
            without="Prices come from the table, or from the public price files.",
        ),
    )


def baseline_statements(scope: Scope, *, write: bool = True) -> tuple[Statement, ...]:
    """To read, and to keep, baselines and what checks found, where they lie in a bucket."""
    bucket, beginning = scope.baselines_arns
    return (
        Statement(
            sid="KeepBaselines" if write else "ReadBaselines",
            actions=("s3:GetObject", *(("s3:PutObject",) if write else ())),
            resources=(f"{beginning}baselines/*", f"{beginning}checks/*"),
            why="Baselines, and what each check found, lie there.",
        ),
        Statement(
            sid="ListBaselines",
            actions=("s3:ListBucket",),
            resources=(bucket,),
            why="Which there are; and S3 answers 403 instead of 404 without it, so that a first check would fail.",
        ),
    )


def key_statements(scope: Scope, *, write: bool = True) -> tuple[Statement, ...]:
    """For a bucket that is encrypted with the user's own key: to read it, and to write it."""
    if scope.kms_key_arn is None:
        return ()
    return (
        Statement(
            sid="UseBucketKey",
            actions=("kms:Decrypt", *(("kms:GenerateDataKey",) if write else ())),
            resources=(scope.kms_key_arn,),
            why="The bucket is encrypted with this key.",
        ),
    )


def assume_statements(role_arns: tuple[str, ...]) -> tuple[Statement, ...]:
    """To act through roles in the functions' accounts."""
    if not role_arns:
        return ()
    return (
        Statement(
            sid="ActThroughRole",
            actions=("sts:AssumeRole",),
            resources=role_arns,
            why="The function is reached through this role, which has the permissions of --mode direct.",
        ),
    )
