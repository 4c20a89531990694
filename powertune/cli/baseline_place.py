"""Where baselines lie: a folder, one file, a prefix of a bucket, or the bucket of the powertune stack."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from powertune.cli.report_output import nearest, takes_files
from powertune.domain.check import Baseline, baseline_key
from powertune.domain.function import FunctionArn
from powertune.errors import UsageError

if TYPE_CHECKING:
    from powertune.domain.result import CheckEntry
    from powertune.workflow.baselines import Shelf

DEFAULT = "powertune-baselines"
_STACK = "stack"
_S3 = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[^\0]*))?")


class PlaceKind(StrEnum):
    """What a place is."""

    FOLDER = "folder"
    FILE = "file"
    S3 = "s3"
    STACK = "stack"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceGiven:
    """A place as an option named it; ``bucket`` and ``prefix`` are those of a bucket."""

    text: str
    kind: PlaceKind
    bucket: str = ""
    prefix: str = ""

    @property
    def has_history(self) -> bool:
        """Whether there is room for what checks found."""
        return self.kind is not PlaceKind.FILE

    @property
    def needs_aws(self) -> bool:
        """Whether it lies in a bucket."""
        return self.kind in (PlaceKind.S3, PlaceKind.STACK)


class BaselinePlace:
    """Keeps baselines, and where it has room for it, what checks found.

    Every method raises UsageError where what lies there is none of ours, or where the disk does not let it be read or
    written, and AwsError where AWS does not.
    """

    def __init__(self, given: PlaceGiven, shelf: "Shelf") -> None:
        self._given = given
        self._shelf = shelf

    def baseline(self, arn: FunctionArn, qualifier: str | None) -> Baseline | None:
        """The baseline of a function, or of an alias of it; None where there is none."""
        with self._as("read"):
            return self._shelf.baseline(arn, qualifier)

    def keep(self, arn: FunctionArn, qualifier: str | None, baseline: Baseline) -> str:
        """Make it the baseline of a function, or of an alias of it; where it lies now."""
        with self._as("written"):
            return self._shelf.keep(arn, qualifier, baseline)

    def refuse_unwritable(self, arn: FunctionArn) -> None:
        """Refuse to keep a baseline of the function here, before anything is spent on it."""
        from powertune.workflow.file_shelf import FileShelf

        if self._given.needs_aws:
            return
        if not takes_files(nearest(Path(self.where(arn, None)).parent)):
            raise UsageError(f"No baseline can be written to {self._given.text}.", next_step="Give another place.")
        if isinstance(self._shelf, FileShelf):
            with self._as("read"):
                self._shelf.refuse_other(arn)

    def add(self, arn: FunctionArn, qualifier: str | None, entry: "CheckEntry") -> None:
        """Keep what a check found."""
        with self._as("written"):
            self._shelf.add(arn, qualifier, entry)

    def entries(self, arn: FunctionArn, qualifier: str | None, *, most: int) -> "tuple[CheckEntry, ...]":
        """The last checks, oldest first."""
        with self._as("read"):
            return self._shelf.entries(arn, qualifier, most=most)

    def all(self) -> Iterator[tuple[str, Baseline | UsageError]]:
        """Every baseline by where it lies, or why it cannot be read."""
        with self._as("read"):
            yield from self._shelf.all()

    def where(self, arn: FunctionArn, qualifier: str | None) -> str:
        """Where the baseline of a function, or of an alias of it, lies or would lie."""
        return self._shelf.place(baseline_key(arn, qualifier))

    @contextmanager
    def _as(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UsageError(
                f"{self._given.text} cannot be {done}: {error.strerror}.", next_step="Give another place."
            ) from None
        except UnicodeDecodeError as error:
            raise UsageError(
                f"What lies in {self._given.text} is no baseline of powertune: it is not text ({error.reason}).",
                next_step="Set it anew: powertune baseline set --help",
            ) from None


def place_option(*names: str, default: str | None, help_: str) -> Callable[..., Any]:
    """The option that names a place."""
    return click.option(*names, metavar="PLACE", default=default, show_default=default is not None, help=help_)


def parse_place(text: str, option: str = "--baseline") -> PlaceGiven:
    """What an option means by a place.

    Raises:
        UsageError: nothing.
    """
    if text == _STACK:
        return PlaceGiven(text=text, kind=PlaceKind.STACK)
    if text.lower().startswith("s3:"):
        match = _S3.fullmatch(text)
        if match is None:
            raise UsageError(f"'{text}' is no place in S3.", next_step="It looks like s3://BUCKET/PREFIX.")
        prefix = (match["prefix"] or "").strip("/")
        return PlaceGiven(text=text, kind=PlaceKind.S3, bucket=match["bucket"], prefix=f"{prefix}/" if prefix else "")
    if not text.strip() or "\0" in text or "://" in text:
        raise UsageError(
            f"'{text}' is no place for baselines.",
            next_step=f"Give {option} a folder, a file that ends with .json, s3://BUCKET/PREFIX, or stack.",
        )
    is_file = text.endswith(".json") and not Path(text).is_dir()
    return PlaceGiven(text=text, kind=PlaceKind.FILE if is_file else PlaceKind.FOLDER)


def place_of(options: dict[str, Any]) -> PlaceGiven:
    """The place that the options of a check name, or the usual one.

    Raises:
        UsageError: it is none.
    """
    return parse_place(DEFAULT if options["baseline"] is None else options["baseline"])


def open_place(
    given: PlaceGiven, *, home: Callable[[], Any] | None = None, account: Callable[[Any], str] | None = None
) -> BaselinePlace:
    """The place itself.

    Args:
        given: what was asked for.
        home: makes clients with the caller's own credentials, in the region of the stack; only called for a bucket.
        account: says in which account the stack is; only called for its bucket.
    """
    from powertune.store import FolderStore, S3Store
    from powertune.workflow.baselines import Shelf
    from powertune.workflow.file_shelf import FileShelf
    from powertune.workflow.stack import bucket_name

    if given.kind is PlaceKind.FILE:
        return BaselinePlace(given, FileShelf(Path(given.text)))
    if given.kind is PlaceKind.FOLDER:
        return BaselinePlace(given, Shelf(FolderStore(Path(given.text)), given.text))
    assert home is not None
    session = home()
    if given.kind is PlaceKind.S3:
        # Named by its user, who may use the bucket of another account.
        store = S3Store(session.client("s3"), given.bucket, given.prefix)
        return BaselinePlace(given, Shelf(store, f"s3://{given.bucket}/{given.prefix}"))
    assert account is not None
    owner = account(session)
    bucket = bucket_name(owner, session.region or "")
    return BaselinePlace(given, Shelf(S3Store(session.client("s3"), bucket, owner=owner), f"s3://{bucket}"))
