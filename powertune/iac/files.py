"""Reading and writing a template's file: all of the new text or all of the old, never a part."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from powertune.errors import UsageError


def read_template(path: Path) -> str:
    """The text of a file that could be written again.

    Raises:
        UsageError: it cannot be read, is not UTF-8, or could not be written.
    """
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {path}.", next_step="Correct --write-template.")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8.", next_step="Give a template in UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error}.", next_step="Correct --write-template.") from None
    real = path.resolve()
    if not (os.access(real, os.W_OK) and os.access(real.parent, os.W_OK | os.X_OK)):
        raise UsageError(f"{path} or its folder cannot be written to.", next_step="Change their permissions.")
    return text


def write_template(path: Path, text: str) -> None:
    """Put a text in the place of a file's, at once. A symbolic link stays one; the file keeps its permissions.

    Raises:
        OSError: it cannot be done; the file is as before.
    """
    real = path.resolve()
    before = real.stat()
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(stat.S_IMODE(before.st_mode))
        with suppress(OSError):  # only root may give a file to somebody else
            os.chown(name, before.st_uid, before.st_gid)
        Path(name).replace(real)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
