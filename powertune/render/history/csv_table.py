"""A history of runs as CSV, with every digit: the rules of `csv_tables`."""

from collections.abc import Iterator, Sequence

from powertune.domain.history import RunSummary, SizeSummary
from powertune.render.checks.words import verdict_word
from powertune.render.history import words
from powertune.render.text.csv_tables import written
from powertune.render.text.exact import Exact


def history_csv(runs: Sequence[RunSummary]) -> Iterator[str]:
    """A line for each run, in the order given, with the columns that docs/history.md lists."""
    changed = {change.run.run_id for change in words.deployments(runs)}
    return written(COLUMNS, (_row(run, changed=run.run_id in changed).values() for run in runs))


def functions_csv(runs: Sequence[RunSummary]) -> Iterator[str]:
    """A line for each function, with its number of runs and the latest; ``runs`` has the newest first."""
    of = words.functions(runs)
    heads = ("function_arn", "runs", "last_run_id", "last_started_at", "last_code_sha256")
    return written(
        heads, ((arn, len(one), one[0].run_id, one[0].started_at, one[0].code_sha256) for arn, one in of.items())
    )


def _row(run: RunSummary, *, changed: bool) -> dict[str, Exact]:
    return {
        "function_arn": str(run.function_arn),
        "run_id": run.run_id,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "environment": run.environment,
        "code_sha256": run.code_sha256,
        "code_changed": changed,
        "runtime": run.runtime,
        "architecture": run.architecture.value,
        "own_architecture": None if run.own_architecture is None else run.own_architecture.value,
        "compared": run.compared.value,
        "goal": run.goal.value,
        "payloads_sha256": run.payloads_sha256,
        "currency": run.cost.currency,
        "per_gb_second": run.per_gb_second,
        "per_request": run.per_request,
        "present_mb": run.present_mb,
        **_size("present", run.present),
        "recommended_mb": run.recommended_mb,
        **_size("recommended", run.recommended),
        "search": None if run.search is None else run.search.value,
        "regret_bound": run.regret_bound,
        "risk": run.risk,
        "invocations": run.invocations,
        "run_cost": run.cost.amount,
        "warnings": run.warnings,
        "restored": run.restored,
        "applied_mb": run.applied_mb,
        "check": None if run.check is None else verdict_word(run.check.verdict).replace(" ", "-"),
        "qualifier": words.qualifier(run),
    }


def _size(role: str, size: SizeSummary | None) -> dict[str, Exact]:
    duration, cost = (size.duration_ms, size.cost) if size is not None else (None, None)
    between = duration.mean_interval if duration else None
    cost_between = cost.per_million_interval if cost else None
    return {
        f"{role}_samples": duration.count if duration else None,
        f"{role}_mean_ms": duration.mean if duration else None,
        f"{role}_mean_ms_low": between.low if between else None,
        f"{role}_mean_ms_high": between.high if between else None,
        f"{role}_p95_ms": duration.p95 if duration else None,
        f"{role}_cost_per_million": cost.per_million.amount if cost else None,
        f"{role}_cost_per_million_low": cost_between.low if cost_between else None,
        f"{role}_cost_per_million_high": cost_between.high if cost_between else None,
    }


COLUMNS = (
    "function_arn", "run_id", "started_at", "finished_at", "environment", "code_sha256", "code_changed", "runtime",
    "architecture", "own_architecture", "compared", "goal", "payloads_sha256", "currency", "per_gb_second",
    "per_request", "present_mb", *_size("present", None), "recommended_mb", *_size("recommended", None), "search",
    "regret_bound", "risk", "invocations", "run_cost", "warnings", "restored", "applied_mb", "check", "qualifier",
)  # fmt: skip
"""The names of the columns of `history_csv`."""
