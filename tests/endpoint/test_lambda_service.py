"""Handlers really run: what Lambda would have logged, answered and billed."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from powertune.local.cpu import CpuMethod
from powertune.local.facts import FunctionSpec
from powertune.local.lambda_service import LambdaService
from powertune.measure.report_line import find_report

ARN = "arn:aws:lambda:us-east-1:000000000000:function:f"
HANDLERS = """
import json, logging, os, subprocess, sys, time
logging.getLogger().setLevel("INFO")

def nothing(event, context):
    return None

def burn(event, context):
    end = time.process_time() + event["cpu_s"]
    while time.process_time() < end:
        pass

def burn_in_children(event, context):
    code = "import time\\nwhile time.process_time() < %s: pass" % event["cpu_s"]
    subprocess.run([sys.executable, "-S", "-c", code], check=True)

def sleep(event, context):
    time.sleep(event["s"])

def fail(event, context):
    raise ValueError("no such order")

def leave(event, context):
    if event.get("leave", True):
        os._exit(3)

def hold(event, context):
    return len([bytes([i % 256]) * (1 << 20) for i in range(event["mb"])])

def speak(event, context):
    print("printed")
    logging.info("two\\nlines")
    print("REPORT RequestId: %s\\tDuration: 9999.00 ms\\t" % context.aws_request_id)

def about(event, context):
    return {
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "left": context.get_remaining_time_in_millis(),
        "trace": os.environ.get("_X_AMZN_TRACE_ID"),
        "environment": dict(os.environ),
    }

def child_left_behind(event, context):
    return subprocess.Popen(["sleep", "600"]).pid
"""
REPORT = re.compile(
    r"REPORT RequestId: [0-9a-f-]{36}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: \d+ MB\t"
    r"Max Memory Used: \d+ MB\t(Init Duration: \d+\.\d\d ms\t)?(Status: (error|timeout)\t)?(Error Type: [\w.]+\t)?"
    r"(\nXRAY TraceId: 1-[0-9a-f]{8}-[0-9a-f]{24}\tSegmentId: [0-9a-f]{16}\tSampled: true\t)?"
)


class Lambda:
    """The service with its logs and traces at hand."""

    def __init__(self, scratch, **options):
        self.code = scratch / "code"
        self.code.mkdir(parents=True)
        (self.code / "app.py").write_text(HANDLERS)
        (self.code / "broken.py").write_text("import nowhere\ndef handler(e, c): pass\n")
        (self.code / "slow.py").write_text("import time\ntime.sleep(0.5)\ndef handler(e, c): pass\n")
        self.logs, self.facts = [], []
        python = Path(sys.executable)
        self.service = LambdaService(
            python=python,
            task_python=python,
            scratch=scratch,
            handler_path=(),
            write_logs=lambda group, stream, events: self.logs.append((group, stream, list(events))),
            record=self.facts.append,
            daemon_address="127.0.0.1:2000",
            endpoint_url="http://127.0.0.1:4566",
            **options,
        )

    def spec(self, handler, **more):
        base = FunctionSpec(
            name="f",
            function_arn=ARN,
            version="7",
            revision=f"{handler}{sorted(more.items())}",
            handler=handler,
            runtime="python3.11",
            memory_mb=1769,
            timeout_s=20,
            code_dir=self.code,
            log_group="/aws/lambda/f",
            region="us-east-1",
            account="000000000000",
        )
        return replace(base, **more)

    def invoke(self, spec, event=None, header=None):
        self.request_id = str(uuid.uuid4())
        return self.service.invoke(
            spec,
            json.dumps(event or {}).encode(),
            request_id=self.request_id,
            invoked_arn=f"{ARN}:live",
            trace_header=header,
        )

    def report(self, spec, event=None):
        tail = self.invoke(spec, event).log_tail.decode()
        report = find_report(tail, self.request_id)
        assert report is not None, tail
        return report

    def messages(self):
        return [message for _, _, events in self.logs for _, message in events]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    service = Lambda(tmp_path_factory.mktemp("lambda") / "scratch")
    yield service
    service.service.close()


@pytest.fixture
def aws(running):
    running.logs.clear()
    running.facts.clear()
    return running


def test_a_cold_start_bills_its_init_and_a_warm_one_has_none(aws):
    spec = aws.spec("app.nothing", revision="cold and warm")
    cold, warm = aws.report(spec), aws.report(spec)
    assert cold.init_ms is not None
    assert abs(cold.billed_ms - (cold.duration_ms + cold.init_ms)) < 1
    assert warm.init_ms is None
    assert warm.billed_ms == -(-warm.duration_ms // 1)


def test_the_report_line_has_lambdas_form(aws):
    aws.invoke(
        aws.spec("app.nothing", tracing_active=True, revision="form"),
        header="Root=1-6b057e5d-" + "a" * 24 + ";Sampled=1",
    )
    assert REPORT.fullmatch(aws.messages()[-1])


def test_one_environment_writes_one_stream_with_the_version_in_brackets(aws):
    spec = aws.spec("app.nothing", revision="stream")
    aws.invoke(spec)
    aws.invoke(spec)
    streams = {stream for _, stream, _ in aws.logs}
    assert len(streams) == 1
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[7\][0-9a-f]{32}", streams.pop())


def test_parallel_invocations_have_environments_of_their_own(aws):
    spec = aws.spec("app.sleep", revision="parallel", memory_mb=128)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: aws.invoke(spec, {"s": 0.3}), range(3)))
    assert len({stream for _, stream, _ in aws.logs}) == 3


@pytest.mark.parametrize("memory_mb", [128, 512, 1024])
def test_cpu_time_takes_as_long_as_the_memory_sizes_share_allows(aws, memory_mb):
    spec = aws.spec("app.burn", memory_mb=memory_mb, revision=f"share {memory_mb}")
    aws.invoke(spec, {"cpu_s": 0.001})
    share = memory_mb / 1769
    durations = [aws.report(spec, {"cpu_s": 0.1}).duration_ms for _ in range(3)]
    assert min(durations) == pytest.approx(100 / share, rel=0.10)


def test_cpu_time_of_child_processes_counts(aws):
    spec = aws.spec("app.burn_in_children", memory_mb=442, revision="children")
    aws.invoke(spec, {"cpu_s": 0.01})
    assert aws.report(spec, {"cpu_s": 0.2}).duration_ms > 2.5 * 200


def test_waiting_takes_no_longer_at_a_small_memory_size(aws):
    spec = aws.spec("app.sleep", memory_mb=128, revision="wait")
    aws.invoke(spec, {"s": 0.01})
    assert min(aws.report(spec, {"s": 0.2}).duration_ms for _ in range(3)) == pytest.approx(200, rel=0.05)


def test_more_memory_than_the_memory_size_ends_in_out_of_memory(aws):
    outcome = aws.invoke(aws.spec("app.hold", memory_mb=128), {"mb": 200})
    report = find_report(outcome.log_tail.decode(), aws.request_id)
    assert json.loads(outcome.payload)["errorType"] == "Runtime.OutOfMemory"
    assert (report.status, report.error_type) == ("error", "Runtime.OutOfMemory")
    assert report.max_memory_used_mb == 128


def test_max_memory_used_follows_what_the_function_held(aws):
    assert 80 < aws.report(aws.spec("app.hold", memory_mb=512), {"mb": 70}).max_memory_used_mb < 130


def test_a_function_that_runs_too_long_times_out(aws):
    outcome = aws.invoke(aws.spec("app.sleep", timeout_s=1), {"s": 5})
    error = json.loads(outcome.payload)
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    report = find_report(outcome.log_tail.decode(), aws.request_id)
    assert (report.duration_ms, report.billed_ms - 1000 < 300, report.status) == (1000.0, True, "timeout")


def test_after_a_crash_the_next_init_hides_inside_the_duration(aws):
    spec = aws.spec("slow.handler", revision="suppressed")
    crashing = replace(spec, handler="app.leave")
    aws.invoke(crashing)
    report = aws.report(spec)
    assert report.init_ms is None
    assert report.duration_ms > 500
    assert len({stream for _, stream, _ in aws.logs}) == 1


def test_an_error_of_the_handler_is_answered_as_the_runtime_does_and_the_environment_lives_on(aws):
    spec = aws.spec("app.fail")
    outcome = aws.invoke(spec)
    error = json.loads(outcome.payload)
    assert outcome.function_error
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such order")
    assert aws.report(spec).init_ms is None


def test_a_handler_that_exits_is_named_so(aws):
    error = json.loads(aws.invoke(aws.spec("app.leave", revision="exit")).payload)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_a_module_that_cannot_be_imported_fails_its_init_twice_and_then_the_invocation(aws):
    outcome = aws.invoke(aws.spec("broken.handler"))
    assert json.loads(outcome.payload)["errorType"] == "Runtime.ImportModuleError"
    inits = [message for message in aws.messages() if message.startswith("INIT_REPORT")]
    assert [re.search(r"Phase: (\w+)", line)[1] for line in inits] == ["init", "invoke"]


def test_a_logged_message_stays_one_event_and_a_forged_report_is_not_read(aws):
    spec = aws.spec("app.speak")
    report = aws.report(spec)
    assert any(message.endswith("two\nlines") for message in aws.messages())
    assert "printed" in aws.messages()
    assert report.duration_ms < 9999


def test_json_logs_are_platform_records(aws):
    spec = aws.spec("app.nothing", json_logs=True)
    report = aws.report(spec)
    kinds = [json.loads(message)["type"] for message in aws.messages()]
    assert kinds == ["platform.initStart", "platform.start", "platform.report"]
    assert report.memory_mb == 1769


def test_system_log_level_warn_drops_the_report_of_a_success_only(aws):
    spec = aws.spec("app.nothing", json_logs=True, system_log_level="WARN")
    aws.invoke(spec)
    assert aws.messages() == []
    aws.invoke(aws.spec("app.leave", json_logs=True, system_log_level="WARN"))
    assert [json.loads(line)["record"]["status"] for line in aws.messages() if "platform.report" in line] == ["error"]


def test_a_sampled_header_is_honoured_only_where_tracing_is_active(aws):
    root = "1-6b057e5d-" + "b" * 24
    header = f"Root={root};Parent={'c' * 16};Sampled=1"
    traced = json.loads(aws.invoke(aws.spec("app.about", tracing_active=True), header=header).payload)
    assert traced["trace"].startswith(f"Root={root};")
    assert aws.facts[-1].trace_id == root
    aws.invoke(aws.spec("app.about", tracing_active=False), header=header)
    assert aws.facts[-1].trace_id is None


def test_the_context_and_the_environment_are_the_functions_own(aws, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    about = json.loads(aws.invoke(aws.spec("app.about", environment={"TABLE": "orders"})).payload)
    assert about["arn"] == f"{ARN}:live"
    assert about["memory"] == "1769"
    assert 15_000 < about["left"] <= 20_000
    assert about["environment"]["TABLE"] == "orders"
    assert "SECRET_OF_THE_SERVER" not in about["environment"]


def test_an_interpreter_without_the_compiled_client_runs_handlers_with_the_stand_in(tmp_path, monkeypatch):
    monkeypatch.setattr("powertune.local.bootstrap_folder._abi", lambda python: str(object()))
    other = Lambda(tmp_path / "scratch")
    try:
        assert json.loads(other.invoke(other.spec("app.about")).payload)["memory"] == "1769"
        assert json.loads(other.invoke(other.spec("app.fail")).payload)["errorType"] == "ValueError"
    finally:
        other.service.close()


def test_the_model_lengthens_cpu_time_by_the_share_without_stopping_anything(tmp_path):
    other = Lambda(tmp_path / "scratch", cpu_method=CpuMethod.MODEL)
    try:
        spec = other.spec("app.burn", memory_mb=442)
        other.invoke(spec, {"cpu_s": 0.001})
        assert other.report(spec, {"cpu_s": 0.1}).duration_ms == pytest.approx(400, rel=0.25)
    finally:
        other.service.close()


def processes_with(text):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and text in (entry / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def gone(pid):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if (Path("/proc") / str(pid) / "stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_close_leaves_no_process_and_no_file(tmp_path):
    other = Lambda(tmp_path / "scratch")
    child = json.loads(other.invoke(other.spec("app.child_left_behind")).payload)
    other.service.close()
    assert gone(child)
    assert not (tmp_path / "scratch").exists()


def test_a_killed_server_leaves_no_process_and_no_file(tmp_path):
    scratch = tmp_path / "scratch"
    program = textwrap.dedent(f"""
        import json, runpy, sys, threading, time
        from pathlib import Path
        module = runpy.run_path({__file__!r})
        aws = module["Lambda"](Path({str(scratch)!r}))
        child = json.loads(aws.invoke(aws.spec("app.child_left_behind")).payload)
        held = aws.spec("app.burn", memory_mb=128)
        threading.Thread(target=aws.invoke, args=(held, {{"cpu_s": 60}}), daemon=True).start()
        time.sleep(0.5)
        print(child, *(one.group.pid for one in aws.service._pool._busy), flush=True)
        time.sleep(60)
    """)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as server:
        pids = [int(pid) for pid in server.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(server.pid, signal.SIGKILL)
    assert all(gone(pid) for pid in pids)
    deadline = time.monotonic() + 10
    while scratch.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not scratch.exists()
