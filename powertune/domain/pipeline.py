"""What a pipeline is made of: the answers that fill in its template."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from powertune.domain.check import DEFAULT_INVOCATIONS, INVOCATIONS
from powertune.domain.function import FunctionArn
from powertune.domain.schedule import check_schedule, check_timezone
from powertune.errors import UsageError

LONGEST_ARN = 200
"""Characters of the function's ARN, so that an action's configuration stays below CodePipeline's 1,000 (botocore's
model, ``ActionConfigurationValue``)."""

_ALIAS = re.compile(r"(?!^[0-9]+$)[A-Za-z0-9_-]{1,60}")
_CONNECTION = re.compile(
    r"arn:aws[a-z-]*:(codestar-connections|codeconnections):[a-z0-9-]+:[0-9]{12}:connection/[\w-]+"
)
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+")
_BRANCH = re.compile(r"(?!-)[^\s~^:?*\[\\\x00-\x1f\x7f]{1,200}")
_BUCKET = re.compile(r"(?!none$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PLACE = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<prefix>[\w-]+(?:/[\w-]+)*)/?", re.ASCII)
_FILE = re.compile(r"(?!/)(?!.*\.\.)[A-Za-z0-9_./-]{1,200}")
_S3_FILE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9_./-]{1,150}")
_STRATEGY = re.compile(
    r"AllAtOnce|Canary[0-9]{1,2}Percent[0-9]{1,4}Minutes|Linear[0-9]{1,2}PercentEvery[0-9]{1,4}Minutes?"
)
_REQUIREMENT = re.compile(r"powertune(?:[=<>!~][^\"\s]*| @ [^\"\s]+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class CheckWith(StrEnum):
    """What runs the check in a pipeline; the values are those of the template."""

    CODEBUILD = "CodeBuild"
    STEP_FUNCTIONS = "StepFunctions"
    LAMBDA = "Lambda"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the code comes from: a repository behind a connection, or a zip file in a bucket."""

    connection_arn: str | None = None
    repository: str | None = None
    branch: str = "main"
    bucket: str | None = None
    key: str = "source.zip"

    def __post_init__(self) -> None:
        if self.bucket is None and self.connection_arn is None and self.repository is None:
            raise UsageError(
                "Where the code comes from was not said.",
                next_step="Give --connection-arn and --repository, or --source-bucket with a zip file in it.",
            )
        if self.bucket is not None and (self.connection_arn is not None or self.repository is not None):
            raise UsageError("The code comes from a repository or from a bucket, not from both.")
        if self.bucket is None:
            _fits(_CONNECTION, self.connection_arn, "the ARN of a connection", "--connection-arn",
                  "It looks like arn:aws:codeconnections:REGION:ACCOUNT:connection/ID.")  # fmt: skip
            _fits(_REPOSITORY, self.repository, "a repository", "--repository", "Write owner/name.")
            _fits(_BRANCH, self.branch, "a branch", "--branch", "Write main, for instance.")
        else:
            _fits(_BUCKET, self.bucket, "the name of a bucket", "--source-bucket", "Write its name alone.")
            _fits(_FILE, self.key, "the key of a zip file", "--source-key", "Write source.zip, for instance.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineAnswers:
    """A pipeline for one function, checked.

    Attributes:
        folder: where the pipeline's own files lie in the source.
        staging, live: aliases that a release goes to first, and last.
        log_group: where the function writes its logs; None for Lambda's own name for it.
        code_folder: of the source, with the function's code.
        schedule: when the live alias is checked, in ``timezone``; None for never.
        threshold: share by which a metric may grow.
        confidence: of so many checks of a function that did not become worse, none says that it did.
        max_spend: what a check may spend, in the currency of the region's prices.
        requirement: what pip installs for a check in CodeBuild; None for the template's default.
        payload: a file of the source for CodeBuild, ``s3://BUCKET/KEY`` for the others; None for ``{}``.
        baseline: ``s3://BUCKET/PREFIX`` for CodeBuild; None for a bucket that the stack makes.
        approval: whether somebody is asked before the live alias is shifted.
        strategy: how its traffic is shifted, as CodePipeline names it.
        stack_prefix: name of the powertune stack that the others than CodeBuild use.
    """

    function: FunctionArn
    source: Source
    folder: str = "powertune-pipeline"
    staging: str = "staging"
    live: str = "live"
    check_with: CheckWith = CheckWith.CODEBUILD
    log_group: str | None = None
    code_folder: str = "function"
    schedule: str | None = "cron(0 3 * * ? *)"
    timezone: str = "UTC"
    threshold: Decimal = Decimal("0.05")
    confidence: Decimal = Decimal("0.99")
    max_invocations: int = DEFAULT_INVOCATIONS
    max_spend: Decimal = Decimal("0.50")
    undecided_fails: bool = False
    requirement: str | None = None
    payload: str | None = None
    baseline: str | None = None
    approval: bool = False
    strategy: str = "Canary10Percent5Minutes"
    email: str | None = None
    stack_prefix: str = "powertune"

    def __post_init__(self) -> None:
        if len(str(self.function)) > LONGEST_ARN:
            raise UsageError(f"The ARN of {self.function.name} is longer than {LONGEST_ARN} characters.")
        for alias, option in ((self.staging, "--alias"), (self.live, "--live")):
            _fits(_ALIAS, alias, "the name of an alias", option, "Write staging or live, for instance; not a number.")
            if alias.startswith("powertune-"):
                raise UsageError(
                    f"The alias '{alias}' begins like those that powertune makes and deletes.",
                    next_step="Choose another name.",
                )
        if self.staging == self.live:
            raise UsageError(
                f"A release goes to one alias first and to another last; both are '{self.live}'.",
                next_step="Give --alias staging --live live, for instance.",
            )
        _fits(_FILE, self.folder, "a folder of the source", "--output-dir", "Use letters, digits, - and _.")
        _fits(_FILE, self.code_folder, "a folder of the source", "--code-folder", "Write it without / before it.")
        if self.schedule is not None:
            object.__setattr__(self, "schedule", check_schedule(self.schedule))
        check_timezone(self.timezone)
        _between("--threshold", self.threshold, Decimal("0.001"), Decimal("0.999"))
        _between("--confidence", self.confidence, Decimal("0.5"), Decimal("0.9999"))
        _between("--max-invocations", Decimal(self.max_invocations), *map(Decimal, INVOCATIONS))
        _between("--max-spend", self.max_spend, Decimal("0.000001"), Decimal(999_999))
        numbers = "Write AllAtOnce, Canary10Percent5Minutes or Linear10PercentEvery1Minute; the numbers may differ."
        _fits(_STRATEGY, self.strategy, "a way to shift traffic", "--deploy-strategy", numbers)
        if self.email is not None:
            _fits(_EMAIL, self.email, "an e-mail address", "--email", "Write who@where.")
        self._check_places()

    def _check_places(self) -> None:
        builds = self.check_with is CheckWith.CODEBUILD
        if self.requirement is not None:
            forms = "Write 'powertune>=0.1,<0.2', or 'powertune @ https://WHERE/powertune-0.1.0-py3-none-any.whl'."
            _fits(_REQUIREMENT, self.requirement, "what pip can install of powertune", "--requirement", forms)
            if not builds:
                raise UsageError("Without CodeBuild nothing is installed.", next_step="Leave --requirement out.")
        if self.payload is not None:
            what = "a file of the source" if builds else "an object in S3"
            _fits(_FILE if builds else _S3_FILE, self.payload, what, "--payload",
                  "CodeBuild reads a file of the source; the others read s3://BUCKET/KEY.")  # fmt: skip
        if self.baseline is not None and not builds:
            raise UsageError(
                f"With {self.check_with} baselines lie in the bucket of the powertune stack.",
                next_step="Leave --baseline out.",
            )
        if self.baseline is not None:
            _fits(_PLACE, self.baseline, "a place in S3", "--baseline", "Write s3://BUCKET/PREFIX.")

    @property
    def buildspec(self) -> str:
        """Where the check's buildspec lies in the source."""
        return "buildspec.yml" if self.folder == "." else f"{self.folder}/buildspec.yml"

    @property
    def stack_name(self) -> str:
        """A name for the pipeline's stack: letters, digits and hyphens, as CloudFormation wants it."""
        return f"powertune-pipeline-{self.function.name.replace('_', '-')}"

    def parameters(self) -> dict[str, str]:
        """The parameters of ``statemachine/pipeline.yaml``; those left out have their defaults."""
        found = None if self.baseline is None else _PLACE.fullmatch(self.baseline)
        given = {
            "FunctionArn": str(self.function),
            "LogGroupName": self.log_group,
            "StagingAlias": self.staging,
            "LiveAlias": self.live,
            "ConnectionArn": self.source.connection_arn,
            "Repository": self.source.repository,
            "Branch": None if self.source.repository is None else self.source.branch,
            "SourceBucket": self.source.bucket,
            "SourceKey": None if self.source.bucket is None else self.source.key,
            "CodeFolder": self.code_folder,
            "CheckWith": self.check_with.value,
            "CheckBuildSpec": self.buildspec if self.check_with is CheckWith.CODEBUILD else None,
            "Requirement": self.requirement,
            "StackPrefix": None if self.check_with is CheckWith.CODEBUILD else self.stack_prefix,
            "Payload": self.payload,
            "Threshold": f"{self.threshold.normalize():f}",
            "Confidence": f"{self.confidence.normalize():f}",
            "MaxInvocations": str(self.max_invocations),
            "MaxSpend": f"{self.max_spend.normalize():f}",
            "OnUndecided": "fail" if self.undecided_fails else "pass",
            "BaselineBucket": found and found["bucket"],
            "BaselinePrefix": found and found["prefix"],
            "Schedule": self.schedule or "",
            "ScheduleTimezone": self.timezone if self.schedule else None,
            "Approval": "manual" if self.approval else "none",
            "DeployStrategy": self.strategy,
            "NotificationEmail": self.email,
        }
        return {name: value for name, value in given.items() if value is not None}


def _fits(pattern: re.Pattern[str], text: str | None, what: str, option: str, next_step: str) -> None:
    if text is None:
        raise UsageError(f"{option} is missing.", next_step=next_step)
    if not pattern.fullmatch(text):
        raise UsageError(f"'{text}' is not {what} ({option}).", next_step=next_step)


def _between(option: str, value: Decimal, low: Decimal, high: Decimal) -> None:
    # A NaN compares with nothing.
    if not value.is_finite() or not low <= value <= high:
        raise UsageError(f"{option} is {value}; it must lie between {low} and {high}.")
