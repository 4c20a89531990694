"""``powertune replay --from-logs``: samples from production records, by the memory size that each names."""

import json
from types import SimpleNamespace

import pytest
from fake_aws import ARN, NAME, FakeClock
from fake_logs import EngineLogs, event, json_report, text_report

from powertune.cli.main import main
from powertune.measure.recorded import read_recordings

NOW = FakeClock().ms


class Functions:
    meta = SimpleNamespace(endpoint_url="https://lambda.us-east-1.amazonaws.com")

    def get_function_configuration(self, FunctionName):
        return {"FunctionArn": ARN, "Architectures": ["x86_64"]}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("POWERTUNE_PRICES", str(tmp_path / "prices.json"))

    def call(logs, *arguments):
        class Session:
            def __init__(self, **chosen):
                pass

            def client(self, service):
                return {"lambda": Functions(), "logs": logs}[service]

        monkeypatch.setattr("powertune.aws.session.AwsSession", Session)
        monkeypatch.setattr("powertune.aws.clock.SystemClock", FakeClock)
        with pytest.raises(SystemExit) as ended:
            main(["replay", "--from-logs", NAME, *map(str, arguments)])
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err)

    return call


def at(message, minutes_ago, **where):
    return event(message, NOW - minutes_ago * 60_000, **where)


def production():
    """Thirty records at 512 MB as text, twenty at 1024 MB as JSON, the first of each a cold start."""
    for number in range(30):
        more = "Init Duration: 200.00 ms\t" if number == 0 else ""
        billed = 301 if number == 0 else 101
        yield at(text_report(number, duration=100.5, billed=billed, memory=512, more=more), 300 - number)
    for number in range(30, 50):
        more = {"initDurationMs": 150.25} if number == 30 else {}
        billed = 191 if number == 30 else 41
        yield at(json_report(number, duration=40.25, billed=billed, memory=1024, **more), 200 - number)


def test_the_records_are_taken_by_the_size_that_each_names_and_can_be_saved(run, tmp_path):
    path = tmp_path / "orders.csv"
    done = run(EngineLogs(list(production())), "--search", "grid", "--json", "--save", path)
    assert done.code == 0, done.err
    line = json.loads(done.out)
    assert (line["source"], line["function"]) == ("logs", NAME)
    assert line["memory_sizes"] == {"512": 10, "1024": 10}
    # 10 calls at each size, the first of them its only cold start.
    assert line["gb_seconds"] == pytest.approx((301 * 512 + 9 * 101 * 512 + 191 * 1024 + 9 * 41 * 1024) / 1_024_000)
    assert "perhaps with other code and other events" in done.err
    assert f"50 invocations are in {path}." in done.err
    (saved,) = read_recordings(path)
    assert {size: len(of) for size, of in saved.warm.items()} == {512: 29, 1024: 19}
    assert {size: of[0].init_ms for size, of in saved.cold.items()} == {512: 200.0, 1024: 150.25}


def test_what_the_queries_scanned_is_said_with_its_price(run):
    done = run(EngineLogs(list(production())), "--search", "grid")
    assert "Scanned " in done.err
    assert "list price $" in done.err


def test_one_size_is_no_comparison_and_what_is_known_is_said(run):
    logs = EngineLogs([at(text_report(number, used=80 + number), 5) for number in range(12)])
    done = run(logs, "--since", "7d")
    assert (done.code, done.out) == (2, "")
    assert "orders had 512 MB in all 12 records of the last 7d" in done.err
    assert "At most 91 MB of it were used." in done.err
    assert "powertune run" in done.err
    assert len(logs.queries) == 1


def test_no_record_at_all_is_a_sentence(run):
    done = run(EngineLogs([]))
    assert done.code == 2
    assert "The logs of orders in the last 14d hold no record of an invocation." in done.err


def test_failures_and_records_that_do_not_fit_are_left_out_and_counted(run):
    bad = [
        at(text_report(900, duration=3000.0, billed=3000, memory=512, more="Status: timeout"), 2),
        at(text_report(901, duration=100.5, billed=99, memory=512), 2),
    ]
    done = run(EngineLogs([*production(), *bad]), "--search", "grid", "--json")
    assert done.code == 0, done.err
    assert "2 records were left out" in done.err


def test_headroom_counts_what_the_records_say_was_used(run):
    logs = [at(text_report(number, memory=size, used=used), 3) for size, used in ((128, 120), (512, 130))
            for number in range(size, size + 12)]  # fmt: skip
    free, roomy = (run(EngineLogs(logs), "--json", *more) for more in ((), ("--min-headroom", "0.3")))
    assert json.loads(free.out)["recommended_memory_mb"] == 128
    assert json.loads(roomy.out)["recommended_memory_mb"] == 512
    refused = run(EngineLogs(logs), "--min-headroom", "0.3", "--search", "grid")
    assert refused.code == 2


def test_a_size_with_few_records_is_named(run):
    few = [at(text_report(700 + number, memory=2048), 3) for number in range(4)]
    done = run(EngineLogs([*production(), *few]), "--search", "grid", "--json")
    assert "Few warm records to draw from: 2048 MB (4)." in done.err


def test_sizes_whose_numbers_begin_alike_are_kept_apart(run, tmp_path):
    path = tmp_path / "alike.csv"
    alike = [at(text_report(number, memory=size), 3) for size in (128, 1280) for number in range(size, size + 12)]
    alike += [at(json_report(number, memory=size), 3) for size in (102, 1024) for number in range(size, size + 12)][12:]
    done = run(EngineLogs(alike), "--search", "grid", "--save", path)
    assert done.code == 0, done.err
    (saved,) = read_recordings(path)
    assert {size: len(of) for size, of in saved.warm.items()} == {128: 12, 1024: 12, 1280: 12}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--since", "soon"), "is no length of time"),
        (("--function", "stock"), "--from-logs names its own"),
        (("--architecture", "arm64"), "--from-logs prices the function as it is"),
    ],
)
def test_what_does_not_go_with_logs_is_refused(run, options, why):
    done = run(EngineLogs([]), *options)
    assert done.code == 2
    assert why in done.err
