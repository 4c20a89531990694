"""The events that options give: as text, in a file, or in S3."""

import sys
from pathlib import Path
from typing import Any

from powertune.domain.payload import Payload, PayloadForm, PayloadUse
from powertune.domain.payload_list import payloads_from_list
from powertune.errors import UsageError


def payload_arguments(options: dict[str, Any], default: str | None) -> dict[str, Any]:
    """What the options say of a request's events; ``default`` is the event where none does.

    Raises:
        UsageError: they contradict each other, or a file cannot be read.
    """
    given = [name for name in ("payload", "payloads", "payload_s3") if options[name] is not None]
    if len(given) > 1:
        raise UsageError(
            f"--{given[0].replace('_', '-')} and --{given[1].replace('_', '-')} both give the event.",
            next_step="Leave one of them out.",
        )
    once = {"payload_use": PayloadUse.ONCE} if options.get("each_payload_once") else {}
    if options["payload_s3"] is not None:
        return {
            "payloads": (),
            "payload_s3": options["payload_s3"],
            "payload_form": _form(options["payload_s3"]),
            **once,
        }
    if options["payloads"] is not None:
        payloads, use = payloads_from_list(text_of(options["payloads"], "--payloads"))
        return {"payloads": payloads, "payload_use": use, **once}
    text = options["payload"]
    if text is None:
        text = default or "{}"
    elif text.startswith("@"):
        text = text_of(Path(text[1:]), "--payload")
    return {"payloads": (Payload.of(text),), **once}


def _form(url: str) -> PayloadForm:
    return PayloadForm.LIST if url.endswith((".jsonl", ".ndjson")) else PayloadForm.EVENT


def text_of(path: Path, option: str) -> str:
    """The text of a file that an option names; of standard input for ``-``.

    Raises:
        UsageError: it cannot be read.
    """
    if str(path) == "-":
        return sys.stdin.read()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The file {path} cannot be read: {error}.", next_step=f"Correct {option}.") from None
