"""Texts for a terminal whose encoding has ASCII alone."""

_WRITTEN = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "−": "-",
        "─": "-",
        "·": "-",
        "±": "+/-",
        "×": "x",
        "…": "...",
        "→": "->",
        "µ": "u",
        "¥": "Y ",
        "“": '"',
        "”": '"',
        "’": "'",
    }
)


def ascii_text(text: str) -> str:
    """The text in ASCII: ``104 +/- 3 us``. A character that has no such form is a question mark."""
    return text.translate(_WRITTEN).encode("ascii", "replace").decode("ascii")
