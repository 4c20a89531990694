"""The files that ``powertune check`` writes for other programs: JUnit XML, and a summary in Markdown."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.cli.report_output import check_file, to_file
from powertune.cli.saying import say
from powertune.domain.result import TuningResult
from powertune.errors import PowertuneError, UsageError

_STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_MARK = "<!-- Made by powertune check -->\n\n"
"""Readers of Markdown do not show it; by it a file is known as one that may be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFiles:
    """The files that were asked for; None for one that was not.

    Attributes:
        junit, markdown: where to.
        trend_fails: a figure that has grown over the checks is a failure.
    """

    junit: Path | None
    markdown: Path | None
    trend_fails: bool = False

    def write(self, result: TuningResult) -> bool:
        """Write them; whether all could be written. What could not is said: the answer is still to be shown."""
        from powertune.render.checks.junit import render_check_junit
        from powertune.render.checks.markdown import render_check_markdown

        done = True
        if self.junit is not None:
            done = _written(self.junit, [render_check_junit(result, trend_fails=self.trend_fails)], "--junit")
        if self.markdown is not None:
            done = _written_summary(self.markdown, render_check_markdown(result)) and done
        return done

    def write_failure(self, name: str, error: PowertuneError) -> None:
        """Write them about a check that came to no answer, so that whoever reads them does not miss them.

        Args:
            name: the function's.
            error: what went wrong.
        """
        from powertune.render.checks.junit import check_error_junit
        from powertune.render.text.markdown_text import bold, plain

        if self.junit is not None:
            _written(self.junit, [check_error_junit(name, str(error), kind=type(error).__name__)], "--junit")
        if self.markdown is not None:
            said = (bold(f"✗ {plain(f'{name} was not checked: {error.message}')}"), plain(error.next_step))
            _written_summary(self.markdown, "\n\n".join(filter(None, said)) + "\n")


def asked_files(options: dict[str, Any]) -> AskedFiles:
    """The files that the options ask for.

    Raises:
        UsageError: one cannot be written, or somebody else wrote what is there.
    """
    for form in ("junit", "markdown"):
        given = options[form]
        if given is None:
            continue
        if not given or "\0" in given:
            raise UsageError("An empty name is no file.", next_step=f"Give --{form} FILE.")
        if form == "markdown" and _is_step_summary(Path(given)) and Path(given).is_file():
            _refuse_closed(Path(given))
        else:
            check_file(Path(given), "markdown-check" if form == "markdown" else form, force=False, option=f"--{form}")
    junit, markdown = (None if options[form] is None else Path(options[form]) for form in ("junit", "markdown"))
    if junit is not None and markdown is not None and _is_one(junit, markdown):
        raise UsageError(
            f"--junit and --markdown both name {markdown}, and each would replace the other.",
            next_step="Give each a file of its own.",
        )
    return AskedFiles(junit=junit, markdown=markdown, trend_fails=options["fail_on_trend"])


def _refuse_closed(path: Path) -> None:
    """Refuse a file that nothing can be added to."""
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise UsageError(
            f"Nothing can be added to {path}: {error.strerror}.", next_step="Give another --markdown."
        ) from None


def _is_one(one: Path, other: Path) -> bool:
    """Whether both are the same file; what is none, such as /dev/null, takes both."""
    if one.exists() and other.exists():
        return one.samefile(other) and one.is_file()
    return one.resolve() == other.resolve()


def _is_step_summary(path: Path) -> bool:
    """Whether it is the file that GitHub shows as the summary of a step, to which a step may have written before."""
    named = os.environ.get(_STEP_SUMMARY)
    return bool(named) and Path(named or "").absolute() == path.absolute()


def _written_summary(path: Path, text: str) -> bool:
    if not _is_step_summary(path):
        return _written(path, [_MARK, text], "--markdown")
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{text}\n")
    except OSError as error:
        say(f"The summary could not be added to {path}: {error.strerror}.", err=True)
        return False
    return True


def _written(path: Path, content: Iterable[str], option: str) -> bool:
    try:
        to_file(path, content, option=option)
    except UsageError as error:
        say(error.message, err=True)
        return False
    return True
