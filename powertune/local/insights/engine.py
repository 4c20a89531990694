"""Runs a query over log events."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from powertune.local.facts import LogEvent
from powertune.local.insights.fields import Row
from powertune.local.insights.functions import AGGREGATES, FUNCTIONS, aggregate
from powertune.local.insights.parser import parse_query
from powertune.local.insights.syntax import (
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
    Like,
    Limit,
    Literal,
    Logic,
    Not,
    Parse,
    Sort,
    Stats,
)
from powertune.local.insights.values import Value, finite, sort_key, to_number, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    """The rows, each a mapping of column to text in the order of the columns, and what the query looked at.

    A column without a value is missing from its row. Rows of events end with ``@ptr``.
    """

    rows: tuple[dict[str, str], ...]
    records_matched: float
    records_scanned: float
    bytes_scanned: float


def run_query(query: str, events: Iterable[LogEvent], *, limit: int = 10_000) -> QueryResult:
    """Run a query over events.

    Without a sort the newest event comes first: AWS docs, CWL_QuerySyntax-Dedup, call that the default order.
    Events of one moment keep the order in which they were given.

    Raises:
        MalformedQuery: it is not understood, or asks for something that is not supported.
    """
    commands = parse_query(query)
    ordered = sorted(events, key=lambda event: event.timestamp_ms, reverse=True)
    scanned_bytes = sum(len(event.message.encode(errors="surrogatepass")) for event in ordered)
    rows = [Row(event, index) for index, event in enumerate(ordered)]
    matched: int | None = None
    for command in commands:
        if matched is None and isinstance(command, Stats | Limit | Dedup):
            matched = len(rows)
        rows = _apply(command, rows)
    return QueryResult(
        rows=tuple(_shown(row) for row in rows[:limit]),
        records_matched=float(len(rows) if matched is None else matched),
        records_scanned=float(len(ordered)),
        bytes_scanned=float(scanned_bytes),
    )


def _apply(command: Command, rows: list[Row]) -> list[Row]:
    match command:
        case Filter():
            return [row for row in rows if _value(command.condition, row) is True]
        case Fields():
            for row in rows:
                _choose(command, row)
        case Parse():
            for row in rows:
                _take_out(command, row)
        case Stats():
            return _aggregated(command, rows)
        case Sort():
            for expression, descending in reversed(command.keys):
                rows = _sorted(rows, expression, descending=descending)
        case Limit():
            return rows[: command.count]
        case Dedup():
            return _first_of_each(rows, command.fields)
    return rows


def _choose(command: Fields, row: Row) -> None:
    for item in command.items:
        if not (isinstance(item.expression, Field) and item.expression.name == item.name):
            row.made[item.name] = _value(item.expression, row)
    row.choose([item.name for item in command.items], only=command.only)


def _take_out(command: Parse, row: Row) -> None:
    text = _value(command.source, row)
    match = None if text is None else command.pattern.search(to_text(text))
    for number, name in enumerate(command.names, start=1):
        row.made[name] = match[number] if match else None
    row.parsed(command.names)


def _sorted(rows: list[Row], expression: Expression, *, descending: bool) -> list[Row]:
    """In the documented order. Where AWS puts missing values is not known; here they come last."""
    present: list[tuple[Row, Value]] = []
    missing: list[Row] = []
    for row in rows:
        value = _value(expression, row)
        if value is None:
            missing.append(row)
        else:
            present.append((row, value))
    present.sort(key=lambda pair: sort_key(pair[1]), reverse=descending)
    return [*(row for row, _ in present), *missing]


def _first_of_each(rows: list[Row], fields: Sequence[str]) -> list[Row]:
    seen: set[tuple[str | None, ...]] = set()
    kept = []
    for row in rows:
        values = [row.get(field) for field in fields]
        key = tuple(None if value is None else to_text(value) for value in values)
        # AWS docs, CWL_QuerySyntax-Dedup: missing values are not duplicates of each other.
        if None in key or key not in seen:
            seen.add(key)
            kept.append(row)
    return kept


# --- values -----------------------------------------------------------------------------------------------------


def _value(expression: Expression, row: Row) -> Value:
    match expression:
        case Literal():
            return expression.value
        case Field():
            return row.get(expression.name)
        case Duration():
            return expression.milliseconds
        case Call():
            return _called(expression, row)
        case Binary():
            return _binary(expression.operator, _value(expression.left, row), _value(expression.right, row))
        case Logic():
            holds = (_value(part, row) is True for part in expression.parts)
            return all(holds) if expression.operator == "and" else any(holds)
        case Not():
            return _value(expression.inner, row) is not True
        case Like():
            text = _value(expression.inner, row)
            return text is not None and expression.pattern.search(to_text(text)) is not None
        case In():
            value = _value(expression.inner, row)
            return any(_binary("=", value, _value(choice, row)) is True for choice in expression.choices)


def _called(call: Call, row: Row) -> Value:
    function = FUNCTIONS[call.name]
    arguments = [_value(argument, row) for argument in call.arguments]
    if call.name == "bin":
        arguments = [row.get("@timestamp"), *arguments]
    if not function.missing and any(argument is None for argument in arguments):
        return None
    return function.run(*arguments)


def _binary(operator: str, left: Value, right: Value) -> Value:
    """A comparison with a missing value never holds, ``!=`` included; arithmetic with one is missing.

    AWS's pages do not say so: this is the choice under which a filter never lets through an event that says
    nothing. ``not`` turns a comparison that does not hold round, so ``not x = 1`` keeps events without x.
    """
    if operator in ("=", "!=", "<", "<=", ">", ">="):
        return left is not None and right is not None and _compared(operator, left, right)
    a, b = to_number(left), to_number(right)
    if a is None or b is None:
        return None
    try:
        return finite(_ARITHMETIC[operator](a, b))
    except (ZeroDivisionError, OverflowError):
        return None


def _power(a: float, b: float) -> float | None:
    if abs(b) > 1000:
        return None
    result = float(a) ** b
    return result if isinstance(result, float) else None


_ARITHMETIC: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
    "^": _power,
}


def _compared(operator: str, left: Value, right: Value) -> bool:
    a, b = to_number(left), to_number(right)
    texts = isinstance(left, str) and isinstance(right, str)
    if texts and operator in ("=", "!="):
        return (left == right) is (operator == "=")
    if a is not None and b is not None:
        order = (a > b) - (a < b)
    else:
        x, y = to_text(left), to_text(right)
        order = (x > y) - (x < y)
    return {
        "=": order == 0,
        "!=": order != 0,
        "<": order < 0,
        "<=": order <= 0,
        ">": order > 0,
        ">=": order >= 0,
    }[operator]


# --- aggregates -------------------------------------------------------------------------------------------------


def _aggregated(command: Stats, rows: list[Row]) -> list[Row]:
    groups: dict[tuple[str | None, ...], tuple[list[Value], list[Row]]] = {}
    for row in rows:
        values = [_value(item.expression, row) for item in command.by]
        key = tuple(None if value is None else to_text(value) for value in values)
        groups.setdefault(key, (values, []))[1].append(row)
    if not command.by and not groups:
        groups[()] = ([], [])
    return [_group_row(command, values, members) for values, members in groups.values()]


def _group_row(command: Stats, values: list[Value], members: list[Row]) -> Row:
    line = Row(None, 0)
    for item, value in zip(command.by, values, strict=True):
        line.made[item.name] = value
    for item in command.items:
        line.made[item.name] = _over_group(item.expression, line, members)
    line.shown = [item.name for item in (*command.by, *command.items)]
    return line


def _over_group(expression: Expression, line: Row, members: list[Row]) -> Value:
    if isinstance(expression, Call) and expression.name in AGGREGATES:
        return _aggregate(expression, members)
    if isinstance(expression, Call):
        literals = tuple(_as_literal(_over_group(argument, line, members)) for argument in expression.arguments)
        return _called(replace(expression, arguments=literals), line)
    if isinstance(expression, Binary):
        left = _over_group(expression.left, line, members)
        return _binary(expression.operator, left, _over_group(expression.right, line, members))
    return _value(expression, line)


def _as_literal(value: Value) -> Expression:
    return Field("") if value is None else Literal(value)


def _aggregate(call: Call, members: list[Row]) -> Value:
    if not call.arguments:
        return len(members)
    if AGGREGATES[call.name].by_time:
        timed = [(to_number(row.get("@timestamp")), row) for row in members]
        members = [row for _, row in sorted(((at, row) for at, row in timed if at is not None), key=lambda one: one[0])]
    values = [value for value in (_value(call.arguments[0], row) for row in members) if value is not None]
    percent = call.arguments[1] if len(call.arguments) > 1 else None
    return aggregate(call.name, values, float(percent.value) if isinstance(percent, Literal) else 0.0)


def _shown(row: Row) -> dict[str, str]:
    values = ((name, row.get(name)) for name in row.columns())
    return {name: to_text(value) for name, value in values if value is not None}
