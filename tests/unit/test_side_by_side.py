"""Runs side by side: what is compared, what is not, what differs between them, and what the sentence says of it."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from searched_runs import searched
from shown_runs import cold_run, dry_run
from two_architectures import ARM, X86, result_on

from powertune.decide.side_by_side import LONGEST_LABEL, default_labels, side_by_side
from powertune.domain.payload import Payload
from powertune.domain.price import Money
from powertune.domain.result import Environment, Interval, SizeStatus
from powertune.domain.search import Strategy
from powertune.domain.side_by_side import DifferenceKind, Figure
from powertune.errors import UsageError
from powertune.render.sides import words

A, B, C = "before", "after", "later"


def compared(*results, labels=(A, B, C)):
    return side_by_side(results, labels[: len(results)], [f"Answer {at}." for at in range(len(results))])


def said(*results, labels=(A, B, C)):
    return words.answer(compared(*results, labels=labels))


def scaled(result, duration=1.0, cost=1.0, *, run_id="other", only=None):
    """A run in which every mean and interval is so many times as large; at the sizes ``only``, if given."""

    def size(one):
        if one.warm.duration_ms is None or (only is not None and one.memory_mb not in only):
            return one
        mean, priced = one.warm.duration_ms, one.cost
        interval = Interval(low=mean.mean_interval.low * duration, high=mean.mean_interval.high * duration)
        warm = replace(one.warm, duration_ms=replace(mean, mean=mean.mean * duration, mean_interval=interval))
        million, between = priced.per_million, priced.per_million_interval
        priced = replace(
            priced,
            per_million=Money(amount=million.amount * Decimal(str(cost)), currency=million.currency),
            per_million_interval=Interval(low=between.low * cost, high=between.high * cost),
        )
        return replace(one, warm=warm, cost=priced)

    return replace(result, run_id=run_id, memory_sizes=tuple(map(size, result.memory_sizes)))


def size_of(found, run, memory_mb):
    return found.runs[run].sizes[found.sizes_mb.index(memory_mb)]


def what(found, kind):
    return [one.what for one in found.differences if one.kind is kind]


# --- what is compared -------------------------------------------------------------------------------------------


def test_a_difference_beyond_the_noise_has_its_share(make_result):
    found = compared(make_result(), scaled(make_result(), 0.8, 1.3))
    one = size_of(found, 1, 512)
    assert one.duration_versus.share == pytest.approx(-0.2)
    assert one.cost_versus.share == pytest.approx(0.3)
    assert (one.duration_versus.within_noise, one.cost_versus.within_noise) == (False, False)
    assert size_of(found, 0, 512).duration_versus is None


def test_where_the_intervals_overlap_the_difference_is_within_the_noise(make_result):
    one = size_of(compared(make_result(), scaled(make_result(), 1.01, 0.99)), 1, 512)
    assert (one.duration_versus.within_noise, one.cost_versus.within_noise) == (True, True)


@pytest.mark.parametrize("gap", [0.0, 1e-9])
def test_intervals_that_just_touch_overlap_and_those_with_a_gap_do_not(make_result, gap):
    first = make_result()
    second = scaled(first)
    first, second = (
        replace(result, memory_sizes=tuple(with_interval(size, *ends) for size in result.memory_sizes))
        for result, ends in ((first, (100.0, 110.0)), (second, (110.0 + gap, 120.0)))
    )
    assert size_of(compared(first, second), 1, 512).duration_versus.within_noise is (gap == 0)


def with_interval(size, low, high):
    if size.warm.duration_ms is None:
        return size
    distribution = replace(size.warm.duration_ms, mean=(low + high) / 2, mean_interval=Interval(low=low, high=high))
    return replace(size, warm=replace(size.warm, duration_ms=distribution))


def test_without_an_interval_nothing_is_claimed(make_result):
    few = make_result(invocations=3, run_id="few")  # two warm ones
    found = compared(make_result(), few)
    assert size_of(found, 1, 512).duration_versus.within_noise is None
    assert words.versus(size_of(found, 1, 512).duration_versus) == "too few"
    assert "after has too few samples to be told apart from before" in words.answer(found)


def test_only_sizes_that_several_runs_measured_are_compared(make_result):
    first = make_result(sizes_mb=(128, 256, 512, 1024), failing_mb=(), best_mb=512)
    second = make_result(sizes_mb=(256, 512, 1769), failing_mb=(256,), best_mb=512, run_id="b")
    third = make_result(sizes_mb=(256, 1769), failing_mb=(), best_mb=1769, run_id="c", equivalent_mb=())
    found = compared(first, second, third)
    assert found.sizes_mb == (256, 512, 1769)
    assert list(words.alone(found)) == ["Only before measured 128 MB, 1,024 MB."]
    failed, absent = size_of(found, 1, 256), size_of(found, 2, 512)
    assert words.state(failed).startswith("failed: All 10 invocations failed")
    assert words.state(absent) == "not measured"
    assert failed.duration_versus is absent.duration_versus is None
    # The first run did not measure it, so there is nothing to compare the others with.
    assert size_of(found, 2, 1769).duration_versus is None


def test_different_currencies_are_never_subtracted(make_result):
    first = make_result()
    china = replace(first.price, currency="CNY", region="cn-north-1")
    second = make_result(price=china, run_id="china")
    found = compared(first, second)
    assert all(one.cost_versus is None for one in found.runs[1].sizes)
    assert all(one.duration_versus is not None for one in found.runs[1].sizes if one.memory_mb != 128)
    assert "after is about as fast as before (within the noise), and is billed in another currency" in words.answer(
        found
    )
    assert {"Currency", "Prices"} <= set(what(found, DifferenceKind.CONDITION))


def test_warm_invocations_are_not_compared_with_cold_starts(make_result):
    found = compared(make_result(failing_mb=()), replace(cold_run(make_result), run_id="cold"))
    assert [run.figure for run in found.runs] == [Figure.WARM, Figure.COLD]
    assert all(one.duration_versus is None and one.cost_versus is None for one in found.runs[1].sizes)
    assert "after measured cold starts, before warm invocations, so they are not compared" in words.answer(found)
    assert "Kind of invocation" in what(found, DifferenceKind.CONDITION)


@pytest.mark.parametrize("best_mb", [256, 1769])
def test_what_is_best_for_cold_starts_has_not_moved_from_what_is_best_for_warm_ones(make_result, best_mb):
    cold = replace(cold_run(make_result), run_id="cold")
    cold = replace(cold, recommendation=replace(cold.recommendation, memory_mb=best_mb))
    told = said(cold, make_result(failing_mb=()))
    assert "moved" not in told
    assert "both" not in told
    best = "256 MB" if best_mb == 256 else "1,769 MB"
    assert f"recommended: before {best} by cold starts, after 1,769 MB by warm invocations." in told


def test_cold_starts_are_compared_with_cold_starts(make_result):
    cold = cold_run(make_result)
    found = compared(cold, replace(cold, run_id="again"))
    assert (
        size_of(found, 1, 512).duration_ms
        == next(s for s in cold.memory_sizes if s.memory_mb == 512).cold.latency_ms.mean
    )
    assert size_of(found, 1, 512).duration_versus.within_noise


@pytest.mark.parametrize("both", [False, True])
def test_nothing_is_compared_with_a_dry_run(make_result, both):
    dry = dry_run(make_result)
    first = replace(dry, run_id="dry too") if both else make_result()
    found = compared(first, dry)
    assert all(one.duration_versus is None for one in found.runs[1].sizes)
    assert "is a dry run, with which nothing is compared" in words.answer(found)


def test_a_mean_of_nought_is_no_divisor(make_result):
    nothing = scaled(make_result(), 0.0, 0.0)
    one = size_of(compared(nothing, make_result()), 1, 512)
    assert (one.duration_versus, one.cost_versus) == (None, None)


def test_a_run_equals_itself_and_is_refused(make_result):
    with pytest.raises(UsageError) as refused:
        compared(make_result(), make_result())
    assert refused.value.message == "The run 20261124-113402-7f3a is there twice."


def test_the_figures_are_those_of_the_results(make_result):
    chance = random.Random(7)
    for _ in range(20):
        first, second = make_result(), scaled(make_result(), chance.uniform(0.5, 2), chance.uniform(0.5, 2))
        found = compared(first, second)
        for run, result in zip(found.runs, (first, second), strict=True):
            for size in result.memory_sizes:
                shown = next((one for one in run.sizes if one.memory_mb == size.memory_mb), None)
                if size.status is not SizeStatus.MEASURED:
                    assert shown is None or shown.duration_ms is None
                    continue
                assert shown.duration_ms == size.warm.duration_ms.mean
                assert shown.p95_ms == size.warm.duration_ms.p95
                assert shown.per_million == size.cost.per_million
                assert (shown.errors, shown.cold_starts) == (size.errors, size.cold_starts)
                assert shown.max_memory_used_mb == size.max_memory_used_mb


# --- the sentence -----------------------------------------------------------------------------------------------


def test_the_sentence_says_what_changed_and_where_the_recommendation_went(make_result):
    later = scaled(make_result(), 0.88)
    later = replace(later, recommendation=replace(later.recommendation, memory_mb=3008))
    assert said(make_result(), later) == (
        "At 1,769 MB: after is 12 % faster than before at about the same cost (within the noise); the recommended size "
        "moved from 1,769 MB to 3,008 MB."
    )


@pytest.mark.parametrize(
    ("duration", "cost", "words"),
    [
        (1.2, 1.3, "after is 20 % slower than before and 30 % dearer"),
        (0.8, 0.7, "after is 20 % faster than before and 30 % cheaper"),
        (1.0, 0.7, "after is about as fast as before (within the noise) and 30 % cheaper"),
        (1.0, 1.0, "after is about as fast as before at about the same cost (both within the noise)"),
    ],
)
def test_the_sentence_claims_nothing_within_the_noise(make_result, duration, cost, words):
    assert said(make_result(), scaled(make_result(), duration, cost)) == (
        f"At 1,769 MB: {words}; both runs recommend 1,769 MB."
    )


def test_it_tells_of_the_size_that_matters(make_result):
    first = make_result()
    elsewhere = make_result(sizes_mb=(256, 512), failing_mb=(), best_mb=256, equivalent_mb=(), run_id="b")
    assert said(first, elsewhere).startswith("At 256 MB: ")
    nothing = make_result(sizes_mb=(256, 512), failing_mb=(), best_mb=None, run_id="b")
    assert said(first, nothing).startswith("At 512 MB: ")  # the present one
    assert said(first, nothing).endswith("; recommended: before 1,769 MB, after nothing.")


def test_without_a_size_in_common_nothing_is_compared(make_result):
    other = make_result(sizes_mb=(192, 320), failing_mb=(), best_mb=None, run_id="b")
    found = compared(make_result(best_mb=None), other)
    assert found.sizes_mb == ()
    assert (
        words.answer(found)
        == "after and before measured no memory size in common; neither run recommends a memory size."
    )


def test_several_runs_are_each_compared_with_the_first(make_result):
    first = make_result()
    runs = [first, scaled(first, 0.8, run_id="b"), scaled(first, 1.0, 1.5, run_id="c")]
    assert said(*runs) == (
        "At 1,769 MB: after is 20 % faster than before at about the same cost (within the noise); later is about as "
        "fast as before (within the noise) and 50 % dearer; all runs recommend 1,769 MB."
    )


def test_what_else_differs_stands_in_the_sentence(make_result, local_environment):
    local = replace(scaled(make_result(), 0.8), environment=local_environment)
    assert said(make_result(), local).endswith(" The runs differ in: place.")
    changed = replace(local, function=replace(local.function, code_sha256="other", region="us-east-1"))
    assert said(make_result(), changed).endswith(" The runs also differ in: region and place.")


# --- what differs -----------------------------------------------------------------------------------------------


def test_runs_that_are_alike_differ_in_nothing(make_result):
    assert compared(make_result(), scaled(make_result())).differences == ()


def on(result, **changes):
    return replace(result, function=replace(result.function, **changes))


def asked(result, **changes):
    return replace(result, request=replace(result.request, **changes))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda r: on(r, code_sha256="x"), DifferenceKind.SUBJECT, "Code (CodeSha256)"),
        (lambda r: on(r, architecture=X86), DifferenceKind.SUBJECT, "Architecture"),
        (lambda r: on(r, runtime=None), DifferenceKind.SUBJECT, "Runtime"),
        (lambda r: on(r, arn=r.function.arn + "2"), DifferenceKind.CONDITION, "Function"),
        (lambda r: on(r, region="x"), DifferenceKind.CONDITION, "Region"),
        (lambda r: on(r, ephemeral_mb=1024), DifferenceKind.CONDITION, "Ephemeral storage"),
        (lambda r: on(r, clone="c"), DifferenceKind.CONDITION, "Use of a clone"),
        (lambda r: replace(r, environment=Environment(kind="endpoint")), DifferenceKind.CONDITION, "Place"),
        (
            lambda r: asked(r, payloads=(Payload.of("[1]").without_text(),)),
            DifferenceKind.CONDITION,
            "Payloads",
        ),
        (lambda r: asked(r, parallel=5), DifferenceKind.CONDITION, "Parallel invocations"),
        (lambda r: asked(r, sizes_at_once=1), DifferenceKind.CONDITION, "Memory sizes at once"),
        (lambda r: asked(r, sleep_ms=10), DifferenceKind.CONDITION, "Pause after an invocation"),
        (lambda r: asked(r, allowed_exceptions=("E",)), DifferenceKind.CONDITION, "Allowed exceptions"),
        (
            lambda r: replace(r, price=replace(r.price, per_request=Decimal("0.0000003"))),
            DifferenceKind.SUBJECT,
            "Prices",
        ),
        (lambda r: asked(r, strategy=Strategy.SPEED), DifferenceKind.ANSWER, "Goal"),
        (lambda r: on(r, original_memory_mb=128), DifferenceKind.ANSWER, "Memory size before the run"),
    ],
)
def test_every_difference_is_named_with_its_kind(make_result, change, kind, words):
    first = make_result()
    found = compared(first, change(scaled(first)))
    assert [(one.what, one.kind) for one in found.differences] == [(words, kind)]
    assert len(set(found.differences[0].values)) == 2


def test_prices_of_another_day_are_a_condition_and_a_day_alone_is_none(make_result):
    first = make_result()
    newer = replace(first.price, as_of="2027-01-01")
    assert compared(first, replace(scaled(first), price=newer)).differences == ()
    dearer = replace(newer, per_gb_second=Decimal("0.00002"))
    (found,) = compared(first, replace(scaled(first), price=dearer)).differences
    assert (found.what, found.kind) == ("Prices", DifferenceKind.CONDITION)
    assert found.values[1] == ("USD 0.00002 a GB-second, 0.0000002 a request, 0.0000000367 for /tmp (as of 2027-01-01)")


def test_instruction_sets_have_prices_of_their_own_by_nature(make_result):
    arm, x86 = result_on(make_result, ARM), result_on(make_result, X86, factor="1.25")
    found = compared(arm, x86)
    assert what(found, DifferenceKind.SUBJECT) == ["Architecture", "Prices"]
    assert what(found, DifferenceKind.CONDITION) == []


def test_a_search_and_a_grid_differ_in_how_sizes_were_found(make_result):
    found = compared(make_result(), replace(searched(make_result), run_id="s"))
    assert "Search" in what(found, DifferenceKind.ANSWER)


# --- labels -----------------------------------------------------------------------------------------------------


def test_by_default_a_label_says_what_differs(make_result):
    first = make_result()
    coded = on(replace(first, run_id="b"), code_sha256="AbCdEfGhIjKl")
    assert default_labels([first, on(coded, code_sha256=first.function.code_sha256, architecture=X86)]) == [
        "arm64",
        "x86_64",
    ]
    assert default_labels([first, coded]) == ["code q0S4vE8c", "code AbCdEfGh"]
    assert default_labels([first, on(coded, architecture=X86)]) == ["arm64, code q0S4vE8c", "x86_64, code AbCdEfGh"]
    assert default_labels([first, on(coded, name="mails", code_sha256=first.function.code_sha256)]) == [
        "orders-api",
        "mails",
    ]


def test_then_the_date_and_then_a_letter(make_result):
    first = make_result()
    later = replace(first, started_at="2026-11-25T09:00:00+00:00", run_id="b")
    assert default_labels([first, later]) == ["2026-11-24 11:34", "2026-11-25 09:00"]
    assert default_labels([first, replace(first, run_id="b")]) == ["A", "B"]
    assert default_labels([first, replace(first, warnings=())]) == ["A", "B"]
    coded = on(later, code_sha256="x")
    assert default_labels([first, later, coded]) == ["A", "B", "C"]
    built_anew = [on(first, architecture=X86), on(later, architecture=X86), later]
    assert default_labels(built_anew) == [
        "x86_64, 2026-11-24 11:34",
        "x86_64, 2026-11-25 09:00",
        "arm64, 2026-11-25 09:00",
    ]


def test_a_label_is_never_longer_than_it_may_be(make_result):
    first = on(make_result(run_id="r" * 80), name="n" * 170)
    names = default_labels([first, on(replace(first, run_id="s" * 80), name="m" * 170)])
    assert len(set(names)) == 2
    assert all(0 < len(name) <= LONGEST_LABEL for name in names)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (("same", "same"), "Two runs have the same label."),
        (("same", " same "), "Two runs have the same label."),
        (("", "b"), "A label has 1 to 40 characters."),
        (("a", "b" * 41), "A label has 1 to 40 characters."),
    ],
)
def test_labels_that_cannot_tell_runs_apart_are_refused(make_result, labels, words):
    with pytest.raises(UsageError) as refused:
        compared(make_result(), scaled(make_result()), labels=labels)
    assert refused.value.message == words
