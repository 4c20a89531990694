"""Fetches what a presigned URL of AWS points at: a function's code, a layer's content."""

import base64
import hashlib
import tempfile
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import IO
from urllib.parse import urlsplit

from powertune.errors import AwsError

_TIMEOUT_S = 60
_PIECE = 1024 * 1024
_IN_MEMORY = 64 * 1024 * 1024


def download(url: str, *, what: str, sha256: str | None, most_bytes: int) -> IO[bytes]:
    """The content behind a presigned URL, as a file at its beginning that vanishes when it is closed.

    Args:
        url: https, or http on this machine (the embedded endpoint). It is a secret for as long as it is valid, so it
            stands in no message.
        what: what it is, as in "the code of orders".
        sha256: in base64, as Lambda gives it; None where it is not known.
        most_bytes: more than that is refused.

    Raises:
        AwsError: it cannot be had, is larger, or is not what its hash says.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        raise AwsError(f"AWS gave no https address for {what}.", next_step="Tune the function itself.")
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    digest, size = hashlib.sha256(), 0
    try:
        with _opener(local=parts.scheme == "http").open(url, timeout=_TIMEOUT_S) as answer:
            while piece := answer.read(_PIECE):
                size += len(piece)
                if size > most_bytes:
                    raise AwsError(
                        f"{what[:1].upper()}{what[1:]} is larger than the {most_bytes:,} bytes that are read.",
                        next_step="Tune the function itself.",
                    )
                digest.update(piece)
                file.write(piece)
    except (OSError, HTTPException, ValueError) as error:
        why = f"{error.code} {error.reason}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        raise AwsError(f"Downloading {what} failed: {why}.", next_step="Check the network and run again.") from None
    if sha256 is not None and base64.b64encode(digest.digest()).decode() != sha256:
        raise AwsError(
            f"What was downloaded as {what} does not have the hash that Lambda gives for it.",
            next_step="It may have been deployed anew in this moment: run again.",
        )
    file.seek(0)
    return file


def _opener(*, local: bool) -> urllib.request.OpenerDirector:
    """What fetches: by the environment's proxy, but not from this machine itself."""
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
