"""A handler that needs packages of its own: what pip does takes most of the time."""

from command_line import powertune


def test_a_handlers_requirements_come_from_its_folder_once(tmp_path):
    wheel_source = tmp_path / "library"
    (wheel_source / "greeting").mkdir(parents=True)
    (wheel_source / "greeting" / "__init__.py").write_text("WORD = 'hello'\n")
    (wheel_source / "pyproject.toml").write_text(
        "[build-system]\nrequires=['setuptools']\nbuild-backend='setuptools.build_meta'\n"
        "[project]\nname='greeting'\nversion='1'\n[tool.setuptools]\npackages=['greeting']\n"
    )
    folder = tmp_path / "function"
    folder.mkdir()
    (folder / "app.py").write_text(
        "import greeting\n\ndef handler(event, context):\n    assert greeting.WORD == 'hello'\n"
    )
    (folder / "requirements.txt").write_text(f"{wheel_source}\n")
    arguments = ("run", "--local", folder, "--memory-sizes", "256", "--invocations", 3, "--json")
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    first = powertune(*arguments, "--output-dir", tmp_path / "out", **cache)
    assert first.code == 0, first.err
    (installed,) = (tmp_path / "cache" / "powertune" / "requirements").iterdir()
    made_at = installed.stat().st_mtime_ns
    assert powertune(*arguments, "--output-dir", tmp_path / "out", **cache).code == 0
    assert installed.stat().st_mtime_ns == made_at
