"""What a person sees while a run works; a pipe sees nothing."""

from decimal import Decimal

from powertune.cli.progress import ProgressLine, measuring
from powertune.domain.events import Phase, Progress


def moment(size, done, spent="0.000001"):
    return Progress(
        phase=Phase.MEASURE, detail=f"{size} MB", invocations_done=done, invocations_planned=10, spent=Decimal(spent)
    )


def test_invocations_and_money_of_all_sizes_are_summed():
    text = measuring([(moment(128, 2), 4.0), (moment(512, 5), 4.0)], since=0.0, now=4.0)
    assert text.startswith("measuring: 7 of 20 invocations, 0.000002 USD spent")


def test_the_time_left_is_that_of_the_slowest_size():
    text = measuring([(moment(128, 2), 4.0), (moment(512, 9), 4.0)], since=0.0, now=4.0)
    assert text.endswith("about 16 s left")


def test_a_finished_measurement_has_no_time_left_to_tell():
    assert "left" not in measuring([(moment(128, 10), 4.0)], since=0.0, now=9.0)


def test_nothing_is_shown_where_nobody_watches(capsys):
    with ProgressLine() as line:
        line.show(moment(128, 1))
        line.say("hello")
    assert capsys.readouterr() == ("", "")
