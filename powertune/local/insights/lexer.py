"""Cuts a query into tokens, on demand: whether a slash begins a regex only the parser knows."""

import re
from dataclasses import dataclass
from enum import StrEnum

from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.functions import DURATION_MS


class Kind(StrEnum):
    """What a token is."""

    NAME = "name"
    QUOTED = "quoted name"
    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    SIGN = "sign"
    END = "end of the query"


@dataclass(frozen=True, slots=True)
class Token:
    """A token: ``text`` without quotes, ``start`` and ``end`` as offsets in the query."""

    kind: Kind
    text: str
    start: int
    end: int


_SPACE = re.compile(r"(?:\s|#[^\n]*)+", re.ASCII)
_TOKEN = re.compile(
    rf"(?P<duration>\d+(?:{'|'.join(DURATION_MS)})\b)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[@A-Za-z_][@A-Za-z0-9_]*(?:\.[@A-Za-z0-9_]+)*)"
    r"|`(?P<quoted>[^`]+)`"
    r"|(?P<sign>!=|<=|>=|=~|[=<>(),|*+\-/%^\[\]])",
    re.ASCII,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class Lexer:
    """Tokens of one query."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._position = 0
        self._next: Token | None = None

    @property
    def position(self) -> int:
        """Where the last token that was taken ends."""
        return self._position

    def peek(self) -> Token:
        """The next token, left where it is."""
        if self._next is None:
            self._next = self._read()
        return self._next

    def take(self) -> Token:
        """The next token."""
        token = self.peek()
        self._next = None
        self._position = token.end
        return token

    def take_regex(self) -> str | None:
        """A regex between slashes, if one comes next; its text without them."""
        start = self.start_of_next()
        if self.text[start : start + 1] != "/":
            return None
        end = start + 1
        in_class = False
        while end < len(self.text):
            char = self.text[end]
            if char == "\\":
                end += 2
                continue
            if char == "[":
                in_class = True
            elif char == "]":
                in_class = False
            elif char == "/" and not in_class:
                self._next = None
                self._position = end + 1
                return self.text[start + 1 : end]
            end += 1
        raise MalformedQuery("a regular expression is not closed", start)

    def start_of_next(self) -> int:
        """Where the next token begins."""
        match = _SPACE.match(self.text, self._position)
        return match.end() if match else self._position

    def _read(self) -> Token:
        start = self.start_of_next()
        if start >= len(self.text):
            return Token(Kind.END, "", start, start)
        if self.text[start] in "\"'":
            return self._string(start)
        match = _TOKEN.match(self.text, start)
        if match is None or match.lastgroup is None:
            raise MalformedQuery(f"unexpected character {self.text[start]!r}", start)
        after = self.text[match.end() : match.end() + 1]
        if match.lastgroup == "number" and (after.isalpha() or after == "_"):
            raise MalformedQuery(f"'{match[0]}{after}…' is neither a number nor a length of time", start)
        kind = {"quoted": Kind.QUOTED}.get(match.lastgroup) or Kind(match.lastgroup)
        return Token(kind, match[match.lastgroup], start, match.end())

    def _string(self, start: int) -> Token:
        quote = self.text[start]
        end = start + 1
        while end < len(self.text) and self.text[end] != quote:
            end += 2 if self.text[end] == "\\" else 1
        if end >= len(self.text):
            raise MalformedQuery("a string is not closed", start)
        return Token(Kind.STRING, _ESCAPE.sub(r"\1", self.text[start + 1 : end]), start, end + 1)
