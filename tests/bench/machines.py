# SPDX-License-Identifier: Apache-2.0
"""The processes that are measured, and what the kernel says of them."""

import collections
import contextlib
import json
import os
import pathlib
import platform
import re
import socket
import subprocess
import threading


def proc_status(pid, key):
    """A number of /proc/PID/status (kB for sizes)."""
    return int(re.search(rf"^{key}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1])


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


#: Debian has some programs where only root looks.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def cpu_seconds_with_children(pid):
    """With what children that have ended have used, and those that run."""
    while True:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        own = sum(int(f) for f in fields[11:15]) / os.sysconf("SC_CLK_TCK")
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one has ended meanwhile: its time is its parent's now
            return own + sum(map(cpu_seconds_with_children, children))


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Server:
    """A process that says on standard output where it listens, and then serves until it is stopped."""

    def __init__(self, command, until, env=None, stdin=subprocess.DEVNULL):
        self.child = subprocess.Popen(
            [str(c) for c in command], stdin=stdin, stdout=subprocess.PIPE, text=True, bufsize=1, env=env)
        self.lines = []
        watchdog = threading.Timer(60, self.child.kill)
        watchdog.start()
        try:
            while not (self.lines and re.search(until, self.lines[-1])):
                line = self.child.stdout.readline()
                if not line:
                    raise RuntimeError(f"{' '.join(map(str, command))}: ended with {self.child.wait()} before it was ready")
                self.lines.append(line.strip())
        finally:
            watchdog.cancel()

    @property
    def pid(self):
        return self.child.pid

    def ask(self, command):
        """A line on its standard input; what its answer says behind the first word."""
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        watchdog = threading.Timer(60, self.child.kill)
        watchdog.start()
        try:
            kind, _, rest = self.child.stdout.readline().strip().partition(" ")
        finally:
            watchdog.cancel()
        if kind in ("", "error"):
            raise RuntimeError(f"{command}: {rest or 'no answer'}")
        return rest

    def address(self, transport):
        """Of the first listener for this transport."""
        for words in map(str.split, self.lines):
            if transport in words[:2]:
                return words[words.index(transport) + 1]
        raise KeyError(transport)

    def peak_kib(self):
        return proc_status(self.pid, "VmHWM")

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()
        if self.child.stdin:
            self.child.stdin.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Machines:
    """Starts what a row needs. `peer` is None where no real Ockam node was built."""

    def __init__(self, programs, peer, home):
        self.programs, self.peer, self.home, self.files = programs, peer, home, 0
        self.env = {**os.environ, "OCKAM_HOME": str(home), "NO_COLOR": "1"}

    def node(self, *args, ini="", tcp="127.0.0.1:0", log="warn"):
        """A node with a TCP listener and whatever its configuration `ini` says."""
        listeners = ("--tcp-listener", tcp)
        if ini:
            self.files += 1
            config = self.home / f"node-{self.files}.ini"
            config.write_text(f"[tcp-listener tcp]\naddress = {tcp}\n{ini}")  # the first one admits services
            listeners = ("--config", config)
        return Server(
            [self.programs / "ockam-node", "--no-state", "--name", "bench", "--log-level", log,
             *listeners, *args], "is ready$", self.env)

    def identity(self):
        """For a configuration: an identity of its own, made when the node starts."""
        self.files += 1
        return f"[identity]\nvault = {self.home}/{self.files}.vault\nhistory = {self.home}/{self.files}.identity\n"

    def real(self, *args):
        return Server([self.peer, "node", "--tcp", "127.0.0.1:0", *args], "^ready", stdin=subprocess.PIPE)

    def raw(self, transport="tcp"):
        return Server([self.programs / "ockam-bench", {"tcp": "echo-server", "udp": "udp-echo-server"}[transport]], "^listening ")

    def serve_actors(self, *words):
        return Server([self.programs / "bench-actors", *words], "is ready$", self.env)

    def has(self, program):
        return (self.programs / program).exists()

    def run(self, *command, timeout=120):
        done = subprocess.run(
            [str(c) for c in command], capture_output=True, text=True, timeout=timeout, env=self.env,
            stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()[-300:] or done.returncode}")
        return done.stdout

    def bench(self, mode, *args, **options):
        """One run of ockam-bench; its JSON."""
        words = [w for k, v in options.items() for w in ([f"--{k.replace('_', '-')}"] if v is True else [f"--{k.replace('_', '-')}", v])]
        return json.loads(self.run(self.programs / "ockam-bench", mode, *args, *words, "--output", "json"))


def listener(transport, address="127.0.0.1:0", more=""):
    """For a configuration. A listener beside the first tcp one admits what its section says."""
    return f"[{transport}-listener {transport}]\naddress = {address}\nallow = services\n{more}\n"


Certificate = collections.namedtuple("Certificate", "ca listener")


def certificate(home):
    """One that is its own authority: its file, and what a listener's section says of it."""
    run = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", home / "key.pem",
         "-out", home / "own.pem", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"],
        capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"openssl: {run.stderr.strip()}")
    return Certificate(home / "own.pem", f"certificate = {home}/own.pem\nkey = {home}/key.pem\n")


def idle_connections(address, count):
    """`count` connections that have said hello and nothing else."""
    host, port = address.rsplit(":", 1)
    out = []
    for _ in range(count):
        s = socket.create_connection((host, int(port)))
        s.sendall(b"\x01")
        assert s.recv(1) == b"\x01"
        out.append(s)
    return out


@contextlib.contextmanager
def core(number):
    """What is started meanwhile runs on this core (they are counted round and round)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[number % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def describe():
    """The machine, in a line."""
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    memory = next(int(l.split()[1]) for l in open("/proc/meminfo") if l.startswith("MemTotal")) / 1048576
    return f"{os.cpu_count()} × {cpu}, {memory:.0f} GiB, Linux {platform.release()}"
