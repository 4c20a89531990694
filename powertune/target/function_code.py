"""The code of a function, as it has to be given to CreateFunction for another one."""

from collections.abc import Callable
from typing import IO, Any

from powertune.aws.download import download
from powertune.domain.function import FunctionArn
from powertune.errors import FunctionRefused

MOST_DIRECT_BYTES = 50 * 1024 * 1024
"""A zip that CreateFunction takes in the call itself (AWS docs, lambda/latest/dg/gettingstarted-limits)."""

MOST_CODE_BYTES = 300 * 1024 * 1024
"""What is read at most: a package may have 250 MB unzipped, so no zip of one is larger (the same page)."""

Upload = Callable[[IO[bytes]], tuple[str, str]]
"""Puts a file into a bucket of the function's region, and says into which, and under which key."""


class FunctionCode:
    """A function's code, downloaded once and only where it has to be."""

    def __init__(self, code: dict[str, Any], configuration: dict[str, Any], target: FunctionArn) -> None:
        """Take ``Code`` and ``Configuration`` as GetFunction gives them."""
        self._code = code
        self._configuration = configuration
        self._target = target
        self._file: IO[bytes] | None = None

    def file(self) -> IO[bytes]:
        """The zip, at its beginning."""
        if self._file is None:
            location = self._code.get("Location")
            if not location:
                error = self._code.get("Error") or {}
                raise FunctionRefused(
                    f"AWS gives no code for {self._target.name} ({error.get('Message') or 'no reason given'}), so it "
                    "cannot be cloned.",
                    next_step="Tune the function itself.",
                )
            self._file = download(
                location,
                what=f"the code of {self._target.name}",
                sha256=self._configuration["CodeSha256"],
                most_bytes=MOST_CODE_BYTES,
            )
        self._file.seek(0)
        return self._file

    def argument(self, upload: Upload | None) -> dict[str, Any]:
        """What CreateFunction takes as the code."""
        if self._configuration.get("PackageType") == "Image":
            # By digest: a tag may point at another image by now.
            return {"ImageUri": self._code.get("ResolvedImageUri") or self._code["ImageUri"]}
        key = {"SourceKMSKeyArn": self._code["SourceKMSKeyArn"]} if self._code.get("SourceKMSKeyArn") else {}
        lies = self._code.get("ResolvedS3Object") or {}
        if lies.get("S3Bucket") and lies.get("S3Key"):
            # Code that its owner keeps in a bucket of their own.
            taken = {name: lies[name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if lies.get(name)}
            return {**taken, "S3ObjectStorageMode": "REFERENCE", **key}
        file = self.file()
        size = file.seek(0, 2)
        file.seek(0)
        if size <= MOST_DIRECT_BYTES:
            return {"ZipFile": file.read(), **key}
        if upload is None:
            raise FunctionRefused(
                f"The code of {self._target.name} has {size / 1024 / 1024:,.0f} MB; more than 50 MB has to go through "
                "a bucket, and a run from the terminal has none. Nothing was made.",
                next_step="Run it through the state machine, whose bucket can hold it (powertune deploy), or tune the "
                "function itself.",
            )
        bucket, place = upload(file)
        return {"S3Bucket": bucket, "S3Key": place, **key}

    def close(self) -> None:
        """Forget the download."""
        if self._file is not None:
            self._file.close()
