"""Samples are read on a quick way, and must come out as on the slow one, complaints included."""

import json
import math
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from powertune import wire, wire_samples
from powertune.domain.result import TuningResult
from powertune.domain.sample import Outcome, Sample, Source, TraceParts
from powertune.errors import UsageError
from powertune.wire import coding, dumps, read_result, result_file, result_from_text, to_data
from powertune.wire_samples import apart, quick_samples

Make = Callable[..., TuningResult]

_TEXTS = st.none() | st.text(max_size=8)
_MS = st.none() | st.floats(0, 1e6)
SAMPLES = st.builds(
    Sample,
    memory_mb=st.integers(128, 10_240),
    version=st.text(max_size=3),
    order=st.integers(0, 1000),
    request_id=_TEXTS,
    trace_id=_TEXTS,
    outcome=st.sampled_from(Outcome),
    cold=st.none() | st.booleans(),
    duration_ms=_MS,
    billed_ms=st.none() | st.integers(0, 900_000),
    error_message=_TEXTS,
    parts=st.none() | st.builds(TraceParts, init_ms=_MS, invocation_ms=_MS),
    sources=st.lists(st.sampled_from(Source), max_size=3).map(tuple),
    disagreements=st.lists(st.text(max_size=5), max_size=2).map(tuple),
)
ANYTHING = st.sampled_from(
    [None, True, 1, 1.5, "x", "ok", [], ["tail"], [1], {}, math.nan, math.inf, 10**400, {"init_ms": "1"}]
)


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets only the slow way be taken."""
    monkeypatch.setattr(coding, "quick_samples", lambda _: None)
    monkeypatch.setattr(result_file, "apart", lambda _: None)


@given(st.lists(SAMPLES, max_size=5))
def test_samples_come_back_as_they_were_written(samples: list[Sample]) -> None:
    assert quick_samples(json.loads(json.dumps(to_data(samples)))) == tuple(samples)


def test_a_trace_of_which_nothing_is_said_is_taken_as_such() -> None:
    plain = {"memory_mb": 128, "version": "3", "order": 0, "request_id": None, "trace_id": None, "outcome": "ok"}
    (sample,) = quick_samples([{**plain, "parts": {}}]) or ()
    assert sample.parts == TraceParts()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sample=SAMPLES, name=st.sampled_from([field.name for field in fields(Sample)]), value=ANYTHING, gone=st.booleans()
)
def test_what_the_quick_way_takes_the_slow_one_takes_for_the_same(
    sample: Sample, name: str, value: Any, gone: bool
) -> None:
    data = json.loads(json.dumps(to_data(sample)))
    if gone:
        del data[name]
    else:
        data[name] = value
    found = quick_samples([data])
    with pytest.MonkeyPatch.context() as patch:
        slowly(patch)
        try:
            wanted = wire.from_data([data], tuple[Sample, ...])
        except wire.WireError:
            wanted = None
    assert found == wanted
    if found is not None and wanted is not None:
        for field in fields(Sample):
            assert type(getattr(found[0], field.name)) is type(getattr(wanted[0], field.name))


def test_a_result_in_several_parts_is_the_one_that_was_written(
    make_result: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_samples, "_CHUNK", 2000)
    whole = make_result()
    hostile = replace(whole.samples[3], error_message='\n  },\n  {\n ]\n "samples": [\n', disagreements=("]", "},"))
    result = replace(whole, samples=(*whole.samples[:3], hostile, *whole.samples[4:]))
    path = tmp_path / "result.json"
    path.write_text(dumps(result, indent=1) + "\n", encoding="utf-8")
    assert read_result(path) == result
    pieces = apart(path.read_text(encoding="utf-8"))
    assert pieces is not None
    assert len(list(pieces._parts())) > 5
    assert pieces.samples() == result.samples


@pytest.mark.parametrize("indent", [None, 1, 2])
def test_a_result_in_another_layout_is_the_same_result(make_result: Make, indent: int | None) -> None:
    result = make_result()
    assert result_from_text(json.dumps(json.loads(dumps(result)), indent=indent), "it") == result


def test_samples_that_are_not_wanted_are_not_looked_at(make_result: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    text = dumps(make_result(), indent=1)
    monkeypatch.setattr(wire_samples.Apart, "samples", pytest.fail)
    assert result_from_text(text, "it", samples=False).samples == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"order": 4,', '"order": "4",'),
        ('"order": 4,', '"order": 4, "further": 1,'),
        ('"order": 4,', ""),
        ('"outcome": "ok"', '"outcome": "fine"'),
        ('"run_id"', '"run"'),
        (' "samples": [', ' "samples": [\n 5,'),
        ("\n ]", ""),
        ("\n  },", "\n  }"),
    ],
)
def test_a_damaged_result_is_refused_with_the_same_words_on_both_ways(
    make_result: Make, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    text = dumps(make_result(), indent=1)
    assert old in text
    damaged = text.replace(old, new)
    with pytest.raises(UsageError) as quick:
        result_from_text(damaged, "it")
    slowly(monkeypatch)
    with pytest.raises(UsageError) as slow:
        result_from_text(damaged, "it")
    assert quick.value.message == slow.value.message


def test_a_second_list_of_samples_is_taken_as_json_has_it(make_result: Make) -> None:
    result = make_result(memory_sizes=(), best_mb=None)
    text = dumps(result, indent=1)
    again = f'{text.rstrip().removesuffix("}").rstrip()},\n "samples": []\n}}'
    assert result_from_text(again, "it").samples == ()
