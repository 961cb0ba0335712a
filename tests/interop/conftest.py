# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the system tests, and a real Ockam node (`peer/`), driven line by line."""

import importlib.util
import os
import pathlib
import subprocess
import sys
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SYSTEM = ROOT / "tests/system"

_spec = importlib.util.spec_from_file_location("system_fixtures", SYSTEM / "conftest.py")
_system = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_system)
programs, home, env, run, ockam, node = (
    getattr(_system, name) for name in ("programs", "home", "env", "run", "ockam", "node"))


def pytest_addoption(parser):
    try:
        _system.pytest_addoption(parser)
    except ValueError:
        pass  # the system tests run in the same session


class Theirs:
    """A real Ockam node that listens on TCP and UDP. One line in, one line out (peer/src/session.rs)."""

    def __init__(self, program, port=0, traces=False):
        self.child = subprocess.Popen(
            [program, "node", "--tcp", f"127.0.0.1:{port}", "--udp", "127.0.0.1:0", *(["--traces"] if traces else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.tcp = self._read().split()[1]
        self.udp, self.udp_link = self._read().split()[1:3]
        assert self._read() == "ready"

    @property
    def port(self):
        return int(self.tcp.rsplit(":", 1)[1])

    def _read(self, timeout=60):
        watchdog = threading.Timer(timeout, self.child.kill)
        watchdog.start()
        try:
            line = self.child.stdout.readline()
        finally:
            watchdog.cancel()
        assert line, "the real node has ended, or said nothing for a minute"
        return line.strip()

    def say(self, *words):
        """A command; the words of its answer, of which the first is what it is."""
        self.child.stdin.write(" ".join(map(str, words)) + "\n")
        self.child.stdin.flush()
        return self._read().split(" ")

    def dial(self, address):
        """A TCP connection; its local address, the first hop of routes over it."""
        kind, link = self.say("dial", address)
        assert kind == "link"
        return link

    def relay(self, link, name):
        """Registers itself at the node behind `link`; the address of the relay there."""
        kind, address = self.say("relay", link, name)
        assert kind == "relay"
        return address

    def keep(self, at, name):
        """Has a relay at the node there, and keeps it as sessions of the reference do."""
        assert self.say("keep", at, name) == ["kept"]

    def pings(self):
        """Of that: registrations, pings sent and answered."""
        return tuple(int(n) for n in self.say("pings")[1:])

    def links(self):
        return int(self.say("links")[1])

    def end(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()
        self.child.stdout.close()


@pytest.fixture(scope="session")
def peer_program():
    """Built once; the tests are skipped without a cargo that can, except where CI is set."""
    done = subprocess.run([ROOT / "dev/peer"], capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def theirs(peer_program):
    """theirs(port=0, traces=False) → a running real Ockam node. With `traces` its messages say which trace they belong to, as
    those of its command line do when that exports."""
    started = []

    def start(port=0, traces=False):
        started.append(Theirs(peer_program, port, traces))
        return started[-1]

    yield start
    for t in started:
        t.end()


@pytest.fixture
def ours(node):
    """ours(name, connections={name: address}, more=sections, port) → a node of this project whose hop, echo and uppercase
    peers may reach; each TCP connection is a link worker of that name."""

    def start(name="n1", connections=None, more="", port=0):
        config = f"[node]\nname = {name}\n[tcp-listener main]\naddress = 127.0.0.1:{port}\n[service hop]\ntype = hop\n"
        for link, address in (connections or {}).items():
            # A node is ready before its connections are up: what is sent in between waits.
            config += f"[tcp-connection {link}]\naddress = {address}\nhold-bytes = 16MiB\n"
        n = node(name, config=config + more)
        n.tcp = f"127.0.0.1:{n.port}"
        return n

    return start
