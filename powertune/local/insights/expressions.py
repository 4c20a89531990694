"""Reads the conditions and values of a query."""

import math
import re
from collections.abc import Callable
from typing import TypeVar

from powertune.local.insights.checks import COMPARISONS, is_condition, is_truth
from powertune.local.insights.errors import MalformedQuery
from powertune.local.insights.functions import AGGREGATES, DURATION_MS, FUNCTIONS
from powertune.local.insights.lexer import Kind, Lexer, Token
from powertune.local.insights.regex import compile_regex
from powertune.local.insights.syntax import (
    Binary,
    Call,
    Duration,
    Expression,
    Field,
    In,
    Like,
    Literal,
    Logic,
    Not,
)

T = TypeVar("T")

_RESERVED = frozenset({"and", "or", "not", "like", "in", "as", "by", "asc", "desc", "true", "false", "null"})
_CALLABLE = {name.lower(): name for name in (*FUNCTIONS, *AGGREGATES)}
_MAX_DEPTH = 60
_MAX_OPERATORS = 150
_MAX_DIGITS = 18


class ExpressionReader:
    """Reads expressions off the tokens of one query, and refuses those that could not be answered."""

    def __init__(self, query: str) -> None:
        self._lexer = Lexer(query)
        self._depth = 0
        self._operators = 0
        self._in_stats = False
        self._columns: set[str] | None = None  # what stats left; None: the rows are still events

    # --- conditions ---------------------------------------------------------------------------------------

    def _or(self) -> Expression:
        return self._joined("or", self._and)

    def _and(self) -> Expression:
        return self._joined("and", self._not)

    def _joined(self, word: str, part: Callable[[], Expression]) -> Expression:
        parts = [part()]
        while self._is_word(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Logic(word, tuple(map(self._condition, parts)))

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
        if token.kind is Kind.SIGN and token.text in COMPARISONS:
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
        start = self._lexer.start_of_next()
        regex = self._lexer.take_regex()
        if regex is not None:
            return compile_regex(regex, start)
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
        if not is_condition(expression):
            raise MalformedQuery("and, or and not need conditions", self._lexer.peek().start)
        return expression

    # --- values -------------------------------------------------------------------------------------------

    def _value(self) -> Expression:
        left = self._product()
        while (sign := self._one_of("+-")) is not None:
            left = self._reckoned(sign, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._power()
        while (sign := self._one_of("*/%")) is not None:
            left = self._reckoned(sign, left, self._power())
        return left

    def _power(self) -> Expression:
        left = self._unary()
        if self._sign("^"):
            self._deeper()
            left = self._reckoned("^", left, self._power())
            self._depth -= 1
        return left

    def _unary(self) -> Expression:
        if self._sign("-"):
            self._deeper()
            inner = self._reckoned("-", Literal(0), self._unary())
            self._depth -= 1
            return inner
        return self._primary()

    def _reckoned(self, sign: str, left: Expression, right: Expression) -> Binary:
        if is_truth(left) or is_truth(right):
            raise MalformedQuery(f"{sign!r} cannot reckon with a condition", self._lexer.position)
        self._operators += 1
        if self._operators > _MAX_OPERATORS:
            raise MalformedQuery("the expression is nested too deeply", self._lexer.position)
        return Binary(sign, left, right)

    def _primary(self) -> Expression:
        token = self._lexer.take()
        if token.kind is Kind.NUMBER:
            return Literal(_number(token))
        if token.kind is Kind.STRING:
            return Literal(token.text)
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
        if token.kind is Kind.DURATION:
            raise MalformedQuery("a period stands in bin, datefloor and dateceil only", token.start)
        raise MalformedQuery(f"unexpected {token.text or str(token.kind)!r}", token.start)

    def _call(self, name: Token) -> Expression:
        function = _CALLABLE.get(name.text.lower())
        if function is None:
            raise MalformedQuery(f"the function {name.text} is not supported", name.start)
        if function in AGGREGATES and not self._in_stats:
            raise MalformedQuery(f"{name.text} stands outside stats", name.start)
        self._deeper()
        arguments = self._arguments(function)
        self._depth -= 1
        least, most = (FUNCTIONS.get(function) or AGGREGATES[function]).arity
        if not least <= len(arguments) <= most:
            raise MalformedQuery(f"{name.text} takes {least} to {most} arguments", name.start)
        if function in FUNCTIONS and FUNCTIONS[function].period and not isinstance(arguments[-1], Duration):
            raise MalformedQuery(f"{name.text} needs a period such as 5m", name.start)
        if function in AGGREGATES and AGGREGATES[function].percent and not _is_percentage(arguments[-1]):
            raise MalformedQuery(f"{name.text} takes a percentage from 0 to 100", name.start)
        if function == "bin" and self._columns is not None:
            text = self._lexer.text[name.start : self._lexer.position]
            if text not in self._columns:
                raise MalformedQuery("bin needs the time of events, which stats has left behind", name.start)
            return Field(text)
        return Call(function, arguments, name.start)

    def _arguments(self, function: str) -> tuple[Expression, ...]:
        if function == "count" and self._sign("*"):
            self._expect(")")
            return ()
        if self._sign(")"):
            return ()
        arguments = tuple(self._comma_separated(self._argument))
        self._expect(")")
        return arguments

    def _argument(self) -> Expression:
        token = self._lexer.peek()
        if token.kind is Kind.DURATION:
            self._lexer.take()
            return Duration(_milliseconds(token))
        return self._or()

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

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise MalformedQuery("the expression is nested too deeply", self._lexer.peek().start)


def _milliseconds(token: Token) -> int:
    match = re.fullmatch(r"(\d+)([a-z]+)", token.text)
    if match is None or len(match[1]) > _MAX_DIGITS // 2 or int(match[1]) == 0:
        raise MalformedQuery(f"a length of time is at least 1 and has {_MAX_DIGITS // 2} digits at most", token.start)
    return int(match[1]) * DURATION_MS[match[2]]


def _number(token: Token) -> float | int:
    number = float(token.text)
    if not math.isfinite(number) or (token.text.isdigit() and len(token.text) > _MAX_DIGITS):
        raise MalformedQuery("the number is too large", token.start)
    return int(token.text) if token.text.isdigit() else number


def _is_percentage(expression: Expression) -> bool:
    return isinstance(expression, Literal) and not isinstance(expression.value, str) and 0 <= expression.value <= 100
