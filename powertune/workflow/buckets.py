"""The buckets around a stack: the one that its code comes from, and the one that holds results, once it may go."""

from dataclasses import dataclass
from typing import Any

from powertune.aws.errors import code_of, explained
from powertune.aws.session import AwsSession
from powertune.errors import AwsError

ARTIFACTS_TAG = "powertune:artifacts"
"""On a bucket that ``powertune deploy`` made: only such a one is deleted by ``powertune destroy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The account and region that a session reaches."""

    account: str
    region: str
    partition: str


def place_of(session: AwsSession) -> Place:
    """Ask AWS who is calling.

    Raises:
        AwsError: there is no region, or there are no credentials that AWS accepts.
    """
    if session.region is None:
        raise AwsError("No AWS region is configured.", next_step="Give --region or set AWS_REGION.")
    with explained("asking who is calling"):
        identity = session.client("sts").get_caller_identity()
    return Place(account=identity["Account"], region=session.region, partition=identity["Arn"].split(":")[1])


def artifacts_bucket_name(prefix: str, place: Place) -> str:
    """The bucket that ``powertune deploy`` makes for code packages."""
    return f"{prefix}-artifacts-{place.account}-{place.region}"


def bucket_exists(session: AwsSession, bucket: str, place: Place) -> bool:
    """Whether this account has the bucket.

    Raises:
        AwsError: somebody else has it, or the caller may not look.
    """
    from botocore.exceptions import ClientError

    with explained("looking for the bucket", bucket):
        try:
            session.client("s3").head_bucket(Bucket=bucket, ExpectedBucketOwner=place.account)
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchBucket"):
                return False
            if code_of(error) == "403":
                raise AwsError(
                    f"The bucket {bucket} belongs to another account, or you may not see it. Nothing was changed.",
                    next_step="Give the caller s3:ListBucket on it, or take another --name-prefix.",
                ) from error
            raise
    return True


def make_artifacts_bucket(session: AwsSession, bucket: str, place: Place) -> None:
    """Make a private, encrypted bucket for code packages, and tag it as powertune's own."""
    client = session.client("s3")
    where = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    with explained("making the bucket", bucket):
        client.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
        client.put_bucket_tagging(
            Bucket=bucket,
            Tagging={"TagSet": [{"Key": ARTIFACTS_TAG, "Value": "made by powertune deploy"}]},
            ExpectedBucketOwner=place.account,
        )
        client.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
            ExpectedBucketOwner=place.account,
        )
        client.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            ExpectedBucketOwner=place.account,
        )


def upload(session: AwsSession, bucket: str, key: str, data: bytes, place: Place) -> bool:
    """Put a code package there; False where it was there already, for its name says its content."""
    from botocore.exceptions import ClientError

    client = session.client("s3")
    with explained("uploading to the bucket", bucket):
        try:
            client.head_object(Bucket=bucket, Key=key, ExpectedBucketOwner=place.account)
        except ClientError as error:
            if code_of(error) not in ("404", "NoSuchKey", "403"):
                raise
        else:
            return False
        client.put_object(Bucket=bucket, Key=key, Body=data, ExpectedBucketOwner=place.account)
    return True


def keys_in(session: AwsSession, bucket: str) -> tuple[str, ...]:
    """All keys of a bucket."""
    with explained("listing the bucket", bucket):
        pages = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return tuple(item["Key"] for page in pages for item in page.get("Contents", []))


def delete_keys(session: AwsSession, bucket: str, keys: tuple[str, ...]) -> None:
    """Delete objects; those that are gone are no error.

    Raises:
        AwsError: some could not be deleted.
    """
    client = session.client("s3")
    for start in range(0, len(keys), 1000):
        with explained("deleting objects of the bucket", bucket):
            answer = client.delete_objects(
                Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[start : start + 1000]], "Quiet": True}
            )
        for failed in answer.get("Errors", []):
            raise AwsError(
                f"{failed['Key']} in the bucket {bucket} could not be deleted: {failed.get('Message')}.",
                next_step="Give the caller s3:DeleteObject on it, and run again.",
            )


def delete_bucket(session: AwsSession, bucket: str, place: Place) -> None:
    """Empty a bucket and delete it; no error where it is gone."""
    if not bucket_exists(session, bucket, place):
        return
    delete_keys(session, bucket, keys_in(session, bucket))
    with explained("deleting the bucket", bucket):
        session.client("s3").delete_bucket(Bucket=bucket, ExpectedBucketOwner=place.account)


def is_own(session: AwsSession, bucket: str, place: Place) -> bool:
    """Whether ``powertune deploy`` made the bucket."""
    from botocore.exceptions import ClientError

    with explained("reading the tags of the bucket", bucket):
        try:
            tags: list[dict[str, Any]] = session.client("s3").get_bucket_tagging(
                Bucket=bucket, ExpectedBucketOwner=place.account
            )["TagSet"]
        except ClientError as error:
            if code_of(error) == "NoSuchTagSet":
                return False
            raise
    return any(tag["Key"] == ARTIFACTS_TAG for tag in tags)
