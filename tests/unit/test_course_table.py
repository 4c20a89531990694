"""The table that examples/primes/README.md shows, computed with powertune's own bill."""

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from powertune.domain.function import Architecture
from powertune.pricing.bill import gb_seconds, per_gb_seconds
from powertune.pricing.table import price_for

README = Path(__file__).resolve().parents[2] / "examples" / "primes" / "README.md"
INVOCATIONS_A_MONTH = 3_000


@pytest.mark.parametrize(
    ("memory_mb", "duration_s", "dollars"),
    [(128, "56.13735", "0.35"), (256, "26.43806", "0.33"), (512, "12.68250", "0.32"), (1024, "6.28947", "0.31")],
)
def test_the_courses_durations_cost_what_the_readme_says(memory_mb, duration_s, dollars):
    price = price_for("us-east-1", Architecture.X86_64)
    billed_ms = int((Decimal(duration_s) * 1000).to_integral_value(ROUND_HALF_UP))
    month = per_gb_seconds(gb_seconds(billed_ms, memory_mb), price.per_gb_second) * INVOCATIONS_A_MONTH
    assert month.quantize(Decimal("0.01")) == Decimal(dollars)
    row = rf"\| {memory_mb:,} MB \| {re.escape(duration_s)} s \| \${re.escape(dollars)} \|"
    assert re.search(row, README.read_text(encoding="utf-8"))
