"""How far a run is, in a line."""

from decimal import Decimal

from powertune.cli.progress import ProgressLine, measuring
from powertune.domain.events import Phase, Progress


def moment(done, planned=60, **more):
    return Progress(phase=Phase.MEASURE, invocations_done=done, invocations_planned=planned, **more)


def test_it_counts_invocations_and_money():
    text = measuring(moment(20, spent=Decimal("0.00012"), currency="CNY"), 20, 10.0)
    assert text == "measuring: 20 of 60 invocations, CN¥0.000120 spent, about 20 s left"


def test_unknown_spending_is_not_shown_as_zero():
    assert measuring(moment(20), 20, 10.0) == "measuring: 20 of 60 invocations, about 20 s left"


def test_where_one_size_alone_is_measured_it_is_named():
    text = measuring(moment(1, 3, detail="512 MB"), 1, 10.0)
    assert text == "measuring at 512 MB: 1 of 3 invocations"


def test_a_single_invocation_promises_no_time():
    assert "left" not in measuring(moment(1), 1, 3.0)


def test_a_round_that_was_joined_late_is_judged_by_what_was_seen_of_it():
    assert measuring(moment(50), 5, 10.0).endswith("about 20 s left")


def test_the_end_has_nothing_left():
    assert measuring(moment(60), 60, 30.0) == "measuring: 60 of 60 invocations"


def test_nothing_is_shown_where_nobody_watches(capsys):
    with ProgressLine() as line:
        line.show(moment(1))
        line.say("hello")
    assert capsys.readouterr() == ("", "")
