"""How long a round of the adaptive search takes to think: ask and tell, the planner made anew as a run makes it.

Over whole searches, first with the memory sizes of a run, then with every 64 MB.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from powertune.decide.adaptive import AdaptivePlanner
from powertune.domain.request import ALL_MEMORY_SIZES_MB, SEARCHED_MEMORY_SIZES_MB
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Limits, Objective

SEARCHES = 8


def main() -> None:
    imported = "import powertune.decide.adaptive, sys; print('boto3' in sys.modules, 'plotly' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True).stdout.split()
    for sizes in (SEARCHED_MEMORY_SIZES_MB, ALL_MEMORY_SIZES_MB):
        times = sorted(_times(sizes))
        print(
            json.dumps(
                {
                    "sizes": len(sizes),
                    "rounds": len(times),
                    "median_ms": round(times[len(times) // 2], 1),
                    "slowest_ms": round(times[-1], 1),
                    "imports_boto3": loaded[0] == "True",
                    "imports_plotly": loaded[1] == "True",
                }
            )
        )


def _times(sizes: Sequence[int]) -> Iterator[float]:
    """Of every round of some searches; the first round of all, which waits for libraries to be loaded, is left out."""
    for seed in range(SEARCHES + 1):
        luck, told = random.Random(seed), list[Sample]()
        while True:
            started = time.perf_counter()
            planner = AdaptivePlanner(
                sizes, Objective(), Limits(), per_gb_second=1.66667e-5, per_request=2e-7, seed=seed, at_once=3
            )
            planner.tell(told)
            batches = planner.ask()
            if seed:
                yield (time.perf_counter() - started) * 1000
            if not batches:
                break
            for batch in batches:
                told += [_sample(batch.memory_mb, len(told) + number, luck) for number in range(batch.count)]


def _sample(memory_mb: int, order: int, luck: random.Random) -> Sample:
    duration_ms = (100 + 400_000 / min(memory_mb, 1769)) * luck.lognormvariate(0, 0.1)
    return Sample(
        memory_mb=memory_mb,
        version="1",
        order=order,
        request_id=None,
        trace_id=None,
        outcome=Outcome.OK,
        cold=False,
        duration_ms=duration_ms,
        billed_ms=int(duration_ms) + 1,
    )


if __name__ == "__main__":
    main()
