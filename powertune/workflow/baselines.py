"""Where baselines and the history of checks lie: a folder, a prefix of a bucket, or the stack's bucket."""

import re
from collections.abc import Iterator

from powertune.domain.baseline_checks import wrong_in_entry
from powertune.domain.check import Baseline, baseline_key, checks_prefix
from powertune.domain.function import FunctionArn
from powertune.domain.result import CheckEntry
from powertune.errors import UsageError
from powertune.store import Store
from powertune.wire import WireError, dumps, loads
from powertune.wire.baseline_file import baseline_from_text, no_text
from powertune.wire.coding import refuse_wrong

_ROOT = "baselines/"
_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class Shelf:
    """Baselines by function and alias, and what checks have found.

    Args:
        store: where they lie.
        called: what to call that place, for people.
    """

    def __init__(self, store: Store, called: str) -> None:
        self._store = store
        self.called = called

    def baseline(self, arn: FunctionArn, qualifier: str | None) -> Baseline | None:
        """The baseline of a function, or of an alias of it; None where there is none.

        Raises:
            UsageError: what lies there is none of ours.
        """
        key = baseline_key(arn, qualifier)
        text = self._text(key)
        return None if text is None else baseline_from_text(text, self.place(key))

    def keep(self, arn: FunctionArn, qualifier: str | None, baseline: Baseline) -> str:
        """Make it the baseline of a function, or of an alias of it; where it lies now."""
        key = baseline_key(arn, qualifier)
        self._store.put(key, dumps(baseline, indent=1) + "\n")
        return self.place(key)

    def all(self) -> Iterator[tuple[str, Baseline | UsageError]]:
        """Every baseline by the place it lies at, or why it cannot be read."""
        for key in self._store.keys(_ROOT):
            place = self.place(key)
            if not key.endswith(".json"):  # such as a README
                continue
            try:
                text = self._text(key)
                if text is not None:  # it may have been deleted since
                    yield place, baseline_from_text(text, place)
            except UsageError as error:
                yield place, error

    def add(self, arn: FunctionArn, qualifier: str | None, entry: CheckEntry) -> None:
        """Keep what a check found, for the history of checks.

        Raises:
            UsageError: its run id cannot be part of a name, so it is none of ours.
        """
        if not _RUN_ID.fullmatch(entry.run_id):
            raise UsageError(
                "The run id of this check is none that powertune gives, so the check is not kept in the history.",
                next_step="Check again: powertune check --help",
            )
        self._store.put(f"{checks_prefix(arn, qualifier)}{entry.run_id}.json", dumps(entry))

    def entries(self, arn: FunctionArn, qualifier: str | None, *, most: int) -> tuple[CheckEntry, ...]:
        """The last checks of a function, or of an alias of it, oldest first; what is none of ours is left out."""
        # A run id begins with its time.
        keys = [key for key in self._store.keys(checks_prefix(arn, qualifier)) if key.endswith(".json")]
        found = []
        for key in keys[max(0, len(keys) - most) :]:
            try:
                entry = loads(self._text(key) or "", CheckEntry)
                refuse_wrong(wrong_in_entry(entry))
            except (WireError, UsageError):
                continue
            found.append(entry)
        return tuple(sorted(found, key=lambda entry: (entry.at, entry.run_id)))

    def _text(self, key: str) -> str | None:
        try:
            return self._store.get(key)
        except UnicodeDecodeError as error:
            raise no_text(self.place(key), error) from None

    def place(self, key: str) -> str:
        """What to call the place of a key."""
        return f"{self.called.rstrip('/')}/{key}"
