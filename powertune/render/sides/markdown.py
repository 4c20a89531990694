"""Runs side by side in Markdown."""

from collections.abc import Iterator

from powertune.domain.side_by_side import DifferenceKind, SideBySide
from powertune.render import figures
from powertune.render.sides import words
from powertune.render.text.markdown_text import bold, code, plain, table

_LONGEST_TEXT = 600
_LONGEST_VALUE = 120
_MOST_ROWS = 96


def sides_markdown(compared: SideBySide) -> str:
    """The answer in bold, the runs, what differs between them, and a table of the memory sizes that they share."""
    parts = [
        bold(plain(words.answer(compared), _LONGEST_TEXT)),
        "\n\n".join(plain(text, _LONGEST_TEXT) for text in words.places(compared)),
        "\n".join(f"- {plain(text, _LONGEST_TEXT)}" for text in words.details(compared)),
        "\n".join(_runs(compared)),
        "\n".join(_differences(compared)),
        _sizes(compared),
        " ".join(plain(text, _LONGEST_TEXT) for text in (*words.alone(compared), words.WHAT_IT_IS)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _runs(compared: SideBySide) -> Iterator[str]:
    for run in compared.runs:
        said, about = plain(run.sentence, _LONGEST_TEXT), plain(", ".join(words.about(run)), _LONGEST_TEXT)
        yield f"- {bold(plain(run.label))}: {said} ({about})"


def _differences(compared: SideBySide) -> Iterator[str]:
    for difference in compared.differences:
        warned = difference.kind is DifferenceKind.CONDITION
        values = (
            f"{plain(labels)} {code(value, _LONGEST_VALUE)}" for labels, value in words.grouped(compared, difference)
        )
        yield f"- {bold('Not alike in') if warned else 'Differs:'} {plain(difference.what)}: {', '.join(values)}"


def _sizes(compared: SideBySide) -> str:
    rows = list(words.rows(compared))[:_MOST_ROWS]
    if not rows:
        return ""
    heads = ("Memory", "Run", *words.titles(compared), "")
    lines = []
    for row in rows:
        memory = figures.memory(row.memory_mb) if row.run == 0 else ""
        texts = ["", *[""] * (len(row.texts) - 1)] if row.state else [plain(text) for text in row.texts]
        said = plain(row.state, _LONGEST_VALUE) if row.state else bold("recommended") if row.recommended else ""
        lines.append((memory, plain(compared.runs[row.run].label), *texts, said))
    shown = table(heads, lines, left=(1, len(heads) - 1))
    left_out = len(compared.sizes_mb) * len(compared.runs) - len(rows)
    return f"{shown}\n\n{figures.plural(left_out, 'more row')} in the other forms." if left_out else shown
