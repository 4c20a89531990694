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
class PriceTier:
    """What a GB-second costs up to so many GB-seconds in a month; the last tier has no end."""

    up_to_gb_seconds: int | None
    per_gb_second: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The list prices that the costs were computed with, and where they come from.

    ``per_gb_second`` is that of the first tier. A rate that is None is not known: no cost follows from it.
    ``as_of`` is the day on which the Lambda rates were collected.
    """

    region: str
    architecture: Architecture
    currency: str
    per_gb_second: Decimal
    per_request: Decimal
    ephemeral_per_gb_second: Decimal | None
    per_state_transition: Decimal | None
    as_of: str
    source: str
    tiers: tuple[PriceTier, ...] | None = None
    provisioned_per_gb_second: Decimal | None = None  # for keeping an environment ready, busy or not
    provisioned_duration_per_gb_second: Decimal | None = None  # for an invocation that such an environment serves
    snapstart_cache_per_gb_second: Decimal | None = None
    snapstart_restore_per_gb: Decimal | None = None
    per_log_gb_scanned: Decimal | None = None
    per_trace_recorded: Decimal | None = None
    per_trace_retrieved: Decimal | None = None
