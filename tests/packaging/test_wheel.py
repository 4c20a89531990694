"""The wheel holds everything that the checkout holds."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT], check=True
    )
    (path,) = folder.glob("powertune-*.whl")
    return path


def test_every_module_and_every_data_file_is_in_the_wheel(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "powertune").rglob("*.py")}
    expected |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "powertune").rglob("*.json")}
    expected |= {f"powertune/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "reports").iterdir()}
    expected |= {f"powertune/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "statemachine").iterdir()}
    assert {"powertune/py.typed", "powertune/statemachine/tuning.asl.json"} <= names
    assert expected <= names


def test_nothing_lands_outside_of_powertune(wheel):
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert len(tops) == 2
    assert "powertune" in tops


def test_an_installed_powertune_finds_its_data_without_the_checkout(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(site)
    code = (
        "from powertune.resources import read\n"
        "print(len(read('statemachine', 'tuning.asl.json')), len(read('reports', 'page.html')))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    asl, page = map(int, done.stdout.split())
    assert asl == len((ROOT / "statemachine" / "tuning.asl.json").read_text(encoding="utf-8"))
    assert page == len((ROOT / "reports" / "page.html").read_text(encoding="utf-8"))


def test_a_missing_data_file_is_named():
    from powertune.errors import PowertuneError
    from powertune.resources import read

    with pytest.raises(PowertuneError, match=r"statemachine/none\.json is missing"):
        read("statemachine", "none.json")
