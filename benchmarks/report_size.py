"""How large a report is, and what it takes to make one, with ten thousand samples and with a million.

    python benchmarks/report_size.py [--samples 10000 1000000] [--traced] [--read]

The result is made up: six memory sizes, of which one fails; a cold start in a hundred; each sample with the texts that
a run has. Each number of samples has a process of its own, so that the peak of the resident memory is its own: that of
the whole process, the result included. Beside the report stands a bare pass over the same samples, which only adds up
their durations, turn and turn about; the best round counts. ``--traced`` gives each sample what X-Ray says,
``--read`` writes result.json as a run does, and reads it in a further process beside a bare ``json.loads`` of it.
"""

import argparse
import functools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from powertune.decide.score import recommend
from powertune.decide.summary import size_result
from powertune.domain.function import Architecture, FunctionArn
from powertune.domain.price import Money, Price
from powertune.domain.request import TuningRequest
from powertune.domain.result import Environment, FunctionFacts, Spend, TuningResult
from powertune.domain.sample import Outcome, Sample, Source, TraceParts
from powertune.pricing.bill import invocation_cost
from powertune.render.html import render_html
from powertune.wire import dumps, read_result

SIZES_MB = (128, 256, 512, 1024, 1769, 3008)
FAILING_MB = 128
ROUNDS = 3
LIMITS = {10_000: 2.0, 1_000_000: 3.0}
"""MB of a page that are promised for so many samples."""
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orders-api"
PRICE = Price(
    region="eu-central-1",
    architecture=Architecture.ARM64,
    currency="USD",
    per_gb_second=Decimal("0.0000133334"),
    per_request=Decimal("0.0000002"),
    ephemeral_per_gb_second=Decimal("0.0000000367"),
    per_state_transition=Decimal("0.000025"),
    as_of="2026-11-23",
    source="AWS Lambda pricing as published for each region",
)


def made_samples(count: int, *, traced: bool) -> tuple[Sample, ...]:
    """So many samples, always the same ones: some waiting, work that more memory makes quicker, outliers."""
    chance = random.Random(7)
    samples = []
    for number in range(count):
        memory_mb = SIZES_MB[number % len(SIZES_MB)]
        failed, cold = memory_mb == FAILING_MB, chance.random() < 0.01
        duration_ms = (30 + 380 / min(memory_mb / 1769, 1.08)) * chance.lognormvariate(0, 0.08)
        duration_ms = round(duration_ms * (4 if chance.random() < 0.001 else 1), 2)
        init_ms = round(260 * chance.lognormvariate(0, 0.1), 2) if cold else None
        parts = TraceParts(invocation_ms=duration_ms - 1.4, overhead_ms=1.4, service_ms=6.1, init_ms=init_ms)
        samples.append(
            Sample(
                memory_mb=memory_mb,
                version="3",
                order=number // len(SIZES_MB),
                request_id=f"{chance.getrandbits(32):08x}-0000-4000-8000-{number:012x}",
                trace_id=f"1-6a507b87-{number:024x}" if traced else None,
                outcome=Outcome.OUT_OF_MEMORY if failed else Outcome.OK,
                sent_at_ms=1_795_520_042_000 + 20 * number,
                cold=cold,
                duration_ms=duration_ms,
                billed_ms=int(duration_ms + (init_ms or 0)) + 1,
                init_ms=init_ms,
                max_memory_used_mb=memory_mb if failed else 141,
                error_type="Runtime.OutOfMemory" if failed else None,
                parts=parts if traced else None,
                sources=(Source.TAIL, Source.INSIGHTS, Source.XRAY) if traced else (Source.TAIL, Source.INSIGHTS),
            )
        )
    return tuple(samples)


def made_result(count: int, *, traced: bool) -> TuningResult:
    """A finished run with so many samples; its figures are those that a run would have drawn from them."""
    samples = made_samples(count, traced=traced)

    @functools.cache  # the same few come again and again
    def cost_of(billed_ms: int, memory_mb: int) -> Money:
        return invocation_cost(billed_ms, memory_mb, PRICE)

    rows = tuple(size_result(mb, [s for s in samples if s.memory_mb == mb], cost_of) for mb in SIZES_MB)
    request = TuningRequest(
        function_arn=FunctionArn.parse(ARN), memory_sizes_mb=SIZES_MB, invocations=1000
    ).without_payload_texts()
    spent = Money(amount=Decimal("1.23"), currency="USD")
    return TuningResult(
        run_id="20261124-113402-7f3a",
        powertune_version="0.1.0",
        started_at="2026-11-24T11:34:02+00:00",
        finished_at="2026-11-24T19:37:14+00:00",
        function=FunctionFacts(
            arn=ARN,
            name="orders-api",
            region="eu-central-1",
            architecture=Architecture.ARM64,
            runtime="python3.13",
            original_memory_mb=512,
            timeout_s=30,
            code_sha256="q0S4vE8c1pQm2dJb0ZC0Zq9b3m1m0yG3s6oVn0dN1aE=",
            ephemeral_mb=512,
        ),
        request=request,
        environment=Environment(kind="aws"),
        price=PRICE,
        memory_sizes=rows,
        recommendation=recommend(rows, request.objective, present_memory_mb=512),
        spend=Spend(
            invocations=count,
            gb_seconds=1.0,
            lambda_cost=spent,
            workflow_cost=Money(amount=Decimal(0), currency="USD"),
            total_cost=spent,
            state_transitions=34,
            aws_calls={"lambda:Invoke": count},
        ),
        warnings=(),
        restored=True,
        samples=samples,
    )


def bare_pass(result: TuningResult) -> float:
    """What the least that can be done with all samples takes."""
    return sum(sample.duration_ms for sample in result.samples if sample.duration_ms is not None)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def peak_mb() -> float:
    """The most memory that this process has had resident."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20) if sys.platform == "darwin" else most / 1024


def rendering(count: int, *, traced: bool, path: Path | None) -> dict[str, float]:
    """One process's part: make a result, and its report."""
    result = made_result(count, traced=traced)
    made_mb = peak_mb()
    reports, passes, page = [], [], ""
    for _ in range(ROUNDS):
        passes.append(timed(lambda: bare_pass(result))[0])
        seconds, page = timed(lambda: render_html(result))
        reports.append(seconds)
    found = {"page_mb": len(page.encode()) / 1e6, "first_s": reports[0], "report_s": min(reports)}
    found |= {"pass_s": min(passes), "made_mb": made_mb, "peak_mb": peak_mb()}
    if path is not None:
        path.write_text(dumps(result, indent=1) + "\n", encoding="utf-8")
    return found


def reading(path: Path, *, bare: bool) -> dict[str, float]:
    """Another process's part: read what was written, as powertune does or only as JSON."""
    seconds, _ = timed(lambda: json.loads(path.read_text(encoding="utf-8")) if bare else read_result(path))
    return {"seconds": seconds, "peak_mb": peak_mb(), "file_mb": path.stat().st_size / 1e6}


def in_a_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def told(count: int, options: argparse.Namespace, folder: Path) -> None:
    path = folder / f"{count}.json"
    traced = ["--traced"] if options.traced else []
    found = in_a_process("--part", "render", "--samples", str(count), *traced, *(["--path", str(path)] * options.read))
    limit = f" (promised: under {LIMITS[count]:g} MB)" if count in LIMITS else ""
    print(f"{count:,} samples")
    print(f"  page             {found['page_mb']:8.2f} MB{limit}")
    print(f"  report           {found['report_s']:8.2f} s, the first {found['first_s']:.2f} s with its imports")
    times = found["report_s"] / found["pass_s"]
    print(f"  a bare pass      {found['pass_s']:8.3f} s: a report takes {times:,.0f} times that")
    print(f"  peak memory      {found['peak_mb']:8.0f} MB, of which {found['made_mb']:.0f} MB before the report")
    if options.read:
        for name, part in (("read_result", "read"), ("bare json.loads", "bare")):
            read = in_a_process("--part", part, "--path", str(path))
            print(
                f"  {name:16} {read['seconds']:8.2f} s, peak {read['peak_mb']:,.0f} MB, file {read['file_mb']:,.0f} MB"
            )
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, nargs="+", default=sorted(LIMITS))
    parser.add_argument("--traced", action="store_true", help="each sample has a trace id and parts")
    parser.add_argument("--read", action="store_true", help="also write and read result.json")
    parser.add_argument("--part", choices=("render", "read", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "render":
        print(json.dumps(rendering(options.samples[0], traced=options.traced, path=options.path)))
    elif options.part:
        print(json.dumps(reading(options.path, bare=options.part == "bare")))
    else:
        with tempfile.TemporaryDirectory() as folder:
            for count in options.samples:
                told(count, options, Path(folder))


if __name__ == "__main__":
    main()
