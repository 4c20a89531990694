"""``powertune pipeline``: writes a pipeline for CodePipeline."""

import json
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from powertune.domain.check import DEFAULT_INVOCATIONS
from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

_EPILOG = """\b
Examples:
  powertune pipeline init --function-arn ARN --connection-arn ARN --repository acme/orders --email team@example.com
  powertune pipeline init --function-arn ARN --source-bucket my-sources --check-with step-functions
  powertune pipeline init --function-arn ARN --connection-arn ARN --repository acme/orders \\
      --schedule 'cron(30 2 ? * MON-FRI *)' --threshold 10% --max-spend 0.05 --approval
"""

_GROUP_EPILOG = """\b
Example:
  powertune pipeline init --function-arn ARN --connection-arn ARN --repository acme/orders
"""

_CHECK_WITH = {"codebuild": "CodeBuild", "step-functions": "StepFunctions", "lambda": "Lambda"}


@click.group("pipeline", epilog=_GROUP_EPILOG)
def command() -> None:
    """A pipeline that builds a function, checks each release before it goes live, and checks again every night."""


@command.command("init", epilog=_EPILOG)
@click.option("--function-arn", required=True, metavar="ARN", help="The function, without version or alias.")
@click.option("--alias", "staging", default="staging", show_default=True, help="Alias that a release goes to first.")
@click.option("--live", default="live", show_default=True, help="Alias that production uses.")
@click.option("--connection-arn", metavar="ARN", help="Connection to GitHub, GitLab or Bitbucket.")
@click.option("--repository", metavar="OWNER/NAME", help="The repository behind that connection.")
@click.option("--branch", default="main", show_default=True, help="Branch whose pushes are released.")
@click.option("--source-bucket", metavar="NAME", help="In place of a repository: a bucket with the source as a zip.")
@click.option("--source-key", metavar="KEY", default="source.zip", show_default=True, help="Key of that zip.")
@click.option("--code-folder", default="function", show_default=True, help="Folder of the source with the code.")
@click.option(
    "--check-with",
    type=click.Choice(list(_CHECK_WITH)),
    default="codebuild",
    show_default=True,
    help="What runs the check; the other two use the powertune stack.",
)
@click.option(
    "--schedule",
    metavar="EXPRESSION",
    default="cron(0 3 * * ? *)",
    show_default=True,
    help="When the live alias is checked, as EventBridge writes it; none for never.",
)
@click.option("--timezone", default="UTC", show_default=True, help="Of the schedule.")
@click.option("--threshold", metavar="SHARE", default="5%", show_default=True, help="What a metric may grow by.")
@click.option("--confidence", metavar="SHARE", default="99%", show_default=True, help="How sure a check has to be.")
@click.option(
    "--max-invocations",
    type=int,
    default=DEFAULT_INVOCATIONS,
    show_default=True,
    help="Of each version in a check, at most.",
)
@click.option(
    "--max-spend", metavar="AMOUNT", default="0.50", show_default=True, help="On a check, in the prices' currency."
)
@click.option(
    "--on-undecided",
    type=click.Choice(["pass", "fail"]),
    default="pass",
    show_default=True,
    help="What an undecided check does to the pipeline.",
)
@click.option(
    "--requirement",
    metavar="REQUIREMENT",
    help="What pip installs in CodeBuild: powertune by name and version, or 'powertune @ URL'.",
)
@click.option("--payload", metavar="PLACE", help="The event: a file of the source; s3://BUCKET/KEY without CodeBuild.")
@click.option("--baseline", metavar="s3://BUCKET/PREFIX", help="Where baselines lie; a new bucket by default.")
@click.option("--log-group", metavar="NAME", help="The function's log group, where it is not Lambda's own.")
@click.option("--approval", is_flag=True, help="Ask somebody before the live alias is shifted.")
@click.option(
    "--deploy-strategy",
    "strategy",
    metavar="NAME",
    default="Canary10Percent5Minutes",
    show_default=True,
    help="How the live alias is shifted, as CodePipeline names it.",
)
@click.option("--email", metavar="ADDRESS", help="Who is told of a check that did not pass.")
@click.option(
    "--name-prefix",
    "stack_prefix",
    metavar="NAME",
    envvar="POWERTUNE_NAME_PREFIX",
    default="powertune",
    show_default=True,
    help="Name of the powertune stack.",
)
@click.option(
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("powertune-pipeline"),
    show_default=True,
    help="Where the files go; the same folder in the source is taken for the buildspec's.",
)
@click.option("--force", is_flag=True, help="Replace files of these names that are there.")
@click.option("--json", "as_json", is_flag=True, help="List the files as JSON.")
def init(output_dir: Path, *, force: bool, as_json: bool, **options: Any) -> int:
    """Write a CloudFormation template of a pipeline, filled in for a function.

    The files are pipeline.yaml, parameters.json, buildspec.yml, and a README with the commands that deploy them.
    Nothing is asked of AWS, and nothing is deployed.
    """
    from powertune.workflow.pipeline_files import pipeline_files

    files = pipeline_files(_answers(options, _folder_in_source(output_dir)))
    there = [name for name in files if (output_dir / name).exists()]
    if there and not force:
        raise UsageError(
            f"In {output_dir} there is already {', '.join(there)}; nothing was written.",
            next_step="Give another --output-dir, or --force to replace what is there.",
        )
    paths = [output_dir / name for name in files]
    try:
        output_dir.mkdir(parents=True, exist_ok=True)
        for path, text in zip(paths, files.values(), strict=True):
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{output_dir} cannot be written: {error.strerror}.", next_step="Give another --output-dir."
        ) from None
    if as_json:
        click.echo(json.dumps({"files": [str(path) for path in paths]}, indent=1))
    else:
        for path in paths:
            click.echo(str(path))
        click.echo(f"Nothing was deployed. {output_dir / 'README.md'} says how.", err=True)
    return 0


def _answers(options: dict[str, Any], folder: str) -> Any:
    from powertune.cli.check_options import share
    from powertune.domain.pipeline import CheckWith, PipelineAnswers, Source

    source = Source(
        connection_arn=options["connection_arn"],
        repository=options["repository"],
        branch=options["branch"],
        bucket=options["source_bucket"],
        key=options["source_key"],
    )
    same = (
        "staging", "live", "code_folder", "timezone", "max_invocations", "requirement", "payload", "baseline",
        "log_group", "approval", "strategy", "email", "stack_prefix",
    )  # fmt: skip
    return PipelineAnswers(
        function=FunctionArn.parse(options["function_arn"]),
        source=source,
        folder=folder,
        check_with=CheckWith(_CHECK_WITH[options["check_with"]]),
        schedule=None if options["schedule"].strip() in ("", "none") else options["schedule"],
        threshold=Decimal(repr(share(options["threshold"], "--threshold"))),
        confidence=Decimal(repr(share(options["confidence"], "--confidence"))),
        max_spend=_amount(options["max_spend"]),
        undecided_fails=options["on_undecided"] == "fail",
        **{name: options[name] for name in same},
    )


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise UsageError(f"'{text}' is not an amount (--max-spend).", next_step="Write 0.50, for instance.") from None


def _folder_in_source(folder: Path) -> str:
    """Where the files will lie in the source: as given, or by its name where it is not below the working directory."""
    inside = not folder.is_absolute() and ".." not in folder.parts
    return folder.as_posix() if inside else folder.resolve().name
