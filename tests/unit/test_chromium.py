"""How powertune finds a Chromium and lets it draw. A script stands in for the browser."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from powertune import chromium
from powertune.chromium import finding
from powertune.errors import PowertuneError, UsageError

DRAWN = (
    f'<!DOCTYPE html><html lang="en" data-drawn="{base64.b64encode("<svg>µ</svg>".encode()).decode()}"><head></head>'
)
START = """\
import json, os, pathlib, sys, time
given = sys.argv[1:]
option = lambda name: next((one.split("=", 1)[1] for one in given if one.startswith(name + "=")), None)
here = pathlib.Path(__file__).parent
profile = pathlib.Path(option("--user-data-dir"))
profile.mkdir()
(profile / "Cookies").write_text("x")
(here / "given.json").write_text(json.dumps({
    "arguments": given, "environment": dict(os.environ), "pid": os.getpid(), "group": os.getpgid(0),
    "page": pathlib.Path(given[-1].removeprefix("file://")).read_text(),
}))
"""
DRAW = f"""\
if option("--screenshot"):
    pathlib.Path(option("--screenshot")).write_bytes(b"\\x89PNG\\r\\n\\x1a\\nthe rest")
print({DRAWN!r})
"""


class Fake:
    """A program that Chromium is called in place of, and what it was called with."""

    def __init__(self, folder: Path, name: str = "chromium") -> None:
        self.path = folder / name
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)

    def does(self, body: str) -> None:
        self.path.write_text(f"#!{sys.executable}\n{START}{body}", encoding="utf-8")
        self.path.chmod(self.path.stat().st_mode | stat.S_IXUSR)

    @property
    def given(self) -> dict:
        return json.loads((self.path.parent / "given.json").read_text(encoding="utf-8"))

    def left_behind(self) -> list[Path]:
        return list(self.temporary.iterdir())

    def is_running(self) -> bool:
        try:
            os.kill(self.given["pid"], 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(made.temporary))
    made.does(DRAW)
    return made


def test_without_a_browser_a_sentence_says_what_to_install_and_which_variable_to_set(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.path.unlink()
    monkeypatch.setattr(finding, "_MAC_APPLICATIONS", ())
    with pytest.raises(UsageError) as caught:
        chromium.png("<html>")
    assert "none was found" in caught.value.message
    assert "chromium" in caught.value.next_step
    assert "POWERTUNE_CHROMIUM" in caught.value.next_step
    assert fake.left_behind() == []


@pytest.mark.parametrize("name", finding.NAMES)
def test_a_browser_is_found_by_any_of_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    Fake(tmp_path, name).does(DRAW)
    assert chromium.find() == str(tmp_path / name)


@pytest.mark.parametrize("by_path", [True, False])
def test_the_variable_wins_over_what_is_installed(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_path: bool
) -> None:
    other = Fake(tmp_path, "my-browser")
    other.does(DRAW)
    monkeypatch.setenv(chromium.VARIABLE, str(other.path) if by_path else "my-browser")
    assert chromium.find() == str(other.path)


@pytest.mark.parametrize("relative", ["./my-browser", "my-browser"])
def test_a_relative_path_is_that_from_where_the_command_was_given(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: str
) -> None:
    other = Fake(tmp_path, "my-browser")
    other.does(DRAW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".")
    monkeypatch.setenv(chromium.VARIABLE, relative)
    assert chromium.svg("<html>") == "<svg>µ</svg>"
    assert chromium.find() == str(other.path)


def test_a_variable_that_names_no_program_is_not_passed_over(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(chromium.VARIABLE, "/nowhere/chrome")
    with pytest.raises(UsageError, match=r"POWERTUNE_CHROMIUM names /nowhere/chrome"):
        chromium.svg("<html>")


def test_a_file_that_cannot_be_started_is_a_users_mistake(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.path.write_text("#!/nowhere/python\n", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be started: No such file or directory"):
        chromium.png("<html>")
    assert fake.left_behind() == []


def test_a_picture_has_the_asked_size_and_nothing_is_left_behind(fake: Fake) -> None:
    assert chromium.png("<p>µ</p>", width=800, height=450, scale=1.5).startswith(b"\x89PNG")
    wanted = {"--headless=new", "--window-size=800,450", "--force-device-scale-factor=1.5"}
    assert wanted <= set(fake.given["arguments"])
    assert fake.given["page"] == "<p>µ</p>"
    assert fake.left_behind() == []


def test_the_browser_has_a_profile_and_a_session_of_its_own_and_leads_nowhere(fake: Fake) -> None:
    chromium.svg("<html>")
    given = fake.given
    profile = next(one for one in given["arguments"] if one.startswith("--user-data-dir="))
    assert str(fake.temporary) in profile
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in given["arguments"]
    assert "--no-proxy-server" in given["arguments"]
    assert given["arguments"][-1].startswith("file://")
    assert given["group"] == given["pid"] != os.getpgid(0)


def test_credentials_and_home_are_kept_from_the_browser(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(sys, "platform", "linux")
    chromium.svg("<html>")
    environment = fake.given["environment"]
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert environment["HOME"].startswith(str(fake.temporary))


@pytest.mark.parametrize(("user", "without"), [(0, True), (1000, False)])
def test_the_sandbox_is_left_out_for_root_alone(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, user: int, without: bool
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    chromium.svg("<html>")
    assert ("--no-sandbox" in fake.given["arguments"]) is without


def test_the_svg_is_what_the_page_says_of_itself(fake: Fake) -> None:
    assert chromium.svg("<html>") == "<svg>µ</svg>"
    assert fake.left_behind() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("print('broken', file=sys.stderr); sys.exit(3)", "exit code 3 before there was a picture.*broken"),
        ("os.kill(os.getpid(), 11)", "signal 11 .*: nothing"),
        ("print('No usable sandbox!', file=sys.stderr); sys.exit(1)", "cannot start its sandbox"),
        ("", "did not draw itself"),
        ("print('<html data-failed=\"Error: no chart\">')", "did not draw itself: Error: no chart"),
        ('print(\'<html lang="en"><p data-drawn="PHN2Zy8+">\')', "did not draw itself"),
    ],
)
def test_a_browser_that_breaks_down_is_told_and_leaves_nothing_behind(fake: Fake, body: str, said: str) -> None:
    fake.does(body)
    for draw in (chromium.png, chromium.svg):
        with pytest.raises(PowertuneError, match=said) as caught:
            draw("<html>")
        assert caught.value.next_step
        assert fake.left_behind() == []


def test_what_a_browser_says_cannot_steer_the_terminal(fake: Fake) -> None:
    fake.does("print('\\x1b[2J' + 'x' * 9999, file=sys.stderr); sys.exit(3)")
    with pytest.raises(PowertuneError) as caught:
        chromium.png("<html>")
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 600


def test_no_picture_is_an_error_and_not_an_empty_file(fake: Fake) -> None:
    fake.does(f"print({DRAWN!r})")
    with pytest.raises(PowertuneError, match="without a picture"):
        chromium.png("<html>")


@pytest.mark.parametrize("value", ["", "%%%", "/w=="])
def test_a_page_without_an_svg_is_an_error(fake: Fake, value: str) -> None:
    fake.does(f"print('<html data-drawn=\"{value}\">')")
    with pytest.raises(PowertuneError, match="it drew no SVG"):
        chromium.svg("<html>")


@pytest.fixture
def hanging(fake: Fake) -> Fake:
    fake.does(
        "if os.fork() == 0:\n    (here / 'child').write_text(str(os.getpid()))\n    time.sleep(60)\ntime.sleep(60)\n"
    )
    return fake


def ended(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_browser_that_hangs_is_ended_with_all_its_processes(hanging: Fake) -> None:
    with pytest.raises(PowertuneError, match=r"did not finish its picture within 1 s"):
        chromium.png("<html>", timeout_s=1)
    assert not hanging.is_running()
    assert ended(int((hanging.path.parent / "child").read_text(encoding="utf-8")))
    assert hanging.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ended_from_outside_it_takes_the_browser_and_the_folder_with_it(
    hanging: Fake, wait_for: Callable[[Callable[[], bool]], None], number: signal.Signals
) -> None:
    code = f"import signal, tempfile; tempfile.tempdir = {str(hanging.temporary)!r}\n"
    # A background job may have been started with Ctrl-C ignored.
    code += "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from powertune import chromium; chromium.png('<html>')"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_for((hanging.path.parent / "child").exists)
    assert hanging.left_behind() != []
    process.send_signal(number)
    assert process.wait(20) != 0
    assert not hanging.is_running()
    assert hanging.left_behind() == []


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    def wait(holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    return wait


def test_where_no_folder_can_be_made_that_is_said(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(fake.temporary / "missing"))
    with pytest.raises(PowertuneError, match="No folder could be made for Chromium: No such file or directory"):
        chromium.png("<html>")


def test_a_full_disk_is_said(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(PowertuneError, match=r"could not be given its page.*No space left on device"):
        chromium.png("<html>")
    assert fake.left_behind() == []


def test_a_snaps_browser_gets_a_folder_that_it_can_read(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    common = tmp_path / "snap" / "chromium" / "common"
    common.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    fake.does(f"# exec /snap/bin/chromium\n{DRAW}")
    monkeypatch.setenv("HOME", str(tmp_path))
    chromium.svg("<html>")
    assert fake.given["arguments"][-1].startswith(common.as_uri())
    assert fake.given["environment"]["HOME"] == str(tmp_path)
    assert list(common.iterdir()) == []
