"""``powertune estimate``: the courses' figures, three places for a load to come from, and refusals in sentences."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from command_line import powertune
from fake_aws import FakeClock
from fake_logs import EngineLogs, event, text_report

from powertune.cli.main import main
from powertune.domain.function import Architecture
from powertune.domain.result import Environment
from powertune.domain.traffic import MonthlyTraffic, TrafficSource
from powertune.pricing.rows import PriceTable, RateSource
from powertune.pricing.table import price_for, shipped_table
from powertune.pricing.user_table import write_user_table
from powertune.wire import dumps

COURSE = ("--invocations", "3000000", "--memory-size", "512", "--duration-ms", "300", "--region", "us-east-1")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"


@pytest.fixture(autouse=True)
def path(tmp_path, monkeypatch):
    """Where the user's own price table would lie."""
    path = tmp_path / "prices.json"
    monkeypatch.setenv("POWERTUNE_PRICES", str(path))
    return path


@pytest.fixture
def run(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["estimate", *map(str, arguments)])
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err)

    return run


def figures(run, *arguments):
    done = run(*arguments, "--json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def changed(**options):
    """The course's arguments with some replaced; None leaves one out."""
    named = dict(zip(COURSE[::2], COURSE[1::2], strict=True))
    named |= {f"--{name.replace('_', '-')}": value for name, value in options.items()}
    return [part for name, value in named.items() if value is not None for part in (name, value)]


# --- figures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("invocations", "duration", "cost"), [("3000000", "300", "8.10"), ("90000000", "250", "205.50")]
)
def test_the_courses_months_cost_what_the_course_says(invocations, duration, cost, tmp_path):
    done = powertune(
        "estimate", "--invocations", invocations, "--memory-size", 512, "--duration-ms", duration,
        "--region", "us-east-1", "--json", POWERTUNE_PRICES=str(tmp_path / "none.json"),
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert done.json["monthly_cost"]["rounded"] == cost
    assert done.json["monthly_cost"]["currency"] == "USD"


def test_the_exact_amount_and_its_parts_stand_beside_the_rounded_one(run):
    data = figures(run, *COURSE)
    assert data["monthly_cost"] == {"rounded": "8.10", "exact": "8.100015", "currency": "USD"}
    x86, arm = data["sizes"]
    assert (x86["architecture"], x86["duration"]["exact"], x86["requests"]["exact"]) == ("x86_64", "7.500015", "0.6")
    assert (x86["with_free_tier"]["rounded"], x86["with_tiers"]["rounded"]) == ("1.23", "8.10")
    assert (arm["architecture"], arm["list_price"]["exact"]) == ("arm64", "6.60003")
    assert (x86["gb_seconds"], data["month_days"], data["source"]) == ("450000", 30, "options")
    assert (data["price_as_of"], data["region"]) == ("2026-11-23", "us-east-1")


def test_the_table_says_the_same_to_people(run):
    lines = run(*COURSE).out.splitlines()
    assert lines[0] == "3,000,000 invocations in 30 days, 512 MB, us-east-1, list prices of 2026-11-23 in USD"
    cells = {line[:30].strip(): line[30:].split() for line in lines[2:10]}
    assert cells["Requests"] == ["$0.60", "$0.60"]
    assert cells["List price"] == ["$8.10", "$6.60"]
    assert cells["with the free tier"] == ["$1.23", "$1.07"]
    assert cells["Fargate, 1 of 0.5 vCPU, 1 GB"] == ["$17.77", "$14.22"]
    assert "arm64 is estimated with the same durations; only measuring there tells." in " ".join(lines)


def test_cold_starts_storage_and_provisioned_concurrency_are_in_the_month(run):
    more = ("--cold-start-share", "0.02", "--init-ms", "450.2", "--ephemeral-mb", "1536", "--provisioned", "5")
    x86 = figures(run, *COURSE, *more)["sizes"][0]
    assert (x86["warm_billed_ms"], x86["cold_billed_ms"], x86["billed_ms"]) == ("300", "751", "309.02")
    assert x86["storage"]["exact"] == "0.028646154"  # 927,060 GB-seconds
    assert x86["provisioned"]["environments"] == 5
    text = run(*COURSE, *more).out.replace("\n  ", " ")
    assert "Ephemeral storage" in text
    assert "on 5 provisioned" in text
    assert "5 would be busy 7 % of it, with traffic spread evenly." in text


def test_less_than_a_cent_does_not_read_as_nothing(run):
    text = run(*changed(invocations="1000")).out
    assert "List price" in text
    assert "$0.00270" in text


def test_arm64_can_be_the_one_that_is_asked_for(run):
    data = figures(run, *COURSE, "--architecture", "arm64")
    assert (data["architecture"], data["monthly_cost"]["rounded"]) == ("arm64", "6.60")


def test_a_given_price_is_used_alone(run):
    data = figures(run, *COURSE, "--price", "0.00002,0,EUR")
    assert data["monthly_cost"] == {"rounded": "9.00", "exact": "9", "currency": "EUR"}
    assert len(data["sizes"]) == 1
    assert data["sizes"][0]["fargate"] is None
    assert "prices as given in EUR" in run(*COURSE, "--price", "0.00002,0,EUR").out
    assert figures(run, *changed(region="mars-north-1"), "--price", "0.00002,0")["region"] == "mars-north-1"


def test_china_is_in_its_own_currency_and_says_what_is_unknown(run):
    text = run(*changed(region="cn-northwest-1"), "--provisioned", "2").out
    assert "CN¥55.14" in text
    for unknown in (
        "free tier holds",
        "No price of the other architecture",
        "concurrency on x86_64",
        "Fargate's price",
    ):
        assert f"{unknown} in cn-northwest-1" in text.replace("\n  ", " ")


def own_prices(path, as_of, rate="0.00002"):
    row = shipped_table().rows["us-east-1"]
    x86 = {**row.by_architecture[Architecture.X86_64], "duration": Decimal(rate)}
    source = RateSource(key="mine", as_of=as_of, text="mine")
    mine = replace(row, by_architecture={Architecture.X86_64: x86}, tiers={}, sources={"lambda": source})
    write_user_table(PriceTable(place="mine", rows={"us-east-1": mine}), path)


def test_the_users_own_newer_prices_count(run, path):
    own_prices(path, "2026-11-24")
    assert figures(run, *COURSE)["monthly_cost"]["exact"] == "9.6"


def test_old_prices_are_said_to_be_old(run, monkeypatch):
    old = replace(price_for("us-east-1", Architecture.X86_64), as_of="2020-01-01")
    monkeypatch.setattr("powertune.pricing.table.price_for", lambda *_: old)
    assert "were read on 2020-01-01, more than a year ago" in run(*COURSE).out.replace("\n  ", " ")


# --- from a result -----------------------------------------------------------------------------------------------


@pytest.fixture
def result_path(make_result, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(dumps(make_result()), encoding="utf-8")
    return path


def test_every_size_of_a_result_is_estimated_and_marked(run, result_path):
    data = figures(run, "--result", result_path, "--invocations", "1000000")
    own = [size for size in data["sizes"] if size["architecture"] == "arm64"]
    assert [size["memory_mb"] for size in own] == [256, 512, 1024, 1769, 3008]
    assert (data["present_memory_mb"], data["recommended_memory_mb"], data["monthly_cost"]) == (512, 1769, None)
    assert (data["name"], data["region"], data["source"]) == ("orders-api", "eu-central-1", "result")
    lines = run("--result", result_path, "--invocations", "1000000").out.splitlines()
    marked = {line.split()[-1]: line.strip()[:8].strip() for line in lines if line.endswith(("present", "recommended"))}
    assert marked == {"present": "512 MB", "recommended": "1,769 MB"}
    assert "- 128 MB has no warm measurement, so its cost is not known." in lines


def test_without_invocations_the_traffic_in_the_result_counts(run, make_result, tmp_path):
    path, traffic = tmp_path / "r.json", MonthlyTraffic(invocations=30_000, source=TrafficSource.CLOUDWATCH, days=14)
    path.write_text(dumps(make_result(traffic=traffic)), encoding="utf-8")
    own = figures(run, "--result", path)
    assert "The traffic is the result's: 30,000 invocations a month, from the last 14 days." in own["notes"]
    assert own["sizes"] == figures(run, "--result", path, "--invocations", "30000")["sizes"]
    assert figures(run, "--result", path, "--invocations", "7")["invocations"] == 7


@pytest.mark.parametrize("traffic", [None, MonthlyTraffic(invocations=0, source=TrafficSource.CLOUDWATCH, days=14)])
def test_a_result_without_traffic_needs_invocations(run, make_result, tmp_path, traffic):
    path = tmp_path / "r.json"
    path.write_text(dumps(make_result(traffic=traffic)), encoding="utf-8")
    done = run("--result", path)
    assert done.code == 2
    assert "says what an invocation costs, not how many there are. Add --invocations." in " ".join(done.err.split())


def test_a_local_result_says_that_its_durations_are_this_machines(run, make_result, tmp_path):
    path = tmp_path / "local.json"
    path.write_text(dumps(make_result(environment=Environment(kind="local"))), encoding="utf-8")
    assert "measured on the embedded endpoint" in run("--result", path, "--invocations", "1000").out.replace(
        "\n  ", " "
    )


# --- from a function ---------------------------------------------------------------------------------------------


@pytest.fixture
def function(monkeypatch):
    """A function with 28 invocations in the last 14 days, 2 of them cold."""
    now = FakeClock().ms
    events = [event(text_report(number, billed=100), now - number * 3_600_000) for number in range(1, 27)]
    events += [
        event(text_report(number, billed=400, more="Init Duration: 300.00 ms\t"), now - number * 3_600_000)
        for number in (27, 28)
    ]
    fake = SimpleNamespace(
        logs=EngineLogs(events), metrics={"Invocations": [1.0] * 28, "IncomingBytes": [5e8]}, sessions=[]
    )
    fake.get_function_configuration = lambda **_: {"MemorySize": 1024}
    fake.get_metric_statistics = lambda **asked: {
        "Datapoints": [{"Sum": value} for value in fake.metrics[asked["MetricName"]]]
    }

    def session(*, region, profile=None):
        fake.sessions.append((region, profile))
        return SimpleNamespace(client=lambda service: fake.logs if service == "logs" else fake)

    monkeypatch.setattr("powertune.aws.session.AwsSession", session)
    monkeypatch.setattr("powertune.aws.clock.SystemClock", FakeClock)
    return fake


def test_a_functions_own_days_become_a_month(run, function):
    data = figures(run, "--function-arn", ARN, "--profile", "me")
    assert function.sessions == [("us-east-1", "me")]
    assert (data["invocations"], data["source"], data["name"]) == (60, "traffic", "orders")
    assert data["cold_start_share"].startswith("0.0714285714")
    size = data["sizes"][0]
    assert (size["memory_mb"], size["warm_billed_ms"], size["cold_billed_ms"]) == (1024, "100", "400")
    mean = (26 * 100 + 2 * 400) / 28
    assert float(size["duration"]["exact"]) == pytest.approx(60 * mean / 1000 * 0.0000166667)
    traffic = data["traffic"]
    assert (traffic["invocations"], traffic["warm_records"], traffic["cold_records"]) == (28, 26, 2)
    scanned = traffic["bytes_scanned"]
    assert float(traffic["query_cost"]["exact"]) == pytest.approx(scanned / 1e9 * 0.005)


def test_the_traffic_the_scan_and_its_cost_are_said(run, function):
    text = run("--function-arn", ARN).out.replace("\n  ", " ")
    assert "28 invocations in 14 days, in 28 of 336 hours, are 60 in 30 days." in text
    assert "2 of 28 records in /aws/lambda/orders are cold starts." in text
    assert re.search(r"Reading this scanned [0-9.]+e-06 GB of logs, \$0\.0000000[0-9]+ at list price\.", text)


def test_more_log_data_than_allowed_is_not_queried(run, function):
    function.metrics["IncomingBytes"] = [4e11, 1e11]
    done = run("--function-arn", ARN)
    assert done.code == 2
    assert "would scan about 500 GB, more than the 100 GB allowed" in done.err
    assert "it was not started" in done.err
    assert function.logs.queries == []
    assert run("--function-arn", ARN, "--max-log-gb", "500").code == 0


def test_a_function_without_traffic_is_refused(run, function):
    function.metrics["Invocations"] = []
    done = run("--function-arn", ARN)
    assert done.code == 2
    assert "There were no invocations in the last 14 days" in done.err


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "An estimate needs --invocations, --duration-ms, --memory-size, --region as well."),
    (changed(region=None), "An estimate needs --region as well."),
    (changed(invocations="0"), "--invocations is a whole number from 1 to"),
    (changed(invocations="-5"), "not '-5'"),
    (changed(invocations="1.5"), "not '1.5'"),
    (changed(invocations="many"), "not 'many'"),
    (changed(invocations="9" * 30), "--invocations is a whole number from 1 to 1,000,000,000,000,000"),
    (changed(memory_size="127"), "--memory-size is a whole number from 128 to 10,240, not '127'"),
    (changed(memory_size="10241"), "--memory-size is a whole number from 128 to 10,240"),
    (changed(memory_size="512MB"), "not '512MB'"),
    (changed(duration_ms="0"), "--duration-ms is a number above 0 and at most 900,000, not '0'"),
    (changed(duration_ms="-1"), "not '-1'"),
    (changed(duration_ms="nan"), "not 'nan'"),
    (changed(duration_ms="inf"), "not 'inf'"),
    (changed(duration_ms="1e3"), "not '1e3'"),
    (changed(duration_ms="900000.1"), "--duration-ms is a number above 0 and at most 900,000"),
    (changed(region="us-east-9"), "no Lambda price for x86_64 in us-east-9, and will not use another region's"),
    (changed(region="us-gov-west-1"), "not a request, and will not use another region's"),
    (changed(architecture="mips"), "'mips' is no architecture."),
    (changed(cold_start_share="0.1"), "A share of cold starts says nothing without"),
    (changed(cold_start_share="1.1", init_ms="5"), "--cold-start-share is a share from 0 to 1, not '1.1'"),
    (changed(cold_start_share="2%", init_ms="5"), "not '2%'"),
    (changed(cold_start_share="nan", init_ms="5"), "not 'nan'"),
    (changed(init_ms="-3"), "--init-ms is a number above 0"),
    (changed(ephemeral_mb="511"), "--ephemeral-mb is a whole number from 512 to 10,240"),
    (changed(provisioned="0"), "--provisioned is a whole number from 1 to"),
    (changed(price="0.00001"), "has no request fee"),
    (changed(region="cn-northwest-1", ephemeral_mb="1024"), "above 512 MB in cn-northwest-1 is not known"),
    (changed(profile="me"), "--profile goes with --function-arn."),
    (["--function-arn", "orders"], "'orders' is not the ARN of a Lambda function."),
    (["--function-arn", ARN, "--memory-size", "512"], "--memory-size does not go with --function-arn"),
    (["--function-arn", ARN, "--cold-start-share", "0"], "--cold-start-share does not go with --function-arn"),
    (["--function-arn", ARN, "--max-log-gb", "0"], "--max-log-gb is a number above 0"),
    (["--function-arn", ARN, "--result", "r.json"], "--result and --function-arn exclude each other."),
    (["--result", "r.json", "--invocations", "5"], "r.json cannot be read"),
    (["--result", "r.json", "--invocations", "5", "--region", "us-east-1"], "--region does not go with --result"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_sentence_and_exit_code_2(run, arguments, said):
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.startswith("powertune: ")
    assert len(done.err.splitlines()) == 2  # what happened, and what to do


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema_version": 99}', "\x00"])
def test_a_file_that_is_no_result_is_refused_with_a_sentence(run, tmp_path, text):
    path = tmp_path / "not.json"
    path.write_text(text, encoding="utf-8")
    done = run("--result", path, "--invocations", "5")
    assert done.code == 2
    assert str(path) in done.err


def test_help_has_examples(run):
    assert "powertune estimate --invocations 3000000" in run("--help").out


def test_a_narrow_terminal_gets_whole_words_and_no_error(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    assert run(*COURSE).code == 0
