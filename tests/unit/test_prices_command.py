"""``powertune prices``: what is in use, and AWS's price list fetched whole or not at all."""

import json
import re
from decimal import Decimal
from types import SimpleNamespace

import price_list
import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from command_line import powertune

from powertune.cli.main import main
from powertune.domain.function import Architecture
from powertune.pricing.rows import dump_table
from powertune.pricing.table import price_for, shipped_table
from powertune.pricing.user_table import user_table


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Where the user's own table lies."""
    path = tmp_path / "data" / "prices.json"
    monkeypatch.setenv("POWERTUNE_PRICES", str(path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return path


@pytest.fixture
def run(path, capsys):
    """Runs the command line in this process."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code, out=said.out, err=said.err)

    return run


@pytest.fixture
def server():
    with price_list.PriceListServer().running() as server:
        server.put("eu-west-1", price_list.offers("eu-west-1"))
        server.put("ap-east-2", price_list.offers("ap-east-2", prefix="APE2-"))
        yield server


# --- show --------------------------------------------------------------------------------------------------------


def test_the_table_shows_every_region_with_its_currency_and_a_dash_for_what_is_unknown(run):
    done = run("prices", "show")
    lines = {line.split()[0]: line.split() for line in done.out.splitlines()}
    assert set(lines) >= set(shipped_table().rows)
    assert lines["us-east-1"][1:4] == ["$0.0000166667", "$0.0000133334", "$0.0000002"]
    assert lines["cn-northwest-1"][1:3] == ["CN¥0.000113477", "–"]


def test_one_region_shows_its_tiers_and_sources(run):
    done = run("prices", "show", "--region", "us-east-1")
    assert "Tiers of x86_64: $0.0000166667 to 6,000,000,000 GB-s a month, $0.000015 to" in done.out
    assert "step functions: AWS Price List, AmazonStates offer published 2025-08-28" in done.out
    assert "Tiers of arm64: not known" in run("prices", "show", "--region", "eu-west-2").out


def test_json_is_the_table_itself_or_the_regions_row(run):
    whole = json.loads(run("prices", "show", "--json").out)
    assert whole == json.loads(dump_table(shipped_table()))
    row = json.loads(run("prices", "show", "--region", "eu-west-1", "--json").out)
    assert (row["region"], row["x86_64"]["duration"], row["x86_64"]["tiers"]) == ("eu-west-1", "0.0000166667", None)
    assert row["sources"]["logs"]["as_of"] == "2026-11-23"


def test_an_unknown_region_is_refused_with_those_there_are(run):
    done = run("prices", "show", "--region", "us-east-9")
    assert (done.code, done.out) == (2, "")
    assert "powertune has no prices for us-east-9." in done.err
    assert "eu-central-1" in done.err


def test_help_has_examples_for_both(run):
    for command in ("show", "update"):
        assert f"powertune prices {command}" in run("prices", command, "--help").out


# --- update ------------------------------------------------------------------------------------------------------


def test_an_update_is_fetched_shown_and_used_from_then_on(run, server, path):
    done = run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    assert (done.code, done.err) == (0, "")
    assert "eu-west-1: " in done.out
    assert "  arm64 provisioned: unknown → 0.0000037168" in done.out
    assert f"Written to {path}." in done.out
    assert sorted(server.asked) == sorted(
        f"/offers/v1.0/aws/{service}/current/eu-west-1/index.json"
        for service in ("AWSLambda", "AmazonStates", "AmazonCloudWatch", "AWSXRay", "AmazonECS")
    )
    price = price_for("eu-west-1", Architecture.ARM64, user_table(path))
    assert price.provisioned_per_gb_second == Decimal("0.0000037168")
    assert "published 2026-11-20" in run("prices", "show", "--region", "eu-west-1").out


def test_a_second_update_says_what_moved_and_keeps_other_regions(run, server, path):
    run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    server.put("eu-west-1", price_list.offers("eu-west-1", usage={"Request": "0.00000022"}))
    done = run("prices", "update", "--region", "eu-west-1", "--region", "ap-east-2", "--url", server.url, "--json")
    data = json.loads(done.out)
    assert data["regions"] == ["eu-west-1", "ap-east-2"]
    moved = [change for change in data["changes"] if change["region"] == "eu-west-1"]
    assert moved == [{"region": "eu-west-1", "rate": "x86_64 request", "old": "0.0000002", "new": "0.00000022"}]
    assert set(user_table(path).rows) == {"eu-west-1", "ap-east-2"}
    again = run("prices", "update", "--region", "ap-east-2", "--url", server.url)
    assert "ap-east-2: as before" in again.out
    assert set(user_table(path).rows) == {"eu-west-1", "ap-east-2"}


def test_a_region_that_powertune_did_not_know_gets_a_price(run, server):
    assert run("estimate", *LOAD, "--region", "ap-east-2").code == 2
    assert run("prices", "update", "--region", "ap-east-2", "--url", server.url).code == 0
    done = run("estimate", *LOAD, "--region", "ap-east-2", "--json")
    assert json.loads(done.out)["monthly_cost"]["rounded"] == "8.10"


LOAD = ("--invocations", "3000000", "--duration-ms", "300", "--memory-size", "512")


def test_services_without_an_offer_there_are_said_and_keep_their_rates(run, server, path):
    server.files["AWSXRay", "eu-west-1"] = 403
    server.files["AmazonStates", "eu-west-1"] = 404
    done = run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    assert done.code == 0
    assert (
        "the list of AWSXRay has no single price for XRay-TracesStored, XRay-TracesAccessed; the rate stays unknown."
        in done.out
    )
    assert "StateTransition; the earlier rate stays." in done.out
    assert user_table(path).rows["eu-west-1"].rates["transition"] == Decimal("0.000025")


def broken(server, kind):
    made = price_list.offers("eu-west-1")
    key = ("AWSLambda", "eu-west-1")
    if kind == "no such region":
        server.put("eu-west-1", dict.fromkeys(made, 404))
    server.files[key] = {
        "no such region": 404,
        "server error": 500,
        "not json": "<html>maintenance</html>",
        "cut short": json.dumps(made["AWSLambda"])[:3000],
        "not an offer": [],
        "another region's": price_list.offers("us-east-1")["AWSLambda"],
        "another service's": made["AmazonStates"],
        "no request fee": price_list.offers("eu-west-1", usage={"Request": None})["AWSLambda"],
        "negative": price_list.offers("eu-west-1", usage={"Request": "-1"})["AWSLambda"],
        "zero": price_list.offers("eu-west-1", usage={"Request": "0"})["AWSLambda"],
    }[kind]


@pytest.mark.parametrize(("kind", "said"), [
    ("no such region", "AWS's price list has no Lambda prices for eu-west-1."),
    ("server error", "it answered 500 Internal Server Error"),
    ("not json", "is not JSON"),
    ("cut short", "is not JSON"),
    ("not an offer", "it has no products"),
    ("another region's", "it holds nothing of that region"),
    ("another service's", "it is the offer of AmazonStates"),
    ("no request fee", "has no price for Request"),
    ("negative", "the price of Request is not in the form of a price"),
    ("zero", "the price of Request ends, or is zero"),
])  # fmt: skip
def test_a_list_that_cannot_be_used_is_a_sentence_and_the_old_table_stays(run, server, path, kind, said):
    run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    before = path.read_bytes()
    broken(server, kind)
    done = run("prices", "update", "--region", "ap-east-2", "--region", "eu-west-1", "--url", server.url)
    assert (done.code, done.out) == (3, "")
    assert said in done.err
    assert "Nothing was changed." in done.err
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["prices.json"]


def test_without_a_network_nothing_is_written(run, path):
    with price_list.PriceListServer().running() as gone:
        url = gone.url
    done = run("prices", "update", "--region", "eu-west-1", "--url", url)
    assert done.code == 3
    assert re.search(r"could not be fetched from http://127\.0\.0\.1:\d+/.*: .*refused", done.err)
    assert not path.exists()


def test_a_price_that_moved_by_more_than_a_factor_of_three_needs_force(run, server, path):
    server.put("eu-west-1", price_list.offers("eu-west-1", usage={"Request": "0.2"}))
    done = run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    assert done.code == 2
    assert "Nothing was changed: 1 price is implausible." in done.err
    assert "x86_64 request would be 0.2 USD, against 0.0000002 so far." in done.err
    assert "--force" in done.err
    assert not path.exists()
    forced = run("prices", "update", "--region", "eu-west-1", "--url", server.url, "--force")
    assert forced.code == 0
    assert "x86_64 request would be 0.2 USD" in forced.out
    assert user_table(path).rows["eu-west-1"].by_architecture[Architecture.X86_64]["request"] == Decimal("0.2")


def test_without_a_region_all_known_ones_are_fetched(run, server):
    for region in shipped_table().rows:
        currency = "CNY" if region.startswith("cn-") else "USD"
        server.put(region, price_list.offers(region, currency=currency))
    done = run("prices", "update", "--url", server.url, "--json", "--force")
    assert json.loads(done.out)["regions"] == sorted(shipped_table().rows)
    assert len(server.asked) == 5 * len(shipped_table().rows)


def test_china_has_a_price_list_of_its_own(run, server, monkeypatch):
    monkeypatch.setattr("powertune.aws.price_list.FILES_CHINA", server.url)
    monkeypatch.setattr("powertune.aws.price_list.FILES", "http://127.0.0.1:9/none")
    server.put("cn-north-1", price_list.offers("cn-north-1", currency="CNY", prefix="CNN1-"))
    assert run("prices", "update", "--region", "cn-north-1", "--force").code == 0
    assert run("prices", "update", "--region", "eu-west-1").code == 3


@pytest.mark.parametrize(("arguments", "said"), [
    (("--region", "../../etc"), "'../../etc' is not the name of a region."),
    (("--region", "eu-west-1", "--url", "file:///etc/passwd"), "'file:///etc/passwd' is not the address"),
    (("--url", "http://x", "--from-api"), "--url and --from-api exclude each other."),
    (("--profile", "me"), "--profile goes with --from-api."),
])  # fmt: skip
def test_a_request_that_cannot_be_meant_is_refused_before_anything_is_fetched(run, path, arguments, said):
    done = run("prices", "update", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not path.exists()


def test_a_damaged_own_table_is_named_and_not_overwritten(run, server, path):
    path.parent.mkdir()
    path.write_text("{", encoding="utf-8")
    done = run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    assert done.code == 2
    assert f"The price table {path} cannot be used" in done.err
    assert path.read_text(encoding="utf-8") == "{"


def test_the_real_command_updates_and_shows(server, tmp_path):
    variables = {"POWERTUNE_PRICES": str(tmp_path / "p.json"), "no_proxy": "127.0.0.1"}
    done = powertune("prices", "update", "--region", "ap-east-2", "--url", server.url, **variables)
    assert (done.code, done.err) == (0, "")
    assert (
        powertune("prices", "show", "--region", "ap-east-2", "--json", **variables).json["arm64"]["request"]
        == "0.0000002"
    )


# --- the API -----------------------------------------------------------------------------------------------------


class FakePricing:
    """pricing:GetProducts over offer files."""

    def __init__(self, made, error=None):
        self.made, self.error, self.sessions, self.asked = made, error, [], []

    def session(self, *, region, profile=None):
        self.sessions.append((region, profile))
        return SimpleNamespace(client=lambda service: self if service == "pricing" else None)

    def get_paginator(self, operation):
        assert operation == "get_products"
        return self

    def paginate(self, *, ServiceCode, FormatVersion, Filters):
        if self.error is not None:
            raise self.error
        self.asked.append((ServiceCode, FormatVersion, Filters))
        data = self.made.get(ServiceCode, {"products": {}})
        items = [
            json.dumps({
                "product": product, "serviceCode": ServiceCode, "publicationDate": data["publicationDate"],
                "terms": {"OnDemand": data["terms"]["OnDemand"][sku]},
            })
            for sku, product in data["products"].items()
        ]  # fmt: skip
        yield {"PriceList": items[:3]}
        yield {"PriceList": items[3:]}


@pytest.fixture
def api(monkeypatch):
    def use(made, error=None):
        fake = FakePricing(made, error)
        monkeypatch.setattr("powertune.aws.session.AwsSession", fake.session)
        return fake

    return use


def test_the_api_gives_the_same_table_as_the_files(run, server, path, api):
    run("prices", "update", "--region", "eu-west-1", "--url", server.url)
    from_files = user_table(path).rows
    path.unlink()
    fake = api(price_list.offers("eu-west-1"))
    assert run("prices", "update", "--region", "eu-west-1", "--from-api", "--profile", "me").code == 0
    assert user_table(path).rows == from_files
    assert fake.sessions == [("us-east-1", "me")]
    assert fake.asked[0] == (
        "AWSLambda", "aws_v1", [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}],
    )  # fmt: skip


def test_china_has_a_price_api_of_its_own(run, path, api):
    fake = api(price_list.offers("cn-north-1", currency="CNY", prefix="CNN1-"))
    done = run("prices", "update", "--region", "cn-north-1", "--from-api", "--force")
    assert done.code == 0
    assert fake.sessions == [("cn-northwest-1", None)]
    assert user_table(path).rows["cn-north-1"].currency == "CNY"


@pytest.mark.parametrize(("error", "said"), [
    (NoCredentialsError(), "No AWS credentials were found."),
    (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no pricing:GetProducts"}}, "GetProducts"),
     "AWS denied reading the price list of AWSLambda: no pricing:GetProducts"),
])  # fmt: skip
def test_an_api_that_refuses_is_a_sentence(run, path, api, error, said):
    api({}, error)
    done = run("prices", "update", "--region", "eu-west-1", "--from-api")
    assert done.code == 3
    assert said in done.err
    assert not path.exists()


def test_an_api_without_products_has_no_prices(run, path, api):
    api({})
    done = run("prices", "update", "--region", "eu-west-1", "--from-api")
    assert done.code == 3
    assert "AWS's price list has no Lambda prices for eu-west-1." in done.err
