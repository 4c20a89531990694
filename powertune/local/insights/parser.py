"""Reads a query, and refuses whatever the engine would not answer rightly."""

import re
from collections.abc import Callable
from typing import TypeVar

from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.functions import AGGREGATES, DURATION_MS, FUNCTIONS, PREDICATES
from powertune.local.insights.lexer import Kind, Lexer, Token
from powertune.local.insights.syntax import (
    CONDITIONS,
    Binary,
    Call,
    Command,
    Dedup,
    Duration,
    Expression,
    Field,
    Fields,
    Filter,
    In,
    Item,
    Like,
    Limit,
    Literal,
    Logic,
    Not,
    Parse,
    Sort,
    Stats,
)

T = TypeVar("T")

MAX_QUERY = 10_000
MAX_LIMIT = 10_000
_COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
_RESERVED = frozenset({"and", "or", "not", "like", "in", "as", "by", "asc", "desc"})
_MAX_DEPTH = 60


def parse_query(query: str) -> tuple[Command, ...]:
    """Read a query.

    Raises:
        MalformedQuery: it is not understood, or asks for something that is not supported.
    """
    if len(query) > MAX_QUERY:
        raise MalformedQuery(f"a query has at most {MAX_QUERY} characters", MAX_QUERY)
    return _Parser(query).query()


class _Parser:
    def __init__(self, query: str) -> None:
        self._lexer = Lexer(query)
        self._depth = 0
        self._commands: dict[str, Callable[[], Command]] = {
            "fields": lambda: Fields(self._items(self._value), only=False),
            "display": lambda: Fields(self._items(self._value), only=True),
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
            commands.append(self._command())
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
        condition = self._or()
        if not _is_condition(condition):
            raise MalformedQuery("filter needs a condition", start)
        return Filter(condition)

    def _parse(self) -> Parse:
        source = Field(self._name())
        regex = self._lexer.take_regex()
        start = self._lexer.peek().start
        if regex is not None:
            pattern = self._regex(regex, start)
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
        items = self._items(self._value)
        by = self._items(self._value) if self._is_word("by") else ()
        known = {item.name for item in by}
        for item in items:
            if not _aggregated(item.expression, known):
                raise MalformedQuery(f"{item.name} is no aggregate", start)
            known.add(item.name)
        for item in by:
            if any(call.name in AGGREGATES for call in _calls(item.expression)):
                raise MalformedQuery(f"{item.name} is an aggregate; it cannot follow by", start)
        return Stats(items, by)

    def _sort(self) -> Sort:
        self._is_word("by")
        return Sort(tuple(self._comma_separated(self._sort_key)))

    def _sort_key(self) -> tuple[Expression, bool]:
        expression = self._value()
        descending = self._is_word("desc")
        if not descending:
            self._is_word("asc")
        return expression, descending

    def _limit(self) -> Limit:
        token = self._lexer.take()
        if token.kind is not Kind.NUMBER or not token.text.isdigit() or not 1 <= int(token.text) <= MAX_LIMIT:
            raise MalformedQuery(f"limit takes a whole number from 1 to {MAX_LIMIT}", token.start)
        return Limit(int(token.text))

    def _dedup(self) -> Dedup:
        return Dedup(tuple(self._comma_separated(self._name)))

    def _items(self, expression: Callable[[], Expression]) -> tuple[Item, ...]:
        def item() -> Item:
            start = self._lexer.peek().start
            value = expression()
            text = self._lexer.text[start : self._lexer.peek().start].strip()
            name = self._name() if self._is_word("as") else value.name if isinstance(value, Field) else text
            return Item(name, value)

        return tuple(self._comma_separated(item))

    # --- conditions ---------------------------------------------------------------------------------------

    def _or(self) -> Expression:
        left = self._and()
        while self._is_word("or"):
            left = Logic("or", self._condition(left), self._condition(self._and()))
        return left

    def _and(self) -> Expression:
        left = self._not()
        while self._is_word("and"):
            left = Logic("and", self._condition(left), self._condition(self._not()))
        return left

    def _not(self) -> Expression:
        if self._is_word("not"):
            self._deeper()
            inner = Not(self._condition(self._not()))
            self._depth -= 1
            return inner
        return self._comparison()

    def _comparison(self) -> Expression:
        left = self._value()
        token = self._lexer.peek()
        if token.kind is Kind.SIGN and token.text in _COMPARISONS:
            self._lexer.take()
            return Binary(token.text, left, self._value())
        if self._sign("=~") or self._is_word("like"):
            return Like(left, self._pattern())
        if self._is_word("in"):
            return In(left, self._choices())
        if token.kind is Kind.NAME and token.text.lower() == "not":
            self._lexer.take()
            if self._is_word("like"):
                return Not(Like(left, self._pattern()))
            self._word("in")
            return Not(In(left, self._choices()))
        return left

    def _pattern(self) -> re.Pattern[str]:
        regex = self._lexer.take_regex()
        if regex is not None:
            return self._regex(regex, self._lexer.peek().start)
        token = self._lexer.take()
        if token.kind is not Kind.STRING:
            raise MalformedQuery("like needs a string or a regular expression", token.start)
        return re.compile(re.escape(token.text))

    def _choices(self) -> tuple[Expression, ...]:
        token = self._lexer.peek()
        if not self._sign("["):
            raise MalformedQuery("in needs a list in brackets", token.start)
        choices = tuple(self._comma_separated(self._value))
        self._expect("]")
        return choices

    def _condition(self, expression: Expression) -> Expression:
        if not _is_condition(expression):
            raise MalformedQuery("and, or and not need conditions", self._lexer.peek().start)
        return expression

    # --- values -------------------------------------------------------------------------------------------

    def _value(self) -> Expression:
        left = self._product()
        while (sign := self._one_of("+-")) is not None:
            left = Binary(sign, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._power()
        while (sign := self._one_of("*/%")) is not None:
            left = Binary(sign, left, self._power())
        return left

    def _power(self) -> Expression:
        left = self._unary()
        if self._sign("^"):
            self._deeper()
            left = Binary("^", left, self._power())
            self._depth -= 1
        return left

    def _unary(self) -> Expression:
        if self._sign("-"):
            self._deeper()
            inner = Binary("-", Literal(0), self._unary())
            self._depth -= 1
            return inner
        return self._primary()

    def _primary(self) -> Expression:
        token = self._lexer.take()
        if token.kind is Kind.NUMBER:
            return Literal(int(token.text) if token.text.isdigit() else float(token.text))
        if token.kind is Kind.STRING:
            return Literal(token.text)
        if token.kind is Kind.DURATION:
            return Duration(_milliseconds(token))
        if token.kind is Kind.QUOTED:
            return Field(token.text)
        if token.kind is Kind.SIGN and token.text == "(":
            self._deeper()
            inner = self._or()
            self._depth -= 1
            self._expect(")")
            return inner
        if token.kind is Kind.NAME and token.text.lower() not in _RESERVED:
            return self._call(token) if self._sign("(") else Field(token.text)
        raise MalformedQuery(f"unexpected {token.text or str(token.kind)!r}", token.start)

    def _call(self, name: Token) -> Call:
        self._deeper()
        lower = name.text.lower()
        known = {function.lower(): function for function in (*FUNCTIONS, *AGGREGATES)}
        if lower not in known:
            raise MalformedQuery(f"the function {name.text} is not supported", name.start)
        arguments: tuple[Expression, ...] = ()
        if lower == "count" and self._sign("*"):
            self._expect(")")
        elif not self._sign(")"):
            arguments = tuple(self._comma_separated(self._value))
            self._expect(")")
        self._depth -= 1
        function = known[lower]
        least, most = (FUNCTIONS.get(function) or AGGREGATES[function]).arity
        if not least <= len(arguments) <= most:
            raise MalformedQuery(f"{name.text} takes {least} to {most} arguments", name.start)
        return Call(function, arguments, name.start)

    # --- bits ---------------------------------------------------------------------------------------------

    def _comma_separated(self, one: Callable[[], T]) -> list[T]:
        found = [one()]
        while self._sign(","):
            found.append(one())
        return found

    def _name(self) -> str:
        token = self._lexer.take()
        if token.kind not in (Kind.NAME, Kind.QUOTED):
            raise MalformedQuery("a name is missing", token.start)
        return token.text

    def _sign(self, text: str) -> bool:
        token = self._lexer.peek()
        if token.kind is Kind.SIGN and token.text == text:
            self._lexer.take()
            return True
        return False

    def _one_of(self, signs: str) -> str | None:
        return next((sign for sign in signs if self._sign(sign)), None)

    def _expect(self, sign: str) -> None:
        token = self._lexer.peek()
        if not self._sign(sign):
            raise MalformedQuery(f"{sign!r} is missing", token.start)

    def _is_word(self, word: str) -> bool:
        token = self._lexer.peek()
        if token.kind is Kind.NAME and token.text.lower() == word:
            self._lexer.take()
            return True
        return False

    def _word(self, word: str) -> None:
        token = self._lexer.peek()
        if not self._is_word(word):
            raise MalformedQuery(f"{word!r} is missing", token.start)

    def _regex(self, text: str, position: int) -> re.Pattern[str]:
        try:
            return re.compile(re.sub(r"\(\?<(?=[A-Za-z_])", "(?P<", text))
        except (re.error, OverflowError, RecursionError) as error:
            raise MalformedQuery(f"the regular expression is invalid: {error}", position) from None

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise MalformedQuery("the expression is nested too deeply", self._lexer.peek().start)


def _milliseconds(token: Token) -> int:
    match = re.fullmatch(r"(\d+)([a-z]+)", token.text)
    if match is None or int(match[1]) == 0:
        raise MalformedQuery("a length of time is at least 1", token.start)
    return int(match[1]) * DURATION_MS[match[2]]


def _is_condition(expression: Expression) -> bool:
    if isinstance(expression, CONDITIONS):
        return True
    if isinstance(expression, Binary):
        return expression.operator in _COMPARISONS
    return isinstance(expression, Call) and expression.name in PREDICATES


def _aggregated(expression: Expression, known: set[str]) -> bool:
    """Whether the value follows from a group of rows: aggregates, literals, and columns known already."""
    if isinstance(expression, Call):
        if expression.name in AGGREGATES:
            return not any(call.name in AGGREGATES for inner in expression.arguments for call in _calls(inner))
        return all(_aggregated(argument, known) for argument in expression.arguments)
    if isinstance(expression, Binary):
        return _aggregated(expression.left, known) and _aggregated(expression.right, known)
    return isinstance(expression, Literal) or (isinstance(expression, Field) and expression.name in known)


def _calls(expression: Expression) -> list[Call]:
    if isinstance(expression, Call):
        return [expression, *(call for argument in expression.arguments for call in _calls(argument))]
    if isinstance(expression, Binary | Logic):
        return [*_calls(expression.left), *_calls(expression.right)]
    if isinstance(expression, Not | Like | In):
        return _calls(expression.inner)
    return []
