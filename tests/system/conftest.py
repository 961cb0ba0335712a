# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a private OCKAM_HOME for each test, nodes on free ports, the command line; at the end of each
test nothing may be left running and no node may have ended badly."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import certificates  # noqa: E402
import processes  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--programs", help="folder of ockam and ockam-node (or OCKAM_PROGRAMS; default: build/dev/bin)")
    parser.addoption("--short-connections", type=int, default=5, metavar="SECONDS", help="for how long there are 500 connections a second through a portal")


@pytest.fixture(scope="session")
def programs(request):
    """The folder of the programs under test."""
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = request.config.getoption("--programs") or os.environ.get("OCKAM_PROGRAMS") or root / "build/dev/bin"
    folder = pathlib.Path(folder).resolve()
    assert (folder / "ockam-node").exists(), f"no ockam-node in {folder}: build it, or say --programs"
    return folder


@pytest.fixture(scope="session")
def sanitized(programs):
    """Whether the programs carry a sanitizer: memory and time then say nothing about the node."""
    return b"__asan_init" in (programs / "ockam-node").read_bytes()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A folder with certificates: see certificates.py."""
    return certificates.make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def no_descriptors_left(sanitized):
    """For tests that use up a node's descriptors: ubsan asks the system by means of a pipe whether memory may
    be read, takes the missing pipe for a no, and reports every object."""
    if sanitized:
        pytest.skip("ubsan needs descriptors for its own checks")


@pytest.fixture
def home():
    """A fresh OCKAM_HOME with a short path: a Unix socket's has to fit 107 bytes. Whatever was started
    with it is ended afterwards."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ok-", dir="/tmp"))
    yield path
    for pid in processes.of_home(path):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def env(home, programs):
    """The environment of every process of a test: nothing of the user's, no terminal."""
    keep = {k: v for k, v in os.environ.items() if k in ("LANG", "LC_ALL", "TZ") or k.endswith("SAN_OPTIONS")}
    return {**keep, "OCKAM_HOME": str(home), "HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin"}


@pytest.fixture
def run(env, home, programs):
    """run(program, *args, stdin=, timeout=, env=) → Result. Fails on what a sanitizer says."""

    def start(program, *args, stdin="", timeout=30, env_extra=None, cwd=None):
        began = time.monotonic()
        done = subprocess.run(
            [programs / program, *map(str, args)], env={**env, **(env_extra or {})}, input=stdin.encode(),
            capture_output=True, timeout=timeout, cwd=cwd or home)
        out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        r = processes.Result([program, *args], done.returncode, out, err, time.monotonic() - began)
        assert not any(m in err for m in processes.SANITIZER_MARKS), r
        return r

    return start


@pytest.fixture
def ockam(run):
    """ockam(*args) → Result of the command line."""
    return lambda *args, **kw: run("ockam", *args, **kw)


@pytest.fixture
def node(env, home, programs):
    """node(name, *args, config=, limits=) → a running Node; all are stopped in order at the end, and how
    they ended is checked. Without a config it listens for tcp at a free port."""
    started = []

    def start(name="n1", *args, config=None, limits=None, expected=(0,), env_extra=None):
        args = list(map(str, args))
        if config is not None:
            path = home / f"{name}.ini"
            path.write_text(config)
            args = ["--config", str(path), *args]
        else:
            args = ["--name", name, "--tcp-listener", "127.0.0.1:0", *args]
        log = home / f"{name}-{len(started)}.stderr"
        n = processes.Node(programs / "ockam-node", args, {**env, **(env_extra or {})}, log, limits)
        n.expected = expected
        started.append(n)
        return n

    yield start
    problems = [p for p in (n.finish() for n in started) if p]
    assert not problems, "\n".join(problems)


@pytest.fixture
def config_file(home):
    """config_file(text, name=) → path of a file with this text."""

    def write(text, name="test.ini"):
        path = home / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def small_disk(home):
    """small_disk(size) → a directory on a disk of its own. Skipped where nobody may mount one, but not in CI."""
    at = home / "disk"
    at.mkdir()

    def mount(size):
        r = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", at], capture_output=True, text=True)
        if r.returncode != 0:
            processes.cannot_run("no mount here: " + r.stderr)
        return at

    yield mount
    for pid in processes.of_home(at / "home"):
        os.kill(pid, signal.SIGKILL)
    processes.wait_until(lambda: processes.of_home(at / "home") == [], "nothing runs there")
    subprocess.run(["umount", at], capture_output=True)
