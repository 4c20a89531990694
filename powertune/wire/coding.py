"""Any dataclass of `powertune.domain` to JSON and back.

Decimals travel as strings, so that no money is ever rounded by a float; enums as their values; a function ARN as
its text. What is unknown is ``null``.
"""

import functools
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.sample import Sample
from powertune.errors import PowertuneError
from powertune.wire_samples import quick_samples

T = TypeVar("T")

_WORDS = {int: "a whole number", str: "a text", bool: "true or false"}
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LONGEST_SHOWN = 60
_MOST_SAID = 5


class WireError(ValueError):
    """The text is not the data that it should be.

    The message names the places, such as ``$.samples[3].cold``, and what stands there where that is short.
    """


@functools.cache
def _converter() -> Any:
    import cattrs
    from cattrs.cols import homogenous_tuple_structure_factory
    from cattrs.gen import make_dict_structure_fn

    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: _decimal(value))
    for kind in (int, str, bool):
        converter.register_structure_hook(kind, exactly)
    converter.register_structure_hook(float, lambda value, _: _number(value))
    # A text or an object can be gone through like a list, and a text has no keys to miss: all would be taken apart
    # without a word.
    converter.register_structure_hook_factory(
        _is_homogeneous_tuple,
        lambda kind, maker: _only(list, "a list", homogenous_tuple_structure_factory(kind, maker)),
    )
    converter.register_structure_hook_factory(lambda kind: kind == tuple[Sample, ...], _quick_or_with_complaints)
    converter.register_structure_hook_factory(
        _is_dict, lambda kind, maker: _only(dict, "an object", maker.gen_structure_mapping(kind))
    )
    converter.register_structure_hook_factory(
        is_dataclass, lambda kind, maker: _only(dict, "an object", make_dict_structure_fn(kind, maker))
    )
    converter.register_unstructure_hook(FunctionArn, str)
    converter.register_structure_hook(FunctionArn, lambda value, _: FunctionArn.parse(exactly(value, str)))
    as_it_stands = converter.get_structure_hook(Payload)
    converter.register_structure_hook(Payload, lambda value, kind: _payload(as_it_stands(value, kind)))
    return converter


def _is_homogeneous_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[-1:] == (Ellipsis,)


def _quick_or_with_complaints(kind: Any, maker: Any) -> Callable[[Any, Any], Any]:
    from cattrs.cols import homogenous_tuple_structure_factory

    slowly = _only(list, "a list", homogenous_tuple_structure_factory(kind, maker))

    def structure(value: Any, kind: Any) -> Any:
        found = quick_samples(value) if type(value) is list else None
        return slowly(value, kind) if found is None else found

    return structure


def _is_dict(kind: Any) -> bool:
    return get_origin(kind) is dict


def _only(form: type, words: str, structure: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def structure_form(value: Any, kind: Any) -> Any:
        if type(value) is not form:
            raise unexpected(words, value)
        return structure(value, kind)

    return structure_form


def exactly(value: Any, kind: type[T]) -> T:
    """A value that is of a kind already; of an enum its member.

    Raises:
        ValueError: it is something else.
    """
    if issubclass(kind, Enum):  # a StrEnum is a str too, and its hook is found under str
        if not isinstance(value, str) or value not in [member.value for member in kind]:
            raise unexpected(" or ".join(member.value for member in kind), value)
        return kind(value)
    if type(value) is not kind:
        raise unexpected(_WORDS[kind], value)
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise unexpected("a number", value)
    if not abs(value) <= sys.float_info.max:  # as NaN, which compares with nothing
        raise unexpected("a finite number", value)
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        if type(value) is str and _DECIMAL.fullmatch(value):
            return Decimal(value)
    except InvalidOperation:  # an exponent that no decimal has
        pass
    raise unexpected("a decimal number as a text", value)


def _payload(payload: Payload) -> Payload:
    if payload.text is not None and Payload.of(payload.text, payload.weight) != payload:
        raise ValueError("sha256 and size_bytes are not those of the text")
    return payload


def unexpected(words: str, value: Any) -> ValueError:
    """That something else stood there, which is shown where it is short."""
    return ValueError(f"expected {words}, found {_shown(value)}")


def _shown(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (RecursionError, TypeError, ValueError):
        text = ""
    if text and len(text) <= _LONGEST_SHOWN:
        return _writable(text)
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    return _writable(text[: _LONGEST_SHOWN - 1]) + "…" if text else f"a {type(value).__name__}"


def _writable(text: str) -> str:
    """Half a surrogate pair, as an error message may hold, cannot be written as UTF-8; its escape is JSON's as well."""
    return text.encode("utf-8", "backslashreplace").decode()


def to_data(value: Any) -> Any:
    """Turn a dataclass of `powertune.domain` into dicts, lists, strings and numbers."""
    return _converter().unstructure(value)


def without_unasked(data: dict[str, Any], kind: type) -> dict[str, Any]:
    """The data of a dataclass without the fields that are null where null is what leaving them out means.

    A reader that does not know a field yet understands all that does not use it.
    """
    unasked = {one.name for one in fields(kind) if one.default is None}
    return {name: value for name, value in data.items() if value is not None or name not in unasked}


def from_data(data: Any, kind: type[T]) -> T:
    """Turn decoded JSON back into a dataclass.

    Raises:
        WireError: something is missing, left over, of the wrong type or refused; the text says where.
    """
    try:
        structured: T = _converter().structure(data, kind)
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError, PowertuneError, ExceptionGroup) as error:
        raise _refusal(list(_complaints(error, "$"))) from None
    return structured


def _refusal(said: list[str]) -> WireError:
    more = f"; and {len(said) - _MOST_SAID} more" if len(said) > _MOST_SAID else ""
    return WireError("; ".join(said[:_MOST_SAID]) + more)


def refuse_wrong(found: Iterator[str]) -> None:
    """Refuses data of which something was found to be wrong.

    Raises:
        WireError: there is such a thing.
    """
    said = [_writable(one) for one in found]
    if said:
        raise _refusal(said)


def _complaints(error: BaseException, place: str) -> Iterator[str]:
    """What is wrong and where, from the groups in which cattrs collects it."""
    import cattrs

    if not isinstance(error, cattrs.BaseValidationError):
        yield f"{place}: {complaint(error)}"
        return
    for inner in error.exceptions:
        where = place
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                where = f"{place}.{note.name}"
            elif isinstance(note, cattrs.IterableValidationNote):
                where = f"{place}[{note.index!r}]"
        yield from _complaints(inner, where)


def complaint(error: BaseException) -> str:
    """What an error says of the place where it was found."""
    import cattrs

    if isinstance(error, KeyError):
        return "it is missing"
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown fields: {', '.join(_shown(name) for name in sorted(error.extra_fields))}"
    if isinstance(error, PowertuneError):
        return _writable(" ".join(part for part in (error.message, error.next_step) if part))
    return _writable(str(error))


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Encode a dataclass as JSON text. NaN and infinities are refused: they are not JSON.

    An integer of another kind, such as numpy's, is written like one of Python's: a run that was paid for must not
    fail here.
    """
    text = json.dumps(to_data(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return _writable(text)


def loads(text: str, kind: type[T]) -> T:
    """Decode JSON text into a dataclass.

    Raises:
        WireError: it is not JSON, or not that data.
    """
    return from_data(decoded(text), kind)


def decoded(text: str) -> Any:
    """The data of a JSON text.

    Raises:
        WireError: it is not JSON.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise WireError("not JSON that can be read: it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise WireError(f"not JSON: {error}") from None
    except ValueError:  # more digits than Python takes
        raise WireError("a number in it has thousands of digits, as none that powertune writes") from None
