"""A result in aws-lambda-power-tuning's shape, with powertune's figures."""

import base64
import json
import struct
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peer_results import result_of, sample, warm

from powertune.domain.price import Money
from powertune.domain.request import PeerInput
from powertune.domain.sample import Outcome
from powertune.errors import UsageError
from powertune.peer import chart_url, comparison_url, peer_output, visualization_url

FIGURES = {512: (100.0, 0.00000103333475), 1024: (60.0, 0.000001200002)}


def usual(**request):
    """512 MB takes 100 ms and 1024 MB 60 ms; one cold start at each."""
    cold = (sample(512, 9, 100.0, init_ms=300.0), sample(1024, 9, 60.0, init_ms=200.0))
    return result_of((*warm(512, [90.0, 110.0]), *warm(1024, [60.0, 60.0]), *cold), **request)


def peer(*sizes_mb, stats=True):
    return PeerInput(power_values_mb=sizes_mb, include_output_results=stats)


def decoded(part, letter):
    data = base64.b64decode(part, validate=True)
    return list(struct.unpack(f"<{len(data) // struct.calcsize(letter)}{letter}", data))


def test_the_output_has_just_its_fields_with_numbers_in_them():
    output = peer_output(usual(peer=peer(512, 1024, stats=False)))
    assert output == {
        "power": 512,
        "cost": pytest.approx(FIGURES[512][1]),
        "duration": 100.0,
        "stateMachine": {
            "executionCost": 0.0006,
            "lambdaCost": 0.00125,
            "visualization": visualization_url(usual()),
        },
    }
    assert list(output) == ["power", "cost", "duration", "stateMachine"]
    assert json.loads(json.dumps(output, allow_nan=False)) == output
    for value in (output["cost"], output["duration"], *list(output["stateMachine"].values())[:2]):
        assert type(value) is float
    assert type(output["power"]) is int


def test_stats_stand_in_the_order_of_the_power_values():
    output = peer_output(usual(peer=peer(1024, 512)))
    assert output["stats"] == [
        {"value": size, "averagePrice": pytest.approx(FIGURES[size][1]), "averageDuration": FIGURES[size][0]}
        for size in (1024, 512)
    ]


def test_without_an_input_of_its_form_there_are_no_stats():
    assert "stats" not in peer_output(usual())


def test_cost_and_duration_are_means_of_warm_invocations_with_the_request_fee():
    output = peer_output(usual())
    assert output["duration"] == 100.0  # not 166.7, which the cold start would make of it
    assert output["cost"] == pytest.approx(0.1 * 0.5 * 0.0000166667 + 0.0000002)


def test_where_only_cold_starts_were_measured_the_figures_are_theirs():
    samples = [sample(512, order, 100.0, init_ms=init) for order, init in enumerate([200.0, 400.0])]
    output = peer_output(result_of(samples, only_cold_starts=True, peer=peer(512)))
    assert output["duration"] == 400.0
    assert output["cost"] == pytest.approx(0.4 * 0.5 * 0.0000166667 + 0.0000002)
    assert output["stats"][0]["averageDuration"] == 400.0


def test_a_dry_run_gives_null():
    assert peer_output(usual(dry_run=True)) is None


def test_a_size_that_failed_is_in_no_stats_and_no_chart():
    failed = [sample(256, order, None, outcome=Outcome.ERROR) for order in range(3)]
    result = result_of((*failed, *warm(512, [90.0, 110.0]), *warm(1024, [60.0])), peer=peer(256, 512, 1024, 2048))
    output = peer_output(result)
    assert [row["value"] for row in output["stats"]] == [512, 1024]
    sizes, _, _ = output["stateMachine"]["visualization"].partition("#")[2].split(";")
    assert decoded(sizes, "h") == [512, 1024]


def test_a_run_that_measured_nothing_has_no_output():
    failed = [sample(256, order, None, outcome=Outcome.ERROR) for order in range(3)]
    with pytest.raises(ValueError, match="without a recommendation"):
        peer_output(result_of(failed))


def test_the_chart_holds_sizes_durations_and_costs_in_this_order():
    url = visualization_url(usual())
    assert url.startswith("https://lambda-power-tuning.show/#")
    sizes, times, costs = url.partition("#")[2].split(";")
    assert decoded(sizes, "h") == [512, 1024]
    assert decoded(times, "f") == [100.0, 60.0]
    assert decoded(costs, "f") == pytest.approx([FIGURES[512][1], FIGURES[1024][1]], rel=1e-6)


def test_the_bytes_of_a_known_chart_come_out_the_same():
    """The example in that project's documentation: six sizes from 128 to 1536 MB and 3008 MB."""
    known = "gAAAAQACAAQABsAL"
    sizes = [128, 256, 512, 1024, 1536, 3008]
    url = visualization_url(result_of([one for size in sizes for one in warm(size, [10.0])]))
    assert url.partition("#")[2].split(";")[0] == known


def test_the_largest_memory_size_fits():
    url = visualization_url(result_of(warm(10_240, [5.0])))
    assert decoded(url.partition("#")[2].split(";")[0], "h") == [10_240]


def test_the_chart_is_in_the_order_of_the_sizes_whatever_that_of_the_result():
    result = usual()
    assert visualization_url(replace(result, memory_sizes=result.memory_sizes[::-1])) == visualization_url(result)


def test_another_site_can_be_named():
    assert visualization_url(usual(), "https://charts.example/x/").startswith("https://charts.example/x/#")


def yuan(result):
    return replace(result, price=replace(result.price, currency="CNY"))


def test_a_result_in_yuan_says_so_to_the_site():
    assert visualization_url(yuan(usual())).startswith("https://lambda-power-tuning.show/?currency=CNY#")


def test_two_results_can_be_compared_on_one_chart():
    one, other = usual(), result_of(warm(256, [70.0]))
    parts = comparison_url(one, other, ("x86 & old", "arm64;new")).partition("#")[2].split(";")
    assert parts[:3] == visualization_url(one).partition("#")[2].split(";")
    assert parts[3:6] == visualization_url(other).partition("#")[2].split(";")
    assert [unquote(part) for part in parts[6:]] == ["x86 & old", "arm64;new"]
    assert "%20%26%20" in parts[6]


def test_results_of_two_currencies_are_not_put_on_one_axis():
    with pytest.raises(UsageError, match="CNY"):
        comparison_url(usual(), yuan(usual()), ("a", "b"))


@given(
    st.dictionaries(
        st.integers(128, 10_240),
        st.lists(st.floats(0.01, 900_000.0), min_size=1, max_size=5),
        min_size=1,
        max_size=6,
    )
)
def test_every_chart_holds_all_sizes_ascending_with_their_figures(durations):
    result = result_of([one for size, values in durations.items() for one in warm(size, values)])
    sizes, times, costs = visualization_url(result).partition("#")[2].split(";")
    assert decoded(sizes, "h") == sorted(durations)
    rows = {row.memory_mb: row for row in result.memory_sizes}
    assert decoded(times, "f") == pytest.approx([rows[mb].warm.duration_ms.mean for mb in sorted(rows)], rel=1e-6)
    assert decoded(costs, "f") == pytest.approx(
        [float(rows[mb].cost.per_invocation.amount) for mb in sorted(rows)], rel=1e-6
    )


def test_costs_are_what_the_run_spent():
    result = usual()
    spent = replace(result.spend, lambda_cost=Money(amount=result.spend.lambda_cost.amount * 2, currency="USD"))
    assert peer_output(replace(result, spend=spent))["stateMachine"]["lambdaCost"] == 0.0025


def test_a_chart_is_given_of_what_was_measured():
    assert chart_url(usual()) == visualization_url(usual())
    assert chart_url(yuan(usual())) == visualization_url(yuan(usual()))


def test_a_chart_of_nothing_or_in_a_wrong_currency_is_refused_in_words():
    failed = result_of([sample(256, order, None, outcome=Outcome.ERROR) for order in range(3)])
    euro = replace(usual(), price=replace(usual().price, currency="EUR"))
    for result, said in ((usual(dry_run=True), "dry run"), (failed, "nothing to draw"), (euro, "EUR")):
        with pytest.raises(UsageError, match=said) as refused:
            chart_url(result)
        assert refused.value.next_step
