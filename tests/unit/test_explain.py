"""What aws-lambda-power-tuning would have said of a run's samples, and why it differs."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from peer_results import result_of, sample, warm

from powertune.cli.explain import command
from powertune.decide.peer_formulas import PeerRow, base_price, choose, price, trimmed_mean
from powertune.decide.peer_numbers import peer_numbers
from powertune.domain.function import Architecture, LogFormat
from powertune.domain.request import PeerInput
from powertune.domain.sample import Outcome, Source
from powertune.domain.search import Strategy
from powertune.errors import UsageError
from powertune.wire import dumps

X86, ARM = Architecture.X86_64, Architecture.ARM64


def only(result):
    (size,) = peer_numbers(result).sizes
    return size


def shares(parts):
    return {part.cause.value: part.share for part in parts}


def its_cost(size):
    return float(size.cost.amount)


# --- its formulas ------------------------------------------------------------------------------------------------


def test_its_trimmed_mean_drops_a_share_at_each_end():
    assert trimmed_mean([1, 2, 3, 4, 100, 5, 6, 7, 8, 9], 0.2) == 5.5
    assert trimmed_mean([1, 2, 3, 40], 0.2) == 11.5  # fewer than 1/0.2 values: nothing is dropped
    assert trimmed_mean([1, 2, 3], 0) == 2
    assert trimmed_mean([], 0.2) == 0


@pytest.mark.parametrize("share", [0.4, 0.39])
def test_the_largest_share_leaves_something(share):
    assert trimmed_mean([1, 2, 3, 4, 100], share) == 3 if share == 0.4 else 10


def test_its_price_is_of_the_mean_rounded_up():
    assert price(trimmed_mean([1, 1, 1, 2, 2], 0), 2.1e-9, 128) == pytest.approx(4.2e-9)
    assert price(100, 2.1e-9, 512) == pytest.approx(8.4e-7)


@pytest.mark.parametrize(
    ("region", "architecture", "base"),
    [
        ("us-east-1", X86, 2.1e-9),
        ("us-east-1", ARM, 1.7e-9),
        ("ap-east-1", X86, 2.9e-9),
        ("ap-east-1", ARM, 1.7e-9),
        ("me-central-1", X86, 2.1e-9),
        ("ap-northeast-3", X86, 2.7e-9),
        ("cn-north-1", X86, 1.42e-8),
    ],
)
def test_its_prices_are_those_of_its_template(region, architecture, base):
    assert base_price(region, architecture) == base


def row(memory_mb, ms, cost):
    return PeerRow(memory_mb=memory_mb, average_duration_ms=ms, average_price=cost)


@pytest.mark.parametrize(
    ("strategy", "rows", "chosen"),
    [
        (Strategy.COST, [row(128, 10, 3), row(256, 5, 2), row(512, 4, 4)], 256),
        (Strategy.COST, [row(128, 10, 2), row(256, 5, 2)], 256),
        (Strategy.SPEED, [row(128, 10, 3), row(256, 5, 2), row(512, 4, 4)], 512),
        (Strategy.SPEED, [row(128, 5, 3), row(256, 5, 2)], 256),
        (Strategy.BALANCED, [row(128, 10, 1), row(256, 4, 2), row(512, 4, 10)], 256),
        (Strategy.BALANCED, [row(512, 5, 2), row(128, 5, 2)], 512),
        (Strategy.COST, [row(128, 0, 0), row(256, 5, 2)], 256),
        (Strategy.COST, [row(128, 0, 0)], None),
    ],
)
def test_its_choice_and_its_ties(strategy, rows, chosen):
    assert choose(rows, strategy, 0.5) == chosen


def test_its_balance_leans_as_the_weight_says():
    rows = [row(128, 100, 1), row(512, 10, 8)]
    assert choose(rows, Strategy.BALANCED, 1.0) == 128
    assert choose(rows, Strategy.BALANCED, 0.0) == 512


# --- the causes, one at a time -------------------------------------------------------------------------------------


def test_without_any_other_cause_the_price_and_the_request_fee_remain():
    size = only(result_of(warm(1024, [100.0] * 10)))
    assert (size.duration_ms, size.our_duration_ms, size.duration_parts) == (100.0, 100.0, ())
    parts = shares(size.cost_parts)
    ours = 0.1 * 0.0000166667 + 0.0000002
    assert parts == {
        "price-rounded": pytest.approx(0.1 * (0.0000168 - 0.0000166667) / ours),
        "no-request-fee": pytest.approx(-0.0000002 / ours),
    }


def test_cold_starts_in_its_mean_are_named_with_their_share():
    samples = [sample(512, order, 100.0, init_ms=900.0 if order < 5 else None) for order in range(10)]
    size = only(result_of(samples, peer=PeerInput(power_values_mb=(512,), discard_top_bottom=0.0)))
    assert size.duration_ms == 550.0
    assert shares(size.duration_parts) == {"cold-and-warm-mixed": pytest.approx(4.5)}
    assert (size.cold, size.samples) == (5, 10)


def test_what_it_trims_is_named_with_its_share():
    size = only(result_of(warm(512, [100.0] * 9 + [1_000.0])))
    assert (size.duration_ms, size.trimmed) == (100.0, 2)
    assert shares(size.duration_parts) == {"trimmed": pytest.approx(100 / 190 - 1)}
    assert shares(size.cost_parts)["trimmed"] < -0.4


def test_the_mean_rounded_up_is_named_with_its_share():
    samples = [sample(128, order, ms, billed_ms=ms) for order, ms in enumerate([1, 1, 1, 2, 2])]
    size = only(result_of(samples, peer=PeerInput(power_values_mb=(128,), discard_top_bottom=0.0)))
    assert its_cost(size) == pytest.approx(4.2e-9)
    assert shares(size.cost_parts)["mean-rounded-up"] == pytest.approx((4.2e-9 - 2.94e-9) / float(size.our_cost.amount))


def test_a_restore_is_counted_twice():
    """One published line: Duration 127.10, Billed Duration 154, Restore 325.93, Billed Restore 26."""
    samples = [
        sample(1024, order, 127.1, billed_ms=154, restore_ms=325.93, billed_restore_ms=26, max_memory_used_mb=90)
        for order in range(5)
    ]
    size = only(result_of(samples, only_cold_starts=True))
    assert size.duration_ms == pytest.approx(453.03)
    assert its_cost(size) == pytest.approx(180 * 2.1e-9 * 8)
    assert shares(size.cost_parts)["restore-counted-twice"] == pytest.approx(
        26 * 2.1e-9 * 8 / float(size.our_cost.amount)
    )


def test_a_record_that_nobody_has_counts_as_0_there_and_not_at_all_here():
    samples = [*warm(512, [100.0] * 6), *(sample(512, 6 + order, None, sources=()) for order in range(4))]
    size = only(result_of(samples))
    assert size.missing == 4
    assert size.duration_ms < 100
    assert size.our_duration_ms == 100.0
    assert shares(size.duration_parts) == {"missing-record-counted-as-0": pytest.approx(size.duration_ms / 100 - 1)}


def test_a_record_that_only_the_logs_have_counts_as_0_there():
    """It reads the tail that Invoke returns, and nothing else."""
    samples = [
        sample(512, order, 100.0, sources=(Source.INSIGHTS,) if order < 5 else (Source.TAIL,)) for order in range(10)
    ]
    size = only(result_of(samples))
    assert (size.missing, size.our_duration_ms) == (5, 100.0)
    assert size.duration_ms == 50.0


def test_a_result_from_logs_alone_has_no_tails_that_were_cut():
    size = only(result_of([sample(512, order, 100.0, sources=(Source.INSIGHTS,)) for order in range(10)]))
    assert (size.missing, size.duration_ms) == (0, 100.0)


@pytest.mark.parametrize(
    ("region", "architecture", "cause", "share"),
    [
        ("us-east-1", X86, "price-rounded", 0.008),
        ("us-east-1", ARM, "price-rounded", 0.02),
        ("af-south-1", X86, "price-rounded", 0.0136),
        ("ap-northeast-3", X86, "price-of-elsewhere", 0.296),
        ("ap-east-1", ARM, "price-of-elsewhere", -0.271),
        ("me-central-1", X86, "price-of-elsewhere", -0.194),
    ],
)
def test_its_price_errs_by_region_and_architecture(region, architecture, cause, share):
    """A minute at 1024 MB, so that the request fee does not blur the shares."""
    size = only(result_of(warm(1024, [60_000.0] * 5), region=region, architecture=architecture))
    assert shares(size.cost_parts)[cause] == pytest.approx(share, abs=0.001)


def test_ephemeral_storage_is_left_out_there():
    size = only(result_of(warm(512, [1_000.0] * 5), ephemeral_mb=10_240))
    storage = 9.5 * 0.0000000309
    assert shares(size.cost_parts)["no-storage-fee"] == pytest.approx(-storage / float(size.our_cost.amount), rel=1e-6)


def test_a_result_in_another_currency_is_refused_and_not_compared():
    result = result_of(warm(512, [100.0] * 5))
    with pytest.raises(UsageError, match="EUR"):
        peer_numbers(replace(result, price=replace(result.price, currency="EUR")))


SAMPLES = st.lists(
    st.tuples(
        st.floats(0.01, 5_000.0),
        st.one_of(st.none(), st.floats(0.01, 5_000.0)),
        st.sampled_from([(Source.TAIL,), (Source.TAIL, Source.INSIGHTS), (Source.INSIGHTS,), ()]),
        st.booleans(),
    ),
    min_size=3,
    max_size=30,
)


@given(
    SAMPLES,
    st.sampled_from([128, 512, 3008]),
    st.sampled_from(["us-east-1", "ap-east-1", "me-central-1"]),
    st.sampled_from([X86, ARM]),
    st.floats(0, 0.4),
    st.booleans(),
)
def test_the_shares_always_add_up_to_the_whole_difference(drawn, memory_mb, region, architecture, discard, cold):
    samples = [
        sample(memory_mb, order, ms if known else None, init_ms=init if known else None, sources=sources)
        for order, (ms, init, sources, known) in enumerate(drawn)
    ]
    peer = PeerInput(power_values_mb=(memory_mb,), discard_top_bottom=discard)
    result = result_of(samples, region=region, architecture=architecture, only_cold_starts=cold, peer=peer)
    size = only(result)
    if size.our_duration_ms is not None:
        assert sum(shares(size.duration_parts).values()) == pytest.approx(
            size.duration_ms / size.our_duration_ms - 1, abs=1e-6
        )
    if size.our_cost is not None:
        assert sum(shares(size.cost_parts).values()) == pytest.approx(
            its_cost(size) / float(size.our_cost.amount) - 1, abs=1e-6
        )
        assert "other" not in shares(size.cost_parts) | shares(size.duration_parts)


# --- its answer ------------------------------------------------------------------------------------------------------


def test_one_failed_invocation_costs_it_the_whole_answer():
    samples = [*warm(512, [100.0] * 9), sample(512, 9, None, outcome=Outcome.TIMEOUT), *warm(1024, [50.0] * 10)]
    numbers = peer_numbers(result_of(samples))
    small, large = numbers.sizes
    assert numbers.memory_mb is None
    assert "512 MB: 1 of 10 invocations failed" in numbers.failure
    assert (small.duration_ms, small.our_duration_ms) == (None, 100.0)
    assert large.duration_ms == 50.0


def test_a_function_that_logs_as_json_gets_no_answer_there():
    numbers = peer_numbers(result_of(warm(512, [100.0] * 9), log_format=LogFormat.JSON))
    assert "logs as JSON" in numbers.failure
    assert numbers.memory_mb is None
    assert (numbers.sizes[0].duration_ms, numbers.sizes[0].our_duration_ms) == (None, 100.0)


def test_an_allowed_exception_is_a_normal_sample_there_too():
    samples = [sample(512, order, 100.0, error_type="NotFound" if order % 2 else None) for order in range(10)]
    assert peer_numbers(result_of(samples, allowed_exceptions=("NotFound",))).failure is None


def test_a_throttled_call_is_sent_again_there():
    samples = [*warm(512, [100.0] * 9), sample(512, 9, None, outcome=Outcome.THROTTLED, sources=())]
    numbers = peer_numbers(result_of(samples))
    assert (numbers.failure, numbers.memory_mb) == (None, 512)
    assert numbers.sizes[0].samples == 9


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def explain(tmp_path):
    def run(result, *options):
        path = tmp_path / "result.json"
        path.write_text(dumps(result), encoding="utf-8")
        done = CliRunner().invoke(command, [str(path), *options], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    return run


def apart():
    """Cold starts make the small size look cheap to it: see test_peer_defects_choice."""
    samples = [
        sample(mb, order, ms, init_ms=1_000.0 if order < 10 else None)
        for mb, ms in ((128, 80.0), (1024, 9.0))
        for order in range(20)
    ]
    return result_of(samples)


def test_the_text_says_what_each_would_choose_and_what_that_means(explain):
    text = " ".join(explain(apart()).split())
    assert "It would have chosen 128 MB; powertune recommends 1,024 MB." in text
    assert "By powertune's figures its choice is" in text
    assert "slower" in text


def test_the_text_names_every_cause_that_occurs_with_its_share_and_no_other(explain):
    text = explain(apart())
    assert "cold and warm mixed +" in text
    assert "20 of 40 were cold" in " ".join(text.split())
    assert "no request fee −" in text
    assert "restore" not in text
    assert "ephemeral" not in text


def test_no_line_is_wider_than_100_columns(explain):
    assert max(map(len, explain(apart()).splitlines())) <= 100


def test_the_text_says_when_both_agree(explain):
    assert "It would have chosen 512 MB, as powertune does." in explain(result_of(warm(512, [100.0] * 10)))


def test_the_text_says_that_a_failure_would_have_left_no_answer(explain):
    samples = [*warm(512, [100.0] * 9), sample(512, 9, None, outcome=Outcome.ERROR)]
    text = " ".join(explain(result_of(samples)).split())
    assert "SUCCEEDED with the output {}" in text
    assert "1 of 10 invocations failed" in text


def test_the_text_says_once_that_json_logs_would_have_left_no_answer(explain):
    samples = [*warm(512, [100.0] * 9), *warm(1024, [60.0] * 9)]
    text = " ".join(explain(result_of(samples, log_format=LogFormat.JSON)).split())
    assert text.count("logs as JSON") == 1


def test_equivalent_sizes_are_called_so(explain):
    samples = [*warm(512, [100.0] * 10), *warm(1024, [51.0] * 10)]
    text = " ".join(explain(result_of(samples, tolerance=0.05)).split())
    assert "It would have chosen 512 MB; powertune recommends 1,024 MB." in text
    assert "equivalent: they are within 5% of the best" in text


def test_a_dry_run_is_said_to_be_one(explain):
    assert "aws-lambda-power-tuning's output is null" in explain(result_of(warm(512, [100.0]), dry_run=True))


def test_samples_go_one_by_one(explain):
    samples = [sample(512, 0, 100.0, init_ms=900.0), *(sample(512, order, 90.25 + order) for order in range(1, 10))]
    lines = explain(result_of(samples), "--samples").splitlines()
    start = lines.index("512 MB, sample by sample, in ms")
    assert len(lines) == start + 12
    cold = lines[start + 2].split()
    assert cold == ["0", "cold", "100", "900", "1,000", "1,000", "1,000", "no", "no"]
    assert lines[start + 6].split() == ["4", "warm", "94.25", "–", "95", "94.25", "95", "yes", "yes"]


def test_json_has_every_figure_and_the_samples_only_when_asked(explain):
    data = json.loads(explain(apart(), "--json"))
    assert (data["memory_mb"], data["our_memory_mb"], data["strategy"]) == (128, 1024, "cost")
    assert data["per_gb_second"] == {"amount": "0.0000168", "currency": "USD"}
    assert [size["readings"] for size in data["sizes"]] == [[], []]
    assert data["sizes"][0]["duration_ms"] > 500
    assert Decimal(data["sizes"][0]["cost"]["amount"]) > 0
    with_samples = json.loads(explain(apart(), "--json", "--samples"))
    assert [len(size["readings"]) for size in with_samples["sizes"]] == [20, 20]


def test_any_runs_result_can_be_explained(explain, make_result):
    """One with a failed size, on arm64 in Frankfurt, as a run writes it."""
    text = explain(make_result())
    assert "128 MB: no figures, because 10 of 10 invocations failed" in " ".join(text.split())


def test_a_file_that_is_no_result_is_refused(tmp_path):
    path = tmp_path / "result.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a whole powertune result"):
        CliRunner().invoke(command, [str(path)], catch_exceptions=False)
