"""The figures of a metric by name, exactly as the result has them: for CSV and JUnit, which programs read."""

from powertune.domain.check import CheckSample, Metric
from powertune.domain.result import MetricResult, TuningResult
from powertune.render.checks.rows import report_of, verdict_of
from powertune.render.text.exact import Exact

_UNITS = {Metric.MEMORY_USED: "MB", Metric.ERRORS: "share"}


def metric_figures(result: TuningResult, one: MetricResult) -> dict[str, Exact]:
    """What is known of a metric, by the names of the columns in docs/formats.md; the same names for each."""
    check = report_of(result)
    reference, settings = check.reference, check.settings
    currency = f"{result.price.currency} per million" if one.metric is Metric.COST else "ms"
    return {
        "run_id": result.run_id,
        "function_arn": check.subject.arn,
        "qualifier": check.subject.qualifier,
        "version": check.subject.version,
        "code_sha256": check.subject.code_sha256,
        "memory_mb": check.subject.memory_mb,
        "reference_run_id": (reference.run_id or result.run_id) if reference else None,
        "reference_qualifier": reference.function.qualifier if reference else None,
        "reference_version": reference.function.version if reference else None,
        "reference_code_sha256": reference.function.code_sha256 if reference else None,
        "reference_memory_mb": reference.function.memory_mb if reference else None,
        "interleaved": check.interleaved,
        "environment": result.environment.kind,
        "metric": one.metric.value,
        "unit": _UNITS.get(one.metric, currency),
        "verdict": verdict_of(one).replace(" ", "-"),
        "deciding": one.deciding,
        "before": one.before,
        "after": one.after,
        "before_count": one.before_count,
        "after_count": one.after_count,
        "change": one.change,
        "change_low": one.low,
        "change_high": one.high,
        "threshold": one.threshold,
        "confidence": settings.confidence,
        "p_value": one.p_value,
        "needed": one.needed,
        "reason": one.reason,
    }


METRIC_COLUMNS = (
    "run_id", "function_arn", "qualifier", "version", "code_sha256", "memory_mb", "reference_run_id",
    "reference_qualifier", "reference_version", "reference_code_sha256", "reference_memory_mb", "interleaved",
    "environment", "metric", "unit", "verdict", "deciding", "before", "after", "before_count", "after_count", "change",
    "change_low", "change_high", "threshold", "confidence", "p_value", "needed", "reason",
)  # fmt: skip
"""The names of `metric_figures`."""

SAMPLE_COLUMNS = (
    "run_id", "side", "version", "memory_mb", "ok", "cold", "measured_as", "duration_ms", "billed_ms", "init_ms",
    "max_memory_used_mb", "log_stream",
)  # fmt: skip
"""The names of `sample_figures`."""


def sample_figures(sample: CheckSample, *, run_id: str, side: str, version: str | None, memory_mb: int) -> list[Exact]:
    """What is known of one invocation of either side, in the order of `SAMPLE_COLUMNS`."""
    use = "warm" if sample.is_warm else "cold" if sample.ok and sample.cold else None
    return [
        run_id,
        side,
        version,
        memory_mb,
        sample.ok,
        sample.cold,
        use,
        sample.duration_ms,
        sample.billed_ms,
        sample.init_ms,
        sample.max_memory_used_mb,
        sample.environment,
    ]
