"""What each role of the stack needs: the same statements as in statemachine/template.yaml."""

from collections.abc import Collection
from dataclasses import replace
from enum import StrEnum

from powertune.permissions import features, target
from powertune.permissions.features import NO_RESOURCE, Feature
from powertune.permissions.modes import bucket_statements, target_statements
from powertune.permissions.statement import STACK, Scope, Statement


class StackRole(StrEnum):
    """A role of the stack: those of the task functions, of the cleaner, and of the state machine itself."""

    WORKER = "worker"
    PLANNER = "planner"
    CLEANER = "cleaner"
    STATE_MACHINE = "state-machine"


def role_statements(role: StackRole, scope: Scope, wanted: Collection[Feature] = ()) -> tuple[Statement, ...]:
    """The statements of a role of the stack that may tune the scope's function.

    Args:
        role: which.
        scope: the function, and the stack. With ``role_arn``, the function is reached through that role.
        wanted: what runs may be asked for beyond the ordinary.
    """
    if role is StackRole.STATE_MACHINE:
        return _state_machine(scope)
    statements: list[Statement] = []
    if role is StackRole.WORKER:
        if scope.role_arn is None:
            statements += target_statements(scope, wanted, either=True)
        if Feature.PAYLOAD_S3 in wanted:
            statements += features.payload_statements(scope)
        stored = features.baseline_statements(replace(scope, baselines=STACK))
        statements += [*bucket_statements(scope), stored[0], _history(scope)]
    elif role is StackRole.CLEANER:
        if scope.role_arn is None:
            statements += _undo(scope, wanted)
        statements += bucket_statements(scope)
    else:
        statements += bucket_statements(scope)
    if role is not StackRole.PLANNER and scope.role_arn is not None:
        statements += features.assume_statements((scope.role_arn,))
    return (*statements, _own_logs(role, scope))


def _undo(scope: Scope, wanted: Collection[Feature]) -> tuple[Statement, ...]:
    function = target.Functions(plain=(str(scope.function),), qualified=(scope.any_version,))
    clones: tuple[Statement, ...] = ()
    if Feature.ISOLATE in wanted:
        clones = (
            Statement(
                sid="DeleteClones",
                actions=("lambda:ListTags", "lambda:DeleteFunction"),
                resources=scope.clones[:1],
                why="A clone that a dead run left is deleted, after its name and its tags were looked at.",
            ),
        )
    return (
        target.configuration(function),
        target.records(function),
        *target.undo(function),
        target.never_delete(function),
        *clones,
    )


def _history(scope: Scope) -> Statement:
    return Statement(
        sid="CountTransitions",
        actions=("states:GetExecutionHistory",),
        resources=(scope.executions,),
        why="State transitions are billed; the result counts them.",
    )


def _own_logs(role: StackRole, scope: Scope) -> Statement:
    return Statement(
        sid="WriteOwnLogs",
        actions=("logs:CreateLogStream", "logs:PutLogEvents"),
        resources=(scope.home("logs", f"log-group:/aws/lambda/{scope.stack_name}-{role.value}:*"),),
        why="The function's own log group, which the stack makes.",
    )


def _state_machine(scope: Scope) -> tuple[Statement, ...]:
    tasks = tuple(
        scope.home("lambda", f"function:{scope.stack_name}-{role.value}")
        for role in (StackRole.WORKER, StackRole.PLANNER)
    )
    return (
        Statement(
            sid="CallTasks",
            actions=("lambda:InvokeFunction",),
            resources=tasks,
            why="The steps of a run, and no other function.",
        ),
        Statement(
            sid="DeliverLogs",
            actions=(
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ),
            resources=("*",),
            why="The execution log. AWS's guide names exactly these for a state machine that logs (Step Functions "
            f"Developer Guide, cw-logs). {NO_RESOURCE}",
        ),
        Statement(
            sid="WriteTraces",
            actions=(
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ),
            resources=("*",),
            why=f"Traces of the executions, where tracing is on. {NO_RESOURCE}",
        ),
    )
