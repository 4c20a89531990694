"""The README's first command, as a newcomer runs it: fresh clone, fresh virtual environment."""

import re
import shutil
import subprocess
import time
import venv
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from powertune.wire import read_result

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 90


@pytest.mark.heavy
@pytest.mark.chromium
def test_the_readmes_first_command_gives_a_report_in_under_ninety_seconds(tmp_path):
    clone = tmp_path / "powertune"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    command = re.search(r"```sh\n(pip install .+)\n```", (clone / "README.md").read_text(encoding="utf-8"))[1]
    venv.create(tmp_path / "venv", with_pip=True)
    began = time.monotonic()
    done = subprocess.run(
        ["bash", "-c", f"source {tmp_path}/venv/bin/activate && {command}"],
        cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip
    took_s = time.monotonic() - began
    assert done.returncode == 0, done.stderr
    (path,) = clone.glob("powertune-results/*/result.json")
    result = read_result(path)
    assert result.search.kind == "adaptive"
    assert len(result.memory_sizes) >= 3
    (best,) = (size for size in result.memory_sizes if size.memory_mb == result.recommendation.memory_mb)
    assert best.warm.samples >= 2
    assert result.restored
    complaints, requests = opened(path.with_name("report.html"))
    assert complaints == []
    assert requests == [path.with_name("report.html").as_uri()]
    assert took_s < LIMIT_S, f"took {took_s:.1f} s"


def opened(report):
    """What a real browser complained of, and what it asked for."""
    complaints, requests = [], []
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(report.as_uri())
        page.wait_for_selector(".js-plotly-plot .point, .js-plotly-plot .points path", state="attached")
        browser.close()
    return complaints, requests
