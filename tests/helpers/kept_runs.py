"""Runs of one function over time, from the builder of the unit tests, and the folders in which they are kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from powertune.domain.function import FunctionArn
from powertune.domain.result import TuningResult
from powertune.render.html import render_html
from powertune.wire import dumps
from powertune.workflow.history import save_in_folder

Build = Callable[..., TuningResult]

FIRST = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
CODES = ("q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=", "Zk1+Aa9c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=")


def run_on(build: Build, day: float, *, code: int = 0, arn: str | None = None, **changes: Any) -> TuningResult:
    """The run of so many days after the first, of one of the two codes."""
    result = build(**changes)
    begun = FIRST + timedelta(days=day)
    function = replace(result.function, code_sha256=CODES[code])
    request = result.request
    if arn is not None:
        parsed = FunctionArn.parse(arn)
        function = replace(function, arn=arn, name=parsed.name, region=parsed.region)
        request = replace(request, function_arn=parsed)
    return replace(
        result,
        run_id=f"{begun:%Y%m%dT%H%M%S}-{round(day * 10):06x}",
        started_at=begun.isoformat(),
        finished_at=(begun + timedelta(minutes=3)).isoformat(),
        function=function,
        request=request,
    )


def slower(result: TuningResult, factor: float) -> TuningResult:
    """The same with every warm duration so many times as long."""
    rows = []
    for size in result.memory_sizes:
        found = size.warm.duration_ms
        if found is not None:
            interval = found.mean_interval
            assert interval is not None
            found = replace(
                found,
                mean=found.mean * factor,
                mean_interval=replace(interval, low=interval.low * factor, high=interval.high * factor),
            )
        rows.append(replace(size, warm=replace(size.warm, duration_ms=found)))
    return replace(result, memory_sizes=tuple(rows))


def keep(results_dir: Path, result: TuningResult, *, summary: bool = True, report: bool = False) -> Path:
    """Write a run's folder as ``powertune run`` does."""
    folder = results_dir / result.run_id
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(dumps(result, indent=1) + "\n", encoding="utf-8")
    if summary:
        save_in_folder(folder, result)
    if report:
        (folder / "report.html").write_text(render_html(result), encoding="utf-8")
    return folder
