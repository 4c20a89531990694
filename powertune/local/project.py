"""Understands a folder with a Python handler, without running anything in it."""

import ast
import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from powertune.domain.function import MAX_MEMORY_MB, MIN_MEMORY_MB
from powertune.errors import UsageError

SETTINGS_FILE = "powertune.toml"
_USUAL_MODULES = ("app", "lambda_function", "function", "main", "handler", "index")
_USUAL_FUNCTIONS = ("handler", "lambda_handler")
_OTHER_LANGUAGES = {
    "package.json": "Node.js",
    "index.js": "Node.js",
    "index.mjs": "Node.js",
    "index.ts": "TypeScript",
    "go.mod": "Go",
    "main.go": "Go",
    "pom.xml": "Java",
    "build.gradle": "Java",
    "Cargo.toml": "Rust",
    "Gemfile": "Ruby",
    "function.rb": "Ruby",
    "Dockerfile": "a container image",
}
_KEYS = {"name", "handler", "timeout_s", "memory_mb", "environment", "payload", "tracing"}
MAX_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProject:
    """A folder that can become a function.

    ``payload`` is the event as JSON text, None where the folder gives none; ``requirements`` the file with what
    the handler imports, None where there is none.
    """

    folder: Path
    name: str
    handler: str
    timeout_s: int = 30
    memory_mb: int = 128
    environment: dict[str, str] = field(default_factory=dict)
    payload: str | None = None
    tracing: bool = True
    requirements: Path | None = None


def find_project(spec: str) -> LocalProject:
    """Read ``PATH`` or ``PATH:MODULE.FUNCTION``.

    The folder's ``powertune.toml`` may name handler, timeout, memory size, environment and payload.

    Raises:
        UsageError: there is no such folder, no such handler, or the settings cannot be meant.
    """
    folder, handler = _split(spec)
    settings = _settings(folder)
    handler = handler or settings.get("handler") or _usual_handler(folder)
    _check_handler(folder, handler)
    requirements = folder / "requirements.txt"
    return LocalProject(
        folder=folder,
        name=re.sub(r"[^A-Za-z0-9_-]+", "-", settings.get("name", folder.name)).strip("-")[:64] or "function",
        handler=handler,
        timeout_s=settings.get("timeout_s", 30),
        memory_mb=settings.get("memory_mb", 128),
        environment=settings.get("environment", {}),
        payload=json.dumps(settings["payload"]) if "payload" in settings else None,
        tracing=settings.get("tracing", True),
        requirements=requirements if requirements.is_file() else None,
    )


def _split(spec: str) -> tuple[Path, str | None]:
    whole = Path(spec).expanduser()
    if whole.is_dir():
        return whole.resolve(), None
    path, colon, handler = spec.rpartition(":")
    folder = Path(path).expanduser()
    if colon and folder.is_dir():
        return folder.resolve(), handler
    if whole.is_file() and whole.suffix == ".py":
        raise UsageError(
            f"{spec} is a file; powertune takes the folder that holds the handler.",
            next_step=f"Try: powertune run --local {whole.parent}:{whole.stem}.handler",
        )
    raise UsageError(
        f"There is no folder '{path if colon else spec}'.", next_step="Give the folder that holds the handler."
    )


def _settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS_FILE
    if not path.is_file():
        return {}
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", next_step="Correct it.") from None
    unknown = sorted(settings.keys() - _KEYS)
    if unknown:
        raise UsageError(
            f"{path} has unknown settings: {', '.join(unknown)}.", next_step=f"It takes: {', '.join(sorted(_KEYS))}."
        )
    _check_type(path, settings, "name", str)
    _check_type(path, settings, "handler", str)
    _check_type(path, settings, "tracing", bool)
    _check_range(path, settings, "timeout_s", 1, MAX_TIMEOUT_S)
    _check_range(path, settings, "memory_mb", MIN_MEMORY_MB, MAX_MEMORY_MB)
    environment = settings.get("environment", {})
    if not isinstance(environment, dict) or not all(isinstance(value, str) for value in environment.values()):
        raise UsageError(f"{path}: environment must be a table of strings.", next_step="Correct it.")
    try:
        json.dumps(settings.get("payload"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: the payload is not JSON: {error}.", next_step="Correct it.") from None
    return settings


def _check_type(path: Path, settings: dict[str, Any], key: str, kind: type) -> None:
    if key in settings and type(settings[key]) is not kind:
        raise UsageError(f"{path}: {key} must be a {kind.__name__}.", next_step="Correct it.")


def _check_range(path: Path, settings: dict[str, Any], key: str, low: int, high: int) -> None:
    value = settings.get(key, low)
    if type(value) is not int or not low <= value <= high:
        raise UsageError(f"{path}: {key} must be a whole number from {low} to {high}.", next_step="Correct it.")


def _usual_handler(folder: Path) -> str:
    for module in _USUAL_MODULES:
        path = folder / f"{module}.py"
        if path.is_file():
            names = _names_in(path)
            for function in _USUAL_FUNCTIONS:
                if function in names:
                    return f"{module}.{function}"
    for name, language in _OTHER_LANGUAGES.items():
        if (folder / name).exists():
            raise UsageError(
                f"{folder} looks like {language}; the embedded endpoint runs Python handlers only.",
                next_step="Deploy it to AWS and tune it there with --function-arn.",
            )
    raise UsageError(
        f"There is no handler in {folder}.",
        next_step=(
            f"powertune looks for {' or '.join(_USUAL_FUNCTIONS)} in "
            f"{', '.join(module + '.py' for module in _USUAL_MODULES)}; name another as PATH:MODULE.FUNCTION."
        ),
    )


def _check_handler(folder: Path, handler: str) -> None:
    module, dot, function = handler.rpartition(".")
    if not dot or not module or not function:
        raise UsageError(f"'{handler}' is not a handler.", next_step="It looks like app.handler: MODULE.FUNCTION.")
    path = folder / (module.replace(".", "/") + ".py")
    if not path.is_file():
        raise UsageError(
            f"The handler {handler} needs a file {path.relative_to(folder)}, and {folder} has none.",
            next_step="Correct the handler; it looks like app.handler: MODULE.FUNCTION.",
        )
    names = _names_in(path)
    if function not in names and "*" not in names:
        raise UsageError(f"{path} defines no '{function}'.", next_step="Correct the handler.")


def _names_in(path: Path) -> set[str]:
    """The names that a module binds at its top level; ``*`` where it imports everything from somewhere."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path} is not Python: {error}.", next_step="Correct it.") from None
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
