"""Reads the function before anything is touched, and refuses what cannot be tuned."""

from contextlib import suppress
from itertools import chain, repeat
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import explained
from powertune.domain.function import Architecture, FunctionArn, FunctionSnapshot, LogFormat
from powertune.errors import FunctionNotFound, FunctionRefused
from powertune.target.settings import settings_sha256

UPDATE_TIMEOUT_S = 300
_PAUSES_S = (0.3, 0.1, 0.1, 0.1, 0.2, 0.4, 0.8)
"""Between looks at a function that is being updated: most updates take half a second, and AWS allows 15 such calls
a second for the whole account (AWS docs, lambda/latest/dg/gettingstarted-limits)."""

_LONG_PAUSE_S = 2.0

_REFUSED_KINDS = {
    "CapacityProviderConfig": "runs on Managed Instances, which have no price per GB-second",
    "DurableConfig": "is durable: one call may replay many times, and may not be invoked unqualified",
    "TenancyConfig": "is tenant-isolated: every new tenant is a new environment with a fee",
    # The ARN of the main function, which only a replica has (AWS docs, lambda/latest/api/API_FunctionConfiguration).
    "MasterArn": "is a replica that Lambda@Edge made, which nobody can change",
}


def take_snapshot(client: Any, arn: FunctionArn, clock: Clock) -> FunctionSnapshot:
    """Read ``$LATEST``, waiting for an update that is under way.

    Raises:
        FunctionNotFound: there is no such function.
        FunctionRefused: it cannot be tuned; the text says why.
    """
    return snapshot_of(settled_configuration(client, arn, clock), arn)


def snapshot_of(configuration: dict[str, Any], arn: FunctionArn, called: str = "") -> FunctionSnapshot:
    """What a configuration says, of ``$LATEST`` or of a version.

    Args:
        configuration: as AWS gives it.
        arn: of the function, unqualified.
        called: what to call it, where that is not the function's name.

    Raises:
        FunctionRefused: it cannot be measured; the text says why.
    """
    require_updated(configuration, arn)
    _refuse(configuration, called or arn.name)
    logging = configuration.get("LoggingConfig") or {}
    return FunctionSnapshot(
        arn=arn,
        memory_mb=configuration["MemorySize"],
        timeout_s=configuration["Timeout"],
        architecture=architecture_of_configuration(configuration),
        runtime=configuration.get("Runtime"),
        handler=configuration.get("Handler"),
        code_sha256=configuration["CodeSha256"],
        revision_id=configuration["RevisionId"],
        tracing_active=(configuration.get("TracingConfig") or {}).get("Mode") == "Active",
        log_group=logging.get("LogGroup") or f"/aws/lambda/{arn.name}",
        log_format=LogFormat(logging.get("LogFormat") or "Text"),
        system_log_level=logging.get("SystemLogLevel"),
        ephemeral_mb=(configuration.get("EphemeralStorage") or {}).get("Size", 512),
        snap_start=(configuration.get("SnapStart") or {}).get("ApplyOn", "None") != "None",
        settings_sha256=settings_sha256(configuration),
    )


def require_function(client: Any, arn: FunctionArn) -> None:
    """Check that there is such a function: of a missing alias AWS says the same as of a missing function.

    Raises:
        FunctionNotFound: there is none.
    """
    with explained("looking for the function", arn.name):
        client.get_function_configuration(FunctionName=str(arn))


def architecture_of(client: Any, arn: FunctionArn, qualifier: str | None = None) -> Architecture:
    """The instruction set of a function, or of a version or alias of it; the function's own where there is none.

    Raises:
        FunctionNotFound: there is no such function.
    """
    if qualifier is not None:
        with suppress(FunctionNotFound), explained("reading the configuration", arn.name):
            return architecture_of_configuration(
                client.get_function_configuration(FunctionName=str(arn), Qualifier=qualifier)
            )
    with explained("reading the configuration", arn.name):
        configuration = client.get_function_configuration(FunctionName=str(arn))
    return architecture_of_configuration(configuration)


def architecture_of_configuration(configuration: dict[str, Any]) -> Architecture:
    """The instruction set that a configuration names; x86_64 where it names none."""
    return Architecture((configuration.get("Architectures") or ["x86_64"])[0])


def settled_configuration(client: Any, arn: FunctionArn, clock: Clock, qualifier: str | None = None) -> dict[str, Any]:
    """The configuration once no update is under way and the function, or version, is not pending.

    Lambda refuses further updates and publishing until then (AWS docs, lambda/latest/dg/functions-states). An
    update that failed is over too: the next one may be made.

    Raises:
        FunctionRefused: it is still under way after five minutes.
    """
    chosen = {"Qualifier": qualifier} if qualifier else {}
    deadline_ms = clock.now_ms() + UPDATE_TIMEOUT_S * 1000
    for pause_s in chain(_PAUSES_S, repeat(_LONG_PAUSE_S)):
        with explained("reading the configuration", arn.name):
            configuration: dict[str, Any] = client.get_function_configuration(FunctionName=str(arn), **chosen)
        pending = configuration.get("LastUpdateStatus") == "InProgress" or configuration.get("State") == "Pending"
        if not pending:
            return configuration
        if clock.now_ms() > deadline_ms:
            raise FunctionRefused(
                f"{arn.name} is still being updated after {UPDATE_TIMEOUT_S} s.", next_step="Run again later."
            )
        clock.sleep(pause_s)
    raise AssertionError("the pauses do not end")


def require_updated(configuration: dict[str, Any], arn: FunctionArn) -> None:
    """Check that the last update succeeded.

    Raises:
        FunctionRefused: it failed; the text says why.
    """
    if configuration.get("LastUpdateStatus") == "Failed":
        raise FunctionRefused(
            f"The last update of {arn.name} failed: {configuration.get('LastUpdateStatusReason') or 'no reason'}.",
            next_step="Repair the function and run again.",
        )


def _refuse(configuration: dict[str, Any], called: str) -> None:
    kinds = [why for key, why in _REFUSED_KINDS.items() if configuration.get(key)]
    if kinds:
        raise FunctionRefused(
            " ".join(f"{called} {why}." for why in kinds), next_step="powertune cannot tune this kind of function."
        )
    state = configuration.get("State") or "Active"
    if state not in ("Active", "Inactive"):
        raise FunctionRefused(
            f"{called} is in state {state}: {configuration.get('StateReason') or 'no reason given'}.",
            next_step="Repair the function and run again.",
        )


def has_queries(snapshot: FunctionSnapshot) -> bool:
    """Whether Logs Insights can read the function's log group; yes where its class is not known."""
    return snapshot.log_class != "DELIVERY"


def has_traces(snapshot: FunctionSnapshot) -> bool:
    """Whether X-Ray can give the function's traces back; yes where their destination is not known."""
    return snapshot.tracing_active and snapshot.trace_destination != "CloudWatchLogs"


def preflight_warnings(snapshot: FunctionSnapshot) -> tuple[str, ...]:
    """What the user should know before trusting the numbers, and what powertune can still do."""
    warnings = []
    if not has_queries(snapshot):
        warnings.append(
            f"The log group {snapshot.log_group} is of the class Delivery, which Logs Insights cannot query: the "
            "numbers come from the log tails that Invoke returns, and nothing confirms them."
        )
    if not snapshot.tracing_active:
        warnings.append(
            "Active tracing is off, so X-Ray has no parts of the time to show; durations come from the logs alone."
        )
    elif not has_traces(snapshot):
        warnings.append(
            "CloudWatch Transaction Search is on in this account, so traces go to the log group aws/spans and X-Ray "
            "has no parts of the time to show; durations come from the logs alone."
        )
    if snapshot.lift_log_level:
        warnings.append(
            f"The function logs with SystemLogLevel {snapshot.system_log_level}; the versions of this run were given "
            "INFO, so that each invocation leaves a record of what it was billed."
        )
    if snapshot.snap_start:
        warnings.append(
            "SnapStart is on: every published version pays for at least three hours of cached snapshot, "
            "which the cost per invocation does not contain."
        )
    return tuple(warnings)
