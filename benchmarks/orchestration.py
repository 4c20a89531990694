"""How much longer a run takes than it must: its wall time over its critical path.

    python benchmarks/orchestration.py [--example primes] [--invocations 10] [--direct]

The critical path is the longest chain of invocations that had to follow one another: all invocations of the memory
size that took longest, each with its init. Run it on an idle machine; 1.0 would be a run that spends no time on
anything but the slowest size.
"""

import argparse
import secrets
import time
from collections import defaultdict
from pathlib import Path

from powertune.aws.clock import SystemClock
from powertune.domain.payload import Payload
from powertune.domain.request import TuningRequest
from powertune.domain.result import TuningResult
from powertune.local.endpoint import ACCOUNT, EndpointSettings, LocalEndpoint
from powertune.local.function import create_function, interpreter
from powertune.local.project import find_project
from powertune.store import MemoryStore
from powertune.workflow.direct import run_direct
from powertune.workflow.execution import run_execution
from powertune.workflow.services import Services

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def critical_path_s(result: TuningResult) -> float:
    chains: dict[int, float] = defaultdict(float)
    for sample in result.samples:
        chains[sample.memory_mb] += (sample.duration_ms or 0.0) + (sample.init_ms or 0.0)
    return max(chains.values()) / 1000


def tuned(endpoint: LocalEndpoint, request: TuningRequest, *, direct: bool) -> tuple[TuningResult, float]:
    session, clock, run_id = endpoint.new_session(), SystemClock(), f"benchmark-{secrets.token_hex(4)}"
    phases: list[tuple[float, str]] = []
    began = time.monotonic()

    def note(phase: str) -> None:
        if not phases or phases[-1][1] != phase:
            phases.append((time.monotonic() - began, phase))

    if direct:
        services = Services(
            session=session,
            store=MemoryStore(),
            clock=clock,
            environment=endpoint.environment,
            progress=lambda moment: note(moment.phase),
        )
        result = run_direct(services, request, run_id)
    else:
        result = run_execution(
            session,
            endpoint.stack,
            request,
            run_id,
            clock,
            progress=lambda moment: note(moment.phase),
            stop_requested=lambda: False,
        )
    wall_s = time.monotonic() - began
    print("phases seen:", ", ".join(f"{at_s:.1f} s {phase}" for at_s, phase in phases))
    return result, wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--example", default="primes")
    parser.add_argument("--invocations", type=int, default=10)
    parser.add_argument("--direct", action="store_true")
    options = parser.parse_args()
    began = time.monotonic()
    project = find_project(str(EXAMPLES / options.example))
    with LocalEndpoint(EndpointSettings()) as endpoint:
        started_s = time.monotonic() - began
        arn = create_function(endpoint.session, ACCOUNT, project, interpreter(None)[1])
        payloads = (Payload.of(project.payload or "{}"),)
        request = TuningRequest(function_arn=arn, payloads=payloads, invocations=options.invocations)
        result, wall_s = tuned(endpoint, request, direct=options.direct)
    path_s = critical_path_s(result)
    print(f"{options.example}: {len(request.memory_sizes_mb)} memory sizes, {options.invocations} invocations each")
    print(f"endpoint start    {started_s:6.2f} s")
    print(f"run, wall time    {wall_s:6.2f} s")
    print(f"critical path     {path_s:6.2f} s")
    print(f"wall / critical   {wall_s / path_s:6.2f}")
    print(f"state transitions {result.spend.state_transitions:6}")
    print("AWS calls by operation:")
    for name, count in sorted(result.spend.aws_calls.items()):
        print(f"  {name:45}{count:6}")


if __name__ == "__main__":
    main()
