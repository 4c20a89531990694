"""The user's own price table, written by ``powertune prices update``."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from powertune.errors import UsageError
from powertune.pricing.rows import PriceTable, dump_table, parse_table

VARIABLE = "POWERTUNE_PRICES"
"""Environment variable that names the file, wherever the platform would have it."""


def user_table_path(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where the table lies: $POWERTUNE_PRICES, else ``powertune/prices.json`` in the user's data folder.

    That folder is $XDG_DATA_HOME or ``~/.local/share``; ``~/Library/Application Support`` on macOS and
    %LOCALAPPDATA% on Windows.
    """
    if given := environ.get(VARIABLE):
        return Path(given)
    if platform == "win32":
        data = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        xdg = environ.get("XDG_DATA_HOME", "")
        # The XDG base directory specification: a relative path is to be ignored.
        data = Path(xdg) if Path(xdg).is_absolute() else Path.home() / ".local" / "share"
    return data / "powertune" / "prices.json"


def user_table(path: Path | None = None) -> PriceTable | None:
    """The user's table; None where there is none.

    Raises:
        UsageError: it cannot be read, or is not a price table. It is not passed over: prices that the user
            fetched would silently be older ones.
    """
    path = path or user_table_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The price table {path} cannot be read: {error}.",
            next_step="Remove it and run powertune prices update, or set POWERTUNE_PRICES to another file.",
        ) from None
    return parse_table(text, str(path))


def write_user_table(table: PriceTable, path: Path) -> None:
    """Write the table, whole or not at all.

    Raises:
        UsageError: it cannot be written; the file that was there is untouched.
    """
    text = dump_table(table)
    parse_table(text, str(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=".prices-", suffix=".json", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(
            f"The prices could not be written to {path}: {error}. Nothing was changed.",
            next_step="Set POWERTUNE_PRICES to a file that can be written.",
        ) from None
