"""What docs/estimate.md and docs/prices.md show is what the commands say and what the table holds."""

import json
import re
import shlex
from pathlib import Path

import pytest

from powertune.cli.main import main
from powertune.domain.function import Architecture
from powertune.errors import UsageError
from powertune.pricing.refresh import USAGE_BY_SERVICE
from powertune.pricing.table import price_for, regions, shipped_table

DOCS = Path(__file__).parents[2] / "docs"
ESTIMATE, PRICES = ((DOCS / name).read_text(encoding="utf-8") for name in ("estimate.md", "prices.md"))
EXAMPLES = re.findall(r"```sh\npowertune ([^\n]+)\n```\n\n```text\n(.*?)```", ESTIMATE, re.DOTALL)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_shows_what_the_command_prints(command, output, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("POWERTUNE_PRICES", str(tmp_path / "none.json"))
    arguments, _, filtered = command.partition(" | jq -c .")
    with pytest.raises(SystemExit):
        main(shlex.split(arguments))
    printed = capsys.readouterr().out
    if filtered:
        printed = json.dumps(json.loads(printed)[filtered], separators=(",", ":")) + "\n"
    assert printed == output


def test_there_are_examples():
    assert len(EXAMPLES) == 3


def test_the_pages_name_every_option():
    for option in ("region", "url", "from-api", "force", "json", "profile", "price"):
        assert f"`--{option}" in PRICES or f"--{option} " in PRICES, option
    for option in ("invocations", "duration-ms", "memory-size", "region", "architecture", "cold-start-share", "init-ms",
                   "ephemeral-mb", "provisioned", "result", "function-arn", "max-log-gb", "json"):  # fmt: skip
        assert f"--{option}" in ESTIMATE, option


def section(start):
    return re.search(rf"^- {start}(.*?)[;.]$", PRICES, re.MULTILINE | re.DOTALL)[1]


def named(text):
    return set(re.findall(r"[a-z]{2,4}-[a-z]+-[0-9]", text))


def complete(region):
    found = []
    for architecture in Architecture:
        try:
            found.append(price_for(region, architecture))
        except UsageError:
            continue
    return found


def test_the_page_names_what_is_unknown_in_the_shipped_table():
    without = {region for region in regions() if "transition" not in shipped_table().rows[region].rates}
    assert named(section("Step Functions in")) == without
    ready = {region for region in regions() if complete(region)[0].provisioned_per_gb_second is None}
    assert named(section("provisioned concurrency on arm64").partition("x86_64")[2]) == ready
    tiers = {region for region in regions() if complete(region)[0].tiers is not None}
    assert named(section("the later tiers")) == tiers
    assert named(section("SnapStart outside")) == {
        region for region in regions() if "snapstart_cache" in shipped_table().rows[region].rates
    }
    missing = named(section("all Lambda rates of"))
    assert len(missing) == 5
    assert not missing & set(shipped_table().rows)


def test_the_page_names_the_offers_that_are_fetched():
    for service in USAGE_BY_SERVICE:
        assert service in PRICES
