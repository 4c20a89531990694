"""What a function costs in a month: the answer of ``powertune estimate``."""

from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.function import Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """Money: rounded to hundredths of the currency (half to even), and exact."""

    rounded: str
    exact: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedEstimate:
    """The same month with provisioned concurrency, configured all the time.

    ``utilisation`` is the share of its time that it would be busy with all invocations: above 1 it cannot serve
    them all, and ``on_demand`` is what the rest costs. ``served_share`` is what it serves.
    """

    environments: int
    utilisation: Decimal
    served_share: Decimal
    ready: Amount
    duration: Amount
    on_demand: Amount
    requests: Amount
    storage: Amount
    total: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateEstimate:
    """The same invocations on Fargate tasks that run all the time, each working on one at a time.

    ``task_for_each`` is the other way to run them: a task for each invocation, billed for a minute at least.
    ``break_even_concurrency`` is the mean number of invocations at a time that one task serves at Lambda's list
    price; above 1 it never does.
    """

    vcpu: Decimal
    memory_mb: int
    tasks: int
    assumed_utilisation: Decimal
    one_task: Amount
    total: Amount
    task_for_each: Amount
    break_even_concurrency: Decimal
    break_even_invocations: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeEstimate:
    """A month at one memory size on one architecture. None is what cannot be known.

    ``billed_ms`` is the mean over warm and cold invocations. ``list_price`` is at the first tier's rate without
    the free tier; ``with_free_tier`` and ``with_tiers`` each change that one thing.
    ``provisioned_break_even`` is the utilisation from which provisioned concurrency is cheaper than none.
    """

    memory_mb: int
    architecture: Architecture
    warm_billed_ms: Decimal
    cold_billed_ms: Decimal | None
    billed_ms: Decimal
    gb_seconds: Decimal
    duration: Amount
    requests: Amount
    storage: Amount
    list_price: Amount
    with_free_tier: Amount | None
    with_tiers: Amount | None
    provisioned_break_even: Decimal | None
    provisioned: ProvisionedEstimate | None
    fargate: FargateEstimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a function did in the days before now. Sums are of billed milliseconds over the records in the logs."""

    function_arn: str
    memory_mb: int
    architecture: Architecture
    ephemeral_mb: int
    days: int
    invocations: int  # CloudWatch's metric, of all versions and aliases
    hours_with_traffic: int
    warm_records: int
    cold_records: int
    warm_billed_total_ms: int
    cold_billed_total_ms: int
    log_group: str
    bytes_scanned: int | None
    query_cost: Amount | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A month of ``month_days`` days. ``monthly_cost`` is the list price where one memory size was asked for.

    ``source`` is where the load comes from: ``options``, ``result`` or ``traffic``.
    """

    source: str
    name: str | None
    region: str
    architecture: Architecture
    currency: str
    month_days: int
    invocations: int
    cold_start_share: Decimal
    ephemeral_mb: int
    price_as_of: str
    price_source: str
    monthly_cost: Amount | None
    sizes: tuple[SizeEstimate, ...]
    present_memory_mb: int | None = None
    recommended_memory_mb: int | None = None
    traffic: Traffic | None = None
    notes: tuple[str, ...] = ()
