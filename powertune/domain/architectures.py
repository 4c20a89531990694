"""How the best memory size on one instruction set compares with the best on the other."""

from dataclasses import dataclass

from powertune.domain.function import Architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureComparison:
    """The recommended memory sizes on both instruction sets, side by side.

    A difference is within the noise where the two means' 95 % intervals overlap: it cannot be told from chance.

    Attributes:
        own: the function's instruction set.
        other: the other one.
        own_memory_mb: the size recommended on its own.
        other_memory_mb: the size recommended on the other.
        duration: going from the own to the other, as a share (-0.25 is a quarter less).
        cost: the same.
        duration_within_noise, cost_within_noise: whether that may be chance.
        better: the one to use; None where nothing shows that either is better.
        sentence: all this in words.
    """

    own: Architecture
    other: Architecture
    own_memory_mb: int
    other_memory_mb: int
    duration: float
    cost: float
    duration_within_noise: bool
    cost_within_noise: bool
    better: Architecture | None
    sentence: str
