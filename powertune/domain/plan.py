"""What a run would do, before it is started."""

from dataclasses import dataclass

from powertune.domain.function import Architecture
from powertune.domain.price import Money
from powertune.domain.search import SearchKind


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """Something that a run causes beside the function's own invocations.

    ``quantity`` and ``most`` are the most there can be; None is not known, and never nothing.
    """

    what: str
    quantity: int | None
    unit: str
    most: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MostCost:
    """The most that a run can cost, at list prices without the free tier.

    Attributes:
        invocations: the function's own invocations, each as long as its timeout and the longest init.
        limit: what ``max_spend`` says of them; None where nothing does. Nothing is started beyond it.
        past_limit: what is under way when the limit is reached may cost on top of it; None without a limit.
        others: what else the run causes.
        known: everything of which the most is known, added up.
    """

    invocations: Money
    limit: Money | None
    past_limit: Money | None
    others: tuple[CostLine, ...]
    known: Money

    @property
    def to_confirm(self) -> Money:
        """What whoever starts the run should agree to: the limit that they gave, or the most that it can cost."""
        return self.known if self.limit is None or self.limit.amount > self.known.amount else self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What IAM's simulation says of the caller.

    Attributes:
        principal: the user or role that was asked about; None where it is not known.
        missing: ``ACTION on RESOURCE`` of each that is not allowed; None where that was not checked.
        note: what the check leaves open, or why there was none.
    """

    principal: str | None
    missing: tuple[str, ...] | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """A limit of the account or the function.

    ``allowed`` and ``needed`` are None where they are not known. ``fits`` is None where that cannot be said.
    """

    what: str
    allowed: int | None
    needed: int | None
    unit: str
    fits: bool | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What a run would do. Nothing was done for it but reading.

    Attributes:
        function_arn: the function.
        region: where it is.
        architecture: its instruction set; None where it could not be read.
        runtime: its runtime; None for a container image, or where it could not be read.
        present_memory_mb: its own memory size.
        timeout_s: its timeout.
        billed: whether AWS bills what happens there; not on the embedded endpoint.
        place: ``direct``, ``stack``, ``none`` where the state machine is wanted and not there.
        search: how the memory sizes are gone through.
        memory_sizes_mb: those that may be measured.
        dry_run: there is one invocation, and nothing is recommended.
        isolate: a temporary clone is made and measured, and the function is only read.
        planned_invocations: planned from the start; None for a search, which decides itself.
        most_invocations: of the function, at most.
        most_versions: versions published and deleted, at most.
        most_rounds: times that something is published, invoked and collected, at most.
        longest_invocation_ms: what one invocation can be billed for.
        cost: the most that it can cost; None where the function cannot be tuned.
        control_plane_calls: about as many calls of Lambda's API besides Invoke, at most.
        longest_s: about as long as it can take; None where the function cannot be tuned.
        permissions: what the caller lacks.
        quotas: limits of the account and the function.
        warnings: what somebody should know before starting it.
        refusals: why it would not start; empty where it would.
        price_as_of: the day on which the rates were collected, or that they were given.
        price_source: where they come from.
    """

    function_arn: str
    region: str
    architecture: Architecture | None
    runtime: str | None
    present_memory_mb: int | None
    timeout_s: int | None
    billed: bool
    place: str
    search: SearchKind
    memory_sizes_mb: tuple[int, ...]
    dry_run: bool
    isolate: bool
    planned_invocations: int | None
    most_invocations: int
    most_versions: int
    most_rounds: int
    longest_invocation_ms: int | None
    cost: MostCost | None
    control_plane_calls: int | None
    longest_s: int | None
    permissions: Permissions | None = None
    quotas: tuple[Quota, ...] = ()
    warnings: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    price_as_of: str | None = None
    price_source: str | None = None
