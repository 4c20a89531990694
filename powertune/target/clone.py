"""Temporary clones: how one is known, found again, and deleted.

A clone's name follows from the run id, so it is on record before the clone exists; its tags, given in the same call
that makes it, say whose clone it is. Nothing is deleted that lacks either.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from powertune.aws.clock import Clock
from powertune.aws.errors import code_of, explained
from powertune.domain.function import CLONE_PREFIX, FunctionArn
from powertune.errors import FunctionRefused

RUN_TAG, TARGET_TAG, UNTIL_TAG = "powertune:run", "powertune:target", "powertune:until"

_LONGEST_NAME = 64
_TRIES = 60
_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A clone as it was found.

    ``until_ms`` is when its run should be over, in epoch milliseconds; None where its tag cannot be read: then
    nothing says that the run is over.
    """

    arn: FunctionArn
    run_id: str
    target: FunctionArn
    until_ms: int | None

    def is_expired(self, now_ms: int) -> bool:
        """Whether its run should have ended by then."""
        return self.until_ms is not None and now_ms > self.until_ms


def clone_arn(target: FunctionArn, run_id: str) -> FunctionArn:
    """The ARN that the clone of a run has: beside its target, with a name that follows from the run id."""
    name = f"{CLONE_PREFIX}{run_id}"
    if len(name) > _LONGEST_NAME or not re.fullmatch("[A-Za-z0-9_-]+", run_id):
        name = f"{CLONE_PREFIX}{hashlib.sha256(run_id.encode()).hexdigest()[:24]}"
    return FunctionArn(partition=target.partition, region=target.region, account=target.account, name=name)


def clone_tags(target: FunctionArn, run_id: str, until_ms: int) -> dict[str, str]:
    """The tags that a clone is made with."""
    return {RUN_TAG: run_id, TARGET_TAG: str(target), UNTIL_TAG: str(until_ms)}


def find_clones(client: Any, target: FunctionArn | None = None) -> tuple[Clone, ...]:
    """All clones that are there of a function, or of any, whatever became of their runs.

    Raises:
        AwsError: AWS does not let the caller list the functions, or read the tags of one with a clone's name.
    """
    found = []
    with explained("listing the functions for clones", "" if target is None else target.name):
        arns = [
            FunctionArn.parse(function["FunctionArn"])
            for page in client.get_paginator("list_functions").paginate()
            for function in page["Functions"]
            if function["FunctionName"].startswith(CLONE_PREFIX)
        ]
    for arn in sorted(arns, key=str):
        clone = _read(client, arn)
        if clone is not None and target in (None, clone.target):
            found.append(clone)
    return tuple(found)


def clone_of_run(client: Any, target: FunctionArn, run_id: str) -> Clone | None:
    """The clone that a run made of a function; None where there is none.

    Raises:
        AwsError: AWS does not let the caller look.
    """
    clone = _read(client, clone_arn(target, run_id))
    return clone if clone is not None and (clone.run_id, clone.target) == (run_id, target) else None


def delete_clone(client: Any, clone: Clone, clock: Clock) -> bool:
    """Delete a clone with everything on it, if it still is one; whether it was there. Safe to repeat.

    Raises:
        FunctionRefused: a function of its name is there that is no clone of this target by this run.
        AwsError: AWS refuses.
    """
    from botocore.exceptions import ClientError

    arn = clone.arn
    if not _may_be_deleted(clone):
        raise FunctionRefused(
            f"{arn.name} does not have the name of a clone, so it is not deleted.", next_step="Look at it yourself."
        )
    for attempt in range(_TRIES):
        present = _read(client, arn)
        if present is None:
            if _is_there(client, arn):
                raise FunctionRefused(
                    f"{arn.name} has no clone's tags, so it is not deleted.",
                    next_step="Look at it yourself: powertune deletes nothing that it has not made.",
                )
            return attempt > 0
        if (present.run_id, present.target) != (clone.run_id, clone.target):
            raise FunctionRefused(
                f"{arn.name} is the clone of another run or function by now, so it is not deleted.",
                next_step=f"Look for what is left with: powertune cleanup --function-arn {present.target}",
            )
        with explained("deleting the clone", arn.name):
            try:
                client.delete_function(FunctionName=str(arn))
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundException":
                    return True
                # A function that is still being made or updated cannot be deleted yet.
                if code_of(error) != "ResourceConflictException" or attempt + 1 == _TRIES:
                    raise
            else:
                return True
        clock.sleep(_PAUSE_S)
    raise AssertionError("the last try returns or raises")


def _may_be_deleted(clone: Clone) -> bool:
    own = clone.arn == clone_arn(clone.target, clone.run_id)
    return own and clone.arn != clone.target and clone.arn.name.startswith(CLONE_PREFIX)


def _read(client: Any, arn: FunctionArn) -> Clone | None:
    """The clone of this name by its tags; None where there is no such function, or it has none of them."""
    tags = _tags(client, arn)
    return None if tags is None else clone_by_tags(arn, tags)


def _is_there(client: Any, arn: FunctionArn) -> bool:
    return _tags(client, arn) is not None


def _tags(client: Any, arn: FunctionArn) -> Mapping[str, str] | None:
    from botocore.exceptions import ClientError

    with explained("reading the tags", arn.name):
        try:
            tags: Mapping[str, str] = client.list_tags(Resource=str(arn)).get("Tags") or {}
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return None
            raise
    return tags


def clone_by_tags(arn: FunctionArn, tags: Mapping[str, str]) -> Clone | None:
    """The clone that the tags speak of; None where they speak of none."""
    match = re.fullmatch(
        r"arn:([a-z-]+):lambda:([a-z0-9-]+):([0-9]{12}):function:([A-Za-z0-9_-]+)", tags.get(TARGET_TAG, "")
    )
    if match is None or not tags.get(RUN_TAG):
        return None
    until = tags.get(UNTIL_TAG, "")
    return Clone(
        arn=arn,
        run_id=tags[RUN_TAG],
        target=FunctionArn(partition=match[1], region=match[2], account=match[3], name=match[4]),
        until_ms=int(until) if re.fullmatch("[0-9]{1,15}", until) else None,
    )
