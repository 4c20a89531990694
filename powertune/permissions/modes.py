"""What whoever calls powertune needs, by how it is used."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from powertune.permissions import features, target
from powertune.permissions.features import NO_RESOURCE, Feature
from powertune.permissions.statement import Scope, Statement


class Mode(StrEnum):
    """How powertune is used.

    ``direct`` runs and undoes from the terminal, ``stack`` starts the state machine and follows it, ``readonly`` plans,
    looks at status, history and logs, and estimates: it changes nothing.
    """

    DIRECT = "direct"
    STACK = "stack"
    READONLY = "readonly"


def statements_for(mode: Mode, scope: Scope, wanted: Collection[Feature] = ()) -> tuple[Statement, ...]:
    """The statements of the caller's policy.

    With ``scope.role_arn`` it is the policy of a caller who reaches the function through that role. The role itself
    needs what ``Mode.DIRECT`` says without one.

    Args:
        mode: how powertune is used.
        scope: which function, stack and role.
        wanted: what the runs are asked for beyond the ordinary.
    """
    away = scope.role_arn is not None
    own: list[Statement] = []
    if not away:
        own += {Mode.DIRECT: _direct, Mode.STACK: _stack_target, Mode.READONLY: _readonly}[mode](scope, wanted)
    if mode is Mode.STACK:
        own += _stack(scope)
    if mode is Mode.READONLY:
        own += [_find_stack(scope), *_executions_under_way(scope), *_kept_runs(scope)]
    if scope.role_arn is not None:
        own += features.assume_statements((scope.role_arn,))
    if Feature.BASELINES in wanted:
        own += _baselines(scope, own, write=mode is not Mode.READONLY)
    if Feature.PAYLOAD_S3 in wanted and mode is Mode.DIRECT and not away:
        own += features.payload_statements(scope)
    if Feature.PLAN in wanted and not away:
        own += features.plan_statements(scope)
    if Feature.PRICES in wanted:
        own += features.price_statements()
    return tuple(own)


def target_statements(scope: Scope, wanted: Collection[Feature] = (), *, either: bool = False) -> tuple[Statement, ...]:
    """What is done to the function in a run, from the terminal or by the task functions.

    With ``either``, a run may be isolated or not; without, all are isolated where that is wanted.
    """
    function = target.Functions(plain=(str(scope.function),), qualified=(scope.any_version,))
    clone = target.Functions(plain=scope.clones[:1], qualified=scope.clones[1:], name="Clone")
    isolated = Feature.ISOLATE in wanted
    measured = [clone] if isolated else []
    if either or not isolated:
        measured.insert(0, function)
    written = list(measured)
    if Feature.APPLY in wanted and function not in written:
        written.append(function)
    statements = [target.configuration(function), target.concurrency(function), target.records(function)]
    if isolated:
        statements += [target.configuration(clone), target.records(clone), *features.isolate_statements(scope)]
    for one in written:
        statements += [target.changes(one), *target.undo(one)]
    statements += [*map(target.invoke, measured), target.never_delete(function)]
    statements += [*target.log_queries([scope.log_group_arn]), target.traces(), target.traffic()]
    if Feature.APPLY in wanted or Feature.CANARY in wanted:
        statements += features.alias_statements(scope)
    if Feature.CANARY in wanted:
        statements += features.canary_statements()
    if Feature.PROCESSORS in wanted:
        statements += features.processor_statements(scope)
    return tuple(statements)


def check_statements(scope: Scope, wanted: Collection[Feature] = ()) -> tuple[Statement, ...]:
    """What is done to the function in a check: its versions are invoked as they are, and only the lease is written."""
    function = target.Functions(plain=(str(scope.function),), qualified=(scope.any_version,))
    return (
        target.configuration(function),
        target.concurrency(function),
        target.records(function),
        target.hold(function),
        target.invoke_versions(function),
        *target.log_queries([scope.log_group_arn]),
        target.traces(),
        *(features.processor_statements(scope) if Feature.PROCESSORS in wanted else ()),
    )


def needed_actions(mode: Mode, scope: Scope, wanted: Collection[Feature] = ()) -> tuple[tuple[str, str], ...]:
    """What a command will call, as action and resource: what ``iam:SimulatePrincipalPolicy`` is to be asked about.

    Each resource is one that a call will name, such as version 1 of the function in place of all its versions, so that
    a policy is asked what a run will ask it. What only a denial says is left out: nothing calls it. The permissions of
    the stack's own roles are not the caller's; `role_statements` has them.

    Args:
        mode: ``DIRECT`` for a run from the terminal and for cleanup, ``STACK`` for whoever starts the state machine.
        scope: which function, stack and role. With ``role_arn``, what the caller needs, not the role.
        wanted: what the run is asked for beyond the ordinary; ``APPLY`` needs little more unless isolated.

    Returns:
        Pairs without repeats, in the order in which a run comes to them. ``*`` where AWS checks no resource.
    """
    pairs = (
        (action, _example(resource))
        for statement in statements_for(mode, scope, wanted)
        if not statement.deny
        for action in statement.actions
        for resource in _named(action, statement.resources)
    )
    return tuple(dict.fromkeys(pairs))


def what_is_lost(mode: Mode, scope: Scope, action: str, wanted: Collection[Feature] = ()) -> str:
    """What a run does without an action, in a sentence; empty where it fails."""
    allowing = (one for one in statements_for(mode, scope, wanted) if action in one.actions and not one.deny)
    return next((one.without for one in allowing), "")


_READS_VERSIONS = ("lambda:GetFunctionConfiguration",)
"""Called with a version or alias, and without."""


def _named(action: str, resources: Sequence[str]) -> Sequence[str]:
    """Those of a statement's resources that calls of an action name."""
    plain = [one for one in resources if not one.endswith(":*") or ":function:" not in one]
    return resources if action in _READS_VERSIONS or not plain else plain


def _example(resource: str) -> str:
    """A resource that a pattern stands for. A log group's ARN ends in ``:*`` as AWS writes it."""
    if resource == "*" or ":log-group:" in resource:
        return resource
    if resource.endswith(":*") and ":function:" in resource:
        resource = f"{resource[:-1]}1"
    return resource.replace("*", "powertune")


def _direct(scope: Scope, wanted: Collection[Feature]) -> tuple[Statement, ...]:
    if Feature.CHECK in wanted and Feature.RETUNE not in wanted:
        return check_statements(scope, wanted)
    finding = features.find_clone_statements(scope) if Feature.ISOLATE in wanted else ()
    return (*target_statements(scope, wanted), *finding)


def _readonly(scope: Scope, wanted: Collection[Feature]) -> tuple[Statement, ...]:
    del wanted
    function = target.Functions(plain=(str(scope.function),), qualified=(scope.any_version,))
    return (
        target.configuration(function),
        target.concurrency(function),
        target.records(function),
        *target.log_queries([scope.log_group_arn]),
        Statement(
            sid="ReadTraffic",
            actions=("cloudwatch:GetMetricStatistics",),
            resources=("*",),
            why=f"How often the function is invoked, and how much it logs, for an estimate. {NO_RESOURCE}",
            without="powertune estimate needs the figures from you.",
        ),
        *features.find_clone_statements(scope),
    )


def _stack_target(scope: Scope, wanted: Collection[Feature]) -> tuple[Statement, ...]:
    function = target.Functions(plain=(str(scope.function),), qualified=(scope.any_version,))
    waiting = (target.see_who_holds(function),) if Feature.CHECK in wanted else ()
    return (target.configuration(function), *waiting)


def _find_stack(scope: Scope) -> Statement:
    return Statement(
        sid="FindStateMachine",
        actions=("states:DescribeStateMachine",),
        resources=(scope.state_machine_arn,),
        why="Whether the stack is there.",
    )


def _executions_under_way(scope: Scope) -> tuple[Statement, ...]:
    return (
        Statement(
            sid="ListExecutions",
            actions=("states:ListExecutions",),
            resources=(scope.state_machine_arn,),
            why="Which runs the state machine has under way.",
            without="powertune status of the function alone still works.",
        ),
        Statement(
            sid="ReadExecutions",
            actions=("states:DescribeExecution",),
            resources=(scope.executions,),
            why="Which functions they tune.",
            without="powertune status of the function alone still works.",
        ),
    )


def _stack(scope: Scope) -> tuple[Statement, ...]:
    return (
        _find_stack(scope),
        Statement(
            sid="StartExecution",
            actions=("states:StartExecution",),
            resources=(scope.state_machine_arn,),
            why="A run is an execution of the state machine.",
        ),
        Statement(
            sid="FollowExecution",
            actions=("states:DescribeExecution",),
            resources=(scope.executions,),
            why="To see how it goes and how it ended.",
        ),
        *bucket_statements(scope),
    )


def _kept_runs(scope: Scope) -> tuple[Statement, ...]:
    lost = "powertune history lists the runs of the local folder alone."
    return (
        Statement(
            sid="ReadRuns",
            actions=("s3:GetObject",),
            resources=tuple(
                f"{scope.bucket_arn}/runs/*/{name}" for name in ("summary.json", "result.json", "progress.json")
            ),
            why="A history of runs is made of their summaries, or of their results; a run that is watched says how far "
            "it is. Requests, which hold the payloads, are not read.",
            without=lost,
        ),
        Statement(
            sid="ListRuns",
            actions=("s3:ListBucket",),
            resources=(scope.bucket_arn,),
            why="Which runs there are; and S3 answers 403 instead of 404 without it.",
            without=lost,
        ),
        *features.key_statements(scope, write=False),
    )


def _baselines(scope: Scope, own: Sequence[Statement], *, write: bool) -> tuple[Statement, ...]:
    """What baselines need beside what there is already: the key may be named once."""
    there = {one.sid for one in own}
    key = tuple(one for one in features.key_statements(scope, write=write) if one.sid not in there)
    return (*features.baseline_statements(scope, write=write), *key)


def bucket_statements(scope: Scope) -> tuple[Statement, ...]:
    """To read and write the texts of runs in the stack's bucket."""
    return (
        Statement(
            sid="ReadAndWriteRuns",
            actions=("s3:GetObject", "s3:PutObject"),
            resources=(f"{scope.bucket_arn}/runs/*",),
            why="Request, progress, samples, result and the wish to stop lie in the bucket, under runs/RUN_ID/.",
        ),
        Statement(
            sid="ListRuns",
            actions=("s3:ListBucket",),
            resources=(scope.bucket_arn,),
            why="Without it S3 answers 403 instead of 404 for a text that is not there yet.",
        ),
        *features.key_statements(scope),
    )
