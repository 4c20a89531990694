"""Which samples a memory size's statistics are of. Everything that counts samples or draws them asks here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from powertune.domain.sample import Sample


class MeasuredAs(StrEnum):
    """Whose statistics a sample is in."""

    WARM = "warm"
    COLD = "cold"


def measured_as(samples: Iterable[Sample], mix: Mapping[int, int] | None) -> Iterator[tuple[Sample, MeasuredAs | None]]:
    """Each sample with the statistics that it is in; None where it is in none.

    Args:
        samples: those of a run or of one memory size, in the order in which they were made.
        mix: how often each payload is in the warm statistics of a memory size (`TuningRequest.warm_mix`): the first
            so many warm samples of it, so that every size is judged by the same mix. None takes them all.
    """
    taken: Counter[tuple[int, int]] = Counter()
    for sample in samples:
        if sample.is_cold_measurement:
            yield sample, MeasuredAs.COLD
        elif not sample.is_warm_measurement:
            yield sample, None
        elif mix is None:
            yield sample, MeasuredAs.WARM
        else:
            turn = (sample.memory_mb, sample.payload)
            taken[turn] += 1
            yield sample, MeasuredAs.WARM if taken[turn] <= mix.get(sample.payload, 0) else None
