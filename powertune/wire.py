"""Data to JSON and back: the only module that knows the keys.

Schema history of ``result.json``:

* 1: the first. ``request.payload`` is the event itself, as text.
* 2: ``request.payloads`` has each event's hash and size, and its text only where the user wanted it kept. New is all
  that has a default in the dataclasses of `powertune.domain` and is not in tests/data/result-schema-1.json: what
  further options ask for, what was applied, the cost and latency of cold starts, drift, the lines of the spend, more
  rates of the price, and of each sample its payload, its time and where its record contradicts itself.
* 3: ``search`` says how the memory sizes were gone through, how sure the answer is and what else the run can answer;
  ``request`` has what a search is asked for: kind, latency target, headroom, risk, limits and what an earlier run
  measured. Nothing of schema 2 has changed: see tests/data/result-schema-2.json.
* 4: ``request`` has what is asked of a canary, of a clone and of its instruction set, and the role that leads to the
  function. ``function`` says whether a clone was measured; ``canary``, ``architectures`` and ``comparison`` are new.
  Nothing of schema 3 has changed.
* 5: ``traffic`` says how often the function is invoked in a month, and ``request.monthly_invocations`` whether the user
  gave that. Nothing of schema 4 has changed.

`read_result` takes all of them. Of a file of schema 1 it keeps the event's hash and size and drops the text; what an
earlier schema did not say has its default, so a run of before was a grid of which nothing is claimed.

Decimals travel as strings, so that no money is ever rounded by a float; enums as their values; a function ARN as
its text. What is unknown is ``null``.
"""

import contextlib
import functools
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from powertune.domain.function import FunctionArn
from powertune.domain.payload import Payload
from powertune.domain.request import MAX_SIZES_AT_ONCE
from powertune.domain.result import SCHEMA_VERSION, TuningResult
from powertune.domain.result_checks import contradictions
from powertune.domain.sample import Sample
from powertune.errors import PowertuneError, UsageError
from powertune.wire_samples import apart, quick_samples

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
        converter.register_structure_hook(kind, _exactly)
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
    converter.register_structure_hook(FunctionArn, lambda value, _: FunctionArn.parse(_exactly(value, str)))
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
            raise _unexpected(words, value)
        return structure(value, kind)

    return structure_form


def _exactly(value: Any, kind: type[T]) -> T:
    if issubclass(kind, Enum):  # a StrEnum is a str too, and its hook is found under str
        if not isinstance(value, str) or value not in [member.value for member in kind]:
            raise _unexpected(" or ".join(member.value for member in kind), value)
        return kind(value)
    if type(value) is not kind:
        raise _unexpected(_WORDS[kind], value)
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise _unexpected("a number", value)
    if not abs(value) <= sys.float_info.max:  # as NaN, which compares with nothing
        raise _unexpected("a finite number", value)
    return float(value)


def _decimal(value: Any) -> Decimal:
    try:
        if type(value) is str and _DECIMAL.fullmatch(value):
            return Decimal(value)
    except InvalidOperation:  # an exponent that no decimal has
        pass
    raise _unexpected("a decimal number as a text", value)


def _payload(payload: Payload) -> Payload:
    if payload.text is not None and Payload.of(payload.text, payload.weight) != payload:
        raise ValueError("sha256 and size_bytes are not those of the text")
    return payload


def _unexpected(words: str, value: Any) -> ValueError:
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


def _refuse_wrong(found: Iterator[str]) -> None:
    said = [_writable(one) for one in found]
    if said:
        raise _refusal(said)


def _complaints(error: BaseException, place: str) -> Iterator[str]:
    """What is wrong and where, from the groups in which cattrs collects it."""
    import cattrs

    if not isinstance(error, cattrs.BaseValidationError):
        yield f"{place}: {_complaint(error)}"
        return
    for inner in error.exceptions:
        where = place
        for note in getattr(inner, "__notes__", ()):
            if isinstance(note, cattrs.AttributeValidationNote):
                where = f"{place}.{note.name}"
            elif isinstance(note, cattrs.IterableValidationNote):
                where = f"{place}[{note.index!r}]"
        yield from _complaints(inner, where)


def _complaint(error: BaseException) -> str:
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
    return from_data(_decoded(text), kind)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise WireError("not JSON that can be read: it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise WireError(f"not JSON: {error}") from None
    except ValueError:  # more digits than Python takes
        raise WireError("a number in it has thousands of digits, as none that powertune writes") from None


def read_result(path: Path) -> TuningResult:
    """Read a ``result.json`` of this schema or an earlier one.

    Raises:
        UsageError: the file is missing, damaged, or of a newer schema.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", next_step="Give the path of a result.json.") from None
    return result_from_text(text, str(path))


def result_from_text(text: str, called: str, *, samples: bool = True, checked: bool = True) -> TuningResult:
    """Read the text of a ``result.json`` of this schema or an earlier one; ``called`` is where it comes from.

    Without ``samples`` they are left out, unseen: most of a result is samples, and a history needs none. A run that
    reads back what it wrote itself leaves its figures unchecked: its answer was paid for.

    Raises:
        UsageError: it is damaged, of a newer schema, or its figures contradict each other.
    """
    try:
        data, found = _decoded_apart(text, samples=samples)
        version = _schema_version(data)
        if version > SCHEMA_VERSION:
            raise UsageError(
                f"{called} was written by a newer powertune (schema {version}, this one reads up to {SCHEMA_VERSION}).",
                next_step="Update powertune.",
            )
        known = _from_schema_1(data) if version == 1 else data
        if type(known.get("report")) is str:  # which `run --json` prints beside the result
            known = {name: value for name, value in known.items() if name != "report"}
        if not samples:
            known = _without_samples(known)
        result = from_data({**known, "schema_version": SCHEMA_VERSION}, TuningResult)
        whole = result if found is None else replace(result, samples=found)
        if checked:
            _refuse_wrong(contradictions(whole, samples=samples))
        return whole
    except WireError as error:
        raise UsageError(
            f"{called} is not a whole powertune result: {error}.",
            next_step="It may have been cut short or edited; make it anew with powertune run.",
        ) from None


def _decoded_apart(text: str, *, samples: bool) -> tuple[Any, tuple[Sample, ...] | None]:
    """The decoded text, and its samples where they could be read apart from it: then there are none in it.

    A large result would need several times its memory as dicts.
    """
    pieces = apart(text)
    if pieces is not None:
        with contextlib.suppress(WireError):
            data = _decoded(pieces.rest)
            if pieces.is_whole(data) and (found := pieces.samples() if samples else ()) is not None:
                return {**data, "samples": []}, found
    return _decoded(text), None


def _without_samples(data: dict[str, Any]) -> dict[str, Any]:
    beside = data.get("architectures")
    if isinstance(beside, list):
        runs = [{**run, "samples": []} if isinstance(run, dict) else run for run in beside]
        data = {**data, "architectures": runs}
    return {**data, "samples": []} if isinstance(data.get("samples"), list) else data


def _schema_version(data: Any) -> int:
    if type(data) is not dict:
        raise WireError(f"$: {_unexpected('an object', data)}")
    if "schema_version" not in data:
        raise WireError("$.schema_version: it is missing")
    version = data["schema_version"]
    if type(version) is not int or version < 1:
        raise WireError(f"$.schema_version: {_unexpected(f'a schema from 1 to {SCHEMA_VERSION}', version)}")
    return version


def _from_schema_1(data: dict[str, Any]) -> dict[str, Any]:
    request = data.get("request")
    if type(request) is not dict:
        return data  # and is refused for its request
    if "payload" not in request:
        raise WireError("$.request.payload: it is missing")
    if "payloads" in request:
        raise WireError('$.request: unknown fields: "payloads"')
    try:
        payload = Payload.of(_exactly(request["payload"], str)).without_text()
    except (ValueError, PowertuneError) as error:
        raise WireError(f"$.request.payload: {_complaint(error)}") from None
    rest = {name: value for name, value in request.items() if name != "payload"}
    # So many memory sizes were invoked at the same time, whatever the request.
    known = {"payloads": [to_data(payload)], "sizes_at_once": MAX_SIZES_AT_ONCE}
    return {**data, "request": {**known, **rest}}
