"""Lambda's execution, for MiniStack to call: environments, CPU share, memory limit, logs, traces."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from powertune.local.admission import Admission
from powertune.local.bootstrap_folder import lay_out
from powertune.local.cpu import CpuMethod, Governor, cpu_share, default_method
from powertune.local.environment import INIT_TIMEOUT_S, Environment, Failure, Launch, Ran, failure
from powertune.local.facts import FunctionSpec, InvocationFacts
from powertune.local.guardian import Guardian
from powertune.local.platform_log import PlatformLog, Report, stream_name, tail
from powertune.local.pool import Pool
from powertune.local.runtime_api import Event
from powertune.local.tracing import Sampler, TraceDecision
from powertune.local.waker import Waker

WriteLogs = Callable[[str, str, Sequence[tuple[int, str]]], None]
_INIT_CORES = 1.0
_SPARE_CORES = 0.05
_OWN_CORES = 0.2
"""Kept back for the endpoint itself, the task functions, and whoever talks to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeOutcome:
    """What Invoke answers: payload, whether it is a function error, the log's last 4 KB, the trace header."""

    payload: bytes
    function_error: bool
    log_tail: bytes
    trace_header: str


@dataclass(slots=True)
class _Invocation:
    """One invocation while it is under way."""

    spec: FunctionSpec
    request_id: str
    invoked_arn: str
    payload: bytes
    trace: TraceDecision
    received_s: float
    lines: list[tuple[int, str]]
    environment: Environment | None = None
    init_s: float | None = None
    init_started_s: float | None = None
    init_ended_s: float | None = None
    queued_s: float = 0.0  # waiting for a free core: this machine's doing, not Lambda's
    lost_s: float = 0.0  # spent inside the invocation on inits that AWS would run again there


class LambdaService:
    """Runs functions. `invoke` blocks, and may be called from many threads at once.

    Args:
        python: interpreter for the users' functions.
        task_python: interpreter for powertune's own task functions.
        scratch: folder for whatever has to lie on disk; removed when the process dies.
        handler_path: folders with what the users' functions import besides their code.
        write_logs: takes (log group, log stream, [(epoch ms, message)]).
        record: takes the facts of every finished invocation.
        daemon_address: where the X-Ray daemon listens, as HOST:PORT.
        endpoint_url: what ``AWS_ENDPOINT_URL`` shall say inside functions.
        cores: cores to share out, this machine's by default.
        cpu_method: how the CPU share is brought about.
        keep_idle_s: how long an idle environment is kept.
    """

    def __init__(
        self,
        *,
        python: Path,
        task_python: Path,
        scratch: Path,
        handler_path: tuple[Path, ...],
        write_logs: WriteLogs,
        record: Callable[[InvocationFacts], None],
        daemon_address: str | None,
        endpoint_url: str,
        cores: float | None = None,
        cpu_method: CpuMethod | None = None,
        keep_idle_s: float = 60.0,
    ) -> None:
        cores = cores or float(os.cpu_count() or 1)
        self._guardian = Guardian(scratch)
        self._waker = Waker(self._guardian.watch)
        self._governor = Governor(cores, cpu_method or default_method())
        self._admission = Admission(max(cores / 2, cores - _OWN_CORES))
        self._sampler = Sampler()
        self._pool = Pool(keep_idle_s, lambda environment: self._guardian.forget(environment.group.pid))
        self._write_logs = write_logs
        self._record = record
        bootstrap = lay_out(scratch / "runtime", python)
        self._launch = Launch(
            python=python,
            search_path=(*handler_path, bootstrap),
            endpoint_url=endpoint_url,
            daemon_address=daemon_address,
        )
        # Task functions import powertune's dependencies, which lie beside the interpreter of this process.
        self._task_launch = Launch(
            python=task_python, search_path=(), endpoint_url=endpoint_url, daemon_address=daemon_address
        )

    @property
    def cpu_method(self) -> CpuMethod:
        """How the CPU share is brought about."""
        return self._governor.method

    def close(self) -> None:
        """End everything. Safe to repeat."""
        self._pool.close()
        self._governor.close()
        self._waker.close()
        self._guardian.close()

    def invoke(
        self, spec: FunctionSpec, payload: bytes, *, request_id: str, invoked_arn: str, trace_header: str | None
    ) -> InvokeOutcome:
        """Run one invocation to its end, and write its log lines and its trace."""
        call = _Invocation(
            spec=spec,
            request_id=request_id,
            invoked_arn=invoked_arn,
            payload=payload,
            trace=self._sampler.decide(trace_header, active=spec.tracing_active),
            received_s=time.time(),
            lines=[],
        )
        failed_init = self._prepare(call)
        assert call.environment is not None
        demand = 0.0 if spec.is_task else self._demand(call.environment)
        with self._admitted(call, demand):
            started_s = time.time()
            self._platform(call, PlatformLog(spec).start(started_s, request_id))
            ran = self._run(call, failed_init)
        return self._finish(call, ran, started_s)

    @contextmanager
    def _admitted(self, call: _Invocation, cores: float) -> Iterator[None]:
        asked_at = time.monotonic()
        with self._admission.admitted(cores):
            call.queued_s += time.monotonic() - asked_at
            yield

    def _demand(self, environment: Environment) -> float:
        """Cores to reserve: the share, but not much more than the environment was seen to use at any moment."""
        share = cpu_share(environment.spec.memory_mb)
        if environment.peak_parallel is None:
            return share
        return min(share, environment.peak_parallel + _SPARE_CORES)

    def _prepare(self, call: _Invocation) -> Failure | None:
        """Find a warm environment or start a cold one; the failure of its init, where it failed."""
        call.environment = self._pool.take(call.spec)
        if call.environment is not None:
            return None
        log_stream = self._pool.take_crashed(call.spec)
        if log_stream is not None:
            # Suppressed init: it runs inside the invocation and is on no line of its own.
            return self._init_inside(call, log_stream, call.spec.timeout_s)
        log_stream = stream_name(call.spec, time.time())
        with self._admitted(call, _INIT_CORES):
            call.init_started_s = time.time()
            environment = self._start(call, log_stream)
            self._platform(call, PlatformLog(call.spec).init_start(call.init_started_s))
            init_s, failed = environment.initialise(INIT_TIMEOUT_S)
        call.init_ended_s = time.time()
        if failed is None:
            call.init_s = init_s
            return None
        self._init_failed(call, init_s, failed, "init")
        return self._init_inside(call, log_stream, call.spec.timeout_s)

    def _init_inside(self, call: _Invocation, log_stream: str, timeout_s: float) -> Failure | None:
        with self._admitted(call, _INIT_CORES):
            environment = self._start(call, log_stream)
            init_s, failed = environment.initialise(timeout_s)
        call.lost_s += init_s
        if failed is not None:
            self._init_failed(call, init_s, failed, "invoke")
        return failed

    def _start(self, call: _Invocation, log_stream: str) -> Environment:
        if call.environment is not None:
            self._pool.discard(call.environment)
        environment = Environment(call.spec, log_stream, self._task_launch if call.spec.is_task else self._launch)
        self._guardian.watch(environment.group.pid)
        self._pool.add(environment)
        call.environment = environment
        return environment

    def _init_failed(self, call: _Invocation, init_s: float, failed: Failure, phase: str) -> None:
        assert call.environment is not None
        call.environment.kill()
        call.lines += call.environment.output.take()
        report = PlatformLog(call.spec).init_report(time.time(), init_s * 1000, phase, failed.status, failed.error_type)
        self._platform(call, report)

    def _run(self, call: _Invocation, failed_init: Failure | None) -> Ran:
        spec, environment = call.spec, call.environment
        assert environment is not None
        if failed_init is not None:
            duration_s = min(call.lost_s, float(spec.timeout_s))
            return Ran(payload=failed_init.payload, failure=failed_init, duration_s=duration_s, usable=False)
        event = Event(request_id=call.request_id, body=call.payload, headers=self._headers(call))
        modelled = self._governor.method is CpuMethod.MODEL and not spec.is_task
        cpu_s, delay_s = (environment.group.cpu_s(), environment.group.run_delay_s()) if modelled else (0.0, 0.0)
        self._governor.begin(environment.group, spec.memory_mb, hold=not spec.is_task)
        try:
            with nullcontext() if spec.is_task else self._waker.awake():
                ran = environment.invoke(event, spec.timeout_s - call.lost_s)
        finally:
            held = self._governor.end(environment.group)
        environment.peak_parallel = max(environment.peak_parallel or 0.0, held.peak_parallel)
        duration_s = ran.duration_s + call.lost_s
        if ran.usable and not modelled:
            # Waiting before the event was there and after its end is seen too; what it worked, it took.
            duration_s = max(duration_s - held.lost_s, min(duration_s, held.cpu_s))
        if modelled and ran.usable:
            used_s = environment.group.cpu_s() - cpu_s
            waited_s = environment.group.run_delay_s() - delay_s
            duration_s += used_s / min(1.0, cpu_share(spec.memory_mb)) - used_s - waited_s
        if not spec.is_task and (held.over_limit or environment.group.measure_peak() > spec.memory_mb * 1024 * 1024):
            text = f"RequestId: {call.request_id} Error: Runtime exited with error: signal: killed"
            killed = failure("Runtime.OutOfMemory", text)
            return Ran(payload=killed.payload, failure=killed, duration_s=duration_s, usable=False)
        return Ran(payload=ran.payload, failure=ran.failure, duration_s=duration_s, usable=ran.usable)

    def _headers(self, call: _Invocation) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": call.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + call.spec.timeout_s - call.lost_s) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": call.invoked_arn,
            "Lambda-Runtime-Trace-Id": call.trace.header,
        }

    def _finish(self, call: _Invocation, ran: Ran, started_s: float) -> InvokeOutcome:
        spec, environment, failed = call.spec, call.environment, ran.failure
        assert environment is not None
        if not ran.usable:
            environment.kill()
        call.lines += environment.output.take()
        crash = failed is not None and not ran.usable
        over_memory = failed is not None and failed.error_type == "Runtime.OutOfMemory"
        report = Report(
            request_id=call.request_id,
            duration_ms=ran.duration_s * 1000,
            init_ms=None if call.init_s is None else call.init_s * 1000,
            memory_mb=spec.memory_mb,
            max_memory_used_mb=spec.memory_mb if over_memory else environment.max_memory_used_mb(),
            status=failed.status if crash and failed is not None else "success",
            error_type=failed.error_type if crash and failed is not None and failed.status == "error" else None,
            trace_id=call.trace.trace_id if call.trace.sampled else None,
            segment_id=call.trace.segment_id,
        )
        ended_s = time.time()
        error_text = _text_of(failed) if crash and failed is not None else None
        self._platform(call, PlatformLog(spec).end(ended_s, report, error_text))
        self._write_logs(spec.log_group, environment.log_stream, call.lines)
        self._record(
            InvocationFacts(
                spec=spec,
                request_id=call.request_id,
                trace_id=call.trace.trace_id if call.trace.sampled else None,
                parent_id=call.trace.parent_id,
                sampled=call.trace.sampled,
                segment_id=call.trace.segment_id,
                received_s=call.received_s + call.queued_s,
                init_started_s=call.init_started_s if call.init_s is not None else None,
                init_ended_s=call.init_ended_s if call.init_s is not None else None,
                started_s=started_s,
                ended_s=started_s + ran.duration_s,
                error_type=failed.error_type if failed else None,
                error_message=_text_of(failed) if failed else None,
            )
        )
        if ran.usable:
            self._pool.give_back(environment)
        else:
            self._pool.crashed(environment)
        return InvokeOutcome(
            payload=ran.payload,
            function_error=failed is not None,
            log_tail=tail([line for _, line in call.lines]),
            trace_header=call.trace.header,
        )

    def _platform(self, call: _Invocation, lines: list[str]) -> None:
        if call.environment is not None:
            call.lines += call.environment.output.take()
        now_ms = time.time_ns() // 1_000_000
        call.lines += [(now_ms, line) for line in lines]


def _text_of(failed: Failure) -> str:
    try:
        return str(json.loads(failed.payload)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return failed.error_type
