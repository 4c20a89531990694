"""What an expression is, as far as a query can be wrong about it."""

from powertune.local.insights.functions import AGGREGATES, PREDICATES
from powertune.local.insights.syntax import (
    CONDITIONS,
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

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})


def is_condition(expression: Expression) -> bool:
    """Whether it holds or does not."""
    return is_truth(expression) or (isinstance(expression, Call) and expression.name in PREDICATES)


def is_truth(expression: Expression) -> bool:
    """Whether it is a comparison or made of some, with which nothing can be reckoned."""
    if isinstance(expression, Binary):
        return expression.operator in COMPARISONS
    return isinstance(expression, CONDITIONS)


def is_aggregated(expression: Expression, known: set[str]) -> bool:
    """Whether it follows from a group of rows: aggregates, literals, and columns known already."""
    if isinstance(expression, Call):
        if expression.name in AGGREGATES:
            return not any(has_aggregate(argument) for argument in expression.arguments)
        return expression.name != "bin" and all(is_aggregated(argument, known) for argument in expression.arguments)
    if isinstance(expression, Binary):
        return is_aggregated(expression.left, known) and is_aggregated(expression.right, known)
    return isinstance(expression, Literal | Duration) or (isinstance(expression, Field) and expression.name in known)


def has_aggregate(expression: Expression) -> bool:
    """Whether an aggregate is in it."""
    if isinstance(expression, Call):
        return expression.name in AGGREGATES or any(map(has_aggregate, expression.arguments))
    if isinstance(expression, Binary):
        return has_aggregate(expression.left) or has_aggregate(expression.right)
    if isinstance(expression, Logic):
        return any(map(has_aggregate, expression.parts))
    if isinstance(expression, In):
        return has_aggregate(expression.inner) or any(map(has_aggregate, expression.choices))
    return isinstance(expression, Not | Like) and has_aggregate(expression.inner)
