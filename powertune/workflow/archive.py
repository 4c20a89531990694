"""The texts of a run in the store, and their keys."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from powertune.domain.function import FunctionSnapshot
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Invocation, Sample
from powertune.errors import AwsError
from powertune.store import Store
from powertune.wire import dumps, loads

T = TypeVar("T")


class Archive:
    """What a run writes down and reads back."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._root = f"runs/{run_id}"

    def save_request(self, request: TuningRequest) -> None:
        """Keep the request: it holds the payload, which may be too large to travel."""
        self._store.put(f"{self._root}/request.json", dumps(request))

    def request(self) -> TuningRequest:
        """The request.

        Raises:
            AwsError: it is not in the store.
        """
        return loads(self._need("request.json"), TuningRequest)

    def save_snapshot(self, snapshot: FunctionSnapshot) -> None:
        """Keep what the function was like before the first change."""
        self._store.put(f"{self._root}/snapshot.json", dumps(snapshot))

    def snapshot(self) -> FunctionSnapshot:
        """What the function was like before the first change.

        Raises:
            AwsError: it is not in the store.
        """
        return loads(self._need("snapshot.json"), FunctionSnapshot)

    def save_invocations(self, round_: int, memory_mb: int, part: int, invocations: Sequence[Invocation]) -> None:
        """Keep one part of one batch."""
        key = f"{self._root}/invocations/{round_:03}/{memory_mb:05}-{part:04}.jsonl"
        self._store.put(key, _lines(invocations))

    def invocations(self, round_: int) -> tuple[Invocation, ...]:
        """All invocations of one round, by memory size and order."""
        return tuple(self._read_all(f"invocations/{round_:03}/", Invocation))

    def save_samples(self, round_: int, samples: Sequence[Sample]) -> None:
        """Keep the joined samples of one round."""
        self._store.put(f"{self._root}/samples/{round_:03}.jsonl", _lines(samples))

    def samples(self) -> tuple[Sample, ...]:
        """All samples of the run so far."""
        return tuple(self._read_all("samples/", Sample))

    def save_result(self, result: TuningResult) -> None:
        """Keep the answer."""
        self._store.put(f"{self._root}/result.json", dumps(result, indent=1))

    def result(self) -> TuningResult:
        """The answer.

        Raises:
            AwsError: it is not in the store.
        """
        return loads(self._need("result.json"), TuningResult)

    def request_stop(self) -> None:
        """Leave word that the user wants the run to end."""
        self._store.put(f"{self._root}/stop", "")

    def stop_requested(self) -> bool:
        """Whether such word was left."""
        return self._store.get(f"{self._root}/stop") is not None

    def tell(self, name: str, moment: dict[str, Any]) -> None:
        """Leave word of how far something is, for whoever watches from elsewhere."""
        self._store.put(f"{self._root}/progress/{name}.json", json.dumps(moment))

    def told(self) -> dict[str, dict[str, Any]]:
        """The latest word on everything, by name."""
        prefix = f"{self._root}/progress/"
        texts = {
            key.removeprefix(prefix).removesuffix(".json"): self._store.get(key) for key in self._store.keys(prefix)
        }
        return {name: json.loads(text) for name, text in texts.items() if text}

    def _need(self, name: str) -> str:
        text = self._store.get(f"{self._root}/{name}")
        if text is None:
            raise AwsError(f"{self._root}/{name} is not where the run keeps its texts.", next_step="Run again.")
        return text

    def _read_all(self, folder: str, kind: type[T]) -> Iterator[T]:
        for key in self._store.keys(f"{self._root}/{folder}"):
            # Not splitlines(): it would also split at line separators inside JSON strings.
            for line in (self._store.get(key) or "").split("\n"):
                if line:
                    yield loads(line, kind)


def _lines(values: Sequence[object]) -> str:
    return "".join(dumps(value) + "\n" for value in values)
