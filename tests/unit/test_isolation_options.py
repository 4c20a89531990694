"""The options for clones and instruction sets: what they refuse, and the tunings that they make."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from two_architectures import ARM, X86, result_on

from powertune.cli import isolation_options, run_drive
from powertune.cli.isolation_options import drive_all, isolation_arguments, tunings
from powertune.domain.function import FunctionArn
from powertune.domain.request import TuningRequest
from powertune.domain.search import Limits, SearchKind
from powertune.errors import FunctionRefused, NotRestored, Stopped, UsageError
from powertune.wire import read_result

ARN = FunctionArn.parse("arn:aws:lambda:eu-central-1:123456789012:function:orders-api")
NO_OPTIONS = {
    "isolate": False,
    "architectures": None,
    "assume_portable": False,
    "price": None,
    "dry_run": False,
    "apply": False,
}


def options(**more):
    return NO_OPTIONS | more


def request(**more):
    return TuningRequest(function_arn=ARN, **{"isolate": True, **more})


@pytest.fixture
def place():
    said = []
    return SimpleNamespace(is_local=False, line=SimpleNamespace(say=said.append), said=said, session=None)


@pytest.fixture
def driven(monkeypatch, make_result):
    """Runs without AWS, of a function that has arm64; ``fail`` says what goes wrong on which instruction set."""
    calls, fail = [], {}

    def drive(_, request, run_id):
        calls.append((request, run_id))
        if request.architecture in fail:
            raise fail[request.architecture]
        found = result_on(make_result, request.architecture, factor="1.5" if request.architecture is X86 else "1")
        return replace(found, run_id=run_id)

    monkeypatch.setattr(run_drive, "drive", drive)
    monkeypatch.setattr(isolation_options, "_own_architecture", lambda *_: ARM)
    return SimpleNamespace(calls=calls, fail=fail)


@pytest.mark.parametrize(
    ("given", "isolated"),
    [
        ({}, False),
        ({"isolate": True}, True),
        ({"architectures": "arm64"}, True),
        ({"architectures": "x86_64, arm64"}, True),
    ],
)
def test_an_instruction_set_implies_a_clone(given, isolated):
    assert isolation_arguments(options(**given)) == {"isolate": isolated}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"architectures": "mips"}, "'mips' is no instruction set"),
        ({"architectures": ""}, "'' is no instruction set"),
        ({"assume_portable": True}, "--assume-portable"),
        ({"architectures": "x86_64,arm64", "price": "1,2"}, "--price"),
        ({"architectures": "x86_64,arm64", "dry_run": True}, "--dry-run"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(given, why):
    with pytest.raises(UsageError, match=why):
        isolation_arguments(options(**given))


def test_each_instruction_set_is_a_tuning_of_its_own_with_its_own_price_the_functions_own_last(place):
    found = tunings(place, request(), options(architectures="arm64,x86_64"), own=ARM, run_id="r")
    assert [(one.request.architecture, one.run_id) for one in found] == [(X86, "r-x86-64"), (ARM, "r-arm64")]
    assert all(one.request.price is None for one in found)  # the shipped table has the newest, by region and set


def test_limits_hold_for_all_together(place):
    limits = Limits(max_invocations=100, max_spend=Decimal("0.05"), max_time_ms=60_000)
    asked = request(search=SearchKind.ADAPTIVE, limits=limits)
    found = tunings(place, asked, options(architectures="x86_64,arm64"), own=ARM, run_id="r")
    assert [one.request.limits for one in found] == [
        Limits(max_invocations=50, max_spend=Decimal("0.025"), max_time_ms=30_000)
    ] * 2


def test_what_is_applied_must_be_the_functions_own_so_several_are_refused(place):
    with pytest.raises(UsageError, match="Applying"):
        tunings(place, request(apply=True), options(architectures="x86_64,arm64"), own=ARM, run_id="r")
    (one,) = tunings(place, request(apply=True), options(architectures="arm64"), own=ARM, run_id="r")
    assert one.request.apply


def test_on_the_endpoint_only_the_machines_own_can_be_measured(place, monkeypatch):
    place.is_local = True
    monkeypatch.setattr(run_drive, "machine_architecture", lambda: X86)
    with pytest.raises(UsageError, match="This machine is x86_64, so nothing can be measured on arm64"):
        tunings(place, request(), options(architectures="x86_64,arm64"), own=X86, run_id="r")
    assert len(tunings(place, request(), options(architectures="x86_64"), own=X86, run_id="r")) == 1


def test_a_region_without_a_price_for_one_of_them_is_refused_before_anything(place, monkeypatch):
    def no_price(given, region, architecture):
        if architecture is ARM:
            raise UsageError("There is no price for arm64 in this region.")

    monkeypatch.setattr(run_drive, "run_price", no_price)
    with pytest.raises(UsageError, match="no price for arm64"):
        tunings(place, request(), options(architectures="x86_64,arm64"), own=X86, run_id="r")


def test_both_make_one_result_and_each_is_kept_in_a_folder_of_its_own(place, driven, tmp_path):
    result = drive_all(place, request(), options(architectures="x86_64,arm64", output_dir=tmp_path))
    assert result.comparison.better is ARM
    assert [one.architecture for one in result.architectures] == [X86]
    kept = {read_result(path).function.architecture for path in tmp_path.glob("*/result.json")}
    assert kept == {X86, ARM}
    assert place.said == ["tuning on x86_64", "tuning on arm64"]


def test_what_is_refused_on_one_leaves_the_other(place, driven, tmp_path):
    driven.fail[X86] = FunctionRefused("orders-api may not run on x86_64.")
    result = drive_all(place, request(), options(architectures="x86_64,arm64", output_dir=tmp_path))
    assert result.function.architecture is ARM
    assert result.architectures[0].failure == "orders-api may not run on x86_64."


@pytest.mark.parametrize("error", [Stopped("stopped"), NotRestored("left")])
def test_a_stop_or_an_undo_that_failed_ends_all_but_what_was_paid_for_is_kept(place, driven, tmp_path, error):
    driven.fail[ARM] = error
    with pytest.raises(type(error)):
        drive_all(place, request(), options(architectures="x86_64,arm64", output_dir=tmp_path))
    (path,) = tmp_path.glob("*/result.json")
    assert read_result(path).function.architecture is X86


def test_where_all_fail_the_first_failure_is_told(place, driven, tmp_path):
    driven.fail |= {X86: FunctionRefused("not on x86_64"), ARM: FunctionRefused("not on arm64")}
    with pytest.raises(FunctionRefused, match="not on x86_64"):
        drive_all(place, request(), options(architectures="x86_64,arm64", output_dir=tmp_path))


def test_without_the_option_there_is_one_run_as_ever(place, driven):
    driven.fail[None] = FunctionRefused("as ever")
    with pytest.raises(FunctionRefused, match="as ever"):
        drive_all(place, TuningRequest(function_arn=ARN), options())
    ((asked, run_id),) = driven.calls
    assert asked.architecture is None
    assert "-arm64" not in run_id
