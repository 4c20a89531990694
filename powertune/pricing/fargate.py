"""The same work on Fargate: which task has as much CPU and memory, and what it costs. Pure.

Task sizes: AWS docs, AmazonECS/latest/developerguide/task-cpu-memory-error. Linux tasks are billed by the second,
for a minute at least (AWS Fargate pricing page).
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from powertune.domain.function import MB_PER_VCPU, Architecture
from powertune.pricing.rows import PriceTable
from powertune.pricing.table import row_for

SHORTEST_TASK_S = 60

_TASKS = (
    # vCPU, and the least memory in MB that goes with it; the most is always more than Lambda gives with as much CPU
    (Fraction(1, 4), 512),
    (Fraction(1, 2), 1024),
    (Fraction(1), 2048),
    (Fraction(2), 4096),
    (Fraction(4), 8192),
    (Fraction(8), 16_384),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FargateTask:
    """A task size that Fargate has."""

    vcpu: Fraction
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FargatePrice:
    """What a vCPU and a GB of a Linux task cost in an hour."""

    per_vcpu_hour: Decimal
    per_gb_hour: Decimal
    currency: str

    def per_second(self, task: FargateTask) -> Fraction:
        """A task for a second, exactly."""
        hour = task.vcpu * Fraction(self.per_vcpu_hour) + Fraction(task.memory_mb, 1024) * Fraction(self.per_gb_hour)
        return hour / 3600


def fargate_price_for(region: str, architecture: Architecture, table: PriceTable | None = None) -> FargatePrice | None:
    """Fargate's list price for Linux tasks; None where powertune has none for that region."""
    row = row_for(region, table)
    rates = row.by_architecture.get(architecture, {}) if row else {}
    if row is None or "fargate_vcpu_hour" not in rates or "fargate_gb_hour" not in rates:
        return None
    return FargatePrice(
        per_vcpu_hour=rates["fargate_vcpu_hour"], per_gb_hour=rates["fargate_gb_hour"], currency=row.currency
    )


def task_like(memory_mb: int) -> FargateTask:
    """The smallest task with no less CPU and memory than Lambda gives at a memory size (1,769 MB are one vCPU).

    Fargate gives at least 2,048 MB with a vCPU, so the CPU decides.

    Raises:
        ValueError: there is none; that is above what Lambda has.
    """
    for vcpu, least_mb in _TASKS:
        if vcpu * MB_PER_VCPU >= memory_mb:
            return FargateTask(vcpu=vcpu, memory_mb=least_mb)
    raise ValueError(f"no Fargate task is as large as {memory_mb} MB")
