"""What ``powertune logs`` found, as JSON and as text."""

from dataclasses import dataclass
from typing import Any

from powertune.domain.function import FunctionArn
from powertune.domain.price import Money, Price
from powertune.measure.log_queries import (
    BIN_MINUTES,
    ExpensiveRequest,
    Found,
    LatencyBin,
    LogReport,
    MemoryUse,
    iso_utc,
)
from powertune.render import figures
from powertune.render.safe import cells, one_line

_TITLES = {
    LogReport.OVERPROVISIONED: "Overprovisioned memory",
    LogReport.LATENCY: f"Latency, in bins of {BIN_MINUTES} minutes, the newest first",
    LogReport.EXPENSIVE: "Most expensive invocations",
}
_MEANINGS = {
    LogReport.OVERPROVISIONED: "A smaller memory size also has less CPU: powertune run measures whether it pays.",
    LogReport.LATENCY: "Duration of the handler, without init. Percentiles are those of Logs Insights.",
    LogReport.EXPENSIVE: "Billed duration times memory size; a retry has a record of its own.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The function and its log group. ``price`` is None where no cost can be computed; a note says why."""

    arn: FunctionArn
    log_group: str
    log_group_class: str | None
    log_format: str
    ephemeral_mb: int
    price: Price | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report: its query, what it found, and what it scanned, None where AWS does not say."""

    report: LogReport
    query: str
    found: Found
    bytes_scanned: int | None

    def scan_cost(self, price: Price | None) -> Money | None:
        """What AWS lists the scan at; None where that is not known."""
        from powertune.pricing.bill import log_query_cost

        return None if price is None or self.bytes_scanned is None else log_query_cost(self.bytes_scanned, price)


def as_data(source: Source, reports: list[Report], start_s: int, end_s: int) -> dict[str, Any]:
    """The reports by name, with the function, its log group and the time they are about (epoch seconds)."""
    from powertune.wire import to_data

    return {
        "function_arn": str(source.arn),
        "log_group": source.log_group,
        "log_group_class": source.log_group_class,
        "log_format": source.log_format,
        "from": iso_utc(start_s * 1000),
        "to": iso_utc(end_s * 1000),
        "price": to_data(source.price),
        "notes": list(source.notes),
        **{
            one.report.value: {
                "query": one.query,
                "rows": [to_data(row) for row in one.found],
                "bytes_scanned": one.bytes_scanned,
                "scan_cost": to_data(one.scan_cost(source.price)),
            }
            for one in reports
        },
    }


def as_text(source: Source, reports: list[Report], since: str, limit: int) -> list[str]:
    """The reports for a person, line by line. ``since`` and ``limit`` are the user's own."""
    kind = f", class {source.log_group_class}" if source.log_group_class else ""
    lines = [
        f"{source.arn.name} in {source.arn.region}, the last {since}",
        one_line(f"Log group {source.log_group}{kind}, {source.log_format} format"),
        *(f"Note: {one_line(note)}" for note in source.notes),
    ]
    for one in reports:
        lines += ["", _TITLES[one.report]]
        if one.found:
            lines += ["", *_table(one.found), ""]
            if len(one.found) >= limit:
                lines.append(f"No more than {limit} rows were asked for; a larger --limit may show more.")
            lines += _remarks(one.report, source.price)
        else:
            lines.append(f"  No record of an invocation of {source.arn.name} in the last {since}.")
        lines += ["Query:", *(f"  {line}" for line in one.query.split("\n")), _scanned(one, source.price)]
    return lines


def _remarks(report: LogReport, price: Price | None) -> list[str]:
    remarks = [_MEANINGS[report]]
    if report is LogReport.EXPENSIVE and price is not None:
        remarks.append(
            f"Costs are list prices of {price.region} for {price.architecture.value} as of {price.as_of}, request fee "
            "included, for the function's present architecture and storage."
        )
    return remarks


def _scanned(one: Report, price: Price | None) -> str:
    if one.bytes_scanned is None:
        return "AWS did not say how much the query scanned."
    cost = one.scan_cost(price)
    return f"Scanned: {_bytes(one.bytes_scanned)}" + (f", list price {figures.money(cost)}" if cost else "")


def _bytes(count: int) -> str:
    size, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.3g} {units[0]}" if size < 1000 else f"{size:,.0f} {units[0]}"


def _table(found: Found) -> list[str]:
    titles: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    for row in found:
        titles, row_cells = _cells(row)
        rows.append(row_cells)
    widths = [max(map(cells, column)) for column in zip(titles, *rows, strict=True)]
    return ["  " + "  ".join(map(_right, row, widths)).rstrip() for row in (titles, *rows)]


def _right(text: str, width: int) -> str:
    return " " * (width - cells(text)) + text


def _cells(row: MemoryUse | LatencyBin | ExpensiveRequest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if isinstance(row, MemoryUse):
        share = figures.percent(row.unused_mb / row.memory_mb)
        return ("Memory size", "Invocations", "Used, mean", "Used, most", "Unused"), (
            figures.memory(row.memory_mb),
            figures.count(row.invocations),
            figures.memory(round(row.average_used_mb)),
            figures.memory(row.max_used_mb),
            f"{figures.memory(row.unused_mb)} ({share})",
        )
    if isinstance(row, LatencyBin):
        durations = (row.average_ms, row.p50_ms, row.p95_ms, row.p99_ms, row.max_ms)
        return ("From (UTC)", "Invocations", "Mean", "p50", "p95", "p99", "Longest"), (
            _shown_time(row.starts_at).removesuffix(":00"),
            figures.count(row.invocations),
            *map(figures.duration, durations),
        )
    return ("Cost", "Billed", "Memory size", "Time (UTC)", "Request id", "Log stream"), (
        figures.money(row.cost),
        f"{row.billed_ms:,} ms",
        figures.memory(row.memory_mb),
        _shown_time(row.at),
        one_line(row.request_id or figures.UNKNOWN),
        one_line(row.log_stream or figures.UNKNOWN),
    )


def _shown_time(text: str | None) -> str:
    return figures.UNKNOWN if text is None else text[:19].replace("T", " ")
