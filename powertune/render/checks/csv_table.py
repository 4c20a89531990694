"""A check as CSV, with every digit: the rules of `powertune.render.text.csv_tables`."""

from collections.abc import Iterator

from powertune.domain.check import check_samples
from powertune.domain.result import TuningResult
from powertune.render.checks.exact import METRIC_COLUMNS, SAMPLE_COLUMNS, metric_figures, sample_figures
from powertune.render.checks.rows import report_of
from powertune.render.text.csv_tables import written
from powertune.render.text.exact import Exact


def check_csv(result: TuningResult) -> str:
    """A line for each metric, with the columns that docs/formats.md lists."""
    found = report_of(result).metrics
    return "".join(written(METRIC_COLUMNS, (metric_figures(result, one).values() for one in found)))


def check_samples_csv(result: TuningResult) -> Iterator[str]:
    """A line for each invocation of both sides that ran, the reference's before those of what was checked."""
    return written(SAMPLE_COLUMNS, _samples(result))


def _samples(result: TuningResult) -> Iterator[list[Exact]]:
    check = report_of(result)
    if check.reference is not None:
        side, of = check.reference, check.reference.function
        for sample in side.samples:
            yield sample_figures(
                sample,
                run_id=side.run_id or result.run_id,
                side="before",
                version=of.version,
                memory_mb=side.size.memory_mb,
            )
    for sample in check_samples(result.samples):
        yield sample_figures(
            sample,
            run_id=result.run_id,
            side="after",
            version=check.subject.version,
            memory_mb=check.subject.memory_mb,
        )
