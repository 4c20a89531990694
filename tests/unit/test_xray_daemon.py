"""What the X-Ray SDK sends by UDP reaches the store."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from powertune.local.xray_daemon import XRayDaemon
from powertune.local.xray_store import TraceStore

HEADER = b'{"format": "json", "version": 1}\n'
TRACE = "1-6a507b87-0cc4438344b48ef127ab1931"


def document(number: int) -> bytes:
    known = {"id": f"{number:016x}", "trace_id": TRACE, "name": "n", "start_time": 1.0, "end_time": 2.0}
    return json.dumps(known).encode()


@pytest.fixture
def daemon() -> Iterator[tuple[XRayDaemon, TraceStore, int]]:
    store = TraceStore()
    daemon = XRayDaemon(store)
    port = daemon.start()
    yield daemon, store, port
    daemon.stop()


def send(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", port))


def test_a_segment_reaches_the_store_and_rubbish_does_not_stop_the_daemon(
    daemon: tuple[XRayDaemon, TraceStore, int],
) -> None:
    listener, store, port = daemon
    rubbish = [b"", b"\xff\xfe", HEADER, HEADER + b"[" * 5000, b"[" * 5000, b"x\n" + document(2), document(3)]
    send(port, *rubbish, HEADER + document(1))
    listener.stop()
    assert [one["id"] for one in store.trace(TRACE) or []] == [f"{1:016x}"]


def test_the_sdk_itself_is_understood(daemon: tuple[XRayDaemon, TraceStore, int]) -> None:
    from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
    from aws_xray_sdk.core.models.segment import Segment

    listener, store, port = daemon
    segment = Segment("mine", traceid=TRACE)
    segment.close()
    UDPEmitter(f"127.0.0.1:{port}").send_entity(segment)
    listener.stop()
    assert [one["name"] for one in store.trace(TRACE) or []] == ["mine"]


def test_stopping_ends_the_thread_and_may_be_repeated(daemon: tuple[XRayDaemon, TraceStore, int]) -> None:
    listener, _, _ = daemon
    listener.stop()
    listener.stop()
    assert not any(thread.name == "powertune-xray" for thread in threading.enumerate())
