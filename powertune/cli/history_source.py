"""Which function a history is of, and its runs in the bucket of the stack."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from powertune.cli.account_options import home_session_of, role_of
from powertune.cli.progress import ProgressLine
from powertune.cli.saying import say
from powertune.domain.function import FunctionArn
from powertune.domain.history import RunSummary
from powertune.errors import AwsError, UsageError
from powertune.workflow.history import Kept, KeptRun

_NAME = re.compile("[A-Za-z0-9_-]{1,64}")
_EMBEDDED = "0" * 12
"""The account of the embedded endpoint, which is gone when its run is over."""
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was given as the function: an ARN, a name, or nothing."""

    text: str = ""
    arn: FunctionArn | None = None
    name: str | None = None

    @property
    def is_given(self) -> bool:
        """Whether a function was named at all."""
        return self.arn is not None or self.name is not None

    def is_of(self, run: RunSummary, region: str | None) -> bool:
        """Whether a run is of it. A region narrows what has no ARN."""
        if self.arn is not None:
            return run.function_arn == self.arn
        return self.name in (None, run.function_arn.name) and region in (None, run.region)


def function_asked(text: str | None) -> Asked:
    """What an option means.

    Raises:
        UsageError: it is neither an ARN nor a name.
    """
    if text is None:
        return Asked()
    if text.strip().startswith("arn:"):
        arn = FunctionArn.parse(text)
        return Asked(text=str(arn), arn=arn)
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"'{text}' is neither a function's name nor its ARN.",
            next_step="Give the function alone, without version or alias.",
        )
    return Asked(text=text, name=text)


def matching(asked: Asked, runs: Sequence[KeptRun], region: str | None) -> list[KeptRun]:
    """Those of some runs that were asked for."""
    return [run for run in runs if asked.is_of(run.summary, region)]


def one_function(asked: Asked, runs: Sequence[RunSummary]) -> None:
    """Refuse a name that several functions have.

    Raises:
        UsageError: it is of several.
    """
    arns = list(dict.fromkeys(str(run.function_arn) for run in runs))
    if asked.name is not None and len(arns) > 1:
        more = f" and {len(arns) - _MOST_NAMED} more" if len(arns) > _MOST_NAMED else ""
        raise UsageError(
            f"There are runs of several functions called {asked.name}: {', '.join(sorted(arns)[:_MOST_NAMED])}{more}.",
            next_step="Give the ARN of one with --function-arn.",
        )


def bucket_runs(asked: Asked, options: dict[str, Any], *, since: datetime | None, folder: Path) -> Kept:
    """The runs of the stack's bucket; none, with a line on standard error that says why, where it cannot be read.

    Raises:
        UsageError: the role cannot be meant.
    """
    nothing, arn = Kept(runs=()), asked.arn
    is_embedded = arn is not None and arn.account == _EMBEDDED and "AWS_ENDPOINT_URL" not in os.environ
    if options["no_bucket"] or is_embedded:
        return nothing
    from powertune.aws.roles import account_of
    from powertune.store import S3Store
    from powertune.workflow.history import is_no_bucket, runs_in_bucket
    from powertune.workflow.stack import bucket_name

    role = role_of(options)
    account = arn.account if arn is not None and role is None else None
    region = options["region"] if arn is None else arn.region
    place = ""
    try:
        with ProgressLine() as line:
            session = home_session_of(options, options["stack_region"] or region)
            account = account or account_of(session)
            bucket = bucket_name(account, session.region or "")
            place = f"{session.region}, account {account}"
            return runs_in_bucket(
                S3Store(session.client("s3"), bucket),
                account,
                wanted=lambda run: asked.is_of(run, options["region"]),
                # A name may be that of several functions, which only all runs can tell.
                last=options["last"] if arn is not None else None,
                since=since,
                progress=line.say,
            )
    except AwsError as error:
        why = f"there is no bucket of a powertune stack in {place}." if is_no_bucket(error) else error.message
        say(f"Only the runs in {folder} are listed: {why}", err=True)
        return nothing
