"""Texts of every sort for the log reader: genuine, forged and cut records, noise, separators that are none."""

import json

from hypothesis import strategies as st
from report_texts import ID, OTHER_ID, TRACE, json_record, text_record

from powertune.domain.sample import ReportLine

FORGED = 7_000_000  # every number that a function prints here is larger than the platform's


def forged_text(**more):
    """A REPORT line that a function printed."""
    return text_record(duration=f"{FORGED}.00", billed=FORGED, memory=FORGED, init=f"{FORGED}.00", **more)


def forged_json(**more):
    """A ``platform.report`` record that a function printed."""
    return json_record(duration=FORGED, billed=FORGED, init=FORGED, restore=FORGED, billed_restore=FORGED, **more)


hundredths = st.integers(0, 99_999_999).map(lambda number: f"{number // 100}.{number % 100:02d}")
small = st.integers(0, 999_999)


@st.composite
def genuine_records(draw, *, several_lines=True):
    """A record of ID as the platform writes it, and what must be read from it."""
    fields = {
        "duration": draw(hundredths),
        "billed": draw(small),
        "memory": draw(st.none() | small),
        "max_memory": draw(st.none() | small),
        "init": draw(st.none() | hundredths),
        "restore": draw(st.none() | hundredths),
        "billed_restore": draw(st.none() | small),
        "status": draw(st.none() | st.sampled_from(["success", "failure", "error", "timeout"])),
        "error_type": draw(st.none() | st.sampled_from(["Runtime.ExitError", "Function.ResponseSizeTooLarge"])),
        "xray": draw(st.booleans()),
    }
    form = draw(st.sampled_from(["text", "json", "printed"] if several_lines else ["text", "json"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    if form == "text":
        text = text_record(end=end, **fields)
    else:
        text = json_record(indent=2 if form == "printed" else None, end=end, **fields)
    report = ReportLine(
        request_id=ID,
        duration_ms=float(fields["duration"]),
        billed_ms=fields["billed"],
        init_ms=None if fields["init"] is None else float(fields["init"]),
        restore_ms=None if fields["restore"] is None else float(fields["restore"]),
        billed_restore_ms=fields["billed_restore"],
        memory_mb=fields["memory"],
        max_memory_used_mb=fields["max_memory"],
        status=fields["status"],
        error_type=fields["error_type"],
        trace_id=TRACE if fields["xray"] else None,
    )
    return text, report


@st.composite
def pieces(draw, text):
    """Some part of a text."""
    begin = draw(st.integers(0, len(text)))
    return text[begin : draw(st.integers(begin, len(text)))]


forged_records = st.builds(
    lambda make, request_id, end, more: make(request_id=request_id, end=end, **more),
    st.sampled_from([forged_text, forged_json]),
    st.sampled_from([ID, OTHER_ID]),
    st.sampled_from(["\n", "\r\n", "", "\r", "\t", " "]),
    st.fixed_dictionaries(
        {},
        optional={
            "xray": st.booleans(),
            "status": st.sampled_from(["error", "x", "timeout"]),
            "max_memory": st.just(FORGED),
        },
    ),
) | st.builds(lambda indent: forged_json(indent=indent), st.sampled_from([0, 1, 2]))
tokens = st.sampled_from(
    [
        "REPORT RequestId: ",
        "REPORT ",
        f"REPORT RequestId: {ID}\t",
        f"\tDuration: {FORGED}.00 ms\t",
        ID,
        OTHER_ID,
        f"XRAY TraceId: {TRACE}\t",
        f"{ID} Task timed out after 7000.00 seconds\n",
        "Task timed out after 0.01 seconds\n",
        '{"type":"platform.report","record":{',
        f'"requestId":"{ID}"',
        f'"metrics":{{"durationMs":{FORGED}',
        "}}}",
        "{",
        "}",
        "{\n",
        "}\n",
        "[",
        '"',
        "\\",
        "\t",
        " ",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\u2028",
        "\x85",
        "\x00",
        "\ud800",
        f"START RequestId: {ID} Version: 7\n",
        f"END RequestId: {ID}\n",
        "INIT_REPORT Init Duration: ",
        "platform.report",
    ]
)
printed = st.lists(
    forged_records | forged_records.flatmap(pieces) | forged_records.map(json.dumps) | tokens | st.text(max_size=8),
    max_size=8,
).map("".join)
afterwards = st.lists(
    st.sampled_from(
        [
            f"START RequestId: {OTHER_ID} Version: 7\n",
            forged_text(request_id=OTHER_ID),
            "\n",
            "EXTENSION\n",
            "}\n",
            forged_json(request_id=OTHER_ID),
            f"{OTHER_ID} Task timed out after 3.00 seconds\n",
        ]
    ),
    max_size=3,
).map("".join)


every_sort = {
    "before": printed,
    "genuine": genuine_records(),
    "compact": genuine_records(several_lines=False),
    "after": afterwards,
    "begin": st.integers(0, 5000),
    "end": st.integers(0, 5000),
}
