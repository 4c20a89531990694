"""Runs the examples and keeps what a reader of their pages sees: the terminal's answer and the report's pictures.

    python docs/make_pictures.py [primes waiting hungry]
    python docs/make_pictures.py --keep RESULTS          # keeps RESULTS/primes/result.json and the others too
    python docs/make_pictures.py --from-results RESULTS  # no runs: from the results that were kept
    python docs/make_pictures.py --only-pictures         # leaves the READMEs as they are

Needs ``pip install '.[test]'`` and a Chromium; run it on an idle machine. For each example it writes ``report.png``
into its folder, ``docs/pictures/NAME-*.png``, and the answer between the marks in its README; that of primes also goes
into the README at the top.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from small_png import small_png

from powertune import chromium
from powertune.domain.result import TuningResult
from powertune.render.html import render_html
from powertune.render.slide import slide_html
from powertune.render.text.terminal import render_terminal
from powertune.wire import read_result

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, PICTURES = ROOT / "examples", ROOT / "docs" / "pictures"
NAMES = ("primes", "waiting", "hungry")
BEGIN, END = "<!-- run -->", "<!-- /run -->"
WIDTH = 100
"""Columns of a terminal, as `powertune run` takes them where it writes to none."""

SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1100, "height": 900}},
    "dark": {"viewport": {"width": 1100, "height": 900}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
    "print": {"viewport": {"width": 794, "height": 1123}},
}
"""How each picture's page is opened; A4 has 794 by 1123 of CSS's pixels."""
SHOWN = {"light": None, "dark": 2300, "phone": 3400, "print": 1123}
"""How much of the page's length is shown; None is all of it."""
README_SHOWN = 2150
MARGIN = 53
"""14 mm, the margin of a printed page, in CSS's pixels."""


def insert(readme: Path, answer: str) -> None:
    """The answer between the marks of a README."""
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n```text\n{answer}\n```\n{END}{after}", encoding="utf-8")


def run(name: str, folder: Path) -> Path:
    """The result.json of a run of the example."""
    command = [sys.executable, "-m", "powertune", "run", "--local", str(EXAMPLES / name), "--output-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    (found,) = folder.glob("*/result.json")
    return found


def as_printed(page: Any) -> None:
    """The page's first sheet of paper: print's style within its margins, without what a sheet's end would cut."""
    page.emulate_media(media="print")
    page.add_style_tag(content=f"body {{ padding: {MARGIN}px; }}")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(500)
    page.evaluate(
        """end => {
          for (const one of document.querySelectorAll("figure, .tile, tr, .note, h2, h3, p, li")) {
            if (one.getBoundingClientRect().bottom > end) one.style.visibility = "hidden";
          }
        }""",
        1123 - MARGIN,
    )


def pictures(name: str, result: TuningResult, browser: Any, small: Callable[[bytes], bytes]) -> None:
    """All pictures of a result."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        report.write_text(render_html(result), encoding="utf-8")
        for kind, screen in SCREENS.items():
            context = browser.new_context(**screen)
            page = context.new_page()
            page.goto(report.as_uri())
            page.wait_for_timeout(1000)
            if kind == "print":
                as_printed(page)
            width, length = screen["viewport"]["width"], page.evaluate("document.documentElement.scrollHeight")

            def shot(most: int | None, page: Any = page, width: int = width, length: int = length) -> bytes:
                clip = {"x": 0, "y": 0, "width": width, "height": min(length, most or length)}
                return small(page.screenshot(full_page=True, clip=clip))

            keep(PICTURES / f"{name}-{kind}.png", shot(SHOWN[kind]))
            if kind == "light":
                keep(EXAMPLES / name / "report.png", shot(README_SHOWN))
            context.close()
    keep(PICTURES / f"{name}-slide.png", small(chromium.png(slide_html(result), scale=1)))


def keep(path: Path, picture: bytes) -> None:
    """Write a picture and say how large it is."""
    path.write_bytes(picture)
    print(f"{path.relative_to(ROOT)}: {len(picture) / 1000:,.0f} kB")


def wanted() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"examples: {', '.join(NAMES)}; all by default")
    parser.add_argument("--only-pictures", action="store_true", help="leave the READMEs as they are")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--from-results", type=Path, metavar="DIR", help="take DIR/NAME/result.json, and run nothing")
    source.add_argument("--keep", type=Path, metavar="DIR", help="write each run's result to DIR/NAME/result.json")
    options = parser.parse_args()
    options.names = options.names or list(NAMES)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no example {', '.join(sorted(unknown))}")
    return options


def result_of(name: str, options: argparse.Namespace) -> TuningResult:
    """The result of an example: of a run now, or one that was kept."""
    if options.from_results is not None:
        return read_result(options.from_results / name / "result.json")
    with tempfile.TemporaryDirectory() as folder:
        made = run(name, Path(folder))
        if options.keep is not None:
            (options.keep / name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made, options.keep / name / "result.json")
        return read_result(made)


def main() -> None:
    """The command."""
    from playwright.sync_api import sync_playwright

    options = wanted()
    PICTURES.mkdir(exist_ok=True)
    # All runs before all drawing: a browser beside a run would slow what is measured.
    results = {name: result_of(name, options) for name in options.names}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for name, result in results.items():
            pictures(name, result, browser, lambda picture: small_png(picture, browser))
        browser.close()
    for name, result in results.items():
        answer = render_terminal(result, width=WIDTH).rstrip()
        print(answer, end="\n\n")
        if not options.only_pictures:
            for readme in [EXAMPLES / name / "README.md", *([ROOT / "README.md"] if name == "primes" else [])]:
                insert(readme, answer)


if __name__ == "__main__":
    main()
