# SPDX-License-Identifier: Apache-2.0
"""The programs of a release carry what the compiler and the linker offer against misuse of mistakes in memory."""

import re
import subprocess

import pytest
from conftest import ROOT, succeed

PROGRAMS = ("ockam", "ockam-node")


@pytest.fixture(params=PROGRAMS)
def program(request, preset):
    cache = (ROOT / "build" / preset / "CMakeCache.txt").read_text()
    if "OCKAM_HARDEN:BOOL=ON" not in cache:
        pytest.skip("this is no release: dev/test --ring release")
    return ROOT / "build" / preset / "bin" / request.param


def readelf(what, program):
    return succeed("readelf", "--wide", what, program)


def test_is_loaded_anywhere(program):
    assert "DYN (Position-Independent Executable file)" in readelf("-h", program)


def test_relocations_are_read_only(program):
    assert "GNU_RELRO" in readelf("-l", program)
    assert re.search(r"FLAGS_1\).*NOW", readelf("-d", program))


def test_the_stack_is_not_executed(program):
    stack = next(line for line in readelf("-l", program).splitlines() if "GNU_STACK" in line)
    assert " RW " in stack and "E" not in stack.split()[-2]


def test_stacks_are_guarded(program):
    assert "__stack_chk_fail" in readelf("--dyn-syms", program)


def test_copies_are_checked(program):
    assert re.search(r"__(mem(cpy|move|set)|vsnprintf|snprintf|read|recv)_chk", readelf("--dyn-syms", program))


def test_jumps_are_checked(program):
    """Where the processor can. The marks of all objects are joined, so one that has none takes it from the program."""
    disassembled = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", program], capture_output=True, text=True, check=True).stdout
    assert disassembled.count("endbr64") > 1000


def test_no_path_of_the_build_is_in_it(program):
    assert str(ROOT).encode() not in program.read_bytes()
