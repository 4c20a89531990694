"""What a function prints and logs arrives line by line, whatever it is and however many run."""

import os
import resource
import time

import pytest

from powertune.local.output import Output

FRAME = b"\xa5\x5a\x00\x03"


@pytest.fixture
def output():
    collecting = Output()
    yield collecting
    collecting.close()


def taken(output, count):
    lines = []
    deadline = time.monotonic() + 5
    while len(lines) < count and time.monotonic() < deadline:
        lines += [text for _, text in output.take()]
    return lines


def frame(text):
    message = text.encode()
    return FRAME + len(message).to_bytes(4, "big") + (0).to_bytes(8, "big") + message


def test_printed_lines_are_events_and_a_last_line_needs_no_end(output):
    os.write(output.text_out, b"one\ntwo\n\nthree")
    assert taken(output, 3) == ["one", "two", "three"]


def test_a_logged_message_is_one_event_whatever_line_breaks_it_has(output):
    os.write(output.frames_out, frame("one\ntwo\n") + frame("three")[:10])
    assert taken(output, 1) == ["one\ntwo"]
    os.write(output.frames_out, frame("three")[10:])
    assert taken(output, 1) == ["three"]


def test_what_is_not_utf_8_is_kept_as_far_as_it_can_be(output):
    os.write(output.text_out, b"caf\xe9\n")
    assert taken(output, 1) == ["caf\ufffd"]


def test_a_megabyte_at_once_does_not_block_the_function(output):
    os.set_blocking(output.text_out, True)
    os.write(output.text_out, (b"x" * 999 + b"\n") * 1000)
    assert len(taken(output, 1000)) == 1000


def test_file_descriptors_beyond_1024_work_too():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        output = Output()
        assert output.text_out > 1024
        os.write(output.text_out, b"heard\n")
        assert taken(output, 1) == ["heard"]
        output.close()
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
