"""How long ``powertune --help`` takes beside a bare import of click, side by side in one run.

python benchmarks/startup.py [--rounds 15]
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path


def seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    commands = {
        "python -c 'import click'": [sys.executable, "-c", "import click"],
        "powertune --help": [str(Path(sys.executable).parent / "powertune"), "--help"],
        "powertune run --help": [str(Path(sys.executable).parent / "powertune"), "run", "--help"],
    }
    measured: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.rounds):
        for name, command in commands.items():
            measured[name].append(seconds(command))
    medians = {name: statistics.median(values) for name, values in measured.items()}
    bare = medians["python -c 'import click'"]
    for name, median in medians.items():
        print(f"{name:28}{median * 1000:8.1f} ms{median / bare:8.2f} times a bare click")


if __name__ == "__main__":
    main()
