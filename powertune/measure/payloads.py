"""Payloads that lie in S3, read before anything is changed or spent."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from powertune.aws.errors import code_of, explained
from powertune.domain.payload import Payload, PayloadForm, PayloadUse
from powertune.domain.payload_list import payloads_from_list
from powertune.domain.request import TuningRequest
from powertune.errors import UsageError
from powertune.peer import payloads_from_text


def with_payloads_from_s3(client: Any, request: TuningRequest) -> TuningRequest:
    """The request with the payloads that lie where its ``payload_s3`` says.

    Raises:
        UsageError: there is no such object, or it is not what the request takes.
        AwsError: AWS does not let the caller read it.
    """
    assert request.payload_s3 is not None
    text = _read(client, request.payload_s3)
    payloads, use = _understood(text, request.payload_form)
    if request.payload_use is PayloadUse.ONCE:
        use = PayloadUse.ONCE
    return replace(request, payloads=payloads, payload_use=use)


def _understood(text: str, form: PayloadForm) -> tuple[tuple[Payload, ...], PayloadUse]:
    if form is PayloadForm.POWER_TUNING:
        return payloads_from_text(text)
    if form is PayloadForm.LIST:
        return payloads_from_list(text)
    return (Payload.of(text),), PayloadUse.IN_TURN


def _read(client: Any, url: str) -> str:
    from botocore.exceptions import ClientError

    place = urlsplit(url)
    with explained("reading the payload from", url):
        try:
            body: bytes = client.get_object(Bucket=place.netloc, Key=url.split("/", 3)[3])["Body"].read()
        except ClientError as error:
            if code_of(error) in ("NoSuchKey", "NoSuchBucket", "404"):
                raise UsageError(
                    f"There is no payload at {url}: {code_of(error)}.",
                    next_step="Check the bucket and the key; nothing was started.",
                ) from None
            raise
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise UsageError(f"The payload at {url} is not UTF-8 text.", next_step="Store it as JSON.") from None
