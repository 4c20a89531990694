"""Runs the examples and keeps what a reader of their READMEs sees: the terminal's answer and the report's picture.

    python docs/make_pictures.py [primes waiting hungry]

Needs ``pip install '.[test]'`` and a Chromium; run it on an idle machine. Writes ``report.png`` into each example's
folder and the answer between the marks in its README; that of primes also goes into the README at the top.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
BEGIN, END = "<!-- run -->", "<!-- /run -->"


def insert(readme: Path, answer: str) -> None:
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n```text\n{answer}\n```\n{END}{after}", encoding="utf-8")


def picture(report: Path, to: Path) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1100, "height": 2150})
        page.goto(report.as_uri())
        page.wait_for_timeout(1000)
        page.screenshot(path=to)
        browser.close()


def main() -> None:
    for name in sys.argv[1:] or ["primes", "waiting", "hungry"]:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "powertune", "run", "--local", str(EXAMPLES / name)]
            done = subprocess.run(
                [*command, "--output-dir", folder], check=True, capture_output=True, text=True, cwd=folder
            )
            answer = done.stdout.split("\n\nReport:")[0].rstrip()
            for readme in [EXAMPLES / name / "README.md", *([ROOT / "README.md"] if name == "primes" else [])]:
                insert(readme, answer)
            (report,) = Path(folder).glob("*/report.html")
            picture(report, EXAMPLES / name / "report.png")
            print(answer, end="\n\n")


if __name__ == "__main__":
    main()
