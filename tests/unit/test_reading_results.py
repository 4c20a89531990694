"""result.json: read as it was written, of this schema and of those before; anything else is refused with a sentence."""

import dataclasses
import json
from decimal import Decimal
from pathlib import Path

import pytest

from powertune.domain.payload import Payload, PayloadUse
from powertune.domain.result import SCHEMA_VERSION
from powertune.domain.search import NO_LIMITS, SearchKind
from powertune.errors import UsageError
from powertune.wire import dumps, read_result, to_data

SCHEMA_1 = Path(__file__).parents[1] / "data" / "result-schema-1.json"
"""A run of powertune as it was before schema 2, on its embedded endpoint; two samples of each size are left."""

SCHEMA_2 = SCHEMA_1.with_name("result-schema-2.json")
"""The same of a powertune before schema 3."""
SCHEMA_3 = SCHEMA_1.with_name("result-schema-3.json")
"""A short search of a powertune before schema 4."""
SCHEMA_4 = SCHEMA_1.with_name("result-schema-4.json")
"""A short search on a clone, of a powertune before schema 5."""
SCHEMA_5 = SCHEMA_1.with_name("result-schema-5.json")
"""A short search with the user's traffic, of a powertune before schema 6."""


@pytest.fixture
def save(tmp_path):
    """Writes a text, or data as JSON, to a result.json and gives its path."""

    def write(content):
        path = tmp_path / "result.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    return write


def refused(path):
    with pytest.raises(UsageError) as caught:
        read_result(path)
    assert caught.value.next_step.endswith(".")
    assert str(path) in caught.value.message
    return caught.value.message


# --- this schema ------------------------------------------------------------------------------------------------


def test_a_result_is_read_as_it_was_written(make_result, save):
    assert read_result(save(dumps(make_result(), indent=1))) == make_result()


def test_a_decimal_is_not_rounded_on_its_way_through_a_file(make_result, save):
    amount = Decimal("0.1234567890123456789012345678901234567890")
    result = make_result()
    result = dataclasses.replace(result, price=dataclasses.replace(result.price, per_request=amount))
    assert read_result(save(dumps(result))).price.per_request == amount


def test_a_result_of_a_newer_powertune_is_refused_even_if_it_has_other_keys(make_result, save):
    path = save({**to_data(make_result()), "schema_version": SCHEMA_VERSION + 1, "something_new": {}})
    assert f"newer powertune (schema {SCHEMA_VERSION + 1}, this one reads up to {SCHEMA_VERSION})" in refused(path)


@pytest.mark.parametrize("version", [0, -1, "1", "2", None, True, 1.0, [1]])
def test_a_schema_that_never_was_is_refused_and_shown(make_result, save, version):
    message = refused(save({**to_data(make_result()), "schema_version": version}))
    assert f"$.schema_version: expected a schema from 1 to {SCHEMA_VERSION}, found {json.dumps(version)}." in message


def test_a_result_without_a_schema_is_refused(make_result, save):
    data = to_data(make_result())
    del data["schema_version"]
    assert "$.schema_version: it is missing." in refused(save(data))


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_result_cut_short_is_refused(make_result, save, share):
    whole = dumps(make_result())
    assert "is not a whole powertune result: not JSON" in refused(save(whole[: int(len(whole) * share)]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "not JSON"),
        ("[" * 100_000, "not JSON that can be read: it is nested too deeply"),
        ("[]", "$: expected an object, found []"),
        ("null", "$: expected an object, found null"),
        ("3", "$: expected an object, found 3"),
        ("{}", "$.schema_version: it is missing"),
        ('{"schema_version": 3}', "$.run_id: it is missing"),
        ('{"schema_version": 2}', "$.run_id: it is missing"),
        ('{"schema_version": 1}', "$.run_id: it is missing"),
    ],
)
def test_a_file_that_is_no_result_is_refused_with_what_was_found(save, text, said):
    path = save(text)
    assert refused(path).startswith(f"{path} is not a whole powertune result: ")
    assert said in refused(path)


def test_a_result_with_a_value_nested_as_deeply_as_json_can_be_read_is_refused_with_its_place(make_result, save):
    text = dumps(make_result()).replace('"restored": true', f'"restored": {"[" * 900}{"]" * 900}')
    assert "$.restored: expected true or false, found a list" in refused(save(text))


def test_a_missing_file_a_folder_and_bytes_that_are_no_text_cannot_be_read(tmp_path):
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "nothing.json", tmp_path, binary):
        assert "cannot be read" in refused(path)


def test_an_edited_result_is_refused_with_the_place_and_the_value(make_result, save):
    message = refused(save({**to_data(make_result()), "restored": "yes"}))
    assert '$.restored: expected true or false, found "yes".' in message


# --- the first schema -------------------------------------------------------------------------------------------


@pytest.fixture
def first():
    """The data of the file of schema 1."""
    return json.loads(SCHEMA_1.read_text(encoding="utf-8"))


def missing_from(new, old, place="$"):
    """Places at which new data does not say what the old said."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            yield from missing_from(new.get(key), value, f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, value in enumerate(old):
            yield from missing_from(new[index], value, f"{place}[{index}]")
    elif old != new:
        yield place


def test_everything_in_a_result_of_the_first_schema_is_kept_but_its_payload(first):
    data = to_data(read_result(SCHEMA_1))
    assert list(missing_from(data, first)) == ["$.request.payload", "$.schema_version"]
    assert data["schema_version"] == SCHEMA_VERSION


def test_of_the_first_schemas_payload_hash_and_size_are_kept_and_the_text_is_not(first):
    text = first["request"]["payload"]
    result = read_result(SCHEMA_1)
    assert text == '{"limit": 8000}'
    assert result.request.payloads == (Payload.of(text).without_text(),)
    assert result.request.payload_use is PayloadUse.IN_TURN
    assert "8000" not in dumps(result)


def test_what_the_first_schema_did_not_say_is_unknown_and_not_nought():
    result = read_result(SCHEMA_1)
    size = result.memory_sizes[0]
    assert result.spend.lines == ()
    assert [result.applied, result.function.log_format, result.price.tiers, result.price.per_log_gb_scanned] == [
        None
    ] * 4
    assert [size.cold_cost, size.drift, size.warm.latency_ms, size.cold.restore_ms] == [None] * 4
    assert [(sample.payload, sample.sent_at_ms, sample.misfit) for sample in result.samples] == [(0, None, None)] * 4
    assert result.request.sizes_at_once == 40  # as many as that powertune invoked at the same time


def test_a_result_of_the_first_schema_is_written_as_one_of_this_schema(save):
    result = read_result(SCHEMA_1)
    assert read_result(save(dumps(result))) == result


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "expected a text, found null"),
        ({"limit": 8000}, 'expected a text, found {"limit": 8000}'),
        ("{", "The payload is not JSON"),
        ("NaN", "NaN is not a JSON number"),
        ("[" * 100_000, "The payload is not JSON"),
    ],
)
def test_a_payload_that_the_first_schema_could_not_hold_is_refused_with_its_place(first, save, payload, said):
    first["request"]["payload"] = payload
    message = refused(save(first))
    assert "$.request.payload: " in message
    assert said in message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data["request"].pop("payload"), "$.request.payload: it is missing"),
        (lambda data: data["request"].update(payloads=[]), '$.request: unknown fields: "payloads"'),
        (lambda data: data["request"].update(colour="red"), '$.request: unknown fields: "colour"'),
        (lambda data: data["request"].update(parallel=0), "$.request: The number of parallel invocations is 0"),
        (lambda data: data["samples"][3].update(cold="no"), '$.samples[3].cold: expected true or false, found "no"'),
        (lambda data: data.pop("spend"), "$.spend: it is missing"),
        (lambda data: data.update(request="none"), '$.request: expected an object, found "none"'),
    ],
)
def test_whatever_else_is_strange_in_a_result_of_the_first_schema_is_refused_with_its_place(first, save, change, said):
    change(first)
    assert said in refused(save(first))


# --- the second schema ------------------------------------------------------------------------------------------


def test_everything_in_a_result_of_the_second_schema_is_kept():
    second = json.loads(SCHEMA_2.read_text(encoding="utf-8"))
    data = to_data(read_result(SCHEMA_2))
    assert second["schema_version"] == 2
    assert list(missing_from(data, second)) == ["$.schema_version"]
    assert data["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize("path", [SCHEMA_1, SCHEMA_2])
def test_a_run_before_there_were_searches_was_a_grid_of_which_nothing_is_claimed(path):
    result = read_result(path)
    assert result.search is None
    assert result.request.search is SearchKind.GRID
    assert (result.request.latency_target, result.request.min_headroom, result.request.prior) == (None, None, None)
    assert result.request.limits == NO_LIMITS


def test_a_result_of_the_second_schema_is_written_as_one_of_this_schema(save):
    result = read_result(SCHEMA_2)
    assert read_result(save(dumps(result))) == result


# --- the third schema -------------------------------------------------------------------------------------------


def test_everything_in_a_result_of_the_third_schema_is_kept():
    third = json.loads(SCHEMA_3.read_text(encoding="utf-8"))
    data = to_data(read_result(SCHEMA_3))
    assert third["schema_version"] == 3
    assert list(missing_from(data, third)) == ["$.schema_version"]
    assert data["schema_version"] == SCHEMA_VERSION


def test_a_run_before_there_were_clones_was_one_of_the_function_itself():
    request = read_result(SCHEMA_3).request
    assert (request.isolate, request.architecture, request.canary) == (False, None, None)


# --- the fourth schema ------------------------------------------------------------------------------------------


def test_everything_in_a_result_of_the_fourth_schema_is_kept():
    fourth = json.loads(SCHEMA_4.read_text(encoding="utf-8"))
    data = to_data(read_result(SCHEMA_4))
    assert fourth["schema_version"] == 4
    assert fourth["function"]["clone"].startswith("powertune-clone-")
    assert list(missing_from(data, fourth)) == ["$.schema_version"]
    assert data["schema_version"] == SCHEMA_VERSION


def test_a_run_of_schema_5_keeps_everything_that_it_says():
    fifth = json.loads(SCHEMA_5.read_text(encoding="utf-8"))
    data = to_data(read_result(SCHEMA_5))
    assert fifth["schema_version"] == 5
    assert fifth["traffic"]["invocations"] == 3_000_000
    assert list(missing_from(data, fifth)) == ["$.schema_version"]
    assert data["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize("path", [SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4, SCHEMA_5])
def test_a_run_before_there_were_checks_is_none(path):
    result = read_result(path)
    assert (result.check, result.request.check) == (None, None)


@pytest.mark.parametrize("path", [SCHEMA_1, SCHEMA_2, SCHEMA_3, SCHEMA_4])
def test_of_a_run_before_traffic_was_read_it_is_unknown_and_not_nought(path):
    result = read_result(path)
    assert (result.traffic, result.request.monthly_invocations) == (None, None)
