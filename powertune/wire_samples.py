"""Samples from JSON, quickly and a part at a time: of a large result nearly all is samples.

Nothing here complains. What is not as powertune writes it gives None, and is left to `powertune.wire`, which is slower
and says what is wrong and where.
"""

import gc
import json
import sys
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from enum import Enum
from functools import cache
from typing import Any

from powertune.domain.sample import Sample, TraceParts

_MARK = "powertune reads the samples apart from the rest"
_BEGIN, _BETWEEN, _END = '\n "samples": [\n', "\n  },\n", "\n ]"
"""As ``dumps`` with an indent of one writes them. JSON has no line ends in its texts, so these are not part of one."""
_CHUNK = 1 << 21
_ONE_OF_A_KIND = frozenset({"request_id", "trace_id"})

_Column = list[Any]


@dataclass(frozen=True, slots=True)
class Apart:
    """The text of a result in two: where its samples stand in it, and all else, with a mark in their place."""

    text: str
    begin: int
    end: int

    @property
    def rest(self) -> str:
        """The result without its samples."""
        return f"{self.text[: self.begin - 2]}{json.dumps(_MARK)}{self.text[self.end + len(_END) :]}"

    def is_whole(self, data: Any) -> bool:
        """Whether the decoded rest has the mark where a result has its samples."""
        return isinstance(data, dict) and data.get("samples") == _MARK

    def samples(self) -> tuple[Sample, ...] | None:
        """The samples; None where one of them is not as it should be."""
        found: list[Sample] = []
        known: dict[Any, Any] = {}
        with _uncollected():
            for part in self._parts():
                try:
                    decoded = json.loads(f"[{part}]")
                except (ValueError, RecursionError):
                    return None
                some = quick_samples(decoded, known)
                if some is None:
                    return None
                found += some
        return tuple(found)

    def _parts(self) -> Iterator[str]:
        at = self.begin
        while at < self.end:
            cut = self.end if self.end - at <= _CHUNK else self.text.find(_BETWEEN, at + _CHUNK, self.end)
            if cut < 0 or cut == self.end:
                yield self.text[at : self.end]
                return
            yield self.text[at : cut + len(_BETWEEN) - 2]
            at = cut + len(_BETWEEN)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for cycles of garbage: there are none, and that takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def apart(text: str) -> Apart | None:
    """Find the samples of a result; None where the text does not have the form in which powertune writes it."""
    begin = text.find(_BEGIN)
    end = text.find(_END, begin) if begin >= 0 else -1
    return Apart(text, begin + len(_BEGIN), end) if end >= 0 else None


def quick_samples(values: Sequence[Any], known: dict[Any, Any] | None = None) -> tuple[Sample, ...] | None:
    """Samples from decoded objects; None where one is not exactly as it should be.

    ``known`` keeps the texts that come again and again, so that each is in memory once.
    """
    found = _objects(Sample, values, {} if known is None else known)
    return None if found is None else tuple(found)


def _objects(kind: type, values: Sequence[Any], known: dict[Any, Any]) -> list[Any] | None:
    """Objects of a flat dataclass, field by field: checking a whole column at a time is quick."""
    if not values:
        return []
    if set(map(type, values)) != {dict}:
        return None
    names = tuple(values[0])
    columns, required = _columns(kind)
    keys = values[0].keys()
    if not (required <= keys <= columns.keys()) or any(value.keys() != keys for value in values):
        return None
    try:
        made = [columns[name]([value[name] for value in values], known) for name in names]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not names:
        return [kind() for _ in values]
    return [kind(**dict(zip(names, row, strict=True))) for row in zip(*made, strict=True)]


@cache
def _columns(kind: type) -> tuple[dict[str, Callable[[_Column, dict[Any, Any]], _Column]], frozenset[str]]:
    """How the values of each field are checked and converted, and which fields an object must have."""
    hints = typing.get_type_hints(kind)
    required = {field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING}
    return {field.name: _column(field.name, hints[field.name]) for field in fields(kind)}, frozenset(required)


def _column(name: str, hint: Any) -> Callable[[_Column, dict[Any, Any]], _Column]:
    options = set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}
    missing = {type(None)} & options
    (kind,) = options - missing
    if typing.get_origin(kind) is tuple:
        return _lists(typing.get_args(kind)[0])
    if issubclass(kind, Enum):
        members = {member.value: member for member in kind}
        return lambda values, _: [members[value] for value in values]
    if kind is TraceParts:
        return _parts
    if kind is float:
        return lambda values, _: _floats(values, missing)
    keep = kind is str and name not in _ONE_OF_A_KIND
    allowed = {kind, *missing}
    return lambda values, known: _exactly(values, allowed, known if keep else None)


def _exactly(values: _Column, allowed: set[type], known: dict[Any, Any] | None) -> _Column:
    if not allowed.issuperset(map(type, values)):
        raise TypeError
    return values if known is None else [known.setdefault(value, value) for value in values]


def _floats(values: _Column, missing: set[type]) -> _Column:
    found = set(map(type, values))
    if not found <= {float, int, *missing}:
        raise TypeError
    if int in found:
        values = [float(value) if type(value) is int else value for value in values]
    most = sys.float_info.max
    if not all(value is None or -most <= value <= most for value in values):
        raise ValueError
    return values


def _lists(kind: Any) -> Callable[[_Column, dict[Any, Any]], _Column]:
    """Lists of texts or of an enum's values, few of them different."""
    members = {member.value: member for member in kind} if issubclass(kind, Enum) else None

    def made(value: Any, known: dict[Any, Any]) -> tuple[Any, ...]:
        if type(value) is not list:
            raise TypeError
        key = (kind, *value)
        if key not in known:
            if not {str}.issuperset(map(type, value)):
                raise TypeError
            known[key] = tuple(value if members is None else (members[one] for one in value))
        found: tuple[Any, ...] = known[key]
        return found

    return lambda values, known: [made(value, known) for value in values]


def _parts(values: _Column, known: dict[Any, Any]) -> _Column:
    there = [value for value in values if value is not None]
    found = _objects(TraceParts, there, known)
    if found is None:
        raise TypeError
    each = iter(found)
    return [None if value is None else next(each) for value in values]
