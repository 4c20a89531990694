"""How often ``powertune check`` is wrong, end to end: a function of the embedded endpoint made slower, and equal again.

python benchmarks/check_on_endpoint.py [--function waiting|primes] [--against] [--times 20]

A function is deployed; it is made 20 % slower, and checked; it gets its old code again with another comment, and is
checked again; and so on. Each check is the command itself, in a process of its own. What it is compared with is a
baseline that was measured anew before, or with ``--against`` the first version, invoked in the same run in turns.

A verdict is wrong where the slower function passes as the same or better, and where the equal one fails. "Undecided" is
not wrong, and is counted. The exit code is 1 where a verdict was wrong.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from powertune.local.endpoint import ACCOUNT, EndpointSettings, LocalEndpoint

SOURCES = {
    "waiting": """import time

def handler(event, context):
    time.sleep(0.06 * {times})
# {release}
""",
    "primes": """def count(limit):
    return sum(all(number % divisor for divisor in range(2, number)) for number in range(2, limit + 1))

def handler(event, context):
    return [count(limit) for limit in {limits}]
# {release}
""",
}
"""What is deployed: one that waits for 60 ms, one that computes for about as long."""

LIMITS = (1000,) * 15
MORE = (1000,) * 3
SLOWER = 1.2
MEMORY_MB = {"waiting": 512, "primes": 1769}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One check: what the function was, how the command ended, and what it took."""

    slower: bool
    exit_code: int
    verdict: str | None
    mean: str
    named: bool
    invocations: int
    seconds: float
    load: float
    said: str

    @property
    def is_wrong(self) -> bool:
        """Whether a build would have been stopped, or let through, by mistake."""
        if self.exit_code not in (0, 1) or (self.exit_code == 1) != (self.verdict == "worse"):
            return True
        return self.verdict in ("same", "better") if self.slower else self.exit_code == 1


class Deployed:
    """A function of the endpoint whose code changes."""

    def __init__(self, endpoint: LocalEndpoint, kind: str, name: str) -> None:
        self._kind, self._name, self._releases = kind, name, 0
        self._client: Any = endpoint.session.client("lambda")
        made = self._client.create_function(
            FunctionName=name,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Role=f"arn:aws:iam::{ACCOUNT}:role/x",
            Handler="app.handler",
            Code={"ZipFile": self._code(slower=False)},
            MemorySize=MEMORY_MB[kind],
        )
        self.arn: str = made["FunctionArn"]
        self._settle()

    def publish(self) -> str:
        """A version of the code that it has."""
        version: str = self._client.publish_version(FunctionName=self._name)["Version"]
        self._client.get_waiter("published_version_active").wait(
            FunctionName=self._name, Qualifier=version, WaiterConfig={"Delay": 1}
        )
        return version

    def release(self, *, slower: bool) -> None:
        """New code, as fast as the first or slower by a fifth."""
        self._client.update_function_code(FunctionName=self._name, ZipFile=self._code(slower=slower))
        self._settle()

    def _settle(self) -> None:
        self._client.get_waiter("function_updated_v2").wait(FunctionName=self._name, WaiterConfig={"Delay": 1})

    def _code(self, *, slower: bool) -> bytes:
        self._releases += 1
        limits = (*LIMITS, *MORE) if slower else LIMITS
        words = {"times": SLOWER if slower else 1, "limits": limits, "release": f"release {self._releases}"}
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", SOURCES[self._kind].format(**words))
        return code.getvalue()


def check(endpoint: LocalEndpoint, folder: Path, *arguments: str, slower: bool) -> Checked:
    """Run the command, and read what it says."""
    begun = time.monotonic()
    load = os.getloadavg()[0]
    done = subprocess.run(
        [sys.executable, "-m", "powertune", "check", "--direct", "--json", "--output-dir", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **endpoint.variables()},
    )
    seconds = time.monotonic() - begun
    result: dict[str, Any] = json.loads(done.stdout) if done.stdout.startswith("{") else {}
    report = result.get("check") or {}
    mean = next((one for one in report.get("metrics", ()) if one["metric"] == "duration-mean"), None)
    return Checked(
        slower=slower,
        exit_code=done.returncode,
        verdict=report.get("verdict"),
        mean=_in_words(mean),
        named="mean duration" in done.stderr,
        invocations=(result.get("spend") or {}).get("invocations", 0),
        seconds=seconds,
        load=load,
        said=done.stderr.strip(),
    )


def _in_words(mean: dict[str, Any] | None) -> str:
    if mean is None or mean["change"] is None:
        return "-"
    ends = [f"{100 * end:+.1f}" if end is not None else "…" for end in (mean["low"], mean["high"])]
    return f"{mean['before']:.1f} → {mean['after']:.1f} ms, {100 * mean['change']:+.1f} % ({ends[0]} to {ends[1]})"


def trials(
    endpoint: LocalEndpoint, kind: str, folder: Path, *, against: bool, times: int, more: list[str]
) -> Iterator[Checked]:
    """A slower function and an equal one in turns, each checked; the baseline anew before every pair."""
    deployed = Deployed(endpoint, kind, f"{kind}-{'against' if against else 'baseline'}")
    version = deployed.publish() if against else None
    for turn in range(times):
        place = folder / f"baselines-{turn}"
        compared = ["--against", version] if version else []
        options = ["--function-arn", deployed.arn, "--baseline", str(place), *more]
        if version is None:
            first = check(endpoint, folder, *options, slower=False)
            assert first.exit_code == 0, first.said
            yield first
        else:
            options = ["--function-arn", deployed.arn, *compared, *more]
        for slower in (True, False):
            deployed.release(slower=slower)
            yield check(endpoint, folder, *options, slower=slower)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--function", choices=SOURCES, default="waiting")
    parser.add_argument("--against", action="store_true", help="compare with a version in the same run")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("options", nargs="*", help="more options of powertune check, after --")
    given = parser.parse_args()
    found: list[Checked] = []
    print("| n | function | exit | verdict | mean duration | invocations | seconds | load |\n|--|--|--|--|--|--|--|--|")
    with tempfile.TemporaryDirectory() as folder, LocalEndpoint(EndpointSettings()) as endpoint:
        made = trials(
            endpoint, given.function, Path(folder), against=given.against, times=given.times, more=given.options
        )
        for number, one in enumerate(made):
            found.append(one)
            what = "first" if one.verdict is None and one.exit_code == 0 else "slower" if one.slower else "equal"
            mark = " WRONG" if one.is_wrong else ""
            print(
                f"| {number} | {what} | {one.exit_code} | {one.verdict}{mark} | {one.mean} | {one.invocations} | "
                f"{one.seconds:.1f} | {one.load:.1f} |",
                flush=True,
            )
            if one.is_wrong:
                print(one.said, file=sys.stderr)
    for what, slower in (("slower", True), ("equal", False)):
        some = [one for one in found if one.slower is slower and one.verdict is not None]
        print(f"{what}: {dict(Counter(one.verdict for one in some))}, {sum(one.is_wrong for one in some)} wrong")
    unnamed = sum(one.exit_code == 1 and not one.named for one in found)
    print(f"{sum(one.invocations for one in found)} invocations, {sum(one.seconds for one in found):.0f} s; ", end="")
    print(f"{unnamed} failures that do not name the mean duration")
    return int(any(one.is_wrong for one in found))


if __name__ == "__main__":
    sys.exit(main())
