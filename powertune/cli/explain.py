"""``powertune explain``: what aws-lambda-power-tuning would have said of a run, and why it differs."""

from pathlib import Path

import click

_EPILOG = """\b
Examples:
  powertune explain powertune-results/20261124T113402-7f3a21/result.json
  powertune explain result.json --samples
  powertune explain result.json --json | jq '.sizes[] | {memory_mb, cost, our_cost, cost_parts}'
"""


@click.command("explain", epilog=_EPILOG)
@click.argument("path", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@click.option("--samples", "with_samples", is_flag=True, help="Go through the samples one by one.")
def command(path: Path, as_json: bool, with_samples: bool) -> int:
    """Say what aws-lambda-power-tuning would have made of a run, and why its figures differ.

    Its formulas, its trimming and its prices are applied to the samples of the run, and its figures are set beside
    powertune's at each memory size. Each cause of a difference comes with its share of powertune's figure; the
    shares add up to the whole difference.
    """
    from dataclasses import replace

    from powertune.cli.explained import explained
    from powertune.decide.peer_numbers import peer_numbers
    from powertune.wire import dumps, read_result

    result = read_result(path)
    numbers = peer_numbers(result)
    if not as_json:
        click.echo(explained(result, numbers, with_samples=with_samples))
        return 0
    if not with_samples:
        numbers = replace(numbers, sizes=tuple(replace(size, readings=()) for size in numbers.sizes))
    click.echo(dumps(numbers, indent=1))
    return 0
