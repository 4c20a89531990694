"""Data to JSON and back: the only module that knows the keys.

Schema history of ``result.json``:

* 1 (powertune 0.1): the first.

Decimals travel as strings, so that no money is ever rounded by a float; enums as their values; a function ARN as
its text. What is unknown is ``null``.
"""

import functools
import json
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from powertune.domain.function import FunctionArn
from powertune.domain.result import SCHEMA_VERSION, TuningResult
from powertune.errors import UsageError

T = TypeVar("T")


class WireError(ValueError):
    """The text is not the data that it should be; the message names the place."""


@functools.cache
def _converter() -> Any:
    import cattrs
    from cattrs.cols import homogenous_tuple_structure_factory
    from cattrs.strategies import configure_union_passthrough

    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    configure_union_passthrough(int | float | str | bool | None, converter)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: _decimal(value))
    converter.register_unstructure_hook(FunctionArn, str)
    converter.register_structure_hook(FunctionArn, lambda value, _: FunctionArn.parse(value))
    for kind in (int, str, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook(float, lambda value, _: _number(value))
    converter.register_structure_hook_factory(
        _is_homogeneous_tuple, lambda kind, maker: _from_a_list(homogenous_tuple_structure_factory(kind, maker))
    )
    return converter


def _is_homogeneous_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1:] == (Ellipsis,)


def _from_a_list(structure: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A text and an object can be gone through like a list too, and would be taken apart without a word."""

    def structure_list(value: Any, kind: Any) -> Any:
        if type(value) is not list:
            raise ValueError(f"expected a list, found {value!r}")
        return structure(value, kind)

    return structure_list


def _exactly(value: Any, kind: type[T]) -> T:
    if issubclass(kind, Enum):  # a StrEnum is a str too, and its hook is found under str
        return kind(value)
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, found {value!r}")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"expected a number, found {value!r}")
    if not abs(value) <= sys.float_info.max:  # as NaN, which compares with nothing
        raise ValueError("expected a finite number")
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(_exactly(value, str))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"expected a decimal number, found {value!r}")
    return number


def to_data(value: Any) -> Any:
    """Turn a dataclass of `powertune.domain` into dicts, lists, strings and numbers."""
    return _converter().unstructure(value)


def from_data(data: Any, kind: type[T]) -> T:
    """Turn decoded JSON back into a dataclass.

    Raises:
        WireError: something is missing, left over or of the wrong type; the text says where.
    """
    import cattrs

    try:
        structured: T = _converter().structure(data, kind)
    except cattrs.BaseValidationError as error:
        raise WireError("; ".join(cattrs.transform_error(error))) from None
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise WireError(str(error)) from None
    return structured


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Encode a dataclass as JSON text. NaN and infinities are refused: they are not JSON."""
    text = json.dumps(to_data(value), indent=indent, ensure_ascii=False, allow_nan=False)
    # Half a surrogate pair, as an error message may hold, cannot be written as UTF-8; its escape is JSON's as well.
    return text.encode("utf-8", "backslashreplace").decode()


def loads(text: str, kind: type[T]) -> T:
    """Decode JSON text into a dataclass.

    Raises:
        WireError: it is not JSON, or not that data.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise WireError(f"not JSON: {error}") from None
    return from_data(data, kind)


def read_result(path: Path) -> TuningResult:
    """Read a ``result.json``.

    Raises:
        UsageError: the file is missing, damaged, or of another schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", next_step="Give the path of a result.json.") from None
    try:
        data = json.loads(text)
        version = data.get("schema_version") if isinstance(data, dict) else None
        if isinstance(version, int) and version > SCHEMA_VERSION:
            raise UsageError(
                f"{path} was written by a newer powertune (schema {version}, this one reads {SCHEMA_VERSION}).",
                next_step="Update powertune.",
            )
        return from_data(data, TuningResult)
    except ValueError as error:
        raise UsageError(
            f"{path} is not a whole powertune result: {error}.",
            next_step="It may have been cut short or edited; make it anew with powertune run.",
        ) from None
