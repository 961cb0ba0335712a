# SPDX-License-Identifier: Apache-2.0
"""The installed package: a project outside the build tree finds it, and what it builds is a node with a
service of its own, and a plugin for any node."""

import pathlib
import shutil
import subprocess

import pytest

from processes import wait_until

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples/greeter"


@pytest.fixture
def built(programs, sanitized, tmp_path):
    """examples/greeter, built against a fresh installation."""
    if sanitized:
        pytest.skip("a package is installed without sanitizers")
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "check": True, "timeout": 240, "text": True}
    prefix, source, build = tmp_path / "prefix", tmp_path / "greeter", tmp_path / "build"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("build"))
    try:
        subprocess.run(["cmake", "--install", programs.parent, "--prefix", prefix], **quiet)
        subprocess.run(["cmake", "-G", "Ninja", "-B", build, "-S", source, f"-DCMAKE_PREFIX_PATH={prefix}"], **quiet)
        subprocess.run(["cmake", "--build", build], **quiet)
    except subprocess.CalledProcessError as e:
        pytest.fail(f"{e.cmd}: {e.stdout[-3000:]}")
    assert (prefix / "bin/ockam").exists() and (prefix / "bin/ockam-node").exists()
    return build


@pytest.mark.timeout(480)
def test_a_project_of_its_own_builds_a_node_and_a_plugin(built, env, ockam, home):
    log = home / "greeter.log"
    with log.open("w") as out:
        node = subprocess.Popen([built / "greeter-node", "--name", "n1", "--service", "hello=greeter"], env=env, stdout=out,
                                stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: "is ready" in log.read_text(), "the node is ready")
        assert ockam("message", "send", "Ada", "--to", "/node/n1/service/hello").out.strip() == "Hello, Ada"
        assert "greeted" in ockam("worker", "show", "hello", "--at", "n1", "--output", "json").out
        ockam("service", "start", "plugin", "--addr", "hi", "--file", built / "greeter.so", "--option", "greeting=Good morning",
              "--at", "n1")
        assert ockam("message", "send", "Ada", "--to", "/node/n1/service/hi").out.strip() == "Good morning, Ada"
    finally:
        node.terminate()
        assert node.wait(timeout=10) == 0
