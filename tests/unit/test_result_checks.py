"""A result whose figures contradict each other is refused with the place; what powertune writes never is."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from searched_runs import searched
from shown_runs import cold_run, dry_run, full_run
from two_architectures import result_on

from powertune.cli.report_formats import FORMATS, Look, made
from powertune.decide.architectures import combined
from powertune.domain.function import Architecture
from powertune.domain.result import TuningResult
from powertune.domain.result_checks import contradictions
from powertune.errors import UsageError
from powertune.wire import dumps, read_result, result_from_text, to_data

Make = Callable[..., TuningResult]
Place = tuple[Any, ...]
WARM, COST = ("memory_sizes", 2, "warm", "duration_ms"), ("memory_sizes", 2, "cost")
BEST = ("recommendation",)
FORMS = [name for name, form in FORMATS.items() if not form.binary and name != "svg"]
DATA = Path(__file__).parents[1] / "data"


def put(data: Any, place: Place, value: Any) -> Any:
    """A copy with that value at that place."""
    changed = copy.deepcopy(data)
    there = changed
    for key in place[:-1]:
        there = there[key]
    there[place[-1]] = value
    return changed


def refusal(data: Any, **how: bool) -> str:
    with pytest.raises(UsageError) as refused:
        result_from_text(json.dumps(data), "result.json", **how)
    return refused.value.message


# --- what contradicts itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ((*WARM, "mean"), 5.0, "$.memory_sizes[2].warm.duration_ms.mean: 5 does not lie between"),
        ((*WARM, "p95"), 1.0, "$.memory_sizes[2].warm.duration_ms.p95: 1 is less than the p90"),
        ((*WARM, "mean_interval", "low"), 1e6, "$.memory_sizes[2].warm.duration_ms.mean_interval: its low end"),
        ((*WARM, "mean_interval", "high"), -1.0, "$.memory_sizes[2].warm.duration_ms.mean_interval: its low end"),
        ((*WARM, "mean_interval", "confidence"), 2, "mean_interval.confidence: 2 is not a share"),
        ((*WARM, "mean_interval", "confidence"), 0, "mean_interval.confidence: 0 does not lie between 0 and 1"),
        ((*WARM, "count"), 900, "$.memory_sizes[2].warm.duration_ms.count: 900 of 9 samples"),
        ((*WARM, "maximum"), 1e300, "maximum: 1e+300 is not a time from 0 to 10^9 ms"),
        (("memory_sizes", 2, "invocations"), 5, "$.memory_sizes[2].invocations: 5, but 9 warm ones"),
        (("memory_sizes", 2, "invocations"), -1, "$.memory_sizes[2].invocations: -1 is not a number from 0"),
        (("memory_sizes", 2, "cold_starts"), 50, "$.memory_sizes[2].cold_starts: 50 of 10 invocations"),
        (("memory_sizes", 2, "exhausted"), 3, "$.memory_sizes[2].exhausted: 3 of 0 errors"),
        (("memory_sizes", 2, "memory_mb"), 64, "$.memory_sizes[2].memory_mb: 64 is not a memory size that Lambda"),
        (("memory_sizes", 2, "memory_mb"), 999_999, "from 128 to 10,240 MB"),
        (("memory_sizes", 2, "memory_mb"), 0, "$.memory_sizes[2].memory_mb: 0 is not a memory size"),
        (("memory_sizes", 2, "memory_mb"), 256, "$.memory_sizes[2].memory_mb: 256 MB is there twice"),
        ((*COST, "per_invocation", "amount"), "-4", "$.memory_sizes[2].cost.per_invocation.amount: -4 is not"),
        ((*COST, "per_invocation", "amount"), "1e999999", "per_invocation.amount: 1E+999999 is not a number from 0"),
        ((*COST, "per_invocation", "amount"), "1e-999999", "is less than anything is, and more than nothing"),
        ((*COST, "per_million", "amount"), "4", "$.memory_sizes[2].cost.per_million: 4 is not a million times"),
        ((*COST, "per_million", "currency"), "EUR", "$.memory_sizes[2].cost.per_million.currency: in EUR"),
        ((*COST, "per_million_interval", "low"), 1e5, "$.memory_sizes[2].cost.per_million_interval: its low end"),
        ((*BEST, "memory_mb"), 3000, "$.recommendation.memory_mb: 3000 MB was not measured"),
        ((*BEST, "memory_mb"), 128, "$.recommendation.memory_mb: 128 MB was not measured"),
        ((*BEST, "memory_mb"), 1024, "$.recommendation.expected_duration_ms"),
        ((*BEST, "equivalent_sizes_mb"), [128], "$.recommendation.equivalent_sizes_mb[0]: 128 MB was not measured"),
        ((*BEST, "expected_cost", "amount"), "1", "$.recommendation.expected_cost: 1 is not a millionth of"),
        ((*BEST, "expected_cost", "currency"), "EUR", "$.recommendation.expected_cost.currency: in EUR"),
        ((*BEST, "change", "duration"), 0.9, "$.recommendation.change.duration: 0.9, but from"),
        ((*BEST, "change", "duration"), -3, "$.recommendation.change.duration: -3 is not a change"),
        ((*BEST, "change", "cost"), -0.9, "$.recommendation.change.cost: -0.9, but from"),
        ((*BEST, "change", "from_memory_mb"), 256, "$.recommendation.change.from_memory_mb: 256, but the function"),
        ((*BEST, "change", "to_memory_mb"), 256, "$.recommendation.change.to_memory_mb: 256, but 1769 MB is"),
        (("finished_at",), "2020-01-01T00:00:00Z", "$.finished_at: 2020-01-01T00:00:00Z is before the run began"),
        (("spend", "total_cost", "amount"), "3", "$.spend.total_cost: 3, but its parts make"),
        (("spend", "lines", 0, "cost", "currency"), "EUR", "$.spend.lines[0].cost.currency: in EUR"),
        (("samples",), [], "$.memory_sizes[0].invocations: 10, but there is no sample of 128 MB"),
        (("samples", 3, "memory_mb"), 300, "$.samples: there are samples of 300 MB, and no such memory size"),
        (("samples", 3, "duration_ms"), -4, "$.samples[3]: a figure in it is not one that an invocation has"),
        (("samples", 3, "duration_ms"), 1e300, "$.samples[3]: a figure in it is not one that an invocation has"),
    ],
)
def test_a_figure_that_contradicts_the_others_is_refused_with_its_place(
    make_result: Make, place: Place, value: Any, said: str
) -> None:
    assert said in refusal(put(to_data(make_result()), place, value))


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("search", "regret_bound"), 1e308, "$.search.regret_bound: 1e+308 is not a number from 0"),
        (("search", "curve", 3, "duration_ms"), 1e308, "$.search.curve[3].duration_ms: 1e+308 is not a time"),
        (("search", "curve", 3, "duration_interval", "low"), 1e8, "$.search.curve[3].duration_interval: its low end"),
        (("search", "curve", 3, "memory_mb"), 128, "$.search.curve[3].memory_mb: 128 MB comes after 192 MB"),
        (("search", "curve", 3, "per_million"), 1e-300, "per_million: 1e-300 is less than anything is, and more than"),
        (("request", "tolerance"), 1e-300, "$.request.tolerance: 1e-300 is less than anything is, and more than"),
        (("search", "pareto_mb"), [136], "$.search.pareto_mb[0]: 136 MB was not measured"),
    ],
)
def test_what_a_search_cannot_have_said_is_refused(make_result: Make, place: Place, value: Any, said: str) -> None:
    assert said in refusal(put(to_data(searched(make_result)), place, value))


def test_the_run_on_another_instruction_set_is_asked_the_same(make_result: Make) -> None:
    data = to_data(two_sets(make_result))
    assert "$.architectures[0].memory_sizes[1].warm.duration_ms.mean: 1 does not" in refusal(
        put(data, ("architectures", 0, "memory_sizes", 1, "warm", "duration_ms", "mean"), 1)
    )
    assert "$.architectures[0].price.currency: EUR" in refusal(
        put(data, ("architectures", 0, "price", "currency"), "EUR")
    )
    assert "$.comparison.own_memory_mb: 3008, but" in refusal(put(data, ("comparison", "own_memory_mb"), 3008))


def test_of_samples_that_were_not_read_nothing_is_asked(make_result: Make) -> None:
    data = put(to_data(make_result()), ("samples", 3, "duration_ms"), -4)
    assert result_from_text(json.dumps(data), "result.json", samples=False).samples == ()
    assert "p95" in refusal(put(data, (*WARM, "p95"), 1.0), samples=False)


def test_a_run_reads_back_its_own_answer_whatever_it_says(make_result: Make) -> None:
    data = put(to_data(make_result()), (*WARM, "p95"), 1.0)
    assert result_from_text(json.dumps(data), "result.json", checked=False).samples


def test_times_that_cannot_be_read_are_left_alone(make_result: Make) -> None:
    data = put(to_data(make_result()), ("finished_at",), "2026-13-45T00:00:00Z")
    assert result_from_text(json.dumps(data), "it").finished_at == "2026-13-45T00:00:00Z"


# --- what powertune writes --------------------------------------------------------------------------------------


def two_sets(build: Make, factor: float = 0.5) -> TuningResult:
    own = result_on(build, Architecture.X86_64)
    other = result_on(build, Architecture.ARM64, factor=factor)
    return combined({Architecture.X86_64: own, Architecture.ARM64: other}, {}, Architecture.X86_64)


@pytest.mark.parametrize(
    "kind",
    [
        full_run,
        cold_run,
        lambda build: cold_run(build, restore=True),
        dry_run,
        lambda build: dry_run(build, cold=False),
        searched,
        lambda build: searched(build, noise=0.4, seed=7),
        two_sets,
        lambda build: two_sets(build, factor=2.0),
        lambda build: build(failing_mb=(128, 256, 512), best_mb=None),
        lambda build: build(invocations=3),
        lambda build: build(present_mb=640),
    ],
)
def test_a_run_of_any_kind_contradicts_itself_nowhere(make_result: Make, kind: Callable[[Make], TuningResult]) -> None:
    result = kind(make_result)
    assert list(contradictions(result)) == []
    assert result_from_text(dumps(result), "it") == result


@pytest.mark.parametrize("path", sorted(DATA.glob("result-schema-*.json")), ids=lambda path: str(path.stem))
def test_a_result_of_an_earlier_schema_contradicts_itself_nowhere(path: Path) -> None:
    assert list(contradictions(read_result(path))) == []


def test_a_clock_that_was_set_back_during_a_run_makes_its_result_no_less_readable(make_result: Make) -> None:
    result = make_result(finished_at="2026-11-24T11:30:00+00:00")
    assert result_from_text(dumps(result), "it") == result


# --- any edit ---------------------------------------------------------------------------------------------------


def numbers_in(data: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all numbers, of lists of alike ones those in the first two and the last."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from numbers_in(value, (*place, key))
    elif isinstance(data, list):
        for index in sorted({0, 1, len(data) - 1} & set(range(len(data)))):
            yield from numbers_in(data[index], (*place, index))
    elif (isinstance(data, int | float) and not isinstance(data, bool)) or (place and place[-1] == "amount"):
        yield place


ODD = (-1, 0, 1, 1.5, 1e308, -1e308, 5e-324, 10**30, 10**15, "1e999999", "1e-999999", "-5", "0", "1e15")


@pytest.mark.parametrize("kind", [full_run, searched, two_sets, dry_run])
def test_any_number_that_is_edited_is_refused_with_a_place_or_shown_in_every_form(
    make_result: Make, kind: Callable[[Make], TuningResult]
) -> None:
    data = to_data(kind(make_result))
    edits = [(place, value) for place in numbers_in(data) for value in ODD]
    shown = 0
    said: list[str] = []
    for place, value in random.Random(6).sample(edits, 120):
        try:
            result = result_from_text(json.dumps(put(data, place, value)), "it")
        except UsageError as error:
            said.append(error.message)
            continue
        shown += 1
        form = FORMS[shown % len(FORMS)]
        try:
            list(made([result], (), form, Look()))
        except UsageError:  # such as a page of the peer's for what it has no page of
            continue
        except Exception as error:
            raise AssertionError(f"{place} = {value!r} as {form}: {error!r}") from error
    assert all("$" in one or "schema" in one for one in said)
    assert 3 < shown < 120
