"""The function under test, as it was found."""

import re
from dataclasses import dataclass
from enum import StrEnum

from powertune.errors import UsageError

MIN_MEMORY_MB = 128
MAX_MEMORY_MB = 10_240
"""AWS docs, lambda/latest/dg/gettingstarted-limits; botocore's model allows more, so it is checked here."""

MB_PER_VCPU = 1769
"""Memory size that comes with one full vCPU (AWS docs, lambda/latest/dg/configuration-memory)."""

CLONE_PREFIX = "powertune-clone-"
"""How the names of the temporary clones that isolated runs make begin."""

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):function:"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(?::(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
)


class Architecture(StrEnum):
    """Instruction set of the function."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class LogFormat(StrEnum):
    """How the function writes to CloudWatch Logs."""

    TEXT = "Text"
    JSON = "JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionArn:
    """An unqualified Lambda function ARN, taken apart."""

    partition: str
    region: str
    account: str
    name: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "FunctionArn":
        """Read an ARN such as ``arn:aws:lambda:us-east-1:123456789012:function:orders``.

        Raises:
            UsageError: it is not a Lambda function ARN, or it names a version or alias. Memory size can
                only be changed on ``$LATEST``, so a run always starts from the unqualified function.
        """
        match = _ARN.fullmatch(text.strip())
        if match is None and ":function:us-east-1." in text:
            raise UsageError(
                f"'{text}' is a replica that Lambda@Edge made, which nobody can change.",
                next_step="powertune cannot tune functions of Lambda@Edge: their prices and limits are others.",
            )
        if match is None:
            raise UsageError(
                f"'{text}' is not the ARN of a Lambda function.",
                next_step="It looks like arn:aws:lambda:REGION:ACCOUNT:function:NAME.",
            )
        if match["qualifier"] not in (None, "$LATEST"):
            raise UsageError(
                f"'{text}' names the version or alias '{match['qualifier']}'; powertune tunes the function itself.",
                next_step=f"Leave ':{match['qualifier']}' out of the ARN.",
            )
        return cls(partition=match["partition"], region=match["region"], account=match["account"], name=match["name"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSnapshot:
    """The configuration of ``$LATEST`` before anything was touched.

    ``revision_id`` is Lambda's optimistic lock; it changes with every update. ``log_class`` and
    ``trace_destination`` are as AWS names them, None where it did not say. ``lift_log_level`` is True where the run
    has to set another system log level on its versions, so that they write a record of every invocation.
    ``clone_of`` is the function that this one is a temporary clone of; None for a function of the user's.
    ``own_architecture`` is that function's instruction set, where the clone has another one.
    ``settings_sha256`` is a hash of the settings that a run does not change.
    """

    arn: FunctionArn
    memory_mb: int
    timeout_s: int
    architecture: Architecture
    runtime: str | None  # None for container images
    handler: str | None
    code_sha256: str
    revision_id: str
    tracing_active: bool
    log_group: str
    log_format: LogFormat
    system_log_level: str | None
    ephemeral_mb: int
    snap_start: bool
    log_class: str | None = None
    trace_destination: str | None = None
    lift_log_level: bool = False
    clone_of: FunctionArn | None = None
    own_architecture: Architecture | None = None
    settings_sha256: str | None = None

    @property
    def target(self) -> FunctionArn:
        """The user's function: this one, or the one that this is a clone of."""
        return self.clone_of or self.arn
