"""What a query means, as a tree."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a string."""

    value: float | int | str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the event, or one that the query made."""

    name: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, as in ``bin(5m)``."""

    milliseconds: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or an aggregate within stats."""

    name: str
    arguments: tuple["Expression", ...]
    position: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic or a comparison."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` over two conditions or more."""

    operator: str
    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Like:
    """Whether a text holds a string or matches a regex."""

    inner: "Expression"
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class In:
    """Whether a value is one of several."""

    inner: "Expression"
    choices: tuple["Expression", ...]


Expression = Literal | Field | Duration | Call | Binary | Logic | Not | Like | In
CONDITIONS = (Logic, Not, Like, In)


@dataclass(frozen=True, slots=True)
class Item:
    """An expression with the name of its column."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Fields:
    """Add columns; ``only`` shows these and no others (display)."""

    items: tuple[Item, ...]
    only: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Keep the rows for which the condition holds."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class Parse:
    """Take fields out of a text; ``names`` belong to the groups of the pattern, in order."""

    source: Expression
    pattern: re.Pattern[str]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stats:
    """Aggregate rows by groups."""

    items: tuple[Item, ...]
    by: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Order the rows; each key with whether it descends."""

    keys: tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """Keep the first rows."""

    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    """Keep the first row of each combination of values."""

    fields: tuple[str, ...]


Command = Fields | Filter | Parse | Stats | Sort | Limit | Dedup
