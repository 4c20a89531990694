"""A baseline in a file of its own, as a repository may keep it."""

import os
from pathlib import Path

from powertune.domain.check import Baseline
from powertune.domain.function import FunctionArn
from powertune.errors import UsageError
from powertune.store import FolderStore
from powertune.wire.baseline_file import baseline_from_text, baseline_text
from powertune.wire.coding import decoded
from powertune.workflow.baselines import Shelf


class FileShelf(Shelf):
    """A shelf with room for one baseline, whatever function or alias it is of, and for no history.

    Args:
        path: the file; a baseline, or a ``result.json`` that one is made of.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(_OneText(path), str(path))
        self._path = path

    def keep(self, arn: FunctionArn, qualifier: str | None, baseline: Baseline) -> str:
        """Make it the baseline.

        Raises:
            UsageError: see `refuse_other`.
        """
        self.refuse_other(arn)
        return super().keep(arn, qualifier, baseline)

    def place(self, key: str) -> str:  # noqa: ARG002
        """The file."""
        return self.called

    def refuse_other(self, arn: FunctionArn) -> None:
        """Refuse to replace what is there, unless it is a baseline of this function.

        Raises:
            UsageError: it is anything else.
        """
        if not os.path.lexists(self._path):
            return
        text = baseline_text(self._path)
        there = baseline_from_text(text, self.called)
        if "baseline_schema" not in decoded(text):
            raise UsageError(
                f"{self.called} is the result of a run, and stays as it is.",
                next_step="Give the baseline a file of its own.",
            )
        if there.function.arn != str(arn):
            raise UsageError(
                f"{self.called} is the baseline of {there.function.arn}, not of {arn}. It is unchanged.",
                next_step="Give the baseline a file of its own.",
            )


class _OneText:
    """A store of which only baselines are kept, all in the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, text: str) -> None:
        if key.startswith("baselines/"):
            FolderStore(self._path.parent).put(self._path.name, text)

    def get(self, key: str) -> str | None:  # noqa: ARG002
        return baseline_text(self._path) if os.path.lexists(self._path) else None

    def keys(self, prefix: str) -> list[str]:
        return [self._path.name] if prefix.startswith("baselines/") and os.path.lexists(self._path) else []
