"""Whether a package can run on another instruction set is read off the compiled files in it."""

import io
import struct
import zipfile

import pytest
from fake_account import package
from hypothesis import example, given
from hypothesis import strategies as st

from powertune.domain.function import Architecture
from powertune.target.portable import obstacles

X86, ARM = Architecture.X86_64, Architecture.ARM64
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"


def elf(machine, *, big=False):
    order = ">" if big else "<"
    return (
        b"\x7fELF\x02" + (b"\x02" if big else b"\x01") + bytes(10) + struct.pack(f"{order}HH", 3, machine) + bytes(64)
    )


def pe(machine):
    return (
        b"MZ" + bytes(0x3A) + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0" + struct.pack("<H", machine) + bytes(64)
    )


def zipped(**files):
    return io.BytesIO(package(**files))


def said(wanted, **files):
    return " ".join(obstacles(zipped(**files), wanted))


def test_a_package_of_sources_runs_anywhere():
    files = {"app.py": b"x = 1\n", "node_modules/a/index.js": b"module.exports = 1", "data.bin": bytes(range(256))}
    assert obstacles(zipped(**files), ARM) == ()
    assert obstacles(zipped(**files), X86) == ()


@pytest.mark.parametrize(("machine", "runs_on"), [(62, X86), (183, ARM)])
@pytest.mark.parametrize("wanted", [X86, ARM])
def test_a_shared_library_runs_on_its_own_instruction_set_only(machine, runs_on, wanted):
    text = said(wanted, **{"numpy/core.so": elf(machine)})
    assert (text == "") is (runs_on is wanted)
    assert text == "" or f"numpy/core.so ({runs_on})" in text


def test_a_custom_runtimes_bootstrap_is_looked_at_like_any_other_executable():
    assert "bootstrap (x86_64)" in said(ARM, bootstrap=elf(62))
    assert said(ARM, bootstrap=b"#!/bin/sh\nexec ./run\n") == ""


@pytest.mark.parametrize(("machine", "name"), [(3, "32-bit x86"), (40, "32-bit Arm"), (243, "machine 243")])
def test_machines_that_lambda_does_not_have_are_named(machine, name):
    assert name in said(ARM, lib=elf(machine))


def test_the_byte_order_of_the_file_is_heeded():
    assert "machine 21" in said(ARM, lib=elf(21, big=True))


def test_files_for_both_side_by_side_are_doubtful_and_said_to_be_so():
    text = said(ARM, **{"prebuilds/x64/a.node": elf(62), "prebuilds/arm64/a.node": elf(183)})
    assert "beside such for it" in text
    assert "prebuilds/x64/a.node" in text


def test_a_jar_with_libraries_for_both_chooses_by_itself():
    both = package(**{"linux/amd64/l.so": elf(62), "linux/aarch64/l.so": elf(183), "A.class": b"\xca\xfe\xba\xbe"})
    one = package(**{"linux/amd64/l.so": elf(62)})
    assert said(ARM, **{"lib/netty.jar": both}) == ""
    assert "lib/netty.jar!linux/amd64/l.so (x86_64)" in said(ARM, **{"lib/netty.jar": one})
    assert said(X86, **{"lib/netty.jar": one}) == ""


def test_archives_that_cannot_be_looked_into_are_named():
    deep = package(**{"c.zip": package(**{"d.zip": package(**{"e.so": elf(62)})})})
    assert "cannot be looked into: b.zip!c.zip!d.zip" in said(ARM, **{"b.zip": deep})
    assert "broken.jar" in said(ARM, **{"broken.jar": b"PK\x03\x04 but no more"})


@pytest.mark.parametrize(
    ("tag", "runs"),
    [
        ("py3-none-any", True),
        ("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", False),
        ("cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64", True),
        ("cp312-cp312-musllinux_1_2_x86_64", False),
    ],
)
def test_the_tags_of_a_wheel_say_what_it_is_for(tag, runs):
    text = said(ARM, **{"a-1.dist-info/WHEEL": WHEEL.format(pure="true", tag=tag)})
    assert (text == "") is runs


def test_a_wheel_with_tags_for_both_is_for_both():
    text = WHEEL.format(pure="false", tag="cp312-cp312-manylinux_2_17_x86_64") + "Tag: cp312-cp312-linux_aarch64\n"
    assert said(ARM, **{"a-1.dist-info/WHEEL": text}) == ""


def test_dotnet_code_compiled_ahead_for_the_other_instruction_set_is_found_and_plain_il_is_not():
    assert "App.dll (x86_64)" in said(ARM, **{"App.dll": pe(0x8664 ^ 0x7B79)})
    assert said(ARM, **{"App.dll": pe(0xAA64 ^ 0x7B79)}) == ""
    assert said(ARM, **{"App.dll": pe(0x14C), "runtimes/win-x64/native/sni.dll": pe(0x8664)}) == ""


def test_many_foreign_files_are_counted_not_listed():
    text = said(ARM, **{f"{number}.so": elf(62) for number in range(9)})
    assert "and 6 more" in text


def test_what_is_no_zip_is_said_to_be_unreadable():
    (text,) = obstacles(io.BytesIO(b"nothing of the kind"), ARM)
    assert "cannot be read" in text


@given(st.binary(max_size=300), st.sampled_from(["a.so", "a.jar", "a.dll", "x.dist-info/WHEEL"]))
def test_whatever_a_file_holds_the_scan_ends_in_sentences(content, name):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    assert all(isinstance(text, str) for text in obstacles(buffer, ARM))


@example(b"\x00\x01\xa6", 149)
@given(st.binary(max_size=60), st.integers(0, 200))
def test_a_damaged_zip_never_raises(noise, at):
    whole = bytearray(package(**{"numpy/core.so": elf(62)}))
    whole[at : at + len(noise)] = noise
    assert isinstance(obstacles(io.BytesIO(bytes(whole)), ARM), tuple)
