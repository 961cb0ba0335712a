# SPDX-License-Identifier: Apache-2.0
"""Projects outside of the build tree, built against a fresh installation."""

import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(command, **more):
    try:
        subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True, timeout=300, text=True, **more)
    except subprocess.CalledProcessError as e:
        pytest.fail(f"{e.cmd}: {e.stdout[-3000:]}")


def install(programs, prefix):
    run(["cmake", "--install", programs.parent, "--prefix", prefix])
    assert (prefix / "bin/ockam").exists() and (prefix / "bin/ockam-node").exists()


def install_once(programs, test_run):
    """A prefix that all processes of a run of tests share, at the same place in each run, so that the compiler cache knows what is
    built against it. Nobody changes anything in it."""
    prefix = programs.parent / "installed-for-tests"
    stamp = prefix / "test-run"
    with open(programs.parent / "installed-for-tests.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != test_run:
            shutil.rmtree(prefix, ignore_errors=True)
            install(programs, prefix)
            stamp.write_text(test_run)
    return prefix


def build(example, prefix, into):
    """A copy of examples/EXAMPLE at `into`, built in `into`/build."""
    shutil.copytree(ROOT / "examples" / example, into, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True)
    configure_and_build(into, prefix)


def configure_and_build(into, prefix):
    """Builds the CMake project at `into`, with the package installed at `prefix`, in `into`/build."""
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run(["cmake", "-G", "Ninja", "-B", into / "build", "-S", into, f"-DCMAKE_PREFIX_PATH={prefix}", *launcher])
    # Wherever the project lies, to the cache it is the same.
    run(["cmake", "--build", into / "build"], env={**os.environ, "CCACHE_BASEDIR": str(into), "CCACHE_NOHASHDIR": "yes"})
