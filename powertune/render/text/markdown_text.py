"""Texts and tables in Markdown, from words that somebody else may have written.

GitHub, GitLab and chats make links, mentions, references, emojis and mathematics out of plain words, and do so after
the Markdown was read: a backslash does not keep ``@name`` from being called. What stands in a code span is left alone
by all of them. So ordinary words are written as they are, and every other word as code.
"""

import re
import unicodedata
from collections.abc import Sequence

from powertune.render.safe import cells, one_line

_PLAIN = frozenset(" .,;:!?'\"()%/+-=±×–—−…“”‘’°€¥$→")
"""What may stand in an ordinary word beside letters and digits."""
_MADE_INTO_SOMETHING = re.compile(
    r"://|www\."
    r"|[^\W_]\.[^\W\d_]{2,}"  # example.com
    r"|[^\W\d_]-\d"  # GH-12, and other trackers' names of issues
    r"|:[-+\w]+:"  # :smile:
    r"|![^\W_]"  # GitLab's !12
    r"|\$(?!\d)|[^\W_]\$"  # $mathematics$
    r"|^[0-9a-f]{7,40}\W*$",  # a commit
    re.IGNORECASE,
)
_BEGINS_A_BLOCK = re.compile(r"[-+=:]+|\d+[.)]")
_INSIDE_A_WORD = re.compile(r"(?<=[^\W_])_(?=[^\W_])")
"""An underscore as in x86_64, which emphasises nothing."""
_ENDS = re.compile(r"(\(?)(.+?)([.,;:!?)]*)", re.DOTALL)
_BACKTICKS = re.compile("`+")
_ISOLATE, _END_OF_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))


def plain(text: str, limit: int | None = None) -> str:
    """A text on one line, in which nothing is markup, HTML, a link or a mention.

    Words that a reader of Markdown might make into something else become code. A text with letters that run from
    right to left keeps its direction to itself.
    """
    words = one_line(text, limit).split(" ")
    parts: list[str] = []
    foreign: list[str] = []
    for place, word in enumerate(words):
        if _is_ordinary(word, first=place == 0):
            parts += [*_as_code(foreign), word]
            foreign = []
        else:
            foreign.append(word)
    return _isolated(" ".join((*parts, *_as_code(foreign))))


def code(text: str, limit: int | None = None) -> str:
    """A name or a message that somebody else gave, as code; empty for an empty text."""
    flat = one_line(text, limit)
    return _isolated(_span(flat)) if flat else ""


def bold(markdown: str) -> str:
    """Finished Markdown, in bold; empty for nothing."""
    return f"**{markdown}**" if markdown else ""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = ()) -> str:
    """A table of finished Markdown, with numbers to the right but for the columns ``left``.

    The columns are padded, so that it can be read where nothing renders it.
    """
    lines = [[_cell(text) for text in row] for row in (heads, *rows)]
    widths = [max(3, *(cells(line[at]) for line in lines)) for at in range(len(heads))]

    def padded(text: str, at: int) -> str:
        space = " " * (widths[at] - cells(text))
        return text + space if at in left else space + text

    rule = [("-" * width) if at in left else f"{'-' * (width - 1)}:" for at, width in enumerate(widths)]
    written = [[padded(text, at) for at, text in enumerate(line)] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in (written[0], rule, *written[1:]))


def _cell(markdown: str) -> str:
    """What may stand between two pipes.

    Readers differ in what they make of several backslashes before a pipe, so there is never more than the one.
    """
    return re.sub(r"\\+(?=\|)", lambda found: f"{found[0]} ", markdown).replace("|", "\\|")


def _is_ordinary(word: str, *, first: bool) -> bool:
    if first and _BEGINS_A_BLOCK.fullmatch(word):
        return False
    return all(map(_is_plain, _INSIDE_A_WORD.sub("", word))) and _MADE_INTO_SOMETHING.search(word) is None


def _is_plain(character: str) -> bool:
    return character in _PLAIN or character.isalnum() or unicodedata.category(character) in ("Mn", "Mc")


def _as_code(words: list[str]) -> list[str]:
    """Words as one code span, without the punctuation around them."""
    found = _ENDS.fullmatch(" ".join(words))
    return [f"{found[1]}{_span(found[2])}{found[3]}"] if found is not None else []


def _span(text: str) -> str:
    """A code span, in a fence longer than any in the text."""
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(text)), default=0) + 1)
    space = " " if text[0] == "`" or text[-1] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"


def _isolated(markdown: str) -> str:
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in markdown):
        return f"{_ISOLATE}{markdown}{_END_OF_ISOLATE}"
    return markdown
