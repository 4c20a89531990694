"""``powertune prices``: the list prices that costs are computed with."""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import click

from powertune.cli.progress import ProgressLine
from powertune.domain.function import Architecture
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune prices show
  powertune prices show --region eu-west-1
  powertune prices update --region eu-west-1 --region us-east-1
"""
_SHOW_EPILOG = """\b
Examples:
  powertune prices show
  powertune prices show --region eu-west-1
  powertune prices show --region eu-west-1 --json | jq .x86_64.duration
"""
_UPDATE_EPILOG = """\b
Examples:
  powertune prices update --region eu-west-1
  powertune prices update --region cn-northwest-1 --from-api --profile china
  powertune prices update --url https://mirror.example/offers/v1.0/aws
"""
_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}")
_UNITS = {
    "duration": "Duration, per GB-second",
    "request": "Request",
    "ephemeral": "Ephemeral storage above 512 MB, per GB-second",
    "provisioned": "Provisioned concurrency, per GB-second",
    "provisioned_duration": "Duration on it, per GB-second",
    "fargate_vcpu_hour": "Fargate, per vCPU-hour",
    "fargate_gb_hour": "Fargate, per GB-hour",
    "snapstart_cache": "SnapStart cache, per GB-second",
    "snapstart_restore": "SnapStart restore, per GB",
    "transition": "Step Functions, per state transition",
    "log_gb_scanned": "Logs Insights, per GB scanned",
    "trace_recorded": "X-Ray, per trace recorded",
    "trace_retrieved": "X-Ray, per trace retrieved",
}


@click.group("prices", epilog=_EPILOG)
def command() -> None:
    """Show the list prices that costs are computed with, or fetch AWS's present ones."""


@command.command("show", epilog=_SHOW_EPILOG)
@click.option("--region", metavar="REGION", help="Everything that is known of this region.")
@click.option("--json", "as_json", is_flag=True, help="Print the table, or the region's row of it, as JSON.")
def show(region: str | None, as_json: bool) -> int:
    """Show the prices in use, their age and where they come from.

    A price that nobody told powertune is shown as a dash, and is never taken from another region. A table that
    powertune prices update wrote counts where it is not older than the one that ships with powertune.
    """
    from powertune.pricing.rows import PriceTable, dump_table, row_data
    from powertune.pricing.table import row_for, shipped_table
    from powertune.pricing.user_table import user_table

    own = user_table()
    names = sorted({*shipped_table().rows, *(own.rows if own else ())})
    rows = {name: row for name in names if (row := row_for(name, own)) is not None}
    if region is not None and region not in rows:
        raise UsageError(
            f"powertune has no prices for {region}.",
            next_step=f"Fetch them with powertune prices update --region {region}. There are: {', '.join(names)}.",
        )
    if region is None:
        if as_json:
            click.echo(dump_table(PriceTable(place="", rows=rows)), nl=False)
        else:
            _show_all(rows.values())
    elif as_json:
        row = rows[region]
        sources = {group: {"as_of": one.as_of, "text": one.text} for group, one in row.sources.items()}
        click.echo(json.dumps({"region": region, **row_data(row), "sources": sources}, indent=1))
    else:
        _show_one(rows[region])
    return 0


@command.command("update", epilog=_UPDATE_EPILOG)
@click.option("--region", "regions", multiple=True, metavar="REGION", help="May be given several times; else all.")
@click.option("--url", metavar="URL", help="Where the price list lies, in place of AWS's own address.")
@click.option("--from-api", is_flag=True, help="Ask pricing:GetProducts instead, with AWS credentials.")
@click.option("--profile", metavar="NAME", help="With --from-api: profile of the AWS configuration.")
@click.option("--force", is_flag=True, help="Take prices that moved by more than a factor of three.")
@click.option("--json", "as_json", is_flag=True, help="Print what changed as JSON.")
def update(
    regions: tuple[str, ...], url: str | None, from_api: bool, profile: str | None, force: bool, as_json: bool
) -> int:
    """Fetch AWS's present list prices into a table of your own.

    The public price list needs no credentials. The table is written whole or not at all: where one file cannot be
    fetched or read, or a price is implausible, everything stays as it was. It lies in your data folder, or where
    POWERTUNE_PRICES says.
    """
    if from_api and url is not None:
        raise UsageError("--url and --from-api exclude each other.", next_step="Leave one of them out.")
    if profile is not None and not from_api:
        raise UsageError("--profile goes with --from-api.", next_step="The price list itself needs no credentials.")
    from powertune.aws.price_list import api_fetcher, fetch_offers, file_fetcher
    from powertune.pricing.refresh import changes, implausible, refreshed_row
    from powertune.pricing.rows import PriceTable
    from powertune.pricing.table import row_for, shipped_table
    from powertune.pricing.user_table import user_table, user_table_path, write_user_table

    path = user_table_path()
    own, shipped = user_table(path), shipped_table()
    chosen = _chosen(regions, {*shipped.rows, *(own.rows if own else ())})
    fetch = api_fetcher(lambda home: _session(home, profile)) if from_api else file_fetcher(url)
    today = f"{datetime.now(tz=UTC):%Y-%m-%d}"
    rows = dict(own.rows if own else {})
    moved: list[Any] = []
    notes: list[str] = []
    doubts: list[str] = []
    with ProgressLine() as line:
        for number, region in enumerate(chosen, start=1):
            line.say(f"fetching the prices of {region} ({number} of {len(chosen)})")
            old = row_for(region, own)
            rows[region], said = refreshed_row(region, fetch_offers(region, fetch), old, today)
            moved += changes(old, rows[region])
            notes += said
            doubts += implausible(rows[region], shipped)
    if doubts and not force:
        raise UsageError(
            f"Nothing was changed: {len(doubts)} {'price is' if len(doubts) == 1 else 'prices are'} implausible. "
            + " ".join(doubts),
            next_step="If AWS's price list really says so, take it with --force.",
        )
    write_user_table(PriceTable(place=str(path), rows=rows), path)
    if as_json:
        click.echo(json.dumps(_update_data(str(path), chosen, moved, [*doubts, *notes]), indent=1))
    else:
        _tell_update(chosen, moved, [*doubts, *notes])
        click.echo(f"Written to {path}.")
    return 0


def _chosen(regions: tuple[str, ...], known: Iterable[str]) -> list[str]:
    for region in regions:
        if not _REGION.fullmatch(region):
            raise UsageError(f"'{region}' is not the name of a region.", next_step="It is like eu-west-1.")
    return list(dict.fromkeys(regions)) or sorted(known)


def _session(region: str, profile: str | None) -> Any:
    from powertune.aws.session import AwsSession

    return AwsSession(region=region, profile=profile)


def _update_data(path: str, regions: list[str], moved: list[Any], notes: list[str]) -> dict[str, Any]:
    def text(rate: Any) -> str | None:
        return None if rate is None else f"{rate:f}"

    return {
        "path": path,
        "regions": regions,
        "changes": [
            {"region": one.region, "rate": one.what, "old": text(one.old), "new": text(one.new)} for one in moved
        ],
        "notes": notes,
    }


def _tell_update(regions: list[str], moved: list[Any], notes: list[str]) -> None:
    from powertune.render import figures

    for region in regions:
        own = [change for change in moved if change.region == region]
        click.echo(f"{region}: {'as before' if not own else f'{len(own)} changed'}")
        for change in own:
            old, new = ("unknown" if rate is None else f"{rate:f}" for rate in (change.old, change.new))
            both = change.old is not None and change.new is not None
            by = f"  ({figures.difference(float(change.new / change.old - 1))})" if both else ""
            click.echo(f"  {change.what}: {old} → {new}{by}")
    for note in notes:
        click.echo(note)


def _show_all(rows: Iterable[Any]) -> None:
    from powertune.render.figures import rate

    head = ("Region", "x86_64 GB-s", "arm64 GB-s", "Request", "Read on", "Confidence")
    lines = [head]
    for row in rows:
        x86, arm = (row.by_architecture.get(architecture, {}) for architecture in Architecture)
        lines.append((
            row.region,
            rate(x86.get("duration"), row.currency),
            rate(arm.get("duration"), row.currency),
            rate(x86.get("request"), row.currency),
            row.as_of,
            row.confidence,
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _show_one(row: Any) -> None:
    from powertune.pricing.rows import FARGATE_RATES, LAMBDA_RATES, REGION_RATES
    from powertune.render.figures import rate

    width = max(len(text) for text in _UNITS.values())
    click.echo(f"{row.region}, {row.currency}, read on {row.as_of}, confidence {row.confidence}\n")
    click.echo(f"{'':{width}}  {Architecture.X86_64.value:>14}  {Architecture.ARM64.value:>14}")
    for name in (*LAMBDA_RATES, *FARGATE_RATES):
        texts = [rate(row.by_architecture.get(one, {}).get(name), row.currency) for one in Architecture]
        click.echo(f"{_UNITS[name]:{width}}  {texts[0]:>14}  {texts[1]:>14}")
    for architecture in Architecture:
        if tiers := row.tiers.get(architecture):
            steps = [
                f"{rate(tier.per_gb_second, row.currency)} "
                + ("above" if tier.up_to_gb_seconds is None else f"to {tier.up_to_gb_seconds:,} GB-s a month")
                for tier in tiers
            ]
            click.echo(f"Tiers of {architecture.value}: {', '.join(steps)}")
        elif architecture in row.by_architecture:
            click.echo(f"Tiers of {architecture.value}: not known")
    click.echo("")
    for name in REGION_RATES:
        click.echo(f"{_UNITS[name]:{width}}  {rate(row.rates.get(name), row.currency):>14}")
    click.echo("\nSources:")
    for group, source in row.sources.items():
        click.echo(f"  {group.replace('_', ' ')}: {source.text} (read on {source.as_of})")
