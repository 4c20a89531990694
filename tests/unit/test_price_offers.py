"""Reading AWS's offer files: the prices of one region, or a sentence."""

import copy
import json
from decimal import Decimal

import price_list
import pytest
from hypothesis import given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.errors import AwsError, PowertuneError
from powertune.pricing.offer import Band, offer_from_products, read_offer
from powertune.pricing.refresh import USAGE_BY_SERVICE, changes, implausible, refreshed_row
from powertune.pricing.rows import PriceTable, dump_table, parse_table
from powertune.pricing.table import price_for, shipped_table

NAMES = USAGE_BY_SERVICE["AWSLambda"]


def read(data, service="AWSLambda", region="eu-west-1"):
    return read_offer(data, service, region, USAGE_BY_SERVICE[service])


def all_offers(region="eu-west-1", **changes):
    made = price_list.offers(region, **changes)
    return {service: data and read(data, service, region) for service, data in made.items()}


def dimension(data, name):
    (sku,) = [sku for sku, one in data["products"].items() if one["attributes"]["usagetype"] == name]
    (term,) = data["terms"]["OnDemand"][sku].values()
    return next(iter(term["priceDimensions"].values()))


def test_tiers_are_read_in_order_with_their_ends():
    offer = read(price_list.offers("eu-west-1")["AWSLambda"])
    assert offer.bands["Lambda-GB-Second"] == (
        Band(up_to=6_000_000_000, rate=Decimal("0.0000166667")),
        Band(up_to=15_000_000_000, rate=Decimal("0.000015")),
        Band(up_to=None, rate=Decimal("0.0000133334")),
    )
    assert (offer.currency, offer.published) == ("USD", "2026-11-20")


@pytest.mark.parametrize("prefix", ["", "USE1-", "EU-", "APN1-", "SAE1-", "UGW1-"])
def test_a_usage_type_is_known_with_every_prefix_of_a_region(prefix):
    assert read(price_list.offers("eu-west-1", prefix=prefix)["AWSLambda"]).rate("Request") == Decimal("0.0000002")


def test_the_free_tier_and_other_regions_are_not_prices_of_this_one():
    here = price_list.offers("eu-west-1")["AWSLambda"]
    there = price_list.offers("ap-east-1", prefix="APE1-", usage={"Request": "0.00000028"})["AWSLambda"]
    both = copy.deepcopy(here)
    for part in ("products", "terms"):
        target = both[part] if part == "products" else both[part]["OnDemand"]
        source = there[part] if part == "products" else there[part]["OnDemand"]
        target |= {f"other-{sku}": value for sku, value in source.items()}
    assert read(both) == read(here)
    assert read(both).rate("Request") == Decimal("0.0000002")
    with pytest.raises(AwsError, match="holds nothing of that region"):
        read(there)


def test_a_free_tier_that_names_the_region_is_still_no_price_of_it():
    data = price_list.offers("eu-west-1")["AWSLambda"]
    for product in data["products"].values():
        product["attributes"]["regionCode"] = "eu-west-1"
    assert read(data) == read(price_list.offers("eu-west-1")["AWSLambda"])


def test_a_free_first_band_is_no_list_price():
    offer = read(
        price_list.offer(
            "AmazonStates", "eu-west-1", {"StateTransition": [("0", "4000", "0"), ("4000", "Inf", "0.000025")]}
        ),
        "AmazonStates",
    )
    assert offer.rate("StateTransition") == Decimal("0.000025")


def test_two_products_of_one_price_agree_and_of_two_prices_are_ambiguous():
    data = price_list.offer(
        "AWSXRay", "eu-west-1", {"XRay-TracesStored": "0.000005", "XRay-TracesAccessed": "0.0000005"}
    )
    twin = price_list.offer("AWSXRay", "eu-west-1", {"XRay-TracesAccessed": "0.0000005"})
    data["products"]["twin"], data["terms"]["OnDemand"]["twin"] = (
        twin["products"]["SKU1"],
        twin["terms"]["OnDemand"]["SKU1"],
    )
    assert read(data, "AWSXRay").rate("XRay-TracesAccessed") == Decimal("0.0000005")
    dimension(twin, "EU-XRay-TracesAccessed")["pricePerUnit"]["USD"] = "0.0000006"
    offer = read(data, "AWSXRay")
    assert offer.rate("XRay-TracesAccessed") is None
    assert offer.ambiguous == {"XRay-TracesAccessed"}


def test_of_two_terms_the_later_that_is_in_force_counts():
    data = price_list.offers("eu-west-1")["AWSLambda"]
    sku = next(sku for sku, one in data["products"].items() if one["attributes"]["usagetype"] == "EU-Request")
    (term,) = data["terms"]["OnDemand"][sku].values()
    coming, past = copy.deepcopy(term), copy.deepcopy(term)
    for other, day, rate in (
        (coming, "2027-01-01T00:00:00Z", "0.0000003"),
        (past, "2020-01-01T00:00:00Z", "0.0000001"),
    ):
        other["effectiveDate"] = day
        next(iter(other["priceDimensions"].values()))["pricePerUnit"] = {"USD": rate}
    data["terms"]["OnDemand"][sku] = {"coming": coming, "past": past, "now": term}
    assert read(data).rate("Request") == Decimal("0.0000002")


@pytest.mark.parametrize(("change", "said"), [
    ({"pricePerUnit": {"USD": "-0.1"}}, "not in the form of a price"),
    ({"pricePerUnit": {"USD": "NaN"}}, "not in the form of a price"),
    ({"pricePerUnit": {"USD": 0.0000002}}, "not in the form of a price"),
    ({"pricePerUnit": {"USD": "0.1", "CNY": "1"}}, "not in the form of a price"),
    ({"pricePerUnit": {"CNY": "0.1"}}, "mixes currencies: CNY, USD"),
    ({"pricePerUnit": {"USD": "0.0000000000"}}, "EU-Request|Request ends, or is zero"),
    ({"endRange": "1000"}, "ends, or is zero"),
    ({"beginRange": "5"}, "gaps or overlaps"),
    ({"endRange": "much"}, "not in the form of a price"),
])  # fmt: skip
def test_a_price_that_cannot_be_meant_is_refused_by_name(change, said):
    data = price_list.offers("eu-west-1")["AWSLambda"]
    dimension(data, "EU-Request").update(change)
    with pytest.raises(AwsError, match=said) as caught:
        read(data)
    assert "AWSLambda for eu-west-1" in caught.value.message


@pytest.mark.parametrize("data", [None, [], 3, "x", {}, {"products": {}}, {"products": {}, "terms": {"OnDemand": []}}])
def test_what_is_no_offer_file_is_refused(data):
    with pytest.raises(AwsError, match="no products, or no terms"):
        read(data)


def test_another_services_offer_is_refused():
    with pytest.raises(AwsError, match="it is the offer of AmazonStates"):
        read(price_list.offers("eu-west-1")["AmazonStates"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_whatever_stands_in_a_file_it_is_read_or_refused_with_a_sentence(data):
    offer = price_list.offer(
        "AWSXRay", "eu-west-1", {"XRay-TracesStored": "0.000005", "XRay-TracesAccessed": "0.0000005"}
    )
    node, path = offer, []
    while isinstance(node, dict) and node and (not path or data.draw(st.booleans())):
        path.append(data.draw(st.sampled_from(sorted(node))))
        node = node[path[-1]]
    place = offer
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = data.draw(json_values)
    refused, bands = "AWSXRay for eu-west-1", {}
    try:
        bands = read(offer, "AWSXRay").bands
    except AwsError as error:
        refused = error.message
    assert "AWSXRay for eu-west-1" in refused
    assert all(band.rate > 0 for several in bands.values() for band in several)


def test_what_get_products_answers_is_read_like_a_file():
    data = price_list.offers("eu-west-1")["AWSLambda"]
    answers = [
        {
            "product": product,
            "serviceCode": "AWSLambda",
            "terms": {"OnDemand": data["terms"]["OnDemand"][sku]},
            "publicationDate": data["publicationDate"],
        }
        for sku, product in data["products"].items()
    ]
    assert read(offer_from_products(json.loads(json.dumps(answers)))) == read(data)


def test_a_row_has_every_rate_of_the_lists_and_survives_the_table():
    row, notes = refreshed_row("eu-west-1", all_offers(), None, "2026-11-25")
    assert notes == ()
    price = price_for("eu-west-1", Architecture.ARM64, PriceTable(place="own", rows={"eu-west-1": row}))
    assert (price.per_gb_second, price.per_request) == (Decimal("0.0000133334"), Decimal("0.0000002"))
    assert price.provisioned_per_gb_second == Decimal("0.0000037168")
    assert price.snapstart_restore_per_gb == Decimal("0.0001558767")
    assert (price.per_state_transition, price.per_log_gb_scanned) == (Decimal("0.000025"), Decimal("0.0057"))
    assert (price.per_trace_recorded, price.per_trace_retrieved) == (Decimal("0.000005"), Decimal("0.0000005"))
    assert price.tiers[2].per_gb_second == Decimal("0.0000106667")
    assert price.as_of == "2026-11-25"
    assert "AmazonStates offer for eu-west-1, published 2026-11-20" in price.source
    table = PriceTable(place="own", rows={"eu-west-1": row})
    assert parse_table(dump_table(table), "own").rows == table.rows


def test_a_group_that_the_list_does_not_have_stays_as_it_was_and_lambda_rates_become_unknown():
    old = shipped_table().rows["eu-west-1"]
    changed = all_offers(
        usage={"Lambda-Storage-GB-Second": None, "Lambda-SnapStart-Restored-GB": None}, AmazonStates=None,
        AmazonCloudWatch=price_list.offer("AmazonCloudWatch", "eu-west-1", {"Something": "1"}),
    )  # fmt: skip
    row, notes = refreshed_row("eu-west-1", changed, old, "2026-11-25")
    assert "ephemeral" not in row.by_architecture[Architecture.X86_64]
    assert row.rates["transition"] == old.rates["transition"]
    assert row.sources["step_functions"] == old.sources["step_functions"]
    assert row.rates["log_gb_scanned"] == old.rates["log_gb_scanned"]
    assert "snapstart_restore" not in row.rates
    assert "snapstart" not in row.sources
    assert len(notes) == 3
    assert "the list of AmazonStates has no single price for StateTransition; the earlier rate stays" in notes[1]
    assert "the rate stays unknown" in notes[0]


@pytest.mark.parametrize("name", ["Lambda-GB-Second", "Request", "Request-ARM"])
def test_a_list_without_the_price_of_a_gb_second_or_a_request_is_refused_by_usage_type(name):
    with pytest.raises(AwsError, match=f"no price for {name}"):
        refreshed_row("eu-west-1", all_offers(usage={name: None}), None, "2026-11-25")


def test_a_region_without_arm64_is_a_region_without_arm64():
    usage = {name: None for name in price_list.LAMBDA if name.endswith("-ARM")}
    row, _ = refreshed_row("eu-west-1", all_offers(usage=usage), None, "2026-11-25")
    assert list(row.by_architecture) == [Architecture.X86_64]


def test_a_region_without_a_lambda_offer_is_refused():
    with pytest.raises(AwsError, match="no Lambda prices for eu-west-1"):
        refreshed_row("eu-west-1", {**all_offers(), "AWSLambda": None}, None, "2026-11-25")


def test_lists_in_two_currencies_are_refused():
    made = {**all_offers("cn-north-1", currency="CNY"), "AmazonStates": all_offers("cn-north-1")["AmazonStates"]}
    with pytest.raises(AwsError, match="several currencies: CNY, USD"):
        refreshed_row("cn-north-1", made, None, "2026-11-25")


def test_what_changed_is_told_rate_by_rate():
    old, _ = refreshed_row("eu-west-1", all_offers(), None, "2026-11-25")
    assert changes(old, old) == ()
    new, _ = refreshed_row("eu-west-1", all_offers(usage={"Request": "0.00000021"}), None, "2026-11-26")
    (change,) = changes(old, new)
    assert (change.what, change.old, change.new) == ("x86_64 request", Decimal("0.0000002"), Decimal("0.00000021"))
    assert all(one.old is None for one in changes(None, new))


@pytest.mark.parametrize(("rate", "doubted"), [
    ("0.0000500001", False), ("0.0000500002", True), ("0.0000055556", False), ("0.0000055555", True),
])  # fmt: skip
def test_a_rate_that_moved_by_more_than_a_factor_of_three_is_implausible(rate, doubted):
    row, _ = refreshed_row("eu-west-1", all_offers(usage={"Lambda-GB-Second": rate}), None, "2026-11-25")
    doubts = [one for one in implausible(row, shipped_table()) if "x86_64 duration would" in one]
    assert bool(doubts) is doubted


def test_in_a_new_region_a_rate_far_from_all_others_is_implausible():
    plausible, _ = refreshed_row("ap-east-2", all_offers("ap-east-2"), None, "2026-11-25")
    assert implausible(plausible, shipped_table()) == ()
    wrong, _ = refreshed_row("ap-east-2", all_offers("ap-east-2", usage={"Request": "0.2"}), None, "2026-11-25")
    (doubt,) = implausible(wrong, shipped_table())
    assert "ap-east-2: x86_64 request would be 0.2 USD, against 0.00000018 to 0.00000028 elsewhere" in doubt


def test_a_changed_currency_is_implausible():
    row, _ = refreshed_row("eu-west-1", all_offers(currency="EUR"), None, "2026-11-25")
    assert "eu-west-1: the currency changed from USD to EUR." in implausible(row, shipped_table())
    assert "log_gb_scanned" in row.rates


def test_rates_of_another_currency_are_not_kept():
    row, _ = refreshed_row(
        "eu-west-1",
        {"AWSLambda": all_offers(currency="EUR")["AWSLambda"]},
        shipped_table().rows["eu-west-1"],
        "2026-11-25",
    )
    assert row.currency == "EUR"
    assert "transition" not in row.rates


def test_every_error_of_a_list_is_one_for_people():
    assert issubclass(AwsError, PowertuneError)
    with pytest.raises(AwsError) as caught:
        read({"products": {}, "terms": {"OnDemand": {}}})
    assert caught.value.next_step
    assert caught.value.message.endswith("Nothing was changed.")
