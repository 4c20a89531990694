"""What ``powertune replay --from-logs`` reads."""

from typing import Any

import click

from powertune.cli.logs import length_s, named_function, source_of
from powertune.cli.progress import ProgressLine
from powertune.errors import UsageError

_SINCE = "14d"


def recording_from_logs(options: dict[str, Any]) -> tuple[Any, Any]:
    """The recording of a function's production records, and the prices of its region and architecture.

    Says on stderr what a reader should know of it.

    Raises:
        UsageError: the records are of one memory size, or of none, or there is no price.
    """
    from powertune.aws.clock import SystemClock
    from powertune.aws.session import AwsSession
    from powertune.measure.recorded import write_recording
    from powertune.measure.recorded_logs import notes_on, read_logs

    shown, since = options["from_logs"], options["since"] or _SINCE
    name, region = named_function(shown, options["region"])
    span_s = length_s(since)
    session = AwsSession(region=region, profile=options["profile"])
    source = source_of(session, name, shown)
    clock = SystemClock()
    end_s = clock.now_ms() // 1000
    with ProgressLine() as line:
        line.say(f"asking Logs Insights: {source.arn.name}")
        logged = read_logs(
            session.client("logs"), source.arn.name, source.log_group,
            start_s=end_s - span_s, end_s=end_s, clock=clock,
        )  # fmt: skip
    _tell(source, logged.bytes_scanned)
    if len(logged.sizes) < 2:
        raise UsageError(
            _one_size(source.arn.name, logged.sizes, since),
            next_step="Look further back with --since, or measure other sizes with powertune run.",
        )
    for note in (*source.notes, *notes_on(logged)):
        click.echo(f"Note: {note}", err=True)
    if options["save"] is not None:
        write_recording(options["save"], logged.recording)
        click.echo(f"{len(logged.recording.samples)} invocations are in {options['save']}.", err=True)
    if len(logged.recording.memory_sizes_mb) < 2:
        raise UsageError(
            f"The logs of {source.arn.name} in the last {since} hold warm invocations that succeeded at fewer than "
            "two memory sizes: there is nothing to compare.",
            next_step="Look further back with --since, or measure other sizes with powertune run.",
        )
    if source.price is None:
        raise UsageError(
            f"What {source.arn.name} costs is not known to powertune, so its memory sizes cannot be compared.",
            next_step=f"Fetch the price with powertune prices update --region {source.arn.region}.",
        )
    return logged.recording, source.price


def _one_size(name: str, sizes: Any, since: str) -> str:
    if not sizes:
        return f"The logs of {name} in the last {since} hold no record of an invocation."
    use = sizes[0]
    return (
        f"{name} had {use.memory_mb} MB in all {use.invocations:,} records of the last {since}, and of other sizes "
        f"they say nothing. At most {use.max_used_mb} MB of it were used."
    )


def _tell(source: Any, scanned: int | None) -> None:
    from powertune.pricing.bill import log_query_cost
    from powertune.render import figures

    if scanned is None:
        click.echo("What the queries scanned is not known.", err=True)
        return
    cost = None if source.price is None else log_query_cost(scanned, source.price)
    click.echo(
        f"Scanned {scanned / 1e6:,.3g} MB of logs" + (f", list price {figures.money(cost)}." if cost else "."), err=True
    )
