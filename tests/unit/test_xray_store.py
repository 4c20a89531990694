"""Which documents are taken, and what a trace is made of."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powertune.local.facts import FunctionSpec, InvocationFacts
from powertune.local.xray_store import TraceStore

TRACE = "1-6a507b87-0cc4438344b48ef127ab1931"
FUNCTION_ID = "d0025b207c551fde"
SEGMENT: dict[str, Any] = {
    "id": "1" * 16,
    "trace_id": TRACE,
    "name": "orders",
    "start_time": 1.0,
    "end_time": 2.0,
}


def facts(**change: Any) -> InvocationFacts:
    spec = FunctionSpec(
        name="f",
        function_arn="arn:aws:lambda:us-east-1:000000000000:function:f",
        version="7",
        revision="r",
        handler="h.h",
        runtime="python3.12",
        memory_mb=128,
        timeout_s=3,
        code_dir=Path(),
        log_group="/aws/lambda/f",
        region="us-east-1",
        account="000000000000",
    )
    known: dict[str, Any] = {
        "spec": spec,
        "request_id": "request-1",
        "trace_id": TRACE,
        "parent_id": "1111111111111111",
        "sampled": True,
        "segment_id": FUNCTION_ID,
        "received_s": 1000.0,
        "init_started_s": None,
        "init_ended_s": None,
        "started_s": 1000.5,
        "ended_s": 1000.75,
        "error_type": None,
        "error_message": None,
    }
    return InvocationFacts(**{**known, **change})


def document(**change: Any) -> str:
    known = {"id": "a" * 16, "trace_id": TRACE, "name": "n", "start_time": 1.0, "end_time": 2.0, **change}
    return json.dumps({key: value for key, value in known.items() if value is not None})


def sub(number: str, parent: str) -> str:
    return document(id=number * 16, parent_id=parent, type="subsegment", name=f"sub-{number}")


def recorded(**change: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    store = TraceStore()
    store.record(facts(**change))
    service, function = store.trace(TRACE) or []
    return service, function


def test_an_invocation_is_two_segments_of_the_service_and_of_the_function() -> None:
    service, function = recorded()
    assert (service["origin"], function["origin"]) == ("AWS::Lambda", "AWS::Lambda::Function")
    assert (service["name"], function["name"]) == ("f", "f")
    assert service["parent_id"] == "1111111111111111"
    assert (function["id"], function["parent_id"]) == (FUNCTION_ID, service["id"])
    assert service["aws"]["request_id"] == function["aws"]["request_id"] == "request-1"
    assert service["resource_arn"] == function["resource_arn"] == facts().spec.function_arn
    assert (service["start_time"], function["start_time"], function["end_time"]) == (1000.0, 1000.5, 1000.75)
    assert "fault" not in function


def test_only_a_cold_start_has_an_initialization() -> None:
    _, warm = recorded()
    _, cold = recorded(init_started_s=1000.1, init_ended_s=1000.4)
    assert [part["name"] for part in warm["subsegments"]] == ["Invocation", "Overhead"]
    assert [part["name"] for part in cold["subsegments"]] == ["Initialization", "Invocation", "Overhead"]
    assert (cold["subsegments"][0]["start_time"], cold["subsegments"][0]["end_time"]) == (1000.1, 1000.4)


def test_a_failure_is_a_fault_with_its_cause() -> None:
    for segment in recorded(error_type="ValueError", error_message="no"):
        assert segment["fault"] is True
        assert [(one["type"], one["message"]) for one in segment["cause"]["exceptions"]] == [("ValueError", "no")]


@pytest.mark.parametrize("change", [{"sampled": False}, {"trace_id": None}, {"segment_id": None}])
def test_an_invocation_that_is_not_traced_leaves_nothing(change: dict[str, Any]) -> None:
    store = TraceStore()
    store.record(facts(**change))
    assert store.traces() == []


def test_the_functions_own_subsegments_stand_inside_its_segment_whichever_comes_first() -> None:
    for early in (True, False):
        store = TraceStore()
        if not early:
            store.record(facts())
        store.put_document(sub("b", FUNCTION_ID))
        store.put_document(sub("c", "b" * 16))
        if early:
            store.record(facts())
        segments = store.trace(TRACE) or []
        function = next(one for one in segments if one["id"] == FUNCTION_ID)
        assert len(segments) == 2
        assert [part["name"] for part in function["subsegments"]] == ["Invocation", "Overhead", "sub-b"]
        assert [part["name"] for part in function["subsegments"][-1]["subsegments"]] == ["sub-c"]


def test_a_subsegment_finds_a_parent_that_is_itself_embedded() -> None:
    store = TraceStore()
    store.put_document(document(subsegments=[{"id": "b" * 16, "name": "inner"}]))
    store.put_document(sub("c", "b" * 16))
    (segment,) = store.trace(TRACE) or []
    assert segment["subsegments"][0]["subsegments"][0]["name"] == "sub-c"


def test_a_subsegment_without_its_parent_stands_on_its_own() -> None:
    store = TraceStore()
    store.put_document(sub("b", "f" * 16))
    assert [one["name"] for one in store.trace(TRACE) or []] == ["sub-b"]


@pytest.mark.parametrize("parents", [{"b": "b"}, {"b": "c", "c": "b"}, {"b": "c", "c": "d", "d": "b"}])
def test_subsegments_in_a_circle_are_not_lost(parents: dict[str, str]) -> None:
    store = TraceStore()
    for one, parent in parents.items():
        store.put_document(sub(one, parent * 16))
    text = json.dumps(store.trace(TRACE))
    assert all(f'"sub-{one}"' in text for one in parents)


def test_a_segment_in_progress_gives_way_to_the_ended_one_in_either_order() -> None:
    documents = [document(end_time=None, in_progress=True), document()]
    for order in (documents, documents[::-1]):
        store = TraceStore()
        for one in order:
            store.put_document(one)
        (segment,) = store.trace(TRACE) or []
        assert "in_progress" not in segment


def test_a_list_of_documents_is_taken_whole_or_not_at_all() -> None:
    store = TraceStore()
    with pytest.raises(ValueError, match="name"):
        store.put_document(f"[{document()}, {document(name=None)}]")
    assert store.trace(TRACE) is None
    store.put_document(f"[{document()}, {sub('b', 'a' * 16)}]")
    assert len(store.trace(TRACE) or []) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Expecting"),
        ("5", "object"),
        ("[" * 20_000, "deep"),
        (document(name=None), "name is missing"),
        (document(name=""), "name is empty"),
        (document(name=5), "name is empty"),
        (document(id="short"), "id is malformed"),
        (document(id=5), "id is malformed"),
        (document(parent_id="x"), "parent_id is malformed"),
        (document(trace_id="1-2-3"), "trace_id is malformed"),
        (document(trace_id=["x"]), "trace_id is malformed"),
        (document(end_time=None), "end_time is missing"),
        (document(end_time="late"), "end_time is no time"),
        (document(start_time=True), "start_time is no time"),
        (document().replace("1.0", "NaN"), "NaN"),
        (document().replace("1.0", "1e999"), "start_time is no time"),
        (document(type="subsegment"), "parent_id"),
        (document(subsegments={"a": 1}), "subsegments"),
        (document(metadata="x" * 70_000), "bytes"),
    ],
)
def test_what_is_no_segment_is_refused_with_a_reason(text: str, says: str) -> None:
    store = TraceStore()
    with pytest.raises(ValueError, match=says):
        store.put_document(text)
    assert store.traces() == []


KEYS = st.sampled_from(["id", "name", "parent_id", "type", "subsegments", "end_time"])


@given(st.dictionaries(KEYS, st.none() | st.text() | st.floats() | st.lists(st.integers())))
@settings(max_examples=200, deadline=None)
def test_any_document_is_taken_or_refused_and_never_breaks_the_trace(change: dict[str, Any]) -> None:
    store = TraceStore()
    try:
        store.put_document(document(**change))
    except ValueError:
        assert store.trace(TRACE) is None
    else:
        assert len(store.trace(TRACE) or []) == 1


def test_a_document_nested_too_deeply_for_json_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(400):
        deep = {"in": deep}
    with pytest.raises(ValueError, match="too deeply"):
        TraceStore().put_document(json.dumps({**SEGMENT, "metadata": deep}))


def test_a_long_chain_of_subsegments_is_given_flat_rather_than_not_at_all() -> None:
    store = TraceStore()
    for number in range(600):
        link = {**SEGMENT, "id": f"{number + 1:016x}"}
        if number:
            link |= {"type": "subsegment", "parent_id": f"{number:016x}"}
        store.put_document(json.dumps(link))
    found = store.trace(SEGMENT["trace_id"])
    assert found is not None
    assert len(found) == 600
    assert json.dumps(found)
