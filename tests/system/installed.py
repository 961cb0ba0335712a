# SPDX-License-Identifier: Apache-2.0
"""Projects outside of the build tree, built against a fresh installation."""

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


def build(example, prefix, into):
    """A copy of examples/EXAMPLE at `into`, built in `into`/build."""
    shutil.copytree(ROOT / "examples" / example, into, ignore=shutil.ignore_patterns("build"), dirs_exist_ok=True)
    configure_and_build(into, prefix)


def configure_and_build(into, prefix):
    """Builds the CMake project at `into`, with the package installed at `prefix`, in `into`/build."""
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    run(["cmake", "-G", "Ninja", "-B", into / "build", "-S", into, f"-DCMAKE_PREFIX_PATH={prefix}", *launcher])
    run(["cmake", "--build", into / "build"])
