"""What may be compared with what, and how a check is put together."""

import dataclasses
from dataclasses import replace

import pytest

from powertune.decide.likeness import notes, refusals
from powertune.domain.baselines import baseline_of
from powertune.domain.check import BaselinePayload, CheckSettings, Metric, Verdict
from powertune.domain.checked_numbers import wrong_check
from powertune.domain.function import Architecture
from powertune.domain.payload import Payload
from powertune.domain.result import Environment
from powertune.errors import UsageError
from powertune.wire import to_data
from powertune.workflow.comparing import check_result, reference_of


def slower(result, factor):
    def longer(one):
        if one.duration_ms is None:
            return one
        return replace(one, duration_ms=one.duration_ms * factor, billed_ms=int(one.billed_ms * factor))

    return replace(result, run_id="later", samples=tuple(longer(one) for one in result.samples))


@pytest.fixture
def many(make_result):
    """A finished run with enough invocations at its own memory size to compare."""
    result = make_result()
    own = result.function.original_memory_mb
    (sample, *_) = [one for one in result.samples if one.memory_mb == own and one.is_warm_measurement]
    made = tuple(
        replace(
            sample,
            order=order,
            request_id=f"r{order}",
            duration_ms=100.0 + order % 5,
            billed_ms=101 + order % 5,
            log_stream=f"environment {order % 12}",
        )
        for order in range(60)
    )
    return replace(result, samples=made)


def test_a_run_compared_with_itself_is_the_same(many):
    checked = check_result(many, baseline_of(many), CheckSettings())
    assert checked.check.verdict is Verdict.SAME
    assert checked.check.interleaved is False
    assert "Both have the same code" in checked.check.notes[0]


def test_a_later_run_that_takes_a_fifth_longer_is_worse(many):
    checked = check_result(slower(many, 1.2), baseline_of(many), CheckSettings())
    assert checked.check.verdict is Verdict.WORSE
    assert checked.check.reference.run_id == many.run_id
    assert checked.recommendation is None


def test_a_check_of_a_file_has_what_was_checked_as_its_only_memory_size(many):
    checked = check_result(many, baseline_of(many), CheckSettings())
    own = many.function.original_memory_mb
    assert [one.memory_mb for one in checked.memory_sizes] in ([own], [])
    assert {one.memory_mb for one in checked.samples} == {own}


def test_a_run_without_the_functions_own_memory_size_cannot_be_checked(many):
    elsewhere = tuple(replace(one, memory_mb=10_240) for one in many.samples)
    other = replace(many, samples=elsewhere, recommendation=None)
    with pytest.raises(UsageError, match="no warm measurement at the function's"):
        check_result(other, baseline_of(many), CheckSettings())


def test_a_baseline_is_compared_at_the_present_memory_size_where_it_was_measured(many):
    baseline = baseline_of(many)
    (size,) = baseline.sizes
    both = replace(baseline, sizes=(size, replace(size, memory_mb=4096)))
    assert reference_of(both, 4096).function.memory_mb == 4096
    assert reference_of(both, 2048).function.memory_mb == baseline.function.memory_mb


def test_a_baseline_without_a_fitting_memory_size_is_refused_and_says_what_it_has(many):
    baseline = baseline_of(many)
    (size,) = baseline.sizes
    other = replace(baseline, sizes=(replace(size, memory_mb=4096),))
    with pytest.raises(UsageError, match="it has 4,096 MB"):
        reference_of(other, 1024)


UNLIKE = {
    "arn": (
        lambda b: {"function": replace(b.function, arn=b.function.arn.replace("eu-", "us-"))},
        "baseline is of arn",
    ),
    "architecture": (
        lambda b: {
            "function": replace(
                b.function,
                architecture=next(one for one in Architecture if one is not b.function.architecture),
            )
        },
        "was measured on",
    ),
    "place": (lambda _: {"environment": "local"}, "on an embedded endpoint, and this is measured on AWS"),
    "method": (lambda _: {"cpu_method": "cgroup"}, "limited the CPU by cgroup"),
    "payload": (lambda _: {"payloads": (BaselinePayload(sha256="0" * 64, weight=None),)}, "with other payloads"),
    "processor": (lambda _: {"pre_processor_arn": "arn:of:another"}, "with another pre-processor"),
    "exceptions": (lambda _: {"allowed_exceptions": ("Expected",)}, "with other exceptions allowed"),
    "alias": (lambda b: {"function": replace(b.function, qualifier="live")}, "of the alias live"),
}


@pytest.mark.parametrize("what", UNLIKE)
def test_a_baseline_of_another_kind_is_refused(many, what):
    change, said = UNLIKE[what]
    baseline = baseline_of(many)
    subject = replace(baseline.function, qualifier="staging") if what == "alias" else baseline.function
    other = replace(baseline, **change(baseline))
    (sentence,) = refusals(other, subject, many.request, Environment(kind="aws"))
    assert said in sentence
    assert refusals(baseline, subject, many.request, Environment(kind="aws")) == ()


def test_an_unlike_baseline_is_compared_where_that_is_asked_for_and_the_report_says_so(many):
    other = replace(baseline_of(many), environment="local")
    with pytest.raises(UsageError, match="--compare-unlike") as raised:
        check_result(many, other, CheckSettings())
    assert "embedded endpoint" in raised.value.message
    checked = check_result(many, other, CheckSettings(), allow_unlike=True)
    assert any("embedded endpoint" in note for note in checked.check.notes)


def test_the_same_events_in_another_order_or_with_other_weights_in_all_are_the_same_mix(many):
    events = (Payload.of("1", 1), Payload.of("2", 3))
    request = replace(many.request, payloads=events)
    baseline = replace(
        baseline_of(many),
        payloads=(
            BaselinePayload(sha256=events[1].sha256, weight=6),
            BaselinePayload(sha256=events[0].sha256, weight=2),
        ),
    )
    assert refusals(baseline, baseline.function, request, Environment(kind="aws")) == ()
    turned = replace(request, payloads=(Payload.of("1", 3), Payload.of("2", 1)))
    assert refusals(baseline, baseline.function, turned, Environment(kind="aws"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"memory_mb": 4096}, "The memory size differs: 4,096 MB before"),
        ({"runtime": "python3.9"}, "The runtime differs: python3.9 before"),
        ({"timeout_s": 899}, "The timeout differs: 899 s before"),
        ({"ephemeral_mb": 1024}, "The ephemeral storage differs: 1,024 MB before"),
    ],
)
def test_what_differs_besides_the_code_is_said(many, change, said):
    subject = baseline_of(many).function
    before = replace(subject, code_sha256="another", **change)
    assert said in " ".join(notes(before, subject))


def test_a_new_patch_level_of_the_runtime_is_said(many):
    subject = replace(baseline_of(many).function, runtime_version="arn:b")
    before = replace(subject, code_sha256="another", runtime_version="arn:a")
    assert notes(before, subject) == ("The runtime's patch level differs: AWS has updated it in between.",)


def test_two_versions_that_differ_in_their_code_alone_need_no_note(many):
    subject = baseline_of(many).function
    assert notes(replace(subject, code_sha256="another"), subject) == ()


def test_memory_that_grew_by_a_little_of_the_memory_size_is_the_same_and_can_be_read_again(many):
    begun = {f"environment {number}" for number in range(12)}

    def using(result, used_mb):
        cold = [
            replace(one, cold=True, init_ms=100.0, order=one.order + 1000, max_memory_used_mb=used_mb)
            for one in result.samples
            if one.log_stream in begun and one.order < 12
        ]
        warm = [replace(one, max_memory_used_mb=used_mb) for one in result.samples]
        return replace(result, samples=(*cold, *warm))

    checked = check_result(using(many, 90), baseline_of(using(many, 80)), CheckSettings())
    (memory,) = [one for one in checked.check.metrics if one.metric is Metric.MEMORY_USED]
    assert (memory.verdict, memory.low) == (Verdict.SAME, pytest.approx(0.125))
    assert memory.threshold > 0.125
    assert not [one for one in wrong_check(checked) if "verdict" in one or "threshold" in one]


def test_a_check_says_the_same_each_time(many):
    first, second = (check_result(slower(many, 1.05), baseline_of(many), CheckSettings()) for _ in range(2))
    assert to_data(first.check) == to_data(second.check)
    assert dataclasses.asdict(first.check.metrics[0])["p_value"] is not None
