"""Where samples and results lie while a run is under way, and after: a bucket, a folder, or this process."""

import contextlib
from pathlib import Path
from typing import IO, Any, Protocol

from powertune.aws.errors import code_of, explained


class Store(Protocol):
    """Texts by key, as in ``runs/ID/result.json``."""

    def put(self, key: str, text: str) -> None:
        """Write a text, replacing what was there."""
        ...

    def get(self, key: str) -> str | None:
        """Read a text; None where there is none."""
        ...

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, sorted."""
        ...


class MemoryStore:
    """A store that ends with the process: nothing of the request or the samples ever lies on a disk."""

    called = "memory"

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def put(self, key: str, text: str) -> None:
        """Write a text, replacing what was there."""
        self._texts[key] = text

    def get(self, key: str) -> str | None:
        """Read a text; None where there is none."""
        return self._texts.get(key)

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, sorted."""
        return sorted(key for key in list(self._texts) if key.startswith(prefix))


class FolderStore:
    """A store in a local folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.called = str(folder)

    def put(self, key: str, text: str) -> None:
        """Write a text, whole or not at all."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    def get(self, key: str) -> str | None:
        """Read a text; None where there is none."""
        path = self._folder / key
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, sorted."""
        files = (path for path in self._folder.rglob("*") if path.is_file() and path.suffix != ".partial")
        names = (path.relative_to(self._folder).as_posix() for path in files)
        return sorted(name for name in names if name.startswith(prefix))


class S3Store:
    """A store in a bucket, under a prefix such as ``powertune/``.

    Where an ``owner`` is given, the bucket must be of that account: anybody may have made one of that name.
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "", *, owner: str | None = None) -> None:
        self._client = client
        self.called = f"s3://{bucket}/{prefix}"
        self._bucket = bucket
        self._prefix = prefix
        self._owned = {} if owner is None else {"ExpectedBucketOwner": owner}

    def put(self, key: str, text: str) -> None:
        """Write a text, replacing what was there."""
        with explained(f"writing results to {self._bucket}"):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=text.encode(), **self._owned)

    def put_file(self, key: str, file: IO[bytes]) -> tuple[str, str]:
        """Write the bytes of a file, from where it stands; the bucket, and the key in it, that they have there."""
        with explained(f"writing code to {self._bucket}"):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=file, **self._owned)
        return self._bucket, self._prefix + key

    def get(self, key: str) -> str | None:
        """Read a text; None where there is none."""
        from botocore.exceptions import ClientError

        with explained(f"reading results from {self._bucket}"):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **self._owned)
            except ClientError as error:
                if code_of(error) in ("NoSuchKey", "404"):
                    return None
                raise
            body: bytes = answer["Body"].read()
        return body.decode()

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, sorted."""
        with explained(f"listing results in {self._bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix, **self._owned
            )
            return sorted(item["Key"].removeprefix(self._prefix) for page in pages for item in page.get("Contents", []))

    def folders(self, prefix: str, *, owner: str) -> list[str]:
        """The names between a prefix and the next slash, sorted; what lies below them is not listed.

        Raises:
            AwsError: as ever; also where the bucket is not of the account ``owner``.
        """
        whole = self._prefix + prefix
        with explained(f"listing results in {self._bucket}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=whole, Delimiter="/", ExpectedBucketOwner=owner
            )
            found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        return sorted(name.removeprefix(whole).removesuffix("/") for name in found)
