"""What a run was of, where it ran, what it cost and what it left changed."""

from dataclasses import dataclass, field

from powertune.domain.function import Architecture, LogFormat
from powertune.domain.price import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLine:
    """One kind of thing that the run caused, and what it costs at list price; None where powertune has no price."""

    what: str
    quantity: float
    unit: str
    cost: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What the run caused. On the embedded endpoint nobody bills it; the figures are AWS list prices.

    ``lambda_cost`` is that of the function's own invocations, ``workflow_cost`` all the rest with a known
    price; ``lines`` has both in detail.
    """

    invocations: int
    gb_seconds: float
    lambda_cost: Money
    workflow_cost: Money
    total_cost: Money
    state_transitions: int
    aws_calls: dict[str, int] = field(default_factory=dict)
    lines: tuple[SpendLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """The recommended memory size, set on the function; with the version and alias published for it, if asked."""

    memory_mb: int
    version: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """The function as the answer names it.

    ``clone`` is the name of the temporary clone that was measured in its place, with ``architecture``; None where it
    was measured itself. ``own_architecture`` is the function's own, where the clone had another one.
    """

    arn: str
    name: str
    region: str
    architecture: Architecture
    runtime: str | None
    original_memory_mb: int
    timeout_s: int
    code_sha256: str
    ephemeral_mb: int
    log_format: LogFormat | None = None
    clone: str | None = None
    own_architecture: Architecture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where it ran: ``aws``, or ``local`` (the embedded endpoint) with its method of limiting the CPU."""

    kind: str
    cpu_method: str | None = None
    cores: int | None = None
    notes: tuple[str, ...] = ()
