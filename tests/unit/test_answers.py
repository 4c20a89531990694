"""What is recommended under a latency target and with headroom, what a search adds, and what else a run answers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searched_runs import searched

from powertune.decide.choice import Candidate, choose, pareto, target_figure
from powertune.decide.knowledge import Knowledge
from powertune.decide.outcome import outcome
from powertune.decide.score import recommend
from powertune.decide.summary import size_result
from powertune.decide.words import above, at_most, megabytes, milliseconds, percent
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.request import SEARCHED_MEMORY_SIZES_MB, TuningRequest
from powertune.domain.result import Answer, CurvePoint, Goal, Interval
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import (
    LatencyStatistic,
    LatencyTarget,
    Limits,
    Objective,
    SearchKind,
    StopReason,
    Strategy,
    Verdict,
)
from powertune.pricing.bill import invocation_cost
from powertune.pricing.table import price_for
from powertune.render import figures

PRICE = price_for("us-east-1", Architecture.X86_64)
ARN = FunctionArn.parse("arn:aws:lambda:us-east-1:123456789012:function:f")
# Of these 256 MB is the cheapest, 2048 MB the fastest.
CURVE = {128: 1400.0, 256: 600.0, 512: 400.0, 1024: 210.0, 2048: 200.0}


def sample(memory_mb, duration_ms, order=1, **more):
    details = {"outcome": Outcome.OK, "cold": False, "billed_ms": int(-(-duration_ms // 1)), **more}
    return Sample(
        memory_mb=memory_mb, version="1", order=order, request_id=f"r{order}", trace_id=None,
        duration_ms=duration_ms, **details,
    )  # fmt: skip


def summed(samples):
    sizes_mb = sorted({one.memory_mb for one in samples})
    return [
        size_result(mb, [one for one in samples if one.memory_mb == mb], lambda ms, mb: invocation_cost(ms, mb, PRICE))
        for mb in sizes_mb
    ]


def measured(durations, *, used=None, spread=0.0):
    """Three warm invocations at each size, and what memory each size used at most."""
    used = used or {}
    return [
        sample(mb, ms * (1 + spread * (n - 1)), n, max_memory_used_mb=used.get(mb))
        for mb, ms in durations.items()
        for n in range(3)
    ]


def answer(samples, *, present=128, knowledge=None, complete=True, **request):
    made = TuningRequest(function_arn=ARN, memory_sizes_mb=tuple({one.memory_mb for one in samples}), **request)
    return outcome(made, summed(samples), samples, knowledge, present_memory_mb=present, complete=complete)


def within(limit_ms, statistic=LatencyStatistic.P95, cold_share=0.0):
    return LatencyTarget(statistic=statistic, limit_ms=limit_ms, cold_share=cold_share)


# --- a latency target -------------------------------------------------------------------------------------------


def test_under_a_latency_target_the_cheapest_of_the_sizes_that_keep_it_is_recommended():
    best, _ = answer(measured(CURVE), latency_target=within(450), tolerance=0.0)
    assert best.memory_mb == 512
    assert best.reasons[0] == "512 MB is the cheapest of 3 measured memory sizes that keep p95 within 450 ms."
    assert "Not within the latency target, and so not considered: 128 and 256 MB." in best.reasons


def test_a_latency_target_is_about_cost_whatever_the_strategy():
    best, _ = answer(measured(CURVE), latency_target=within(450), strategy=Strategy.SPEED, tolerance=0.0)
    assert best.memory_mb == 512


def test_of_equally_cheap_sizes_that_keep_the_target_the_fastest_is_taken():
    best, _ = answer(measured(CURVE), latency_target=within(450), tolerance=0.1)
    assert best.equivalent_sizes_mb == (512, 1024)
    assert best.memory_mb == 1024


def test_where_no_size_keeps_the_target_the_nearest_is_recommended_and_called_that():
    best, search = answer(measured(CURVE), latency_target=within(150))
    said = "No measured memory size keeps p95 within 150 ms; the nearest is 2,048 MB with 200 ms."
    assert best.memory_mb == 2048
    assert best.reasons[0] == said
    assert search.answers[-1] == Answer(goal=Goal.LATENCY_TARGET, memory_mb=2048, note=said)


def test_a_duration_of_exactly_the_limit_keeps_it():
    best, _ = answer(measured(CURVE), latency_target=within(200, LatencyStatistic.MEAN))
    assert best.memory_mb == 2048
    assert "only measured memory size that keeps the mean within 200 ms" in best.reasons[0]


@pytest.mark.parametrize(
    ("statistic", "kept"), [("mean", True), ("p50", True), ("p90", False), ("p95", False), ("p99", False)]
)
def test_each_figure_of_the_durations_can_be_the_target(statistic, kept):
    # Nine of 100 ms and two of 1000 ms: the mean is 264 ms.
    samples = [sample(512, ms, n) for n, ms in enumerate([100.0] * 9 + [1000.0] * 2)]
    best, _ = answer(samples, latency_target=within(300, LatencyStatistic(statistic)))
    assert (best.reasons[0].startswith("No measured memory size keeps")) is not kept


@pytest.mark.parametrize(("limit_ms", "recommended"), [(2000, 512), (700, 256)])
def test_the_present_size_stays_only_where_it_keeps_the_target(limit_ms, recommended):
    samples = [*measured({256: 600.0}), *(sample(512, ms, n) for n, ms in enumerate((10.0, 10.0, 1000.0)))]
    known = knows(256, equivalent=(256, 512), duration_differs=True, cost_differs=False)
    best, _ = answer(samples, present=512, latency_target=within(limit_ms), knowledge=known)
    assert best.memory_mb == recommended


def test_with_a_cold_share_the_target_is_of_warm_durations_and_cold_starts_together():
    target = within(300, LatencyStatistic.MEAN, cold_share=0.1)
    assert target_figure([100.0, 200.0], [1150.0], target) == pytest.approx(0.9 * 150 + 0.1 * 1150)
    p95 = within(300, LatencyStatistic.P95, cold_share=0.1)
    assert target_figure([100.0] * 50, [1150.0], p95) == 1150.0
    p90 = within(300, LatencyStatistic.P90, cold_share=0.1)
    assert target_figure([100.0] * 50, [1150.0], p90) == 100.0


def test_a_size_without_a_cold_start_is_not_said_to_keep_a_target_with_cold_starts():
    samples = [*measured({512: 100.0, 1024: 90.0}), sample(1024, 90.0, 9, cold=True, init_ms=20.0)]
    best, _ = answer(samples, latency_target=within(150, cold_share=0.1))
    assert best.memory_mb == 1024
    assert any(reason.startswith("Whether 512 MB would keep p95 within 150 ms") for reason in best.reasons)
    nothing, search = answer(samples[:6], latency_target=within(150, cold_share=0.1))
    assert nothing is None
    assert "no cold start was measured" in search.notes[0]


@given(
    st.lists(st.floats(0.1, 1e5), min_size=1, max_size=20),
    st.lists(st.floats(0.1, 1e5), min_size=1, max_size=20),
    st.sampled_from(LatencyStatistic),
    st.floats(0, 0.99),
)
def test_the_figure_of_a_target_lies_among_what_was_measured(warm, cold, statistic, share):
    figure = target_figure(warm, cold, within(1, statistic, share))
    every = warm if share == 0 else warm + cold
    assert min(every) * (1 - 1e-9) <= figure <= max(every) * (1 + 1e-9)


@given(
    st.dictionaries(st.integers(128, 10_240), st.tuples(st.floats(0.1, 1e5), st.floats(0.01, 1e3)), min_size=1),
    st.floats(0.1, 1e5),
)
def test_a_size_that_misses_the_target_is_chosen_only_where_all_do(figures, limit_ms):
    candidates = [
        Candidate(memory_mb=mb, duration_ms=ms, cost=cost, latency_ms=ms) for mb, (ms, cost) in figures.items()
    ]
    choice = choose(candidates, Objective(latency_target=within(limit_ms)))
    if any(ms <= limit_ms for ms, _ in figures.values()):
        assert choice.nearest_ms is None
        assert all(figures[mb][0] <= limit_ms for mb in choice.equivalent_mb)
    else:
        assert choice.nearest_ms == min(ms for ms, _ in figures.values())


# --- headroom ---------------------------------------------------------------------------------------------------


def test_a_size_that_uses_more_memory_than_the_headroom_leaves_is_not_recommended():
    used = {128: 110, 256: 230, 512: 230, 1024: 230, 2048: 230}
    best, _ = answer(measured(CURVE, used=used), min_headroom=0.2, tolerance=0.0)
    assert best.memory_mb == 512
    assert "Not considered, because less than 20 % of the memory stayed unused: 128 and 256 MB." in best.reasons


def test_exactly_the_headroom_is_enough():
    best, _ = answer(measured({512: 100.0}, used={512: 256}), min_headroom=0.5)
    assert best.memory_mb == 512


def test_where_the_memory_used_is_not_known_that_is_said():
    best, _ = answer(measured(CURVE, used={512: 100}), min_headroom=0.2, tolerance=0.0)
    assert best.memory_mb == 256
    assert any("not known at 128, 256, 1,024 and 2,048 MB" in reason for reason in best.reasons)


def test_where_no_size_has_the_headroom_nothing_is_recommended_and_the_search_says_why():
    best, search = answer(measured(CURVE, used=dict.fromkeys(CURVE, 5000)), min_headroom=0.2)
    assert best is None
    assert "leaves 20 % of its memory unused" in search.notes[0]
    assert [one.memory_mb for one in search.answers] == [None] * 3
    assert all("20 %" in one.note for one in search.answers)


# --- a grid -----------------------------------------------------------------------------------------------------


def test_a_grid_claims_nothing_and_answers_every_goal_by_its_means():
    _, search = answer(measured(CURVE), tolerance=0.0)
    assert (search.kind, search.stop_reason) == (SearchKind.GRID, StopReason.COMPLETE)
    assert (search.regret_bound, search.risk, search.curve, search.noise) == (None, None, (), None)
    assert [(one.goal, one.memory_mb, one.regret_bound, one.risk) for one in search.answers] == [
        (Goal.COST, 256, None, None),
        (Goal.SPEED, 2048, None, None),
        (Goal.BALANCED, 1024, None, None),
    ]


def test_a_grid_that_still_asks_has_not_stopped():
    assert answer(measured(CURVE), complete=False)[1].stop_reason is None


def test_a_dry_run_recommends_nothing_and_answers_nothing():
    best, search = answer(measured(CURVE), dry_run=True)
    assert (best, search.answers, search.pareto_mb) == (None, (), ())


def test_only_cold_starts_are_compared_by_what_they_take():
    samples = [
        sample(mb, 100.0, n, cold=True, init_ms=init, billed_ms=int(100 + init))
        for mb, init in {512: 900.0, 1024: 200.0}.items()
        for n in range(3)
    ]
    sizes = [
        size_result(mb, [one for one in samples if one.memory_mb == mb], lambda ms, mb: invocation_cost(ms, mb, PRICE),
                    cold_only=True)
        for mb in (512, 1024)
    ]  # fmt: skip
    request = TuningRequest(
        function_arn=ARN, memory_sizes_mb=(512, 1024), only_cold_starts=True, latency_target=within(500)
    )
    best, search = outcome(request, sizes, samples, None, present_memory_mb=512, complete=True)
    assert (best.memory_mb, best.expected_duration_ms) == (1024, 300.0)
    assert search.answers[1] == Answer(goal=Goal.SPEED, memory_mb=1024)


def test_the_front_has_the_sizes_that_no_other_one_beats():
    _, search = answer(measured({**CURVE, 3008: 200.0}))
    assert search.pareto_mb == (256, 512, 1024, 2048)


def test_a_size_at_which_the_function_fails_more_often_is_not_on_the_front():
    broken = [sample(256, 1.0, 7 + n, outcome=Outcome.ERROR) for n in range(3)]
    _, search = answer([*measured(CURVE), *broken])
    assert 256 not in search.pareto_mb


@given(st.dictionaries(st.integers(128, 10_240), st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=1))
def test_every_size_is_on_the_front_or_beaten_by_one_that_is(figures):
    every = {mb: Candidate(memory_mb=mb, duration_ms=ms, cost=cost) for mb, (ms, cost) in figures.items()}
    front = pareto(list(every.values()))
    assert front

    def beats(one, other):
        pairs = (every[one].cost, every[other].cost), (every[one].duration_ms, every[other].duration_ms)
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    for mb in every:
        assert (mb in front) is not any(beats(other, mb) for other in front)


# --- what a search knows ----------------------------------------------------------------------------------------


def knows(memory_mb, *, bound=0.05, stop=StopReason.SURE, equivalent=(), notes=(), curve=(), **more):
    verdict = Verdict(
        memory_mb=memory_mb,
        regret_bound=bound,
        risk=0.01,
        stop_reason=stop,
        equivalent_mb=equivalent or ((memory_mb,) if memory_mb else ()),
        notes=notes,
    )
    return Knowledge(verdict=verdict, curve=curve, **more)


def modelled(durations, costs=None):
    return tuple(
        CurvePoint(
            memory_mb=mb,
            measured=1,
            duration_ms=ms,
            duration_interval=Interval(low=ms * 0.9, high=ms * 1.1),
            per_million=(costs or durations)[mb],
            per_million_interval=Interval(low=0.0, high=1.0),
        )
        for mb, ms in durations.items()
    )


def test_a_search_chooses_and_the_figures_are_those_measured():
    best, search = answer(measured(CURVE), knowledge=knows(1024, equivalent=(512, 1024)))
    assert (best.memory_mb, best.equivalent_sizes_mb) == (1024, (512, 1024))
    assert best.expected_duration_ms == pytest.approx(210.0)
    assert (search.kind, search.regret_bound, search.risk) == (SearchKind.ADAPTIVE, 0.05, 0.01)


def test_a_search_that_has_chosen_nothing_recommends_nothing():
    best, search = answer(measured(CURVE), knowledge=knows(None, bound=None, stop=StopReason.MAX_INVOCATIONS))
    assert best is None
    assert search.notes == ("No memory size was measured often enough.", "It stopped at its limit of invocations.")


def test_a_size_without_a_warm_measurement_of_its_own_is_not_recommended_whatever_the_search_says():
    assert answer(measured(CURVE), knowledge=knows(640))[0] is None


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        (Strategy.COST, "1,024 MB costs at most 5 % more than the cheapest of the 5 memory sizes considered, from 128"),
        (Strategy.SPEED, "1,024 MB takes at most 5 % longer than the fastest of the 5 memory sizes considered"),
        (
            Strategy.BALANCED,
            "1,024 MB scores at most 5 % worse than the best balanced of the 5 memory sizes considered",
        ),
    ],
)
def test_the_reasons_say_how_sure_a_search_is_and_why_it_ended(strategy, words):
    known = knows(1024, curve=modelled(CURVE))
    best, _ = answer(measured(CURVE), strategy=strategy, knowledge=known)
    assert f"The search is 95 % sure that {words}" in best.reasons[0]
    assert "It stopped because it was sure enough." in best.reasons


def test_a_claim_is_of_the_sizes_that_might_have_been_recommended():
    best, _ = answer(measured(CURVE), knowledge=knows(1024, curve=modelled(CURVE), considered_mb=(256, 512, 1024)))
    assert "the cheapest of the 3 memory sizes considered, from 256 to 1,024 MB" in best.reasons[0]


def test_a_wider_bound_is_said_as_it_is_and_rounded_up():
    best, _ = answer(measured(CURVE), risk=0.1, knowledge=knows(1024, bound=0.2311, stop=StopReason.NOT_WORTH_IT))
    assert "is 90 % sure that 1,024 MB costs at most 24 % more" in best.reasons[0]
    assert any("would have cost more than they were expected to save" in reason for reason in best.reasons)


def test_a_search_that_claims_nothing_says_so():
    best, _ = answer(measured(CURVE), knowledge=knows(1024, bound=None))
    assert best.reasons[0] == "The search claims nothing of how much better than 1,024 MB another memory size may be."


@pytest.mark.parametrize("stop", StopReason)
def test_every_way_to_end_has_its_sentence(stop):
    best, search = answer(measured(CURVE), knowledge=knows(1024, stop=stop))
    assert search.stop_reason is stop
    assert re.search(r"stopped|was tried", " ".join(best.reasons))


@pytest.mark.parametrize(
    ("differs", "noise"), [(True, False), (False, True), (None, True)], ids=["surely", "perhaps", "not known"]
)
def test_whether_a_change_is_noise_is_what_the_search_says(differs, noise):
    known = knows(1024, curve=modelled(CURVE), duration_differs=differs, cost_differs=differs)
    best, _ = answer(measured(CURVE, spread=0.01), knowledge=known)
    assert best.change.duration_within_noise is noise


def test_a_change_that_was_measured_the_other_way_round_than_the_search_is_sure_of_is_noise():
    contrary = modelled({128: 100.0, 1024: 200.0})
    known = knows(1024, curve=contrary, duration_differs=True, cost_differs=True)
    best, _ = answer(measured(CURVE), knowledge=known)
    assert best.change.duration < 0
    assert best.change.duration_within_noise


def test_a_search_too_stays_at_the_present_size_where_its_gain_may_be_chance_and_its_loss_is_sure():
    known = knows(
        256,
        equivalent=(256, 512),
        curve=modelled({256: 600.0, 512: 400.0}),
        duration_differs=True,
        cost_differs=False,
        answers=(Answer(goal=Goal.COST, memory_mb=256, regret_bound=0.05, risk=0.01),),
    )
    best, search = answer(measured(CURVE), present=512, knowledge=known)
    assert best.memory_mb == 512
    assert "surely slower than the present 512 MB" in best.reasons[0]
    assert "95 % sure that 256 MB" in best.reasons[1]
    assert (search.regret_bound, search.risk) == (None, None)
    assert "Recommended is 512 MB" in search.answers[0].note


def test_a_search_does_not_stay_at_a_present_size_that_it_holds_for_worse():
    known = knows(
        256,
        equivalent=(256,),
        curve=modelled({256: 600.0, 512: 400.0}),
        duration_differs=True,
        cost_differs=False,
    )
    best, _ = answer(measured(CURVE), present=512, knowledge=known)
    assert best.memory_mb == 256


def test_a_search_whose_best_size_misses_the_target_says_so_with_its_own_figure():
    known = knows(1024, bound=None, answers=(Answer(goal=Goal.LATENCY_TARGET, memory_mb=1024),))
    best, search = answer(measured(CURVE), latency_target=within(150), knowledge=known)
    said = "No measured memory size keeps p95 within 150 ms; 1,024 MB with 210 ms is the nearest"
    assert best.memory_mb == 1024
    assert best.reasons[0].startswith(said)
    assert search.answers[0].note.startswith(said)


MISSED_BY_MODEL = "No measured memory size keeps p95 within {} ms; the nearest is 512 MB with 407.9 ms."


def test_a_missed_target_is_said_by_the_figures_measured_and_not_once_more_by_the_models():
    known = knows(1024, bound=None, notes=("Two behaviours.", MISSED_BY_MODEL.format(150)))
    _, search = answer(measured(CURVE), latency_target=within(150), knowledge=known)
    assert search.notes == ("Two behaviours.",)


def test_a_target_that_was_kept_when_measured_and_that_the_model_holds_for_missed_is_said_as_that():
    known = knows(1024, bound=None, notes=(MISSED_BY_MODEL.format(300),))
    best, search = answer(measured(CURVE), latency_target=within(300), knowledge=known)
    (note,) = search.notes
    assert note.startswith("By the search's model it is more likely than not that no memory size keeps p95 within 300")
    assert not any("No measured memory size" in text for text in (*best.reasons, *search.notes))


def test_a_choice_that_misses_the_target_by_its_own_measurements_is_told_where_another_size_keeps_it():
    best, _ = answer(measured(CURVE), latency_target=within(205), knowledge=knows(1024))
    assert "The p95 measured at 1,024 MB is 210 ms, above the limit; the search goes by its model" in " ".join(
        best.reasons
    )


def test_another_goal_that_the_search_is_not_sure_of_is_answered_from_all_sizes_measured():
    unsure = Answer(goal=Goal.COST, memory_mb=2048, risk=0.6, note="Not sure.")
    sure = Answer(goal=Goal.BALANCED, memory_mb=2048, regret_bound=0.05, risk=0.01)
    own = Answer(goal=Goal.SPEED, memory_mb=2048, risk=0.2)
    costs = {size: size * ms for size, ms in CURVE.items()}
    known = knows(2048, curve=modelled(CURVE, costs), answers=(unsure, own, sure))
    _, search = answer(measured(CURVE), strategy=Strategy.SPEED, knowledge=known)
    assert search.answers[0] == Answer(goal=Goal.COST, memory_mb=256, note="Not sure.")
    assert search.answers[1:] == (own, sure)


def test_a_size_that_cannot_be_recommended_answers_no_other_goal():
    samples = [one for one in measured(CURVE) if one.memory_mb != 256]
    samples += [sample(256, 600.0, n, max_memory_used_mb=250) for n in range(3)]
    unsure = Answer(goal=Goal.COST, memory_mb=2048, risk=0.6)
    known = knows(2048, curve=modelled(CURVE, {size: size * ms for size, ms in CURVE.items()}), answers=(unsure,))
    _, search = answer(samples, strategy=Strategy.SPEED, min_headroom=0.2, knowledge=known)
    assert search.answers[0].memory_mb not in (256, 2048)


def test_a_size_with_nothing_but_its_cold_start_has_not_failed():
    (row,) = summed([sample(512, 400.0, 0, cold=True, init_ms=100.0)])
    assert (row.status, row.reason) == ("not-measured", "no warm invocation was left to measure")
    (row,) = summed([sample(512, 400.0, 0, cold=True, init_ms=100.0), sample(512, 1.0, 1, outcome=Outcome.ERROR)])
    assert row.status == "failed"


def test_what_a_search_notices_is_in_its_report():
    _, search = answer(measured(CURVE), knowledge=knows(1024, notes=("Two behaviours.",)))
    assert search.notes == ("Two behaviours.",)


def test_a_whole_search_recommends_a_size_that_it_measured(make_result):
    result = searched(make_result)
    measured_mb = {size.memory_mb for size in result.memory_sizes if size.warm.samples > 1}
    assert result.recommendation.memory_mb in measured_mb
    assert set(result.recommendation.equivalent_sizes_mb) <= measured_mb
    assert [one.goal for one in result.search.answers] == [Goal.COST, Goal.SPEED, Goal.BALANCED]
    assert [point.memory_mb for point in result.search.curve] == list(SEARCHED_MEMORY_SIZES_MB)


def test_a_search_that_a_limit_ends_says_which(make_result):
    result = searched(make_result, limits=Limits(max_invocations=6))
    assert len(result.samples) == 6
    assert result.search.stop_reason is StopReason.MAX_INVOCATIONS


def test_the_choice_by_means_and_by_an_adaptive_search_share_the_sizes_left_out():
    samples = measured(CURVE, used=dict.fromkeys(CURVE, 120))
    rows = summed(samples)
    objective = Objective(min_headroom=0.2)
    for known in (None, knows(1024)):
        best = recommend(rows, objective, present_memory_mb=2048, knowledge=known)
        assert "Not considered, because less than 20 % of the memory stayed unused: 128 MB." in best.reasons


# --- words ------------------------------------------------------------------------------------------------------


def test_figures_in_sentences_have_the_forms_of_the_report():
    assert [megabytes(1024), megabytes([256, 1024])] == ["1,024 MB", "256 and 1,024 MB"]
    assert megabytes([128, 256, 512]) == "128, 256 and 512 MB"
    assert [percent(0.05), percent(0.025), percent(0.12), percent(0.0996)] == ["5 %", "2.5 %", "12 %", "10 %"]
    assert [milliseconds(912.04), milliseconds(12345.6), milliseconds(0.5)] == ["912 ms", "12,350 ms", "0.5 ms"]


@given(st.floats(1e-4, 930_000))
def test_a_duration_in_a_sentence_is_written_as_in_the_table(ms):
    assert above(ms, 0.0) == figures.duration(ms)


def test_a_figure_that_misses_a_target_has_three_digits_and_more_only_where_it_would_read_as_kept():
    assert above(426.2, 400.0) == "426 ms"
    assert above(426.2, 426.0) == "426.2 ms"
    assert above(1_234.4, 1_200.0) == "1.23 s"
    assert above(1_234.4, 1_230.0) == "1.234 s"
    assert above(200.000001, 200.0) == "200.000001 ms"


def test_a_missed_target_is_said_with_the_digits_that_the_table_has():
    best, _ = answer(measured({512: 426.2, 1024: 426.3}), latency_target=within(400))
    assert best.reasons[0].endswith("; the nearest is 512 MB with 426 ms.")


@given(st.floats(1e-6, 100))
def test_a_bound_is_never_understated(share):
    shown = float(at_most(share).removesuffix(" %").replace(",", "")) / 100
    assert shown >= share * (1 - 1e-6)
    assert shown <= share * 1.1 + 0.0011


def test_a_search_that_claims_nothing_stays_rather_than_win_by_chance_and_lose_for_sure():
    known = knows(
        256,
        equivalent=(256,),
        bound=None,
        curve=modelled({256: 600.0, 512: 400.0}),
        duration_differs=True,
        cost_differs=False,
        answers=(Answer(goal=Goal.COST, memory_mb=256),),
    )
    best, search = answer(measured(CURVE), present=512, knowledge=known)
    assert best.memory_mb == 512
    assert best.equivalent_sizes_mb == (512,)
    assert "surely slower than the present 512 MB" in best.reasons[0]
    assert search.regret_bound is None
