"""What is done to a function under test, in groups: read, change, invoke, undo, logs and traces.

Each group takes the ARNs it is about, so that the same statements serve a function, its clones, and a whole scope.
AWS does not say for every action whether it is checked on the function or on the version or alias that a call names,
so both are given wherever that grants nothing more. Where it would, it is left out: Invoke and DeleteFunction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from powertune.permissions.features import NO_RESOURCE
from powertune.permissions.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Functions:
    """ARNs of functions, with a name for them that distinguishes statements.

    ``plain`` are the functions themselves, ``qualified`` their versions and aliases, ``name`` goes into the Sids.
    """

    plain: tuple[str, ...]
    qualified: tuple[str, ...]
    name: str = "Function"

    @property
    def both(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.plain, *self.qualified)


def configuration(functions: Functions) -> Statement:
    """To read a function's settings."""
    return Statement(
        sid=f"Read{functions.name}",
        actions=("lambda:GetFunctionConfiguration",),
        resources=functions.both,
        why="The settings before anything is changed, and of each version that is invoked.",
    )


def concurrency(functions: Functions) -> Statement:
    """To read a function's reserved concurrency."""
    return Statement(
        sid=f"Read{functions.name}Concurrency",
        actions=("lambda:GetFunctionConcurrency",),
        resources=functions.both,
        why="A run keeps within the function's reserved concurrency.",
    )


def records(functions: Functions) -> Statement:
    """To see who holds a function, and what a run has left on it."""
    return Statement(
        sid=f"See{functions.name}sRuns",
        actions=("lambda:GetAlias", "lambda:ListAliases", "lambda:ListVersionsByFunction"),
        resources=functions.both,
        why="The lease is an alias; a run's versions and aliases are known by their descriptions and names.",
    )


def changes(functions: Functions) -> Statement:
    """To publish a function at memory sizes."""
    return Statement(
        sid=f"Publish{functions.name}AtSizes",
        actions=("lambda:CreateAlias", "lambda:PublishVersion"),
        resources=functions.both,
        why="The lease, and a version with an alias at each memory size. IAM cannot narrow aliases by their names.",
    )


def undo(functions: Functions) -> tuple[Statement, ...]:
    """To set a memory size and put it back, to delete what a run made, and never to delete a function."""
    return (
        Statement(
            sid=f"SetAndPutBack{functions.name}",
            actions=("lambda:UpdateFunctionConfiguration", "lambda:UpdateAlias", "lambda:DeleteAlias"),
            resources=functions.both,
            why="The memory size is set and put back; what must be undone is noted in the lease, which goes last.",
        ),
        Statement(
            sid=f"DeleteVersionsOf{functions.name}",
            actions=("lambda:DeleteFunction",),
            resources=functions.qualified,
            why="A run's versions are deleted at its end. Only with a version number: the function is not among these.",
        ),
    )


def hold(functions: Functions) -> Statement:
    """To take the lease and give it back, and nothing else: a check changes nothing of a function."""
    return Statement(
        sid=f"Hold{functions.name}",
        actions=("lambda:CreateAlias", "lambda:UpdateAlias", "lambda:DeleteAlias"),
        resources=functions.both,
        why="The lease, which keeps two runs apart, is an alias named powertune-lease. IAM cannot narrow aliases by "
        "their names.",
    )


def see_who_holds(functions: Functions) -> Statement:
    """To wait for a function that another run holds."""
    return Statement(
        sid=f"SeeWhoHolds{functions.name}",
        actions=("lambda:GetAlias",),
        resources=functions.both,
        why="The lease is an alias: a check can wait until another run gives it back.",
        without="powertune check --wait cannot see who holds the function.",
    )


def never_delete(functions: Functions) -> Statement:
    """To keep a function from being deleted, whatever else a caller may do."""
    return Statement(
        sid=f"NeverDelete{functions.name}",
        actions=("lambda:DeleteFunction",),
        resources=functions.plain,
        why="DeleteFunction without a version number would delete the function: forbidden, whatever else is allowed.",
        deny=True,
    )


def invoke(functions: Functions) -> Statement:
    """To invoke a function's versions."""
    return Statement(
        sid=f"Invoke{functions.name}AtSizes",
        actions=("lambda:InvokeFunction",),
        resources=functions.qualified,
        why="The run's aliases are invoked. The function without one is not among these.",
    )


def invoke_versions(functions: Functions) -> Statement:
    """To invoke the versions that a check compares.

    ``$LATEST`` is invoked by that name, and then IAM checks the ARN that ends in it: AWS's refusals of such calls name
    ``function:NAME:$LATEST`` as the resource.
    """
    return Statement(
        sid=f"Invoke{functions.name}sVersions",
        actions=("lambda:InvokeFunction",),
        resources=functions.qualified,
        why="The versions that are compared are invoked by their numbers, or as $LATEST. The function without a "
        "qualifier is not among these.",
    )


def log_queries(log_group_arns: Sequence[str]) -> tuple[Statement, ...]:
    """To query a function's logs."""
    return (
        Statement(
            sid="QueryLogs",
            actions=("logs:StartQuery", "logs:GetQueryResults"),
            resources=tuple(log_group_arns),
            why="What each invocation was billed is read from the function's own log group.",
            without="The log tails that Invoke returns stand alone, with a warning.",
        ),
        Statement(
            sid="StopQueryAndFindLogGroup",
            actions=("logs:StopQuery", "logs:DescribeLogGroups"),
            resources=("*",),
            why="A query that takes too long is stopped; a log group of class Delivery has no queries. "
            f"{NO_RESOURCE} DescribeLogGroups reads the names of log groups, not what is in them.",
            without="A query that is given up runs to its end; the class of the log group is taken to be Standard.",
        ),
    )


def traffic() -> Statement:
    """To read how often a function is invoked."""
    return Statement(
        sid="ReadTraffic",
        actions=("cloudwatch:GetMetricStatistics",),
        resources=("*",),
        why=f"How often the function was invoked in the last 14 days, for what a month costs. {NO_RESOURCE}",
        without="The result does not say what a month costs, unless --monthly-invocations says how often.",
    )


def traces() -> Statement:
    """To read traces."""
    return Statement(
        sid="ReadTraces",
        actions=("xray:BatchGetTraces", "xray:GetTraceSegmentDestination"),
        resources=("*",),
        why=f"Where the time went. Only the run's own trace ids are asked for. {NO_RESOURCE}",
        without="The result has no parts of the time, and says so.",
    )
