"""Where baselines and the history of checks lie: a folder, a prefix of a bucket, or the stack's bucket."""

from collections.abc import Iterator

from powertune.domain.check import Baseline, baseline_key, checks_prefix
from powertune.domain.function import FunctionArn
from powertune.domain.result import CheckEntry
from powertune.errors import UsageError
from powertune.store import Store
from powertune.wire import WireError, dumps, loads
from powertune.wire.baseline_file import baseline_from_text

_ROOT = "baselines/"


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
        text = self._store.get(key)
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
            try:
                yield place, baseline_from_text(self._store.get(key) or "", place)
            except UsageError as error:
                yield place, error

    def add(self, arn: FunctionArn, qualifier: str | None, entry: CheckEntry) -> None:
        """Keep what a check found, for the history of checks."""
        self._store.put(f"{checks_prefix(arn, qualifier)}{entry.run_id}.json", dumps(entry))

    def entries(self, arn: FunctionArn, qualifier: str | None, *, most: int) -> tuple[CheckEntry, ...]:
        """The last checks of a function, or of an alias of it, oldest first; what is none of ours is left out."""
        # A run id begins with its time.
        keys = self._store.keys(checks_prefix(arn, qualifier))[-most:]
        found = []
        for key in keys:
            try:
                found.append(loads(self._store.get(key) or "", CheckEntry))
            except WireError:
                continue
        return tuple(sorted(found, key=lambda entry: (entry.at, entry.run_id)))

    def place(self, key: str) -> str:
        """What to call the place of a key."""
        return f"{self.called.rstrip('/')}/{key}"
