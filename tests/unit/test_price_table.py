"""A price table is checked when it is read, knows its age, and can be the user's own."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.pricing import user_table as own
from powertune.pricing.override import parse_price
from powertune.pricing.rows import PriceTable, RateSource, dump_table, parse_table
from powertune.pricing.table import is_stale, price_for, regions, row_for, shipped_table, stale_warning
from powertune.pricing.user_table import user_table, user_table_path, write_user_table

X86, ARM = Architecture.X86_64, Architecture.ARM64


def table_data():
    return json.loads(dump_table(shipped_table()))


def read(data):
    return parse_table(json.dumps(data), "prices.json")


def test_the_shipped_table_is_read_and_written_without_loss():
    table = shipped_table()
    assert parse_table(dump_table(table), "copy").rows == table.rows
    assert len(table.rows) >= 34


def test_every_row_says_where_each_group_of_its_rates_comes_from():
    for row in shipped_table().rows.values():
        groups = {"lambda"}
        groups |= {"snapstart"} if "snapstart_cache" in row.rates else set()
        groups |= {"step_functions"} if "transition" in row.rates else set()
        groups |= {"logs"} if "log_gb_scanned" in row.rates else set()
        groups |= {"xray"} if "trace_recorded" in row.rates else set()
        groups |= {"fargate"} if "fargate_vcpu_hour" in row.by_architecture[X86] else set()
        assert set(row.sources) == groups, row.region
        assert all(source.text and date.fromisoformat(source.as_of) for source in row.sources.values())


def test_us_east_1_has_the_exact_tiers_of_the_price_list():
    tiers = {arch: price_for("us-east-1", arch).tiers for arch in Architecture}
    assert [(tier.up_to_gb_seconds, str(tier.per_gb_second)) for tier in tiers[X86]] == [
        (6_000_000_000, "0.0000166667"), (15_000_000_000, "0.000015"), (None, "0.0000133334"),
    ]  # fmt: skip
    assert [(tier.up_to_gb_seconds, str(tier.per_gb_second)) for tier in tiers[ARM]] == [
        (7_500_000_000, "0.0000133334"), (18_750_000_000, "0.0000120001"), (None, "0.0000106667"),
    ]  # fmt: skip


def test_rates_without_a_source_for_the_region_are_unknown_and_not_another_regions():
    price = price_for("ap-southeast-3", X86)
    assert price.tiers is None
    assert price.per_state_transition is None
    assert price.per_log_gb_scanned is None
    assert price.per_trace_recorded is None
    assert price.provisioned_per_gb_second is None
    assert price_for("eu-west-1", X86).per_log_gb_scanned == Decimal("0.0057")
    assert price_for("eu-west-1", X86).per_trace_recorded is None


@pytest.mark.parametrize(("change", "said"), [
    ({"duration": "0"}, "regions.us-east-1.x86_64.duration is 0; a rate is above zero"),
    ({"duration": "-0.0000166667"}, "x86_64.duration is -0.0000166667; a rate is above zero"),
    ({"request": "0.0"}, "x86_64.request is 0.0; a rate is above zero"),
    ({"duration": None}, "x86_64.duration is missing"),
    ({"duration": 0.0000166667}, "not a decimal number in quotes"),
    ({"duration": "NaN"}, "x86_64.duration is 'NaN'"),
    ({"duration": "Infinity"}, "x86_64.duration is 'Infinity'"),
    ({"duration": "1e-5"}, "x86_64.duration is '1e-5'"),
    ({"duration": "0,0000166667"}, "x86_64.duration is '0,0000166667'"),
    ({"duration": "0.00001 USD"}, "not a decimal number"),
    ({"duration": "0.00002"}, "the first tier's rate is not that of duration"),
    ({"durtion": "1"}, "regions.us-east-1.x86_64 has the unknown name 'durtion'"),
    ({"tiers": [[None, "0.0000166667"], [5, "1"]]}, "every tier but the last ends"),
    ({"tiers": [[5, "0.0000166667"]]}, "every tier but the last ends"),
    ({"tiers": [[9, "0.0000166667"], [9, "1"], [None, "1"]]}, "the ends do not rise"),
    ({"tiers": [[9, "0.0000166667"], [None, "-1"]]}, r"tiers\[1\] is -1; a rate is above zero"),
    ({"tiers": "free"}, "is not a list of pairs"),
    ({"tiers": []}, "is not a list of pairs"),
])  # fmt: skip
def test_nonsense_in_a_row_is_refused_with_its_place(change, said):
    data = table_data()
    data["regions"]["us-east-1"]["x86_64"].update(change)
    with pytest.raises(UsageError, match=said) as caught:
        read(data)
    assert caught.value.message.startswith("The price table prices.json cannot be used: ")


@pytest.mark.parametrize(("region", "currency", "said"), [
    ("us-east-1", "CNY", "us-east-1.currency is CNY, which is not what AWS bills there"),
    ("cn-north-1", "USD", "cn-north-1.currency is USD, which is not what AWS bills there"),
    ("us-east-1", "dollars", "is 'dollars', not a code such as USD"),
    ("us-east-1", ["USD", "CNY"], "not a code such as USD"),
    ("us-east-1", None, "is None, not a code such as USD"),
])  # fmt: skip
def test_a_row_is_in_the_one_currency_that_aws_bills_there(region, currency, said):
    data = table_data()
    data["regions"][region]["currency"] = currency
    with pytest.raises(UsageError, match=said):
        read(data)


@pytest.mark.parametrize(("change", "said"), [
    (lambda data: data.pop("format"), "its format is None, and this powertune reads 1"),
    (lambda data: data.update(format=2), "its format is 2"),
    (lambda data: data.update(extra=2), "the table has the unknown name 'extra'"),
    (lambda data: data.update(regions=[]), "regions is not a JSON object"),
    (lambda data: data["regions"]["us-east-1"]["sources"].pop("lambda"), "us-east-1.sources.lambda is missing"),
    (lambda data: data["regions"]["us-east-1"]["sources"].update(logs="rumour"), "names 'rumour', which is not among"),
    (lambda data: data["sources"]["price-list"].update(as_of="lately"), "sources.price-list.as_of is not a day"),
    (lambda data: data["sources"]["price-list"].update(text=" "), "sources.price-list.text is missing"),
    (lambda data: data["regions"]["us-east-1"].update(transition="free"), "us-east-1.transition is 'free'"),
])  # fmt: skip
def test_a_table_of_another_shape_is_refused_with_its_place(change, said):
    data = table_data()
    change(data)
    with pytest.raises(UsageError, match=said):
        read(data)


@given(st.text(max_size=40) | st.just("[" * 100_000))
def test_what_is_no_table_is_refused_with_a_sentence(text):
    with pytest.raises(UsageError, match=r"The price table here cannot be used"):
        parse_table(text, "here")


@pytest.mark.parametrize(("as_of", "stale"), [
    ("2025-11-25", False), ("2025-11-24", True), ("2026-11-25", False), ("2030-01-01", False), ("as given", False),
])  # fmt: skip
def test_prices_are_old_after_a_year(as_of, stale):
    today = date(2026, 11, 25)
    assert is_stale(as_of, today) is stale
    warning = stale_warning(replace(price_for("us-east-1", X86), as_of=as_of), today)
    assert (warning is not None) is stale
    if stale:
        assert "more than a year ago; powertune prices update --region us-east-1" in warning


# --- the user's own table ----------------------------------------------------------------------------------------


def own_table(as_of="2026-12-01", region="us-east-1", rate="0.00002"):
    row = shipped_table().rows["us-east-1"]
    source = RateSource(key="mine", as_of=as_of, text="a list of mine")
    rates = {**row.by_architecture[X86], "duration": Decimal(rate)}
    mine = replace(
        row, region=region, by_architecture={X86: rates}, tiers={}, sources={**row.sources, "lambda": source}
    )
    return PriceTable(place="mine", rows={region: mine})


def test_a_newer_own_row_counts_and_an_older_one_does_not():
    assert price_for("us-east-1", X86, own_table()).per_gb_second == Decimal("0.00002")
    assert price_for("us-east-1", X86, own_table("2026-11-23")).per_gb_second == Decimal("0.00002")
    assert price_for("us-east-1", X86, own_table("2026-11-22")).per_gb_second == Decimal("0.0000166667")
    assert price_for("eu-west-1", X86, own_table()) == price_for("eu-west-1", X86)
    assert price_for("us-east-1", X86, own_table()).source.startswith("Lambda: a list of mine. ")


def test_a_region_of_the_users_own_has_a_price_and_an_architecture_that_its_row_lacks_has_none():
    table = own_table(region="ap-southeast-7")
    assert "ap-southeast-7" in regions(table)
    assert "ap-southeast-7" not in regions()
    assert price_for("ap-southeast-7", X86, table).region == "ap-southeast-7"
    with pytest.raises(UsageError, match="arm64 in us-east-1"):
        price_for("us-east-1", ARM, own_table())
    assert row_for("nowhere", table) is None


def test_a_price_without_a_request_fee_is_refused_by_what_is_missing():
    with pytest.raises(UsageError, match="what a GB-second of x86_64 costs in us-gov-west-1, but not a request"):
        price_for("us-gov-west-1", X86)


def test_an_own_table_is_written_whole_and_read_back(tmp_path):
    path = tmp_path / "deep" / "prices.json"
    assert user_table(path) is None
    write_user_table(own_table(), path)
    assert user_table(path).rows == own_table().rows
    assert [one.name for one in path.parent.iterdir()] == ["prices.json"]


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "prices.json"
    write_user_table(own_table(), path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(own.os, "fsync", full)
    with pytest.raises(UsageError, match=r"No space left on device\. Nothing was changed"):
        write_user_table(own_table(rate="0.00003"), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["prices.json"]


def test_a_damaged_own_table_is_refused_and_not_passed_over(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=f"The price table {path} cannot be used: it is not JSON"):
        user_table(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="cannot be read"):
        user_table(path)


@pytest.mark.parametrize(("environ", "platform", "expected"), [
    ({"POWERTUNE_PRICES": "/here/mine.json", "XDG_DATA_HOME": "/data"}, "linux", "/here/mine.json"),
    ({"XDG_DATA_HOME": "/data"}, "linux", "/data/powertune/prices.json"),
    ({"XDG_DATA_HOME": "relative"}, "linux", "HOME/.local/share/powertune/prices.json"),
    ({}, "linux", "HOME/.local/share/powertune/prices.json"),
    ({}, "darwin", "HOME/Library/Application Support/powertune/prices.json"),
    ({"LOCALAPPDATA": "/local"}, "win32", "/local/powertune/prices.json"),
])  # fmt: skip
def test_the_own_table_lies_where_the_platform_keeps_data(environ, platform, expected):
    assert str(user_table_path(environ, platform)) == expected.replace("HOME", str(Path.home()))


def test_the_environment_of_this_process_counts(monkeypatch, tmp_path):
    monkeypatch.setenv("POWERTUNE_PRICES", str(tmp_path / "p.json"))
    assert user_table_path() == tmp_path / "p.json"
    assert user_table() is None


# --- --price -----------------------------------------------------------------------------------------------------


def test_a_given_price_is_read_with_its_request_fee_and_currency():
    price = parse_price("0.0000166667,0.0000002", "us-east-1", ARM)
    assert (price.per_gb_second, price.per_request) == (Decimal("0.0000166667"), Decimal("0.0000002"))
    assert (price.currency, price.region, price.architecture) == ("USD", "us-east-1", ARM)
    assert (price.as_of, price.source) == ("as given", "given with --price")
    assert price.ephemeral_per_gb_second is None
    assert price.per_state_transition is None
    assert parse_price(" 1.1e-5 , 0 , EUR", "us-east-1", X86).currency == "EUR"
    assert parse_price("0.0001,0", "cn-north-1", X86).currency == "CNY"
    assert parse_price("0.0001,0", "eusc-de-east-1", X86).currency == "EUR"
    assert parse_price("0.0001,0", "us-east-1", X86).per_request == 0


@pytest.mark.parametrize(("text", "said"), [
    ("0.0000166667", "has no request fee"),
    ("", "has no request fee"),
    (",", "'' in --price is not a price of a GB-second"),
    ("0,0.0000002", "The price of a GB-second in --price is 0"),
    ("-0.00001,0", "'-0.00001' in --price is not a price of a GB-second"),
    ("0.00001,-1", "'-1' in --price is not a request fee"),
    ("nan,0", "'nan' in --price is not"),
    ("inf,0", "'inf' in --price is not"),
    ("0.0000166667,0.20", "A request fee of 0.20 in --price is far above any of AWS's"),
    ("0.06,0", "A price of a GB-second of 0.06 in --price is far above"),
    ("1e99,0", "far above"),
    ("0.00001,0,usd", "'usd' in --price is not a currency"),
    ("0.00001,0,US dollars", "is not a currency"),
    ("0.00001,0,USD,x", "has too many parts"),
    ("0.00001,", "'' in --price is not a request fee"),
    ("1_0,0", "'1_0' in --price is not"),
])  # fmt: skip
def test_nonsense_as_a_price_is_refused(text, said):
    with pytest.raises(UsageError, match=said) as caught:
        parse_price(text, "us-east-1", X86)
    assert "--price GB_SECOND,REQUEST[,CURRENCY]" in caught.value.next_step


@given(st.text(max_size=30))
def test_any_text_as_a_price_is_read_or_refused(text):
    try:
        price = parse_price(text, "us-east-1", X86)
    except UsageError:
        return
    assert 0 < price.per_gb_second <= Decimal("0.01")
    assert 0 <= price.per_request <= Decimal("0.01")
