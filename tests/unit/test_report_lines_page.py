"""docs/report-lines.md, put through the reader: every form says what its row of the table says."""

import re
from pathlib import Path

import pytest
from report_texts import ID, OTHER_ID, TRACE

from powertune.measure.report_line import find_report, read_init_report, read_message

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "report-lines.md").read_text(encoding="utf-8")
READERS = {
    "find_report": lambda text: find_report(text, ID),
    "read_message": read_message,
    "read_init_report": read_init_report,
}
FIELDS = {
    "duration ms": "duration_ms",
    "billed ms": "billed_ms",
    "init ms": "init_ms",
    "restore ms": "restore_ms",
    "billed restore ms": "billed_restore_ms",
    "memory MB": "memory_mb",
    "max used MB": "max_memory_used_mb",
    "phase": "phase",
    "status": "status",
    "error type": "error_type",
    "trace": "trace_id",
    "misfit": "misfit",
}
ESCAPES = {r"\t": "\t", r"\r": "\r", r"\u2028": "\u2028", r"\\": "\\"}
FORM = re.compile(r"^\*\*(\d+)\. [^\n]+\*\*\n\n```(text|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def filled(text):
    return text.replace("<id>", ID).replace("<other-id>", OTHER_ID).replace("<trace>", TRACE)


def decoded(kind, text):
    if kind == "text":
        text = re.sub(r"\\(?:[tr\\]|u2028)", lambda match: ESCAPES[match[0]], text)
    return filled(text.replace("[cut]\n", "").replace("[cut]", ""))


def rows_of(section):
    table = [line for line in section.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {int(row[0]): dict(zip(header[1:], row[1:], strict=True)) for row in rows}


def forms():
    for section in PAGE.split("\n## "):
        title = section.split("\n", 1)[0]
        reader = re.search(r"\(`(\w+)`\)", title)
        if reader is None:
            assert not FORM.search(section), title
            continue
        rows, boxes = rows_of(section), FORM.findall(section)
        assert [int(number) for number, _, _ in boxes] == list(rows), title
        for number, kind, text in boxes:
            yield pytest.param(READERS[reader[1]], decoded(kind, text), rows[int(number)], id=number)


ALL = list(forms())


@pytest.mark.parametrize(("reader", "text", "row"), ALL)
def test_every_form_on_the_page_is_read_as_its_row_says(reader, text, row):
    found = reader(text)
    if "no record" in row.values():
        assert found is None
        return
    for column, cell in row.items():
        value = getattr(found, FIELDS[column])
        wanted = filled(cell.strip("`")) or None
        if isinstance(value, int | float) and wanted is not None:
            assert value == float(wanted), column
        else:
            assert value == wanted, column


def test_the_page_numbers_its_forms_and_shows_at_least_sixty():
    assert [int(param.id) for param in ALL] == list(range(1, len(ALL) + 1))
    assert len(ALL) >= 60


def test_the_page_has_a_column_for_every_field_of_a_record():
    header = next(line for line in PAGE.splitlines() if line.startswith("| # | duration"))
    columns = [cell.strip() for cell in header.strip("|").split("|")][1:]
    fields = {FIELDS[column] for column in columns}
    assert fields == set(find_report(f"REPORT RequestId: {ID}\t\n", ID).__slots__) - {"request_id"}
