"""Sets the function to the recommended memory size, because its user asked for that."""

from collections.abc import Callable
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import FunctionArn, FunctionSnapshot
from powertune.domain.result import Applied
from powertune.errors import FunctionChanged
from powertune.target import lease as leases
from powertune.target.lease import Lease
from powertune.target.settings import log_level_of, update_settings
from powertune.target.snapshot import require_updated, settled_configuration
from powertune.target.sweep import version_description


def apply_memory(
    client: Any,
    snapshot: FunctionSnapshot,
    lease: Lease,
    memory_mb: int,
    alias: str | None,
    clock: Clock,
    *,
    note: Callable[[Applied], None],
) -> None:
    """Set ``$LATEST`` to a memory size and, with an alias, publish it there. Safe to repeat.

    The run has been undone by then. A lease is held while this goes on, so that what dies half-way can be put
    back from its record; it is released at the end, once ``note`` has written down what was applied.

    Raises:
        FunctionChanged: the code or the memory size is not what the run found.
        AwsError: AWS refuses; the lease stays for `restore` to undo the change from.
    """
    arn = snapshot.arn
    leases.take(client, arn, lease)
    configuration = settled_configuration(client, arn, clock)
    if configuration["CodeSha256"] != snapshot.code_sha256:
        raise FunctionChanged(
            f"The code of {arn.name} was changed during the run, so the recommended memory size was not applied.",
            next_step="Run again with the new code.",
        )
    if configuration["MemorySize"] != memory_mb:
        leases.record_memory(client, arn, lease.run_id, found_mb=configuration["MemorySize"], next_mb=memory_mb)
        update_settings(client, arn, configuration, memory_mb, log_level_of(configuration))
        configuration = settled_configuration(client, arn, clock)
        require_updated(configuration, arn)
    version = None
    if alias is not None:
        version = _publish(client, arn, configuration, version_description(lease.run_id, memory_mb), clock)
        _point(client, arn, alias, version)
    note(Applied(memory_mb=memory_mb, version=version, alias=alias))
    leases.release(client, arn, lease.run_id, now_ms=clock.now_ms())


def _publish(client: Any, arn: FunctionArn, configuration: dict[str, Any], description: str, clock: Clock) -> str:
    with explained("publishing a version", arn.name):
        version: str = client.publish_version(
            FunctionName=str(arn),
            CodeSha256=configuration["CodeSha256"],
            RevisionId=configuration["RevisionId"],
            Description=description,
        )["Version"]
    settled_configuration(client, arn, clock, qualifier=version)
    return version


def _point(client: Any, arn: FunctionArn, alias: str, version: str) -> None:
    """Make the alias, or point the one that is there at the version, which its user named for that."""
    from botocore.exceptions import ClientError

    with explained(f"pointing the alias {alias}", arn.name):
        try:
            client.create_alias(FunctionName=str(arn), Name=alias, FunctionVersion=version)
        except ClientError as error:
            if code_of(error) != "ResourceConflictException":
                raise
            present = client.get_alias(FunctionName=str(arn), Name=alias)
            client.update_alias(
                FunctionName=str(arn), Name=alias, FunctionVersion=version, RevisionId=present["RevisionId"]
            )
