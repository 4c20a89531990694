"""Money, and the list prices that it is computed with."""

from dataclasses import dataclass
from decimal import Decimal

from powertune.domain.function import Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount with its currency (ISO 4217)."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The list prices that the costs were computed with, and where they come from."""

    region: str
    architecture: Architecture
    currency: str
    per_gb_second: Decimal
    per_request: Decimal
    ephemeral_per_gb_second: Decimal | None
    per_state_transition: Decimal | None
    as_of: str
    source: str
