"""Reads a query, and refuses whatever the engine would not answer rightly."""

import re
from collections.abc import Callable

from powertune.local.insights.checks import has_aggregate, is_aggregated, is_condition
from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.expressions import ExpressionReader
from powertune.local.insights.lexer import Kind
from powertune.local.insights.regex import compile_regex
from powertune.local.insights.syntax import (
    Command,
    Dedup,
    Expression,
    Field,
    Fields,
    Filter,
    Item,
    Limit,
    Parse,
    Sort,
    Stats,
)

MAX_QUERY = 10_000
MAX_LIMIT = 100_000
"""Most rows of a query (botocore's logs model, StartQuery)."""


def parse_query(query: str) -> tuple[Command, ...]:
    """Read a query.

    Raises:
        MalformedQuery: it is not understood, or asks for something that is not supported.
    """
    if len(query) > MAX_QUERY:
        raise MalformedQuery(f"a query has at most {MAX_QUERY} characters", MAX_QUERY)
    return _Parser(query).query()


class _Parser(ExpressionReader):
    def __init__(self, query: str) -> None:
        super().__init__(query)
        self._commands: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._items(), only=False),
            "display": lambda: Fields(self._items(), only=True),
            "filter": self._filter,
            "parse": self._parse,
            "stats": self._stats,
            "sort": self._sort,
            "limit": self._limit,
            "dedup": self._dedup,
        }

    def query(self) -> tuple[Command, ...]:
        commands = [self._command()]
        while self._sign("|"):
            start = self._lexer.start_of_next()
            command = self._command()
            # AWS docs, CWL_QuerySyntax-Dedup.
            if any(isinstance(before, Dedup) for before in commands) and not isinstance(command, Limit):
                raise MalformedQuery("nothing but limit may follow dedup", start)
            commands.append(command)
        end = self._lexer.take()
        if end.kind is not Kind.END:
            raise MalformedQuery(f"unexpected {end.text!r}", end.start)
        return tuple(commands)

    def _command(self) -> Command:
        token = self._lexer.take()
        command = self._commands.get(token.text.lower()) if token.kind is Kind.NAME else None
        if command is None:
            raise MalformedQuery(f"{token.text or str(token.kind)!r} is not a supported command", token.start)
        return command()

    # --- commands -----------------------------------------------------------------------------------------

    def _filter(self) -> Filter:
        start = self._lexer.peek().start
        self._operators = 0
        condition = self._or()
        if not is_condition(condition):
            raise MalformedQuery("filter needs a condition", start)
        return Filter(condition)

    def _parse(self) -> Parse:
        source = Field(self._name())
        start = self._lexer.start_of_next()
        regex = self._lexer.take_regex()
        if regex is not None:
            pattern = compile_regex(regex, start)
            names = tuple(sorted(pattern.groupindex, key=pattern.groupindex.__getitem__))
            if not names or pattern.groups != len(names):
                raise MalformedQuery("every group of a parse pattern needs a name, as in (?<name>…)", start)
            return Parse(source, pattern, names)
        glob = self._lexer.take()
        if glob.kind is not Kind.STRING:
            raise MalformedQuery("parse needs a string with * in it, or a regular expression", glob.start)
        self._word("as")
        names = tuple(self._comma_separated(self._name))
        parts = glob.text.split("*")
        if len(parts) - 1 != len(names):
            raise MalformedQuery(f"{len(parts) - 1} wildcards, but {len(names)} names", glob.start)
        text = "(.*?)".join(re.escape(part) for part in parts)
        return Parse(source, re.compile(text + ("$" if glob.text.endswith("*") else ""), re.DOTALL), names)

    def _stats(self) -> Stats:
        start = self._lexer.peek().start
        self._in_stats = True
        items = self._items()
        by = self._items() if self._is_word("by") else ()
        self._in_stats = False
        known = {item.name for item in by}
        for item in items:
            if not is_aggregated(item.expression, known):
                raise MalformedQuery(f"{item.name} is no aggregate", start)
            if item.name in known:
                raise MalformedQuery(f"{item.name} is named twice", start)
            known.add(item.name)
        for item in by:
            if has_aggregate(item.expression):
                raise MalformedQuery(f"{item.name} is an aggregate; it cannot follow by", start)
        self._columns = known
        return Stats(items, by)

    def _sort(self) -> Sort:
        self._is_word("by")
        return Sort(tuple(self._comma_separated(self._sort_key)))

    def _sort_key(self) -> tuple[Expression, bool]:
        self._operators = 0
        expression = self._value()
        descending = self._is_word("desc")
        if not descending:
            self._is_word("asc")
        return expression, descending

    def _limit(self) -> Limit:
        token = self._lexer.take()
        if (
            token.kind is not Kind.NUMBER
            or not token.text.isdigit()
            or len(token.text) > len(str(MAX_LIMIT))
            or not 1 <= int(token.text) <= MAX_LIMIT
        ):
            raise MalformedQuery(f"limit takes a whole number from 1 to {MAX_LIMIT}", token.start)
        return Limit(int(token.text))

    def _dedup(self) -> Dedup:
        return Dedup(tuple(self._comma_separated(self._name)))

    def _items(self) -> tuple[Item, ...]:
        def item() -> Item:
            start = self._lexer.peek().start
            self._operators = 0
            value = self._or()
            text = self._lexer.text[start : self._lexer.position]
            name = self._name() if self._is_word("as") else value.name if isinstance(value, Field) else text
            return Item(name, value)

        return tuple(self._comma_separated(item))
