"""What a function is expected to do in a month: from figures given, from a run's result, or from its own past. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil

from powertune.domain.estimate import Traffic
from powertune.domain.measured import MeasuredAs, measured_as
from powertune.domain.result import TuningResult
from powertune.domain.sample import Sample
from powertune.errors import UsageError
from powertune.pricing.bill import FREE_EPHEMERAL_MB, gb_seconds

MONTH_DAYS = 30
MONTH_S = MONTH_DAYS * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A month's invocations at one memory size.

    ``warm_billed_ms`` and ``cold_billed_ms`` are means; the latter holds the init and counts for
    ``cold_start_share`` of the invocations. It is None where no cold start is expected.
    """

    invocations: int
    memory_mb: int
    warm_billed_ms: Fraction
    cold_billed_ms: Fraction | None = None
    cold_start_share: Fraction = Fraction(0)
    ephemeral_mb: int = FREE_EPHEMERAL_MB

    @property
    def billed_ms(self) -> Fraction:
        """The mean of all invocations."""
        cold = self.cold_billed_ms if self.cold_billed_ms is not None else Fraction(0)
        return self.warm_billed_ms * (1 - self.cold_start_share) + cold * self.cold_start_share

    @property
    def gb_seconds(self) -> Fraction:
        """Of the whole month."""
        return self.invocations * self.billed_ms * gb_seconds(1, self.memory_mb)


def billed_load(
    *,
    invocations: int,
    memory_mb: int,
    duration_ms: Decimal,
    init_ms: Decimal | None = None,
    cold_start_share: Decimal = Decimal(0),
    ephemeral_mb: int = FREE_EPHEMERAL_MB,
) -> Load:
    """A load from durations. Each invocation is billed for its duration and init, rounded up to a millisecond.

    Raises:
        UsageError: there are cold starts, and nothing says how long their init is.
    """
    if cold_start_share and init_ms is None:
        raise UsageError(
            "A share of cold starts says nothing without the duration of their init.", next_step="Add --init-ms."
        )
    cold = None if init_ms is None else Fraction(ceil(Fraction(duration_ms) + Fraction(init_ms)))
    return Load(
        invocations=invocations,
        memory_mb=memory_mb,
        warm_billed_ms=Fraction(ceil(duration_ms)),
        cold_billed_ms=cold,
        cold_start_share=Fraction(cold_start_share),
        ephemeral_mb=ephemeral_mb,
    )


def result_loads(
    result: TuningResult, invocations: int, cold_start_share: Decimal = Decimal(0)
) -> tuple[tuple[Load, ...], tuple[str, ...]]:
    """A load for every memory size that a run measured, and sentences about those that it could not.

    Each has the means of the samples' own billed durations.

    Raises:
        UsageError: there is none.
    """
    loads, notes = [], []
    used_as = list(measured_as(result.samples, result.request.warm_mix()))
    for size in result.memory_sizes:
        of_size = [(sample, use) for sample, use in used_as if sample.memory_mb == size.memory_mb]
        warm = _mean_billed_ms([sample for sample, use in of_size if use is MeasuredAs.WARM])
        cold = _mean_billed_ms([sample for sample, use in of_size if use is MeasuredAs.COLD])
        if warm is None:
            notes.append(f"{size.memory_mb} MB has no warm measurement, so its cost is not known.")
        elif cold is None and cold_start_share:
            notes.append(f"{size.memory_mb} MB has no measured cold start, so its cost with some is not known.")
        else:
            loads.append(
                Load(
                    invocations=invocations,
                    memory_mb=size.memory_mb,
                    warm_billed_ms=warm,
                    cold_billed_ms=cold,
                    cold_start_share=Fraction(cold_start_share),
                    ephemeral_mb=result.function.ephemeral_mb,
                )
            )
    if not loads:
        raise UsageError(
            f"The run {result.run_id} measured nothing that a month can be estimated from: {' '.join(notes)}",
            next_step="Give --duration-ms and --memory-size instead.",
        )
    return tuple(loads), tuple(notes)


def _mean_billed_ms(samples: Sequence[Sample]) -> Fraction | None:
    billed = [sample.billed_ms for sample in samples if sample.billed_ms is not None]
    return Fraction(sum(billed), len(billed)) if billed else None


def in_a_month(invocations: int, days: int) -> int:
    """Invocations of so many days, in proportion in a month of 30."""
    return round(Fraction(invocations * MONTH_DAYS, days))


def traffic_load(traffic: Traffic) -> Load:
    """A month like the days that were looked at: their invocations in proportion, their mean billed durations.

    Raises:
        UsageError: there was no traffic, or no record of any invocation in the logs.
    """
    records = traffic.warm_records + traffic.cold_records
    if not traffic.invocations or not records:
        missing = "invocations" if not traffic.invocations else f"records of invocations in {traffic.log_group}"
        raise UsageError(
            f"There were no {missing} in the last {traffic.days} days, so there is nothing to estimate from.",
            next_step="Give --invocations, --duration-ms, --memory-size and --region instead.",
        )
    warm = Fraction(traffic.warm_billed_total_ms, traffic.warm_records) if traffic.warm_records else None
    cold = Fraction(traffic.cold_billed_total_ms, traffic.cold_records) if traffic.cold_records else None
    return Load(
        invocations=max(1, in_a_month(traffic.invocations, traffic.days)),
        memory_mb=traffic.memory_mb,
        # Where every invocation was a cold start, what a warm one takes is not known; none is expected then.
        warm_billed_ms=warm if warm is not None else cold or Fraction(0),
        cold_billed_ms=cold,
        cold_start_share=Fraction(traffic.cold_records, records),
        ephemeral_mb=traffic.ephemeral_mb,
    )
