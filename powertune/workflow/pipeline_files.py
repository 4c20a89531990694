"""The files of a pipeline for one function, as texts. Nothing is asked of AWS, and nothing is written."""

import json
import re
import textwrap

from powertune.domain.pipeline import CheckWith, PipelineAnswers
from powertune.resources import read

_REQUIREMENT = "powertune>=0.1,<0.2"
"""The default of the template's parameter."""

_README = """# The pipeline of {name}

Written by `powertune pipeline init`. `pipeline.yaml` is a CloudFormation template, `parameters.json` has your answers;
change them there, and deploy again.{buildspec}

## Deploy

1. The aliases `{staging}` and `{live}` have to be there, each with one version. This makes what is missing:

   ```sh
   VERSION=$(aws lambda publish-version --function-name {arn} --region {region} --query Version --output text)
   for ALIAS in {staging} {live}; do
     aws lambda get-alias --function-name {arn} --region {region} --name $ALIAS ||
     aws lambda create-alias --function-name {arn} --region {region} --name $ALIAS --function-version $VERSION
   done
   ```

2. {source}

3. {prepare}

4. Change to this folder, where the command finds the two files, and make the stack:

   ```sh
   aws cloudformation deploy --region {region} --stack-name {stack} --template-file pipeline.yaml \\
     --parameter-overrides file://parameters.json --capabilities CAPABILITY_IAM
   ```
{confirm}
## Use

Every push{pushed} is built from `{code_folder}/`, deployed to `{staging}`, and checked against `{live}`. Where nothing
became worse{asked}, the traffic of `{live}` is shifted ({strategy}).{nightly}

```sh
aws codepipeline start-pipeline-execution --region {region} --name {stack}-release
```

starts one by hand. Of the function itself the pipeline changes the code and the two aliases, and nothing else.

## Remove

```sh
aws cloudformation delete-stack --region {region} --stack-name {stack}
```

leaves the buckets, with artifacts and baselines, and the function as it is. The buckets' names begin with `{bucket}`.
"""

_BUILDSPEC = """ `buildspec.yml` is what CodeBuild runs for a check; the
pipeline reads it in the source, as `{path}`. It installs `{requirement}` with pip: a name alone is trusted to the index
that pip is set to there."""


def pipeline_files(answers: PipelineAnswers) -> dict[str, str]:
    """The files by their names.

    Returns:
        ``pipeline.yaml``, ``parameters.json``, ``README.md``, and ``buildspec.yml`` where CodeBuild checks.
    """
    parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in answers.parameters().items()]
    files = {
        "pipeline.yaml": read("statemachine", "pipeline.yaml"),
        "parameters.json": json.dumps(parameters, indent=2) + "\n",
        "README.md": _readme(answers),
    }
    if answers.check_with is CheckWith.CODEBUILD:
        files["buildspec.yml"] = read("statemachine", "buildspec.yml")
    return files


def _readme(answers: PipelineAnswers) -> str:
    source, function = answers.source, answers.function
    builds = answers.check_with is CheckWith.CODEBUILD
    if source.bucket is None:
        where = (
            f"The connection `{source.connection_arn}` has to be authorised, which only the console can do: Developer "
            "Tools, Settings, Connections."
        )
    else:
        where = (
            f"The bucket `{source.bucket}` has to keep versions, and to send its events to EventBridge. Put the source "
            f"there as `{source.key}`:\n\n"
            "   ```sh\n"
            f"   aws s3api put-bucket-versioning --bucket {source.bucket} --versioning-configuration Status=Enabled\n"
            f"   aws s3api put-bucket-notification-configuration --bucket {source.bucket} \\\n"
            "     --notification-configuration '{\"EventBridgeConfiguration\": {}}'\n"
            f"   aws s3 cp source.zip s3://{source.bucket}/{source.key}\n"
            "   ```\n\n"
            "   The second command replaces other notifications of the bucket; add it to them where there are any."
        )
    if builds:
        prepare = f"Commit and push this folder, so that `{answers.buildspec}` is in the source."
    else:
        prepare = (
            f"The powertune stack has to be there, and to be allowed this function:\n\n"
            "   ```sh\n"
            f"   powertune deploy --region {function.region} --name-prefix {answers.stack_prefix} "
            f"--function-scope {function}\n"
            "   ```"
        )
    nightly = ""
    if answers.schedule:
        nightly = (
            f"\n\nAt `{answers.schedule}` ({answers.timezone}) the pipeline `{answers.stack_name}-nightly` checks "
            f"`{answers.live}` against its baseline. Its first check keeps one."
        )
    confirm = ""
    if answers.email:
        confirm = f"\n   Then confirm the message that {answers.email} gets; before that, nothing else is sent there.\n"
    text = _README.format(
        name=function.name,
        arn=function,
        region=function.region,
        stack=answers.stack_name,
        bucket=answers.stack_name.lower(),
        staging=answers.staging,
        live=answers.live,
        strategy=answers.strategy,
        code_folder=answers.code_folder,
        buildspec=_BUILDSPEC.format(path=answers.buildspec, requirement=answers.requirement or _REQUIREMENT)
        if builds
        else "",
        source=where,
        prepare=prepare,
        confirm=confirm,
        pushed=f" to `{source.branch}` of {source.repository}" if source.bucket is None else f" of `{source.key}`",
        asked=", and somebody approves" if answers.approval else "",
        nightly=nightly,
    )
    return "\n\n".join(_filled(part) for part in text.split("\n\n"))


def _filled(part: str) -> str:
    """A paragraph on lines of one width; commands and titles stay as they are."""
    first = part.lstrip("\n")
    if first.startswith(("#", "```", "   ")) or not first:
        return part
    item = re.match(r"[0-9]+\. ", first)
    lines = textwrap.fill(
        first, 120, subsequent_indent="   " if item else "", break_long_words=False, break_on_hyphens=False
    )
    return part[: len(part) - len(first)] + lines + ("\n" if part.endswith("\n") else "")
