"""Baselines and the history of checks as they lie in files: whole, damaged, foreign, newer, and with hostile names."""

import copy
import dataclasses
import json
from pathlib import Path

import checks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nights import night, nights

from powertune.domain.baseline_checks import wrong_in_baseline
from powertune.domain.baselines import baseline_of, checked_version, entry_of
from powertune.domain.check import (
    DECIDING,
    LATEST,
    Baseline,
    BaselinePayload,
    BaselineSize,
    CheckSample,
    CheckSettings,
    Metric,
    baseline_key,
    check_samples,
    checks_prefix,
)
from powertune.domain.function import FunctionArn
from powertune.domain.sample import Outcome
from powertune.errors import UsageError
from powertune.store import FolderStore, MemoryStore
from powertune.wire import dumps, to_data
from powertune.wire.baseline_file import baseline_from_text
from powertune.workflow.baselines import Shelf

ARN = FunctionArn.parse(checks.ARN)
BASELINE = baseline_of(checks.same())
DATA = to_data(BASELINE)
KEY = baseline_key(ARN, None)


def shelf(text: str | None = None, key: str = KEY) -> Shelf:
    store = MemoryStore()
    if text is not None:
        store.put(key, text)
    return Shelf(store, "s3://kept/")


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as refused:
        baseline_from_text(text, "there")
    assert refused.value.next_step
    return refused.value.message


def with_(place, value):
    data = copy.deepcopy(DATA)
    there = data
    for step in place[:-1]:
        there = there[step]
    there[place[-1]] = value
    return json.dumps(data)


# --- what is kept -------------------------------------------------------------------------------------------------


def test_a_baseline_comes_back_as_it_was_kept():
    made = shelf()
    assert made.keep(ARN, None, BASELINE) == "s3://kept/baselines/123456789012/eu-central-1/orders.json"
    assert made.baseline(ARN, None) == BASELINE
    assert made.baseline(ARN, LATEST) == BASELINE
    assert made.baseline(ARN, "live") is None


def test_each_alias_has_a_baseline_and_a_history_of_its_own():
    made = shelf()
    other = dataclasses.replace(BASELINE, run_id="other")
    made.keep(ARN, "live", BASELINE)
    made.keep(ARN, "live2", other)
    made.add(ARN, "live", night(1, 50.0))
    made.add(ARN, "live2", night(2, 50.0))
    made.add(ARN, None, night(3, 50.0))
    assert made.baseline(ARN, "live") == BASELINE
    assert made.baseline(ARN, "live2") == other
    assert made.entries(ARN, "live", most=9) == (night(1, 50.0),)
    assert made.entries(ARN, None, most=9) == (night(3, 50.0),)
    assert [place for place, _ in made.all()] == [made.place(baseline_key(ARN, name)) for name in ("live", "live2")]


def test_functions_whose_names_begin_alike_are_told_apart():
    made = shelf()
    longer = dataclasses.replace(ARN, name="orders2")
    made.add(longer, None, night(1, 50.0))
    assert made.entries(ARN, None, most=9) == ()
    assert made.entries(longer, None, most=9) == (night(1, 50.0),)


@pytest.mark.parametrize("most", [0, 1, 3, 5, 100])
def test_the_last_checks_are_read_oldest_first_and_no_more_than_asked_for(most):
    made = shelf()
    for one in reversed(nights([50.0] * 5)):
        made.add(ARN, "live", one)
    assert made.entries(ARN, "live", most=most) == tuple(nights([50.0] * 5)[max(0, 5 - most) :])


def test_a_baseline_keeps_no_payload_and_the_hashes_in_order():
    assert "text" not in json.dumps(DATA["payloads"])
    hashes = [one.sha256 for one in BASELINE.payloads]
    assert hashes == sorted(hashes)


def test_a_baseline_has_what_the_check_measured_and_nothing_of_its_reference():
    result = checks.worse()
    made = baseline_of(result)
    assert [size.memory_mb for size in made.sizes] == [result.check.subject.memory_mb]
    assert made.sizes[0].samples == check_samples(result.samples)
    assert made.function == result.check.subject


def test_what_was_throttled_or_lost_is_no_sample_and_what_failed_is_one():
    samples = checks.same().samples[:4]
    outcomes = [Outcome.THROTTLED, Outcome.LOST, Outcome.OK]
    odd = [dataclasses.replace(one, outcome=outcome) for one, outcome in zip(samples, outcomes, strict=False)]
    assert len(check_samples(odd)) == 1
    failed = next(one for one in Outcome if one not in outcomes)
    (sample,) = check_samples([dataclasses.replace(samples[0], outcome=failed)])
    assert not sample.ok
    assert not sample.is_warm


def test_a_run_without_a_warm_measurement_is_no_baseline():
    nothing = dataclasses.replace(checks.same(), samples=())
    with pytest.raises(UsageError, match="no warm measurement"):
        baseline_of(nothing)


def test_a_result_stands_for_the_baseline_that_it_makes():
    result = checks.same()
    assert baseline_from_text(dumps(result), "result.json") == baseline_of(result)


def test_the_entry_of_a_check_has_its_figures_and_leaves_unknown_what_it_lacks():
    result = checks.worse()
    entry = entry_of(result)
    (size,) = [one for one in result.memory_sizes if one.memory_mb == result.check.subject.memory_mb]
    assert entry.duration_mean_ms == size.warm.duration_ms.mean
    assert entry.cost_per_million == float(size.cost.per_million.amount)
    assert entry.verdict is result.check.verdict
    bare = entry_of(dataclasses.replace(result, memory_sizes=()))
    assert bare.duration_mean_ms is bare.duration_p95_ms is bare.cost_per_million is bare.init_ms is None
    assert bare.samples == 0
    with pytest.raises(ValueError, match="no check"):
        entry_of(dataclasses.replace(result, check=None))


def test_the_version_of_a_check_is_its_subject():
    result = checks.worse()
    assert checked_version(result) == result.check.subject
    plain = checked_version(dataclasses.replace(result, check=None))
    assert plain.version is None
    assert plain.code_sha256 == result.function.code_sha256


# --- what cannot be read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is empty"),
        ("{", "not a powertune baseline"),
        ('{"a": 1, "a": NaN}', "there"),
        ("[" * 100_000, "not a powertune baseline"),
        ("[]", "neither a powertune baseline nor a result.json"),
        ("null", "neither a powertune baseline nor a result.json"),
        ('"baseline_schema"', "neither a powertune baseline nor a result.json"),
        ("{}", "neither a powertune baseline nor a result.json"),
        ('{"baseline_schema": true}', "neither a powertune baseline nor a result.json"),
        ('{"baseline_schema": "1"}', "neither a powertune baseline nor a result.json"),
        ('{"baseline_schema": 0}', "neither a powertune baseline nor a result.json"),
        ('{"baseline_schema": -1}', "neither a powertune baseline nor a result.json"),
        ('{"baseline_schema": 1}', "not a whole powertune baseline"),
        ('{"baseline_schema": 2}', "written by a newer powertune (baseline schema 2, this one reads up to 1)"),
        ('{"schema_version": 99}', "written by a newer powertune (schema 99"),
        ('{"schema_version": 6}', "not a whole powertune result"),
        (dumps(night(1, 50.0)), "neither a powertune baseline nor a result.json"),
        ("\ufeff{}", "there"),
    ],
)
def test_what_is_no_baseline_is_refused_in_words(text, said):
    assert said in refusal(text)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("sizes", 0, "samples", 3, "duration_ms"), -1.0, "$.sizes[0].samples[3].duration_ms: -1 is not a time"),
        (("sizes", 0, "samples", 3, "billed_ms"), -1, "$.sizes[0].samples[3].billed_ms: -1 is not a time"),
        (("sizes", 0, "samples", 0, "max_memory_used_mb"), -4, "max_memory_used_mb: -4 is not a number"),
        (("sizes", 0, "memory_mb"), 64, "$.sizes[0].memory_mb: 64 is not a memory size that Lambda allows"),
        (("sizes", 0, "samples"), [], "$.sizes: there is no warm invocation"),
        (("sizes",), [], "$.sizes: there is no warm invocation"),
        (("sizes",), [*DATA["sizes"], *DATA["sizes"]], "$.sizes: they are not in the order of their memory sizes"),
        (("function", "arn"), "orders", "$.function.arn: orders is not the ARN of a function"),
        (("function", "name"), "bills", "$.function.name: bills, and the ARN says orders"),
        (("function", "region"), "us-east-1", "$.function.region: us-east-1, and the ARN says eu-central-1"),
        (("function", "memory_mb"), 0, "$.function.memory_mb: 0 is not a memory size"),
        (("measured_at",), "yesterday", "$.measured_at: yesterday is not a time"),
        (("price", "per_gb_second"), "-1", "$.price.per_gb_second: -1 is not a number"),
        (("price", "currency"), " ", "$.price.currency: it is empty"),
        (("sizes", 0, "samples", 0, "ok"), 1, "expected true or false, found 1"),
        (("sizes", 0, "samples", 0, "duration_ms"), "1e3", "expected a number"),
        (("payloads",), {}, "expected a list"),
        (("extra",), 1, "unknown fields"),
    ],
)
def test_what_no_run_can_have_measured_is_refused_with_its_place(place, value, said):
    assert said in refusal(with_(place, value))


def test_numbers_that_are_none_are_refused():
    for number in ("NaN", "Infinity", "1e999"):
        text = with_(("sizes", 0, "samples", 0, "duration_ms"), "HERE").replace('"HERE"', number)
        assert number in text
        assert "there is not a" in refusal(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*DATA, "schema_version"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_whatever_the_json_it_is_refused_and_nothing_else_happens(data):
    with pytest.raises(UsageError):
        baseline_from_text(json.dumps(data), "there")


@given(st.data())
def test_one_damaged_place_is_refused_or_still_a_baseline_that_could_have_been_measured(draw):
    data = copy.deepcopy(DATA)
    there = data
    while isinstance(there, dict | list) and there:
        keys = list(there) if isinstance(there, dict) else list(range(len(there)))
        key = draw.draw(st.sampled_from(keys))
        if not isinstance(there[key], dict | list) or not there[key] or draw.draw(st.booleans()):
            there[key] = draw.draw(st.sampled_from([None, True, -1, 0, 1, 1.5, 1e300, "", "x", [], {}]))
            break
        there = there[key]
    try:
        read = baseline_from_text(json.dumps(data), "there")
    except UsageError:
        return
    assert not list(wrong_in_baseline(read))


durations = st.none() | st.floats(0.001, 900_000)
samples_ = st.builds(
    CheckSample,
    ok=st.booleans(),
    cold=st.none() | st.booleans(),
    duration_ms=durations,
    billed_ms=st.none() | st.integers(0, 900_000),
    init_ms=durations,
    max_memory_used_mb=st.none() | st.integers(0, 10_240),
    environment=st.none() | st.text(max_size=20),
)
WARM = CheckSample(ok=True, cold=False, duration_ms=50.0, billed_ms=50)


@given(
    st.lists(samples_, max_size=5),
    st.lists(st.integers(128, 10_240), min_size=1, max_size=4, unique=True),
    st.text(max_size=40),
    st.lists(st.builds(BaselinePayload, sha256=st.text(max_size=64), weight=st.none() | st.floats(0, 1e6)), max_size=3),
)
def test_any_baseline_goes_through_a_file_and_back(drawn, sizes, words, payloads):
    made: Baseline = dataclasses.replace(
        BASELINE,
        run_id=words,
        sizes=tuple(BaselineSize(memory_mb=size, samples=(WARM, *drawn)) for size in sorted(sizes)),
        payloads=tuple(payloads),
        function=dataclasses.replace(BASELINE.function, code_sha256=words, qualifier=words),
    )
    one = shelf()
    one.keep(ARN, "live", made)
    assert one.baseline(ARN, "live") == made


# --- hostile names and places ------------------------------------------------------------------------------------


@pytest.mark.parametrize("qualifier", ["../../x", "a/b", "", ".", "a b", "a\n", "\x1b[2J", "x" * 129, "live@x", "ä"])
def test_no_qualifier_leads_out_of_the_place(qualifier):
    for key in (baseline_key, checks_prefix):
        with pytest.raises(UsageError, match="neither an alias nor a version"):
            key(ARN, qualifier)


@pytest.mark.parametrize("run_id", ["../../../out", "a/b", "", ".", "..", ".hidden", "a\n", "a\0b", "x" * 200])
def test_no_run_id_leads_out_of_the_place(run_id, tmp_path: Path):
    place = tmp_path / "deep" / "place"
    made = Shelf(FolderStore(place), str(place))
    with pytest.raises(UsageError, match="run id"):
        made.add(ARN, None, dataclasses.replace(night(1, 50.0), run_id=run_id))
    assert list(tmp_path.rglob("*")) == []


def test_foreign_files_in_a_place_are_passed_over_or_named(tmp_path: Path):
    made = Shelf(FolderStore(tmp_path), "place")
    made.keep(ARN, None, BASELINE)
    folder = tmp_path / "baselines" / ARN.account / ARN.region
    (folder / "README.md").write_text("ours")
    (folder / "broken.json").write_text("{")
    (folder / "picture.json").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "folder.json").mkdir()
    found = dict(made.all())
    assert [Path(place).name for place in found] == ["broken.json", "orders.json", "picture.json"]
    broken, whole, picture = found.values()
    assert whole == BASELINE
    assert isinstance(broken, UsageError)
    assert isinstance(picture, UsageError)
    assert "it is not text" in picture.message


def test_a_baseline_that_is_no_text_is_refused_in_words(tmp_path: Path):
    made = Shelf(FolderStore(tmp_path), "place")
    file = tmp_path / KEY
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\x80\x81")
    with pytest.raises(UsageError, match="it is not text"):
        made.baseline(ARN, None)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        b"[]",
        dumps(night(7, -50.0)).encode(),
        dumps(night(7, 50.0)).replace('"entry_schema": 1', '"entry_schema": 2').encode(),
        dumps(night(7, 50.0)).replace('"entry_schema": 1', '"entry_schema": 1, "new": 0').encode(),
        dumps(night(7, 50.0, at="soon")).encode(),
        dumps(night(7, 50.0, memory_mb=1)).encode(),
        dumps(BASELINE).encode(),
    ],
)
def test_what_is_no_check_is_left_out_of_the_history_and_the_rest_is_read(content, tmp_path: Path):
    made = Shelf(FolderStore(tmp_path), "place")
    made.add(ARN, None, night(1, 50.0))
    (tmp_path / checks_prefix(ARN, None) / "20260902.json").write_bytes(content)
    (tmp_path / checks_prefix(ARN, None) / "notes.txt").write_text("x")
    assert made.entries(ARN, None, most=2) == (night(1, 50.0),)


# --- words --------------------------------------------------------------------------------------------------------


def test_a_version_is_called_by_what_was_asked_for_and_its_number():
    one = BASELINE.function
    called = {
        (None, LATEST): "orders",
        (LATEST, LATEST): "orders",
        ("live", "7"): "orders:live (version 7)",
        ("7", "7"): "orders:7",
        (None, None): "orders",
        (None, "7"): "orders (version 7)",
    }
    for (qualifier, version), words in called.items():
        assert dataclasses.replace(one, qualifier=qualifier, version=version).called == words


def test_what_decides_is_what_was_asked_for_or_all_of_it():
    assert CheckSettings().deciding == DECIDING
    assert CheckSettings(metrics=(Metric.INIT, Metric.COST)).deciding == (Metric.COST,)
    assert CheckSettings(metrics=(Metric.INIT, Metric.MEMORY_USED)).deciding == (Metric.INIT, Metric.MEMORY_USED)


@pytest.mark.parametrize(
    ("sample", "warm"),
    [
        (WARM, True),
        (dataclasses.replace(WARM, ok=False), False),
        (dataclasses.replace(WARM, cold=None), False),
        (dataclasses.replace(WARM, cold=True), False),
        (dataclasses.replace(WARM, billed_ms=None), False),
        (dataclasses.replace(WARM, duration_ms=None), False),
    ],
)
def test_a_warm_invocation_is_one_that_succeeded_and_is_known_to_be_warm(sample, warm):
    assert sample.is_warm is warm
