"""Defects of aws-lambda-power-tuning 4.4.0 in what things cost, and powertune's answer to each.

The numbers are those of the list in docs/migrating.md.
"""

from decimal import Decimal
from fractions import Fraction

import pytest

from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.pricing.bill import invocation_cost, known_transitions_cost, mean, transitions_cost
from powertune.pricing.table import price_for, regions

X86, ARM = Architecture.X86_64, Architecture.ARM64
US = price_for("us-east-1", X86)

PEER_PER_MS = {  # baseCosts in its template.yml, for a millisecond at 128 MB
    X86: {"af-south-1": "2.8e-9", "ap-east-1": "2.9e-9", "eu-south-1": "2.4e-9", "me-south-1": "2.6e-9",
          "ap-northeast-3": "2.7e-9", "default": "2.1e-9"},
    ARM: {"default": "1.7e-9"},
}  # fmt: skip


def its_gb_second(region, architecture):
    prices = PEER_PER_MS[architecture]
    return Decimal(prices.get(region, prices["default"])) * 8000


def test_defect_06_cost_is_the_mean_of_costs_and_never_the_cost_of_a_ceiled_mean():
    billed = (1, 1, 1, 2, 2)
    ours = mean([invocation_cost(ms, 128, US) for ms in billed], "USD").amount - US.per_request
    its = 2 * Decimal("2.1e-9")  # the mean of 1.4 ms, rounded up, at its price of a millisecond
    exact = Fraction(sum(billed), len(billed)) / 8000 * Fraction(US.per_gb_second)
    assert Fraction(ours) == exact
    assert its / ours == pytest.approx(Decimal("1.44"), abs=Decimal("0.005"))


def test_defect_06_a_ceiled_mean_would_flip_the_cheaper_of_two_sizes():
    small, large = (1, 1, 1, 2, 2), (1, 1, 1, 1, 1)  # at 128 MB and at 192 MB
    ours = [
        mean([invocation_cost(ms, memory_mb, US) for ms in billed], "USD").amount
        for memory_mb, billed in ((128, small), (192, large))
    ]
    ceiled = [invocation_cost(ms, memory_mb, US).amount for memory_mb, ms in ((128, 2), (192, 1))]
    assert ours[0] < ours[1]
    assert ceiled[0] > ceiled[1]


def test_defect_15_prices_are_unrounded_regional_per_architecture_and_include_request_and_storage():
    arm = price_for("us-east-1", ARM)
    assert (US.per_gb_second, arm.per_gb_second) == (Decimal("0.0000166667"), Decimal("0.0000133334"))
    assert arm.per_gb_second / US.per_gb_second == pytest.approx(Decimal("0.8"), abs=Decimal("1e-5"))
    assert its_gb_second("us-east-1", ARM) / its_gb_second("us-east-1", X86) == pytest.approx(
        Decimal("0.8095"), abs=Decimal("1e-4")
    )
    cost = invocation_cost(1000, 1024, US, ephemeral_mb=1536).amount
    assert cost == US.per_gb_second + US.per_request + US.ephemeral_per_gb_second


@pytest.mark.parametrize(("region", "architecture", "off_by"), [
    ("us-east-1", X86, "0.008"), ("us-east-1", ARM, "0.020"), ("ap-northeast-3", X86, "0.296"),
    ("me-central-1", X86, "-0.187"), ("ap-southeast-5", X86, "0.120"), ("ap-east-1", ARM, "-0.257"),
    ("af-south-1", ARM, "-0.231"), ("me-south-1", ARM, "-0.177"),
])  # fmt: skip
def test_defect_15_its_price_of_a_gb_second_is_off_where_ours_is_the_regions_own(region, architecture, off_by):
    ours = price_for(region, architecture).per_gb_second
    assert its_gb_second(region, architecture) / ours - 1 == pytest.approx(Decimal(off_by), abs=Decimal("0.0006"))


def test_defect_15_arm64_in_china_is_refused_and_not_priced_in_another_currency():
    assert price_for("cn-northwest-1", X86).currency == "CNY"
    for region in ("cn-north-1", "cn-northwest-1"):
        with pytest.raises(UsageError, match=f"arm64 in {region}, and will not use another region's"):
            price_for(region, ARM)


def test_defect_15_no_two_regions_share_a_price_by_default():
    with pytest.raises(UsageError, match="will not use another region's"):
        price_for("ap-southeast-7", X86)
    dearer = {region for region in regions() if price_for(region, X86).per_gb_second > US.per_gb_second}
    assert {"af-south-1", "ap-east-1", "eu-south-1", "me-central-1", "me-south-1"} <= dearer


def test_defect_24_the_cost_of_state_transitions_is_not_rounded_to_five_digits():
    assert transitions_cost(9, US).amount == Decimal("0.000225")
    assert f"{0.000025 * 9:.5f}" == "0.00023"  # what it says
    assert known_transitions_cost(1, price_for("sa-east-1", X86)).amount == Decimal("0.0000375")
