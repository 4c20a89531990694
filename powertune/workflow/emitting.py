"""Writes the stack as files, for whoever deploys with other tools. No AWS is needed."""

from pathlib import Path

from powertune.domain.function import Architecture
from powertune.workflow.deployment import build_packages, keys_of
from powertune.workflow.package import RUNTIME, WheelSource
from powertune.workflow.template import packaged_template

_README = """powertune, packaged for {runtime} on {architecture}

{template} is a whole CloudFormation template. The two zips are the code of its functions; the template knows their
names. Put them into a bucket in the region where the stack shall be, under these names, then create the stack with
the parameter ArtifactBucket. In place of BUCKET and REGION write yours.

  aws s3 cp . s3://BUCKET/ --recursive --exclude "*" --include "powertune-*.zip" --region REGION

With the AWS CLI:

  aws cloudformation deploy --template-file {template} --stack-name powertune --region REGION \\
    --capabilities CAPABILITY_IAM --parameter-overrides ArtifactBucket=BUCKET

With SAM:

  sam deploy --template-file {template} --stack-name powertune --region REGION \\
    --capabilities CAPABILITY_IAM --parameter-overrides ArtifactBucket=BUCKET

Further parameters stand at the beginning of the template, each with what it means. NamePrefix is the name by which
powertune finds the state machine; with another one than powertune, set POWERTUNE_NAME_PREFIX wherever it runs.

To delete it: powertune destroy, or

  aws cloudformation delete-stack --stack-name powertune --region REGION

which keeps the results bucket, powertune-ACCOUNT-REGION. A stack that is made again takes the parameter
CreateResultsBucket=false as long as that bucket is there.
"""


def emit(folder: Path, architecture: Architecture, source: WheelSource) -> tuple[Path, ...]:
    """Write the packaged template, the code packages, and a README.txt into a folder; what is there is replaced.

    Returns:
        What was written.

    Raises:
        UsageError: the packages cannot be built.
    """
    packages = build_packages(architecture, source)
    files: dict[str, bytes] = {package.key: package.data for package in packages}
    files["template.yaml"] = packaged_template(keys_of(packages), architecture).encode()
    files["README.txt"] = _README.format(
        runtime=RUNTIME, architecture=architecture.value, template="template.yaml"
    ).encode()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in files)
