"""Traces in both styles of Lambda's segments, in fives, and never a crash over what somebody else wrote."""

import json

import pytest
from fake_aws import FakeClock, refusal
from hypothesis import given
from hypothesis import strategies as st

from powertune.errors import AwsError
from powertune.measure.traces import fetch_parts, trace_destination

SERVICE = {"origin": "AWS::Lambda", "name": "orders", "start_time": 0.9, "end_time": 2.1}
FUNCTION = {"origin": "AWS::Lambda::Function", "name": "orders", "start_time": 1.0, "end_time": 2.0}


def sub(name, start, end, **more):
    return {"name": name, "start_time": start, "end_time": end, **more}


class XRay:
    """Gives every trace the same documents; refuses ids as unprocessed as often as it is told."""

    def __init__(self, *documents, unprocessed=0, **more):
        self.segments = [{"Id": "s", "Document": one if isinstance(one, str) else json.dumps(one)} for one in documents]
        self.more = more
        self.unprocessed = unprocessed
        self.asked = []

    def batch_get_traces(self, TraceIds, **more):
        self.asked.append(TraceIds)
        if self.unprocessed > 0:
            self.unprocessed -= 1
            return {"Traces": [], "UnprocessedTraceIds": TraceIds}
        return {"Traces": [{"Id": trace, "Segments": self.segments, **self.more} for trace in TraceIds]}


def parts_of(*documents, **options):
    return fetch_parts(XRay(*documents), ["t"], FakeClock(), **options).parts.get("t")


def test_the_older_style_has_initialization_invocation_and_overhead():
    older = {
        **FUNCTION,
        "subsegments": [sub("Initialization", 1.0, 1.2), sub("Invocation", 1.2, 1.9), sub("Overhead", 1.9, 2.0)],
    }
    found = parts_of(SERVICE, older)
    assert found.init_ms == pytest.approx(200)
    assert found.invocation_ms == pytest.approx(700)
    assert found.overhead_ms == pytest.approx(100)
    assert found.service_ms == pytest.approx(200)
    assert found.duration_ms == pytest.approx(800)
    assert found.restore_ms is None


def test_snap_start_has_a_restore_and_no_init():
    older = {**FUNCTION, "subsegments": [sub("Restore", 1.0, 1.3), sub("Invocation", 1.3, 2.0)]}
    found = parts_of(SERVICE, older)
    assert found.init_ms is None
    assert found.restore_ms == pytest.approx(300)
    assert found.duration_ms == pytest.approx(700)


@pytest.mark.parametrize("block", ["annotations", "aws", "aws with dots"])
def test_the_newer_style_says_run_and_overheads_of_itself(block):
    figures = {"responseLatency": 850.0, "responseDuration": 5, "runtimeOverhead": 30.0, "extensionOverhead": 10.0}
    dotted = {f"aws.{name}": value for name, value in figures.items()}
    inside = {"annotations": {"annotations": dotted}, "aws": {"aws": figures}, "aws with dots": {"aws": dotted}}[block]
    found = parts_of(SERVICE, {**FUNCTION, "subsegments": [sub("Init", 1.0, 1.1)], **inside})
    assert found.init_ms == pytest.approx(100)
    assert found.invocation_ms == 850
    assert found.overhead_ms == 45
    assert found.duration_ms == 895


def test_a_newer_segment_that_says_nothing_of_itself_is_its_length_without_the_init():
    newer = {**FUNCTION, "subsegments": [sub("Init", 1.0, 1.1), sub("query", 1.2, 1.9)]}
    found = parts_of(newer)
    assert found.init_ms == pytest.approx(100)
    assert found.invocation_ms == pytest.approx(900)
    assert found.overhead_ms is None
    assert found.duration_ms == pytest.approx(900)
    assert found.service_ms is None


def test_an_init_that_took_place_long_before_takes_nothing_from_the_invocation():
    newer = {**FUNCTION, "subsegments": [sub("Init", -60.0, -59.0)]}
    found = parts_of(newer)
    assert found.init_ms == pytest.approx(1000)
    assert found.invocation_ms == pytest.approx(1000)


@pytest.mark.parametrize("unit", [0.001, 1000.0, 1e6])
def test_figures_that_are_no_milliseconds_of_their_segment_are_not_believed(unit):
    newer = {**FUNCTION, "aws": {"responseLatency": 950 * unit, "runtimeOverhead": 50 * unit}}
    found = parts_of(newer)
    assert found.invocation_ms == pytest.approx(1000)
    assert found.overhead_ms is None


def test_without_init_and_overheads_the_segment_is_the_invocation():
    found = parts_of(SERVICE, FUNCTION)
    assert (found.init_ms, found.overhead_ms) == (None, None)
    assert found.invocation_ms == pytest.approx(1000)


@pytest.mark.parametrize("options", [{}, {"function_name": "orders"}])
def test_another_function_further_down_the_trace_is_not_taken_for_this_one(options):
    other = {"name": "stock", "start_time": 1.4, "end_time": 1.5}
    downstream = [{**SERVICE, **other}, {**FUNCTION, **other}]
    found = parts_of(*downstream, SERVICE, FUNCTION, **options)
    assert found.invocation_ms == pytest.approx(1000)
    assert found.service_ms == pytest.approx(200)


def test_a_trace_of_which_only_another_function_has_arrived_is_left_out():
    other = {**FUNCTION, "name": "stock"}
    assert parts_of(other, SERVICE) is None
    assert parts_of(other, function_name="orders") is None


@pytest.mark.parametrize("more", [{"in_progress": True}, {"end_time": None}, {"start_time": 5.0}, {"end_time": "2"}])
def test_a_function_segment_that_is_not_complete_is_left_out(more):
    assert parts_of(SERVICE, {**FUNCTION, **more}) is None


def test_a_service_segment_under_way_leaves_only_its_own_part_open():
    found = parts_of({**SERVICE, "in_progress": True}, FUNCTION)
    assert found.service_ms is None
    assert found.invocation_ms == pytest.approx(1000)


def test_a_trace_above_the_size_limit_is_left_out_but_was_retrieved():
    found = fetch_parts(XRay(SERVICE, FUNCTION, LimitExceeded=True), ["t"], FakeClock())
    assert (found.parts, found.retrieved) == ({}, 1)


@pytest.mark.parametrize("document", ["{broken", "[]", "null", "1", "", "[" * 100_000, '{"origin": 1}'])
def test_documents_of_any_kind_are_no_crash(document):
    assert parts_of(document) is None
    assert parts_of(document, FUNCTION).invocation_ms == pytest.approx(1000)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.fixed_dictionaries(
        {"origin": st.sampled_from(["AWS::Lambda::Function", "AWS::Lambda"])},
        optional={
            "name": anything,
            "start_time": anything,
            "end_time": anything,
            "annotations": anything,
            "aws": anything | st.fixed_dictionaries({"responseLatency": anything}),
            "subsegments": anything
            | st.lists(
                anything
                | st.fixed_dictionaries(
                    {
                        "name": st.sampled_from(["Init", "Invocation", "Overhead"]),
                        "start_time": anything,
                        "end_time": anything,
                    }
                ),
                max_size=4,
            ),
        },
    )
)
def test_fields_of_any_kind_are_no_crash_and_no_negative_time(document):
    found = parts_of(document)
    for length in (found.init_ms, found.invocation_ms, found.overhead_ms, found.service_ms) if found else ():
        assert length is None or length >= 0


# --- asking -------------------------------------------------------------------------------------------------------


def test_traces_are_asked_for_in_fives_and_each_id_once():
    client = XRay(FUNCTION)
    found = fetch_parts(client, [str(number % 12) for number in range(24)], FakeClock())
    assert [len(ids) for ids in client.asked] == [5, 5, 2]
    assert len(found.parts) == found.retrieved == 12


def test_ids_that_were_left_unprocessed_are_asked_for_again_after_a_pause():
    client, clock = XRay(FUNCTION, unprocessed=2), FakeClock()
    began_ms = clock.ms
    found = fetch_parts(client, [str(number) for number in range(7)], clock)
    assert [len(ids) for ids in client.asked] == [5, 2, 5, 2]
    assert clock.ms - began_ms >= 100
    assert len(found.parts) == found.retrieved == 7


def test_ids_that_stay_unprocessed_are_given_up_for_now():
    client, clock = XRay(FUNCTION, unprocessed=1000), FakeClock()
    began_ms = clock.ms
    found = fetch_parts(client, ["t"], clock)
    assert (found.parts, found.retrieved) == ({}, 0)
    assert len(client.asked) == 5
    assert clock.ms - began_ms < 2000


def test_the_segments_of_a_trace_may_come_on_several_pages():
    class Paged:
        def batch_get_traces(self, TraceIds, NextToken=None):
            document = FUNCTION if NextToken else SERVICE
            page = {"Traces": [{"Id": "t", "Segments": [{"Document": json.dumps(document)}]}]}
            return page if NextToken else {**page, "NextToken": "more"}

    found = fetch_parts(Paged(), ["t"], FakeClock())
    assert found.parts["t"].service_ms == pytest.approx(200)
    assert found.retrieved == 1


def test_no_ids_are_no_call():
    client = XRay(FUNCTION)
    assert fetch_parts(client, [], FakeClock()).retrieved == 0
    assert client.asked == []


def test_a_refusal_is_told():
    class Denied:
        def batch_get_traces(self, TraceIds):
            raise refusal("BatchGetTraces", "AccessDeniedException", "no")

    with pytest.raises(AwsError, match="denied reading traces"):
        fetch_parts(Denied(), ["t"], FakeClock())


class Account:
    def __init__(self, answer):
        self.answer = answer

    def get_trace_segment_destination(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "destination"),
    [
        ({"Destination": "XRay", "Status": "ACTIVE"}, "XRay"),
        ({"Destination": "CloudWatchLogs", "Status": "PENDING"}, "CloudWatchLogs"),
        ({}, None),
        (refusal("GetTraceSegmentDestination", "AccessDeniedException"), None),
        (refusal("GetTraceSegmentDestination", "InvalidRequestException"), None),
    ],
)
def test_where_traces_go_is_told_or_unknown(answer, destination):
    assert trace_destination(Account(answer)) == destination
