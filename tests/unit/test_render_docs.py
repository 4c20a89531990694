import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from powertune.domain.result import SCHEMA_VERSION, TuningResult

PAGE = (Path(__file__).parents[2] / "docs" / "result.md").read_text(encoding="utf-8")
WRITTEN_AS_TEXT = {"FunctionArn"}


def classes(kind: Any, seen: set[type]) -> Iterator[type]:
    """Every dataclass and closed set that can occur in a result."""
    for inner in typing.get_args(kind):
        yield from classes(inner, seen)
    if not inspect.isclass(kind) or typing.get_origin(kind) is not None or kind in seen:
        return
    if issubclass(kind, StrEnum) or (dataclasses.is_dataclass(kind) and kind.__name__ not in WRITTEN_AS_TEXT):
        seen.add(kind)
        yield kind
        if dataclasses.is_dataclass(kind):
            for hint in typing.get_type_hints(kind).values():
                yield from classes(hint, seen)


def section(name: str) -> str:
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/result.md has no section '## {name}'"
    return found[1]


def test_the_page_names_every_field_of_a_result_and_no_other() -> None:
    for kind in classes(TuningResult, set()):
        if dataclasses.is_dataclass(kind):
            documented = re.findall(r"^\| `(\w+)` \|", section(kind.__name__), re.MULTILINE)
            assert documented == [field.name for field in dataclasses.fields(kind)], kind.__name__


def test_the_page_names_every_value_of_the_closed_sets() -> None:
    for kind in classes(TuningResult, set()):
        if issubclass(kind, StrEnum):
            documented = re.findall(r"^\| `\"([\w-]+)\"` \|", section(kind.__name__), re.MULTILINE)
            assert documented == [member.value for member in kind], kind.__name__


def test_the_page_is_about_the_present_schema() -> None:
    assert f"schema_version {SCHEMA_VERSION}" in PAGE


def described(hint: Any) -> set[str]:
    """What the page's column of types has to say of an annotation: null, a list, and the section to look up."""
    inner = [one for one in typing.get_args(hint) if one is not type(None) and one is not Ellipsis]
    if isinstance(hint, types.UnionType):
        return {"null"}.union(*map(described, inner))
    if typing.get_origin(hint) is tuple:
        return {"list"}.union(*map(described, inner))
    return {f"#{hint.__name__.lower()}"} if hint in SECTIONS else set()


SECTIONS = {kind for kind in classes(TuningResult, set()) if kind.__name__ not in WRITTEN_AS_TEXT}


def test_the_page_says_what_may_be_null_what_is_a_list_and_where_its_items_are_described() -> None:
    for kind in SECTIONS:
        if not dataclasses.is_dataclass(kind):
            continue
        hints = typing.get_type_hints(kind)
        for name, written in re.findall(r"^\| `(\w+)` \| ([^|]*) \|", section(kind.__name__), re.MULTILINE):
            said = set(re.findall(r"\bnull\b|\blist\b|#[a-z]+", written))
            assert said == described(hints[name]), f"{kind.__name__}.{name}: {written}"


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = {heading.lower().replace(" ", "-").replace(".", "") for heading in re.findall(r"^#+ (.*)$", PAGE, re.M)}
    assert set(re.findall(r"\(#([^)]+)\)", PAGE)) <= headings
