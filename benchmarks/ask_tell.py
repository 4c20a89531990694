"""How long a round of the adaptive search takes to think: the slowest ask and tell over a search of 160 sizes."""

import json
import random
import subprocess
import sys
import time

from powertune.decide.adaptive import AdaptivePlanner
from powertune.domain.sample import Outcome, Sample
from powertune.domain.search import Limits, Objective

SIZES = tuple(range(128, 10241, 64))[:160]


def main() -> None:
    imported = "import powertune.decide.adaptive, sys; print('boto3' in sys.modules, 'plotly' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", imported], capture_output=True, text=True, check=True).stdout.split()
    luck, times = random.Random(0), []
    told: list[Sample] = []
    for _ in range(30):
        memory_mb = luck.choice(SIZES)
        told += [_sample(memory_mb, order, luck) for order in range(3)]
        started = time.perf_counter()
        planner = AdaptivePlanner(SIZES, Objective(), Limits(), per_gb_second=1.66667e-5, per_request=2e-7, seed=0)
        planner.tell(told)
        planner.ask()
        times.append((time.perf_counter() - started) * 1000)
    times.sort()
    print(
        json.dumps(
            {
                "sizes": len(SIZES),
                "rounds": len(times),
                "median_ms": round(times[len(times) // 2], 1),
                "slowest_ms": round(times[-1], 1),
                "imports_boto3": loaded[0] == "True",
                "imports_plotly": loaded[1] == "True",
            }
        )
    )


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
