"""``result.json``: its schemas, and how those of before are read.

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
* 6: ``check`` says what a comparison of two versions found, and ``request.check`` what was asked of it. Nothing of
  schema 5 has changed.

`read_result` takes all of them. Of a file of schema 1 it keeps the event's hash and size and drops the text; what an
earlier schema did not say has its default, so a run of before was a grid of which nothing is claimed.
"""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from powertune.domain.payload import Payload
from powertune.domain.request import MAX_SIZES_AT_ONCE
from powertune.domain.result import SCHEMA_VERSION, TuningResult
from powertune.domain.result_checks import contradictions
from powertune.domain.sample import Sample
from powertune.errors import PowertuneError, UsageError
from powertune.wire.coding import WireError, complaint, decoded, exactly, from_data, refuse_wrong, to_data, unexpected
from powertune.wire.files import text_of
from powertune.wire_samples import apart


def read_result(path: Path) -> TuningResult:
    """Read a ``result.json`` of this schema or an earlier one.

    Raises:
        UsageError: the file is missing, damaged, or of a newer schema.
    """
    return result_from_text(text_of(path), str(path))


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
            refuse_wrong(contradictions(whole, samples=samples))
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
            data = decoded(pieces.rest)
            if pieces.is_whole(data) and (found := pieces.samples() if samples else ()) is not None:
                return {**data, "samples": []}, found
    return decoded(text), None


def _without_samples(data: dict[str, Any]) -> dict[str, Any]:
    beside = data.get("architectures")
    if isinstance(beside, list):
        runs = [{**run, "samples": []} if isinstance(run, dict) else run for run in beside]
        data = {**data, "architectures": runs}
    return {**data, "samples": []} if isinstance(data.get("samples"), list) else data


def _schema_version(data: Any) -> int:
    if type(data) is not dict:
        raise WireError(f"$: {unexpected('an object', data)}")
    if "schema_version" not in data:
        raise WireError("$.schema_version: it is missing")
    version = data["schema_version"]
    if type(version) is not int or version < 1:
        raise WireError(f"$.schema_version: {unexpected(f'a schema from 1 to {SCHEMA_VERSION}', version)}")
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
        payload = Payload.of(exactly(request["payload"], str)).without_text()
    except (ValueError, PowertuneError) as error:
        raise WireError(f"$.request.payload: {complaint(error)}") from None
    rest = {name: value for name, value in request.items() if name != "payload"}
    # So many memory sizes were invoked at the same time, whatever the request.
    known = {"payloads": [to_data(payload)], "sizes_at_once": MAX_SIZES_AT_ONCE}
    return {**data, "request": {**known, **rest}}
