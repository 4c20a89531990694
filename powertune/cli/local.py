"""``powertune local``: the embedded AWS endpoint on its own."""

import json
import sys
import threading
from pathlib import Path

import click

_EPILOG = """\b
Example, in two terminals:
  powertune local serve --port 4566
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_REGION=us-east-1 \\
         AWS_ACCESS_KEY_ID=000000000000 AWS_SECRET_ACCESS_KEY=local
  aws lambda list-functions
  powertune run --function-arn arn:aws:lambda:us-east-1:000000000000:function:NAME
"""


@click.group("local")
def command() -> None:
    """The embedded AWS endpoint: Lambda, Step Functions, Logs Insights and X-Ray on this machine."""


@command.command("serve", epilog=_EPILOG)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; a free one by default.")
@click.option("--region", default="us-east-1", show_default=True, help="The region that it plays.")
@click.option("--python", type=click.Path(path_type=Path), metavar="INTERPRETER", help="Interpreter for the handlers.")
@click.option("--json", "as_json", is_flag=True, help="Print the environment variables as JSON.")
def serve(port: int, region: str, python: Path | None, as_json: bool) -> int:
    """Keep an endpoint running until Ctrl-C, and print the environment variables that lead to it.

    It answers AWS clients of any kind on 127.0.0.1 only, keeps everything in memory and in a temporary folder, and
    leaves nothing behind. The powertune state machine is on it.
    """
    from powertune.cli.interrupt import ended_by_signal
    from powertune.local.endpoint import EndpointSettings, LocalEndpoint, require_extra
    from powertune.local.function import interpreter

    require_extra()
    handler_python, _ = interpreter(python)
    over = threading.Event()
    with (
        ended_by_signal(over),
        LocalEndpoint(EndpointSettings(region=region, port=port, handler_python=handler_python)) as endpoint,
    ):
        variables = endpoint.variables()
        if as_json:
            click.echo(json.dumps(variables))
        else:
            for name, value in variables.items():
                click.echo(f"export {name}={value}")
        sys.stdout.flush()
        click.echo("# The endpoint is running; Ctrl-C ends it.", err=True)
        while not over.wait(0.5):
            if not endpoint.alive:
                raise click.ClickException("The endpoint has ended by itself.")
    return 0
