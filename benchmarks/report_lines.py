"""How quickly REPORT lines are read, beside a plain loop over the same file with one regular expression.

    python benchmarks/report_lines.py [--records 1000000] [--json 5]

The file is generated: warm and cold records, every tenth cold, every twentieth traced, a few percent in JSON. The
plain loop takes the numbers of text records only, believes every line and skips JSON; the reader takes every record,
with its status, trace and arithmetic. Both go through the file once per round, and the best round counts.
"""

import argparse
import itertools
import json
import random
import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from powertune.measure.report_line import scan

PLAIN = re.compile(
    r"REPORT RequestId: ([0-9a-f-]{36})\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\tMemory Size: (\d+) MB"
    r"\tMax Memory Used: (\d+) MB(?:\tInit Duration: ([\d.]+) ms)?"
)


def records(count: int, json_percent: float) -> Iterator[str]:
    """Lines of that many records, always the same ones."""
    rng = random.Random(7)
    for order in range(count):
        request_id = uuid.UUID(int=rng.getrandbits(128), version=4)
        duration_ms = round(rng.lognormvariate(3, 1), 2)
        init_ms = round(rng.uniform(80, 900), 2) if order % 10 == 0 else None
        billed_ms = -(-round((duration_ms + (init_ms or 0.0)) * 100) // 100)
        if rng.random() * 100 < json_percent:
            metrics = {"durationMs": duration_ms, "billedDurationMs": billed_ms}
            metrics |= {"memorySizeMB": 512, "maxMemoryUsedMB": 91}
            metrics |= {"initDurationMs": init_ms} if init_ms else {}
            record = {"requestId": str(request_id), "metrics": metrics, "status": "success"}
            event = {"time": "2026-11-24T12:00:00.000Z", "type": "platform.report", "record": record}
            yield json.dumps(event, separators=(",", ":")) + "\n"
            continue
        init = f"Init Duration: {init_ms:.2f} ms\t" if init_ms else ""
        yield (
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms\t"
            f"Memory Size: 512 MB\tMax Memory Used: 91 MB\t{init}\n"
        )
        if order % 20 == 0:
            yield f"XRAY TraceId: 1-6a507b87-{order:024x}\tSegmentId: d0025b207c551fde\tSampled: true\t\n"


def plain_loop(path: Path) -> int:
    found = 0
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            match = PLAIN.match(line)
            if match:
                request_id, duration, billed, memory, max_memory, init = match.groups()
                _ = request_id, float(duration), int(billed), int(memory), int(max_memory), init and float(init)
                found += 1
    return found


def reader(path: Path) -> int:
    with path.open(encoding="utf-8", newline="\n") as lines:
        return sum(1 for _ in scan(lines))


def timed(work: Callable[[Path], int], path: Path) -> tuple[float, int]:
    began = time.perf_counter()
    found = work(path)
    return time.perf_counter() - began, found


def compare(title: str, count: int, json_percent: float, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reports.log"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            written = sum(1 for _ in map(file.write, records(count, json_percent)))
        taken: dict[str, list[float]] = {"plain re loop": [], "powertune": []}
        found: dict[str, int] = {}
        # Turn and turn about, so that a slow moment of the machine does not fall on one of them alone.
        for _, (name, work) in itertools.product(range(rounds), (("plain re loop", plain_loop), ("powertune", reader))):
            seconds, found[name] = timed(work, path)
            taken[name].append(seconds)
    print(f"{title}: {count:,} records in {written:,} lines")
    plain_s = min(taken["plain re loop"])
    for name, times in taken.items():
        per_line_us = min(times) / written * 1e6
        print(f"  {name:14}{per_line_us:8.2f} µs a line{min(times) / plain_s:8.2f} times{found[name]:12,} read")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--json", type=float, default=5.0, metavar="PERCENT")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    compare("text", options.records, 0.0, options.rounds)
    compare(f"text with {options.json:g} % JSON", options.records, options.json, options.rounds)


if __name__ == "__main__":
    main()
