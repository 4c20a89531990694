"""The texts of a run in the store, and their keys."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from powertune.domain.function import FunctionSnapshot
from powertune.domain.history import summary_of
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.domain.sample import Invocation, Sample, TraceParts
from powertune.errors import AwsError
from powertune.store import Store
from powertune.wire import dumps, from_data, loads, result_from_text, to_data, without_unasked

T = TypeVar("T")

SUMMARY = "summary.json"
"""The name of a run's answer in brief, beside its ``result.json``."""

_ENDED = "ended"


class Archive:
    """What a run writes down and reads back."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._root = f"runs/{run_id}"

    def save_request(self, request: TuningRequest) -> None:
        """Keep the request: it holds the payload, which may be too large to travel."""
        self._store.put(f"{self._root}/request.json", dumps(without_unasked(to_data(request), TuningRequest)))

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

    def save_invocations(self, round_: int, part: int, invocations: Sequence[Invocation]) -> None:
        """Keep one part of a round's invocations."""
        self._store.put(f"{self._root}/invocations/{round_:03}/{part:06}.jsonl", _lines(invocations))

    def invocations(self, round_: int) -> tuple[Invocation, ...]:
        """All invocations of one round, by memory size and order."""
        found = self._read_all(f"invocations/{round_:03}/", Invocation)
        return tuple(sorted(found, key=lambda call: (call.memory_mb, call.order)))

    def invocations_of_all_rounds(self, rounds: int) -> tuple[Invocation, ...]:
        """All invocations of the rounds from the first to this one."""
        return tuple(call for round_ in range(1, rounds + 1) for call in self.invocations(round_))

    def is_used(self) -> bool:
        """Whether a run of this id has got as far as samples or an answer."""
        answered = self._store.get(f"{self._root}/result.json") is not None
        return answered or bool(self._store.keys(f"{self._root}/samples/"))

    def has_request(self) -> bool:
        """Whether the request lies in the store."""
        return self._store.get(f"{self._root}/request.json") is not None

    def save_found(self, round_: int, rows: Sequence[object], parts: Mapping[str, TraceParts]) -> None:
        """Keep what the logs and traces have said so far of a round that is not complete."""
        self._store.put(f"{self._root}/found/{round_:03}-rows.jsonl", _lines(rows))
        traces = {trace_id: to_data(part) for trace_id, part in parts.items()}
        self._store.put(f"{self._root}/found/{round_:03}-traces.json", json.dumps(traces))

    def found(self, round_: int, kind: type[T]) -> tuple[list[T], dict[str, TraceParts]]:
        """What `save_found` kept: rows of a kind, and parts by trace id."""
        rows = list(self._read_all(f"found/{round_:03}-rows", kind))
        traces = json.loads(self._store.get(f"{self._root}/found/{round_:03}-traces.json") or "{}")
        return rows, {trace_id: from_data(part, TraceParts) for trace_id, part in traces.items()}

    def save_samples(self, round_: int, samples: Sequence[Sample]) -> None:
        """Keep the joined samples of one round."""
        self._store.put(f"{self._root}/samples/{round_:03}.jsonl", _lines(samples))

    def samples(self, before_round: int | None = None) -> tuple[Sample, ...]:
        """All samples of the run so far, or of the rounds before one, by memory size and order."""
        folders = ["samples/"]
        if before_round is not None:
            folders = [f"samples/{number:03}" for number in range(1, before_round)]
        found = [sample for folder in folders for sample in self._read_all(folder, Sample)]
        return tuple(sorted(found, key=lambda sample: (sample.memory_mb, sample.order)))

    def save_result(self, result: TuningResult) -> None:
        """Keep the answer."""
        self._store.put(f"{self._root}/result.json", dumps(result, indent=1))

    def save_summary(self, result: TuningResult) -> None:
        """Keep a finished run's answer in brief, so that a history of many runs need not read their samples."""
        self._store.put(f"{self._root}/{SUMMARY}", dumps(summary_of(result)))

    def result(self) -> TuningResult:
        """The answer, maybe written by a stack of an earlier powertune.

        Raises:
            AwsError: it is not in the store, or says that it is another run's.
            UsageError: a newer powertune wrote it.
        """
        called = f"{self._root}/result.json"
        result = result_from_text(self._need("result.json"), called, checked=False)
        if result.run_id != self._run_id:  # a run id names the folder that the result is written to
            raise AwsError(
                f"{called} says that it is of the run {result.run_id[:200]!r}: something else wrote it.",
                next_step="Run again.",
            )
        return result

    def result_so_far(self) -> TuningResult | None:
        """The answer; None where there is none yet."""
        text = self._store.get(f"{self._root}/result.json")
        return None if text is None else loads(text, TuningResult)

    def result_text(self) -> str | None:
        """The answer as it was written, maybe by an older powertune; None where there is none."""
        return self._store.get(f"{self._root}/result.json")

    def request_stop(self) -> None:
        """Leave word that the user wants the run to end."""
        self._store.put(f"{self._root}/stop", "")

    def stop_requested(self) -> bool:
        """Whether such word was left, or the run has ended."""
        return self._store.get(f"{self._root}/stop") is not None

    def end(self) -> None:
        """Leave word that the execution is over and is being undone, for a task of it that is still at work."""
        self._store.put(f"{self._root}/stop", _ENDED)

    def has_ended(self) -> bool:
        """Whether that word was left."""
        return self._store.get(f"{self._root}/stop") == _ENDED

    def tell(self, moment: dict[str, Any]) -> None:
        """Leave word of how far the run is, for whoever watches from elsewhere."""
        self._store.put(f"{self._root}/progress.json", json.dumps(moment))

    def told(self) -> dict[str, Any] | None:
        """The latest such word."""
        text = self._store.get(f"{self._root}/progress.json")
        told: dict[str, Any] | None = json.loads(text) if text else None
        return told

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
