"""A report is shown in a browser where there is one; where there is none, the user is told where the file lies."""

import subprocess
from pathlib import Path

import pytest

from powertune.cli import opening

VARIABLES = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")


@pytest.fixture
def linux(monkeypatch, tmp_path):
    """A Linux with an opener of the test's own, and without a display; gives a function that writes the opener."""
    monkeypatch.setattr(opening.sys, "platform", "linux")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def opener(*lines):
        path = tmp_path / "xdg-open"
        path.write_text("\n".join(["#!/bin/sh", f'echo "$1" > {tmp_path}/asked', *lines, ""]), encoding="utf-8")
        path.chmod(0o755)
        return tmp_path / "asked"

    return opener


def test_without_a_display_one_line_says_where_the_file_is(linux, capfd):
    asked = linux("echo noise >&2")
    opening.show("file:///tmp/report.html", "the file is /tmp/report.html")
    assert capfd.readouterr() == ("", "No browser could be opened; the file is /tmp/report.html\n")
    assert not asked.exists()


@pytest.mark.parametrize("variable", VARIABLES)
def test_with_a_display_the_opener_gets_the_address_and_its_noise_is_not_shown(linux, monkeypatch, capfd, variable):
    monkeypatch.setenv(variable, "x")
    asked = linux("echo noise", "echo noise >&2")
    opening.show("file:///tmp/report.html", "the file is /tmp/report.html")
    assert capfd.readouterr() == ("", "")
    assert asked.read_text(encoding="utf-8") == "file:///tmp/report.html\n"


def test_an_opener_that_fails_is_said_without_its_noise(linux, monkeypatch, capfd):
    monkeypatch.setenv("DISPLAY", ":0")
    linux("echo 'xdg-open: no method available' >&2", "exit 3")
    opening.show("https://example.org/", "the link is above")
    assert capfd.readouterr() == ("", "No browser could be opened; the link is above\n")


def test_where_there_is_no_opener_it_is_said(linux, monkeypatch, capfd, tmp_path):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(tmp_path))
    opening.show("file:///x", f"the file is {Path('/x')}")
    assert capfd.readouterr().err == "No browser could be opened; the file is /x\n"


def test_an_opener_that_has_become_the_browser_is_not_waited_for(linux, monkeypatch, capfd):
    class Browser:
        def __init__(self, *_, **__):
            pass

        def wait(self, timeout):
            raise subprocess.TimeoutExpired("xdg-open", timeout)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(opening.subprocess, "Popen", Browser)
    opening.show("file:///x", "the file is /x")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("code", "said"), [(0, ""), (1, "No browser could be opened; the file is /x\n")])
def test_elsewhere_the_system_opens_it(monkeypatch, capfd, code, said):
    monkeypatch.setattr(opening.sys, "platform", "darwin")
    monkeypatch.setattr(opening.click, "launch", lambda _: code)
    opening.show("file:///x", "the file is /x")
    assert capfd.readouterr().err == said
