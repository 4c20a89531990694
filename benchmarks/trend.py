"""How often the trend of checks sees a change that is there, and one that is not.

python benchmarks/trend.py [--trials 1000]

A series is one check a night: mean, p50 and cost go together, p95 wavers twice as much, init and memory used waver by
themselves. "Noise" is by how much a night differs from the next. "Lasting noise" is a noise of which half stays until
the next night, as of a platform that is slow for days: the test of ranks takes nights for independent, and
allows for such spells in small changes alone, and in part.

Each cell has two shares of the trials: those in which a change was told of, and those in which one was beyond the
threshold, for which --fail-on-trend fails where it is growth. Where nothing happens, a change of any metric counts, in
either direction; else of the mean duration.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from powertune.decide.trend import trend_of
from powertune.domain.check import CheckSettings, Metric, Verdict
from powertune.domain.result import CheckEntry

BEGINNING = datetime(2026, 1, 1, 3, tzinfo=UTC)
NOTHING = "nothing"
SHAPES: dict[str, Callable[[int, int], float]] = {
    NOTHING: lambda night, nights: 1.0,  # noqa: ARG005
    "+1 % a night": lambda night, nights: 1.01**night,  # noqa: ARG005
    "+0.5 % a night": lambda night, nights: 1.005**night,  # noqa: ARG005
    "+10 % half way": lambda night, nights: 1.1 if night >= nights // 2 else 1.0,
    "+10 % six nights ago": lambda night, nights: 1.1 if night >= nights - 6 else 1.0,
    "+3 % half way": lambda night, nights: 1.03 if night >= nights // 2 else 1.0,
    "+0.1 % a night": lambda night, nights: 1.001**night,  # noqa: ARG005
}


def series(
    shape: Callable[[int, int], float], nights: int, noise: float, stays: float, seed: str
) -> Iterator[CheckEntry]:
    """One check for each night; with the noise of memory where nothing happens, because its ties take time."""
    chance = random.Random(seed)
    lasting = chance.gauss(0, 1)
    for night in range(nights):
        lasting = stays * lasting + (1 - stays**2) ** 0.5 * chance.gauss(0, 1)
        mean_ms = 50 * shape(night, nights) * (1 + noise * lasting)
        yield CheckEntry(
            run_id=f"{night:04}",
            at=(BEGINNING + timedelta(days=night)).isoformat(),
            verdict=Verdict.SAME,
            version=None,
            code_sha256="",
            memory_mb=512,
            samples=100,
            duration_mean_ms=mean_ms,
            duration_p50_ms=mean_ms * (0.97 + 0.005 * chance.gauss(0, 1)),
            duration_p95_ms=mean_ms * (1.3 + 2 * noise * chance.gauss(0, 1)),
            cost_per_million=mean_ms * 0.0083,
            currency="USD",
            init_ms=300 * (1 + 0.05 * chance.gauss(0, 1)),
            max_memory_used_mb=80 + (chance.randrange(3) if shape is SHAPES[NOTHING] else 0),
        )


def seen(name: str, nights: int, noise: float, stays: float, trials: int) -> tuple[float, float]:
    """In which share of the trials a change was told of, and in which it was beyond the threshold."""
    told = beyond = 0
    for trial in range(trials):
        entries = list(series(SHAPES[name], nights, noise, stays, f"{name} {nights} {noise} {stays} {trial}"))
        changes = trend_of(entries, CheckSettings()).changes
        counted = [one for one in changes if name == NOTHING or one.metric is Metric.DURATION_MEAN]
        told += bool(counted)
        beyond += any(one.beyond for one in counted)
    return told / trials, beyond / trials


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    lengths = (14, 20, 30, 50)
    print(f"| what happens | noise | {' | '.join(f'{nights} nights' for nights in lengths)} |")
    print(f"|---|---|{'---|' * len(lengths)}")
    rows = [(NOTHING, noise, stays) for noise in (0.01, 0.02, 0.05, 0.1) for stays in (0.0, 0.5)]
    rows += [(name, noise, 0.0) for name in list(SHAPES)[1:] for noise in (0.01, 0.02, 0.05)]
    for name, noise, stays in rows:
        shares = (seen(name, nights, noise, stays, trials) for nights in lengths)
        lasting = ", lasting" if stays else ""
        print(
            f"| {name} | {noise:.0%}{lasting} | {' | '.join(f'{told:.1%}, {beyond:.1%}' for told, beyond in shares)} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
