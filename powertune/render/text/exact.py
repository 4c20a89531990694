"""Every figure of a memory size by name, exactly as the result has it: for CSV and JUnit, which programs read."""

from decimal import Decimal
from typing import TypeAlias

from powertune.domain.result import Distribution, SizeResult, SizeStatus, Statistics, TuningResult
from powertune.domain.sample import TraceParts
from powertune.render.compared import compared_by, equivalent_sizes, is_measured, state_of
from powertune.render.monthly import monthly_cost
from powertune.render.sentence import is_present
from powertune.render.text.size_word import is_recommended

Exact: TypeAlias = str | int | float | Decimal | bool | None
"""A figure or a word; None is unknown."""

_NO_PARTS = TraceParts()


def text_of(value: Exact) -> str:
    """The value as programs read it: numbers without separators and with all their digits; empty where unknown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        digits = format(value, "f")
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)


def size_figures(run: TuningResult, size: SizeResult) -> dict[str, Exact]:
    """What is known of a memory size, by the names of the columns in docs/formats.md; the same names for each size."""
    by, measured = compared_by(run), is_measured(run, size)
    found, cost = (by.duration(size), by.cost(size)) if measured else (None, None)
    between = cost.per_million_interval if cost else None
    month = monthly_cost(run, size) if measured else None
    cold_cost, drift, parts = size.cold_cost, size.drift, size.trace_parts or _NO_PARTS
    return {
        "run_id": run.run_id,
        "function_arn": run.function.arn,
        "architecture": run.function.architecture.value,
        "environment": run.environment.kind,
        "memory_mb": size.memory_mb,
        "status": state_of(run, size).replace(" ", "-"),
        "recommended": is_recommended(run, size.memory_mb),
        "present": is_present(run, size.memory_mb),
        "equivalent": size.memory_mb in equivalent_sizes(run) and not is_recommended(run, size.memory_mb),
        "invocations": size.invocations,
        "errors": size.errors,
        "exhausted": size.exhausted,
        "set_aside": size.set_aside,
        "cold_starts": size.cold_starts,
        "compared": "once" if by.once else "cold" if by.cold else "warm",
        **_distribution(found),
        "currency": run.price.currency,
        "cost_per_million": cost.per_million.amount if cost else None,
        "cost_per_million_low": between.low if between else None,
        "cost_per_million_high": between.high if between else None,
        "cost_per_invocation": cost.per_invocation.amount if cost else None,
        "monthly_invocations": run.traffic.invocations if run.traffic else None,
        "cost_per_month": month.amount if month else None,
        "cold_samples": size.cold.samples,
        "cold_init_mean_ms": _mean(size.cold.init_ms),
        "cold_restore_mean_ms": _mean(size.cold.restore_ms),
        "cold_wait_mean_ms": _mean(size.cold.latency_ms),
        "cold_cost_per_million": cold_cost.per_million.amount if cold_cost else None,
        "max_memory_used_mb": size.max_memory_used_mb,
        "drift_early_ms": drift.early_ms if drift else None,
        "drift_late_ms": drift.late_ms if drift else None,
        **trace_figures(parts),
        "reason": size.reason,
    }


def figure_names(run: TuningResult) -> tuple[str, ...]:
    """The names of the figures of a memory size, also where the run has none."""
    size = SizeResult(
        memory_mb=0,
        status=SizeStatus.NOT_MEASURED,
        reason=None,
        invocations=0,
        cold_starts=0,
        errors=0,
        set_aside=0,
        warm=Statistics(samples=0),
        cold=Statistics(samples=0),
        cost=None,
        max_memory_used_mb=None,
        trace_parts=None,
    )
    return tuple(size_figures(run, size))


def trace_figures(parts: TraceParts | None) -> dict[str, Exact]:
    """Where the time went, as far as a trace says it."""
    known = parts or _NO_PARTS
    return {
        "trace_init_ms": known.init_ms,
        "trace_restore_ms": known.restore_ms,
        "trace_invocation_ms": known.invocation_ms,
        "trace_overhead_ms": known.overhead_ms,
        "trace_service_ms": known.service_ms,
    }


def _distribution(found: Distribution | None) -> dict[str, Exact]:
    between = found.mean_interval if found else None
    return {
        "samples": found.count if found else 0,
        "mean_ms": found.mean if found else None,
        "mean_ms_low": between.low if between else None,
        "mean_ms_high": between.high if between else None,
        "p50_ms": found.p50 if found else None,
        "p90_ms": found.p90 if found else None,
        "p95_ms": found.p95 if found else None,
        "p99_ms": found.p99 if found else None,
        "min_ms": found.minimum if found else None,
        "max_ms": found.maximum if found else None,
    }


def _mean(found: Distribution | None) -> float | None:
    return found.mean if found else None
